"""The commands, by family: of each an `add_NAME` and a `run_NAME`."""
