"""What a list shows of each line: a value to export, and how it looks. Not here: the widths of columns (`widgets`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from invsync_tui.tui.text.glyphs import Glyphs
from invsync_tui.tui.text.styled import Span, Tone
from invsync_tui.tui.widgets.columns import Align, Column, Sorting
from invsync_tui.tui.widgets.looks import Look

L = TypeVar("L")
Value = str | int | bool | None

UNKNOWN: Span = ("-", Tone.FAINT)
"""Shown for what is not known."""


@dataclass(frozen=True, slots=True)
class Sight:
    """When and with which characters cells are written."""

    now: float
    glyphs: Glyphs


@dataclass(frozen=True, slots=True)
class Field(Generic[L]):
    """One column. `sort` is its name in `Rows.sortable`; '' where a list cannot be sorted by it."""

    title: str
    width: int
    value: Callable[[L], Value]
    """What is exported, and shown where `show` says nothing else."""
    show: Callable[[L, Sight], Span] | None = None
    flex: int = 0
    align: Align = Align.LEFT
    sort: str = ""
    room: int = 0
    """Width of the terminal from which on there is room for it; the strip about a line tells it to narrower ones."""

    def cell(self, line: L, sight: Sight) -> Span:
        """The text and tone of one line."""
        if self.show is not None:
            return self.show(line, sight)
        value = self.value(line)
        return UNKNOWN if value is None else (str(value), Tone.PLAIN)

    def column(self, look: Look) -> Column:
        """The table's column, with the mark of the order."""
        return Column(self.title, self.width, self.flex, self.align, self._sorting(look))

    def _sorting(self, look: Look) -> Sorting:
        if not self.sort or self.sort != look.sort:
            return Sorting.NONE
        return Sorting.DESCENDING if look.descending else Sorting.ASCENDING


def roomy(fields: Sequence[Field[L]], width: int) -> tuple[Field[L], ...]:
    """The fields that a terminal of this width has room for."""
    return tuple(field for field in fields if width >= field.room)


def number(title: str, width: int, value: Callable[[L], int | None], *, sort: str = "", room: int = 0) -> Field[L]:
    """A column of numbers, at the right edge."""
    return Field(title, width, value, align=Align.RIGHT, sort=sort, room=room)
