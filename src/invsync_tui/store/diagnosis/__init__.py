"""Queries of `why` and `doctor`."""
