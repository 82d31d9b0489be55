"""Planted faults: how many one-line faults of a kind that programmers make the tests find, without real servers."""
