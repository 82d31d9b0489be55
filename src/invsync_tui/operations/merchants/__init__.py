"""Merchants with their carts and their health, as the first screen shows them."""
