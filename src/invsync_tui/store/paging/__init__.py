"""Long lists in pages by key. One module per list; `keyset` is how all of them page."""
