"""Screens of `why` and `doctor`."""
