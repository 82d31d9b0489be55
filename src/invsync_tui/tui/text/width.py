"""Text whose width terminals disagree about: some give a spacing vowel sign a cell, others none."""

from __future__ import annotations

import unicodedata
from functools import lru_cache


@lru_cache(maxsize=4096)
def doubtful_cells(text: str) -> int:
    """How many cells more than we count a terminal may give to this text."""
    if text.isascii():
        return 0
    return sum(unicodedata.category(char) == "Mc" for char in text)


def is_doubtful(text: str) -> bool:
    """Whether terminals may disagree about this text."""
    return doubtful_cells(text) > 0
