"""Plans of pushes: made, kept, applied, replayed, undone, frozen."""
