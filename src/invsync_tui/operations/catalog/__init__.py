"""Products, stock, aliases and warehouses of a merchant."""
