"""Which screens there are and how they are reached."""
