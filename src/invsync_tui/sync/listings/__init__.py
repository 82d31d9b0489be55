"""Reading a cart's listings: all, some again, those of one code, and those that drifted."""
