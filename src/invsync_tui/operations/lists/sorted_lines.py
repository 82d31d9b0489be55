"""A short list that is read whole and sorted, where no statement can: what its columns show is worked out line by line."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from invsync_tui.operations.errors import InvalidError, OperationError
from invsync_tui.operations.lists.rows import Count, Ordering, PlaceKey, Rows
from invsync_tui.plain_text import did_you_mean

Line = TypeVar("Line")
Value = str | int | bool | None


def comparable(value: Value) -> tuple[int, int, str]:
    """Unknown values first, numbers by size, text without regard to case."""
    if value is None:
        return (0, 0, "")
    return (1, int(value), "") if isinstance(value, int) else (2, 0, value.casefold())


def parted(ordering: Ordering | None, own: str) -> tuple[Ordering | None, Ordering | None]:
    """What is asked for of the store, which has the order `own`, and what `in_order` is asked for; None for nothing."""
    return (ordering, None) if ordering is None or ordering.column == own else (None, ordering)


def no_order(column: str, known: Sequence[str], sortable: Sequence[str]) -> OperationError:
    """Why a list has no order by `column`: it is none of those `known` for it, or not one it has at its size."""
    named = ", ".join(filter(None, sortable))
    instead = f"Choose one of: {named}." if named else "It has one order only."
    if column in known:
        return OperationError(f"This list cannot be sorted by {column!r} at its size. {instead}")
    return InvalidError("sort", f"this list has no column {column!r}.{did_you_mean(column, known)} {instead}")


def in_order(rows: Rows[Line], ordering: Ordering | None, columns: Mapping[str, Callable[[Line], Value]]) -> Rows[Line]:
    """`rows` in an order: None is their own, and so is '' among the columns that they say they are sortable by. Those that
    can be sorted are read whole. OperationError for an order that they do not have at their size."""
    if ordering is None:
        return rows
    if ordering.column not in rows.sortable:
        raise no_order(ordering.column, [*rows.sortable, *columns], rows.sortable)
    return SortedLines(rows, columns.get(ordering.column, lambda line: None), descending=ordering.descending)


class SortedLines(Generic[Line]):
    """All of `rows` in the order of `value`, and where that is the same in their own order; `descending` turns both."""

    def __init__(self, rows: Rows[Line], value: Callable[[Line], Value], *, descending: bool) -> None:
        self.sortable: Sequence[str] = tuple(rows.sortable)
        self._own_key = rows.key
        self._value = value
        self._descending = descending
        self._lines = sorted(rows.after(None, rows.exact_count()), key=self.key)
        self._keys = [self.key(line) for line in self._lines]

    def count(self) -> Count:
        """Exact."""
        return Count(len(self._lines), exact=True)

    def exact_count(self) -> int:
        """As `count` says it."""
        return len(self._lines)

    def key(self, line: Any) -> PlaceKey:
        """The values of the order's terms by which a row is found again: what `after` and `before` take."""
        return (*comparable(self._value(line)), *self._own_key(line))

    def position(self, key: PlaceKey) -> int | None:
        """How many rows are in front of it; None if it is gone."""
        at = bisect_left(self._keys, tuple(key))
        if self._keys[at : at + 1] != [tuple(key)]:
            return None
        return len(self._lines) - 1 - at if self._descending else at

    def after(self, key: PlaceKey | None, limit: int) -> Sequence[Line]:
        """Rows behind `key`, or behind where it stood if it is gone; None starts at the first."""
        if self._descending:
            return self._downwards(len(self._keys) if key is None else bisect_left(self._keys, tuple(key)), limit)[::-1]
        return self._upwards(0 if key is None else bisect_right(self._keys, tuple(key)), limit)

    def before(self, key: PlaceKey | None, limit: int) -> Sequence[Line]:
        """Rows in front of `key` or of where it stood, in the list's order; None ends at the last."""
        if self._descending:
            return self._upwards(0 if key is None else bisect_right(self._keys, tuple(key)), limit)[::-1]
        return self._downwards(len(self._keys) if key is None else bisect_left(self._keys, tuple(key)), limit)

    def _upwards(self, at: int, limit: int) -> Sequence[Line]:
        return self._lines[at : at + limit]

    def _downwards(self, at: int, limit: int) -> Sequence[Line]:
        return self._lines[max(at - limit, 0) : at]
