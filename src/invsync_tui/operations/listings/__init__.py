"""Listings of carts: match, links, drift."""
