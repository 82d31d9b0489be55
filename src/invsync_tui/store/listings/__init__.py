"""Listings, plans and pushes as rows."""
