"""What a run is while it is executed: its context, its progress, what it leaves behind, and its line in the log."""
