"""Rows of generated stores."""
