"""Runs, requests and their logs as rows."""
