"""`invsync connections` and its sub-commands."""
