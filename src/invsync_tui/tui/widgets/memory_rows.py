"""Rows over lines that are in memory anyway: warehouses, carts, alias types. Filtered and sorted here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from invsync_tui.operations.rows import Count, PlaceKey
from invsync_tui.tui.widgets.fields import Field, Value
from invsync_tui.tui.widgets.looks import Look

L = TypeVar("L")


class MemoryRows(Generic[L]):
    """Sortable by every field that has a `sort`, in the order given where the look names none."""

    def __init__(
        self, lines: Sequence[L], fields: Sequence[Field[L]], look: Look, ident: Callable[[L], int | str]
    ) -> None:
        self.sortable = ("", *(field.sort for field in fields if field.sort))
        self._ident = ident
        self._sort = next((field for field in fields if field.sort and field.sort == look.sort), None)
        self._given = {ident(line): number for number, line in enumerate(lines)}
        shown = (line for line in lines if _matches(line, fields, look.text))
        self._lines = sorted(shown, key=self._place, reverse=look.descending)

    def _place(self, line: L) -> tuple[Any, ...]:
        number = self._given[self._ident(line)]
        return (number,) if self._sort is None else (*comparable(self._sort.value(line)), number)

    def count(self) -> Count:
        return Count(len(self._lines), exact=True)

    def exact_count(self) -> int:
        return len(self._lines)

    def key(self, line: L) -> PlaceKey:
        """By identity, so that a row is the same row when its values change."""
        return (self._ident(line),)

    def position(self, key: PlaceKey) -> int | None:
        return next((at for at, line in enumerate(self._lines) if self.key(line) == tuple(key)), None)

    def after(self, key: PlaceKey | None, limit: int) -> Sequence[L]:
        at = -1 if key is None else self._at(key)
        return self._lines[at + 1 : at + 1 + limit]

    def before(self, key: PlaceKey | None, limit: int) -> Sequence[L]:
        at = len(self._lines) if key is None else self._at(key)
        return self._lines[max(at - limit, 0) : at]

    def _at(self, key: PlaceKey) -> int:
        found = self.position(key)
        return -1 if found is None else found


def comparable(value: Value) -> tuple[int, float, str]:
    """Unknown values first, numbers by size, text without regard to case."""
    if value is None:
        return (0, 0, "")
    return (1, float(value), "") if isinstance(value, int) else (2, 0, value.casefold())


def _matches(line: L, fields: Sequence[Field[L]], text: str) -> bool:
    """Whether every word is somewhere in the line's values."""
    words = text.casefold().split()
    if not words:
        return True
    whole = " ".join(str(value) for field in fields if (value := field.value(line)) is not None).casefold()
    return all(word in whole for word in words)
