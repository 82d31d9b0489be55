"""Terminals that tests draw on."""
