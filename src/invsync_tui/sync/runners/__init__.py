"""Who executes requested runs: `local` on one machine with the embedded store."""
