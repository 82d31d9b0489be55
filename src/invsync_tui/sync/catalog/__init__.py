"""Pages of stock levels as they come from a WMS."""
