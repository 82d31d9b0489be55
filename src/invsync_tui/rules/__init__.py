"""Pure functions and words: quantity chain, matching, breakers, outcomes. No I/O, standard library only."""
