"""Screens of carts and listings."""
