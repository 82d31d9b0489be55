"""What the user keeps for the terminal: bookmarks and saved filters."""
