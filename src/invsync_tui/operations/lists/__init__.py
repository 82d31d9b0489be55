"""Long lists: what a row is, how pages of rows are read, and how a list is written to a file."""
