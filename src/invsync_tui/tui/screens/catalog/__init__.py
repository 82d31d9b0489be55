"""Screens of products and stock."""
