"""A quantity over time as rows of blocks: each column is what held at the end of its span of time."""

from __future__ import annotations

from collections.abc import Sequence

from invsync_tui.operations.list_views import Point
from invsync_tui.tui.text.glyphs import Glyphs
from invsync_tui.tui.text.sparks import ends, held_at


def chart(points: Sequence[Point], begin: int, end: int, width: int, rows: int, top: int, glyphs: Glyphs) -> list[str]:
    """From the top row down; `top` fills all rows, 0 is a line at the bottom, and what is not known is blank."""
    columns = [_column(held_at(points, moment), rows, top, glyphs) for moment in ends(begin, end, width)]
    return ["".join(column[row] for column in columns) for row in range(rows)]


def _column(value: int | None, rows: int, top: int, glyphs: Glyphs) -> str:
    """The characters of one column, from the top down."""
    if value is None:
        return " " * rows
    steps = len(glyphs.levels)
    # Rounded up: a single unit of many is not to look like nothing.
    filled = max(1, -(-max(value, 0) * steps * rows // max(top, 1)))
    return "".join(_cell(filled - steps * row, glyphs) for row in range(rows - 1, -1, -1))


def _cell(filled: int, glyphs: Glyphs) -> str:
    if filled <= 0:
        return " "
    return glyphs.levels[min(filled, len(glyphs.levels)) - 1]
