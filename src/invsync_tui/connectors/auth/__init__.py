"""Logins by OAuth 2.0, and the tokens that they gave."""
