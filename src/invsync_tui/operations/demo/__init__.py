"""The demo and what is planted in it."""
