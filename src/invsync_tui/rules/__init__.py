"""Pure functions and words: quantity chain, matching, safety rules, outcomes. No I/O, standard library only."""
