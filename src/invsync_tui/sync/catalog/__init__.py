"""A download of a WMS: its pages, what is written of them, and what follows from its end."""
