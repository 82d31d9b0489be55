"""The store as a file: locks, backups, checks, modes."""
