"""`invsync merchants`, `carts` and `settings`: what is set up, and how it is changed."""
