"""The columns of a table: how wide they are and how a row becomes cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from invsync_tui.tui.text.glyphs import Glyphs
from invsync_tui.tui.text.sanitize import clean, fit, fit_right
from invsync_tui.tui.text.styled import Line, Tone

GAP = " "


class Align(StrEnum):
    """Numbers stand at the right, so that their digits line up."""

    LEFT = "left"
    RIGHT = "right"


class Sorting(StrEnum):
    """Whether the table is ordered by this column, shown in its header."""

    NONE = "none"
    ASCENDING = "ascending"
    DESCENDING = "descending"


@dataclass(frozen=True, slots=True)
class Column:
    """`width` is fixed where `flex` is 0, and a minimum otherwise; spare cells are shared in proportion to `flex`."""

    title: str
    width: int
    flex: int = 0
    align: Align = Align.LEFT
    sorting: Sorting = Sorting.NONE


def widths(columns: Sequence[Column], room: int) -> tuple[int, ...]:
    """Cells per column; the sum with gaps is `room`, or more where the minimum needs it."""
    spare = room - sum(column.width for column in columns) - (len(columns) - 1) * len(GAP)
    shares = sum(column.flex for column in columns)
    if spare <= 0 or not shares:
        return tuple(column.width for column in columns)
    given = [column.width + spare * column.flex // shares for column in columns]
    first_flexible = next(i for i, column in enumerate(columns) if column.flex)
    given[first_flexible] += spare - sum(spare * column.flex // shares for column in columns)
    return tuple(given)


def header_line(columns: Sequence[Column], sizes: Sequence[int], glyphs: Glyphs) -> Line:
    """Titles with the sort mark."""
    marks = {Sorting.NONE: "", Sorting.ASCENDING: " " + glyphs.ascending, Sorting.DESCENDING: " " + glyphs.descending}
    titles = [(column.title + marks[column.sorting], Tone.STRONG) for column in columns]
    return cells_line(titles, columns, sizes, glyphs)


def cells_line(
    cells: Sequence[tuple[str, Tone]], columns: Sequence[Column], sizes: Sequence[int], glyphs: Glyphs
) -> Line:
    """One row, every cell exactly as wide as its column."""
    spans: list[tuple[str, Tone]] = []
    for (text, tone), column, size in zip(cells, columns, sizes, strict=True):
        if spans:
            spans.append((GAP, Tone.PLAIN))
        place = fit_right if column.align is Align.RIGHT else fit
        spans.append((place(clean(text), size, glyphs.more), tone))
    return Line(tuple(spans))
