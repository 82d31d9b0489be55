"""Runs: requested, followed, listed, held."""
