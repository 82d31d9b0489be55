"""Settings of merchants and carts, as forms and as options."""
