"""External text as data: nothing in a name, a SKU or an error can command the terminal or break a column.

Not here: colours and lines (`lines`), words for times and numbers (`words`).
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from rich.cells import cell_len, set_cell_size

STAND_IN = "?"
"""Shown for a character that a terminal must not get."""
MAX_MARKS = 2
"""Combining marks in a row; more are a way to paint over other lines."""

_BLANKS = frozenset("\t\n\v\f\r\x85\u2028\u2029")
_FLAG_A, _FLAG_Z = 0x1F1E6, 0x1F1FF
_SKIN_FIRST, _SKIN_LAST = 0x1F3FB, 0x1F3FF
_SELECTOR_FIRST, _SELECTOR_LAST = 0xFE00, 0xFE0F


@lru_cache(maxsize=8192)
def clean(text: str) -> str:
    """The text without control characters, bidi overrides and joiners, safe for any terminal."""
    if text.isascii() and text.isprintable():
        return text
    shown: list[str] = []
    marks = 0
    for char in unicodedata.normalize("NFC", text):
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks <= MAX_MARKS:
            shown.append(_shown(char))
    return "".join(shown)


def _shown(char: str) -> str:
    """One character as it may be sent to a terminal."""
    if char in _BLANKS:
        return " "
    code = ord(char)
    if _FLAG_A <= code <= _FLAG_Z:
        return chr(ord("A") + code - _FLAG_A)
    # Terminals disagree about the width of what these make of their neighbours, and a disagreement shifts columns.
    if _SELECTOR_FIRST <= code <= _SELECTOR_LAST or _SKIN_FIRST <= code <= _SKIN_LAST:
        return ""
    category = unicodedata.category(char)
    if category == "Cf":
        return ""
    return STAND_IN if category in ("Cc", "Cs", "Co", "Cn") else char


def width_of(text: str) -> int:
    """Cells that clean text takes."""
    return len(text) if text.isascii() else cell_len(text)


def fit(text: str, width: int, more: str = "…") -> str:
    """Exactly `width` cells: padded, or cut with a mark that says so."""
    if width <= 0:
        return ""
    if width_of(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(text, width - 1) + more


def fit_right(text: str, width: int, more: str = "…") -> str:
    """The same with the text at the right edge, for numbers."""
    room = width - width_of(text)
    return " " * room + text if room > 0 else fit(text, width, more)


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
