"""The only rooms that talk to a WMS or a cart. They know neither the store nor the sync."""
