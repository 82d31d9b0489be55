"""Orders that a cart took and the WMS may not know yet."""
