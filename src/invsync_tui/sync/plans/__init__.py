"""Plans without a write: dry runs, explicit plans, replay, what-if."""
