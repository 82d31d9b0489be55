"""Gateways without a store."""
