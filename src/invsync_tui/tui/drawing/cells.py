"""A line of the screen as cells: in each a character with its marks, and what it looks like.

Not here: what is sent of them (`screen_diff`, `line_strokes`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rich.cells import set_cell_size
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from invsync_tui.tui.drawing.pen import Look, look_of, on_blank
from invsync_tui.tui.text.sanitize import clean, width_of

TAIL = ""
"""Stands in the second cell of a wide character."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Characters and their looks, one of each for every cell of a line."""

    characters: Sequence[str]
    looks: Sequence[Look]

    def __len__(self) -> int:
        return len(self.characters)


class Palette:
    """Looks of styles on a terminal with these colors; each is worked out once."""

    def __init__(self, color_system: ColorSystem) -> None:
        self._color_system = color_system
        self._looks: dict[Style | None, tuple[Look, Look]] = {}

    def cells(self, strip: Strip) -> Cells:
        """A strip as cells; marks that take no cell belong to the one before."""
        characters: list[str] = []
        looks: list[Look] = []
        for text, style, _ in strip:
            look, on_blanks = self._look(style)
            if text.isascii() or all(map(_is_single, text)):
                characters += text
                looks += [on_blanks if char == " " else look for char in text]
                continue
            for cell in _characters(text):
                width = 1 if cell.isascii() else width_of(cell[0])
                characters += [cell, *[TAIL] * (width - 1)]
                looks += [on_blanks if cell == " " else look] * max(width, 1)
        return Cells(characters, looks)

    def _look(self, style: Style | None) -> tuple[Look, Look]:
        known_look = self._looks.get(style)
        if known_look is None:
            look = look_of(style, self._color_system)
            known_look = self._looks[style] = (look, on_blank(look))
        return known_look


@lru_cache(maxsize=4096)
def _is_single(char: str) -> bool:
    """Whether a character takes one cell."""
    return width_of(char) == 1


def _characters(text: str) -> Iterator[str]:
    """Each character with the marks that take no cell behind it."""
    cell = ""
    for char in text:
        if width_of(char):
            if cell:
                yield cell
            cell = char
        else:
            cell += char
    if cell:
        yield cell


def harmless(strip: Strip) -> Strip:
    """The last look at what is sent: an input shows what was pasted into it as it came."""
    if strip.text.isascii() and strip.text.isprintable():
        return strip
    cleaned = [
        Segment(
            text if text.isascii() and text.isprintable() else set_cell_size(clean(_based(text)), width_of(text)), style
        )
        for text, style, _ in strip
    ]
    return Strip(cleaned, strip.cell_length)


def _based(text: str) -> str:
    """Without marks at its beginning: they have no character to stand on, and a terminal gives them to the cell before,
    which may be anything."""
    first = next((n for n, char in enumerate(text) if width_of(char)), len(text))
    return text[first:]
