"""Columns of a table: values, looks, widths; and the filter and order of a list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from invsync_tui.plain_text import grouped
from invsync_tui.tui.text.glyphs import Glyphs
from invsync_tui.tui.text.sanitize import clean, fit, fit_right, width_of
from invsync_tui.tui.text.styled import Line, Span, Tone

if TYPE_CHECKING:
    from invsync_tui.operations.lists.rows import Ordering

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


class Column(NamedTuple):
    """`width` is fixed where `flex` is 0, and a minimum otherwise; spare cells are shared in proportion to `flex`."""

    title: str
    width: int
    flex: int = 0
    align: Align = Align.LEFT
    sorting: Sorting = Sorting.NONE


SORT_MARK = 2
"""Cells of the mark of the order behind a title."""


def widths(columns: Sequence[Column], room: int, needs: Sequence[int] = ()) -> tuple[int, ...]:
    """Cells per column; the sum with gaps is `room`, or more where the minimum needs it.

    `needs` are the widest cells that are known of each column: a column that needs less than its width gives the rest to
    those that need more, so that nothing is cut while another column has room. What is left is shared by `flex`.
    """
    room -= (len(columns) - 1) * len(GAP)
    wanted = [
        max(need, width_of(column.title) + (SORT_MARK if column.sorting is not Sorting.NONE else 0))
        for column, need in zip(columns, needs or [0] * len(columns), strict=True)
    ]
    cells = [column.width for column in columns]
    if needs:
        spare = room - sum(cells)
        lacking = sum(max(want - cell, 0) for want, cell in zip(wanted, cells, strict=True))
        for i, (want, cell) in enumerate(zip(wanted, cells, strict=True)):
            given = min(max(cell - want, 0), max(lacking - spare, 0))
            cells[i] -= given
            spare += given
        _fill_up(cells, wanted, spare)
    return _shared(columns, cells, room - sum(cells))


def _fill_up(cells: list[int], wanted: Sequence[int], spare: int) -> None:
    """Give spare cells to columns that need more: those that need the least first, the others alike."""
    lacking = sorted(
        (i for i in range(len(cells)) if wanted[i] > cells[i]), key=lambda i: wanted[i] - cells[i], reverse=True
    )
    while lacking and spare > 0:
        i = lacking.pop()
        given = min(wanted[i] - cells[i], spare // (len(lacking) + 1))
        cells[i] += given
        spare -= given


def _shared(columns: Sequence[Column], cells: list[int], spare: int) -> tuple[int, ...]:
    """The rest, by `flex`; where there is none, the columns stay as they are."""
    shares = sum(column.flex for column in columns)
    if spare <= 0 or not shares:
        return tuple(cells)
    first_flexible = next(i for i, column in enumerate(columns) if column.flex)
    given = [spare * column.flex // shares for column in columns]
    given[first_flexible] += spare - sum(given)
    return tuple(cell + more for cell, more in zip(cells, given, strict=True))


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


class ListView(NamedTuple):
    """Words to filter by, and the column to sort by; '' is the list's own order."""

    text: str = ""
    sort: str = ""
    descending: bool = False

    @property
    def ordering(self) -> Ordering | None:
        """The order as operations understand it."""
        from invsync_tui.operations.lists.rows import Ordering

        return Ordering(self.sort, self.descending) if self.sort or self.descending else None

    def narrowed(self, text: str) -> ListView:
        return self._replace(text=text)

    def sorted_by(self, column: str, *, descending: bool = False) -> ListView:
        return self._replace(sort=column, descending=descending)


L = TypeVar("L")
Value = str | int | bool | None

UNKNOWN: Span = ("-", Tone.FAINT)
"""Shown for what is not known."""


class RenderContext(NamedTuple):
    """When and with which characters cells are written."""

    now: float
    glyphs: Glyphs


class Field(NamedTuple, Generic[L]):
    """One column. `sort` is its name in `Rows.sortable`; '' where a list cannot be sorted by it."""

    title: str
    width: int
    value: Callable[[L], Value]
    """What is exported, and shown where `show` says nothing else."""
    show: Callable[[L, RenderContext], Span] | None = None
    flex: int = 0
    align: Align = Align.LEFT
    sort: str = ""
    room: int = 0
    """Width of the terminal from which on there is room for it; the strip about a line tells it to narrower ones."""

    def cell(self, line: L, rendering: RenderContext) -> Span:
        """The text and tone of one line."""
        if self.show is not None:
            return self.show(line, rendering)
        value = self.value(line)
        return UNKNOWN if value is None else (str(value), Tone.PLAIN)

    def column(self, look: ListView) -> Column:
        """The table's column, with the mark of the order."""
        return Column(self.title, self.width, self.flex, self.align, self._sorting(look))

    def _sorting(self, look: ListView) -> Sorting:
        if not self.sort or self.sort != look.sort:
            return Sorting.NONE
        return Sorting.DESCENDING if look.descending else Sorting.ASCENDING


def fields_that_fit(fields: Sequence[Field[L]], width: int) -> tuple[Field[L], ...]:
    """The fields that a terminal of this width has room for."""
    return tuple(field for field in fields if width >= field.room)


def number(title: str, width: int, value: Callable[[L], int | None], *, sort: str = "", room: int = 0) -> Field[L]:
    """A column of quantities and counts with separators, at the right edge."""

    def show(line: L, rendering: RenderContext) -> Span:
        quantity = value(line)
        return UNKNOWN if quantity is None else (grouped(quantity), Tone.PLAIN)

    return Field(title, width, value, show, align=Align.RIGHT, sort=sort, room=room)


def run_number(width: int, run_id: Callable[[L], int | None]) -> Field[L]:
    """A column of runs, at the right edge. A run's number is its name, as it is typed: without separators."""
    return Field("Run", width, run_id, align=Align.RIGHT, sort="run")
