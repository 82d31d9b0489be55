"""invsync: keeps shopping carts showing the stock a warehouse really has."""

__version__ = "0.1.0"
