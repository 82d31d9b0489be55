"""Pull, plan and push: what a worker does with a source, the store and a cart. Knows no operator and no screen."""
