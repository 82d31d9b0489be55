"""Webhooks of carts: they are received, noted as listings or orders to read again soon, and read by the next push."""
