"""Screens of settings."""
