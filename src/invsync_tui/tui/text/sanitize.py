"""Clean text (`plain_text`) in cells: cut, padded and wrapped, so that no name breaks a column.

Not here: colors and lines (`lines`), words for times and numbers (`words`).
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from rich.cells import cell_len, set_cell_size

from invsync_tui.plain_text import MAX_MARKS, STAND_IN, clean

__all__ = [
    "MAX_MARKS",
    "STAND_IN",
    "clean",
    "doubtful_cells",
    "fit",
    "fit_right",
    "is_doubtful",
    "width_of",
    "wrap",
]


def width_of(text: str) -> int:
    """Cells that clean text takes."""
    return len(text) if text.isascii() else cell_len(text)


def fit(text: str, width: int, more: str = "…") -> str:
    """Exactly `width` cells: padded, or cut with a mark that says so."""
    if width <= 0:
        return ""
    # Cells that only some terminals give to a text are kept free behind it, and a gap that tells where it ends.
    if width_of(text) + doubtful_cells(text) <= width:
        return set_cell_size(text, width)
    cut = set_cell_size(text, max(width - 1 - doubtful_cells(text), 0))
    return set_cell_size(cut + more, width)


def fit_right(text: str, width: int, more: str = "…") -> str:
    """The same with the text at the right edge, for numbers."""
    room = width - width_of(text) - doubtful_cells(text)
    # Behind it too, cells that only some terminals give to it are kept free.
    return fit(" " * max(room, 0) + text, width, more)


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most `width` cells, broken at spaces where there are any."""
    width = max(width, 2)
    lines: list[str] = []
    present = ""
    for word in text.split():
        longer = f"{present} {word}" if present else word
        if width_of(longer) <= width:
            present = longer
            continue
        if present:
            lines.append(present)
        *full, present = _pieces(word, width)
        lines.extend(full)
    return [*lines, present] if present or not lines else lines


def _pieces(word: str, width: int) -> list[str]:
    """A word in pieces that fit, at least one."""
    pieces = [""]
    room = width
    for char in word:
        cells = width_of(char)
        if cells > room:
            pieces.append("")
            room = width
        pieces[-1] += char
        room -= cells
    return pieces


@lru_cache(maxsize=4096)
def doubtful_cells(text: str) -> int:
    """How many cells more than we count a terminal may give to this text."""
    if text.isascii():
        return 0
    return sum(unicodedata.category(char) == "Mc" for char in text)


def is_doubtful(text: str) -> bool:
    """Whether terminals may disagree about this text."""
    return doubtful_cells(text) > 0
