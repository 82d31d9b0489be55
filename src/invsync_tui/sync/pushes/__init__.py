"""What a push does with one batch: in which order, on its way, in doubt, and with its answer."""
