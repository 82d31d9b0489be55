"""The screen of merchants."""
