"""Products, levels and aliases as rows."""
