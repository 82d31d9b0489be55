"""Filters of lists: what an operator typed as conditions, and lists in memory or made line by line that are filtered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Generic, TypeVar

from invsync_tui.operations.errors import OperationError
from invsync_tui.operations.lists.rows import Count, PlaceKey, Rows
from invsync_tui.operations.lists.sorted_lines import Value
from invsync_tui.rules.listing_filter import FilterError, Language, LineFilter, ListingConditions, parse
from invsync_tui.store.paging.keyset import BOUND

Line = TypeVar("Line")
PIECE = 500
"""Lines that are looked at together."""


def understood(text: str, language: Language | None = None) -> ListingConditions:
    """The conditions of a filter, in the language of its list; OperationError for one that means nothing."""
    try:
        return parse(text, language)
    except FilterError as error:
        raise OperationError(str(error)) from error


def line_filter(
    text: str,
    language: Language,
    values: Mapping[str, Callable[[Line], Value]],
    codes: Callable[[Line], Iterable[str]],
) -> LineFilter[Line]:
    """A filter for lines in memory, see `LineFilter`; OperationError for one that means nothing."""
    try:
        return LineFilter(text, language, values, codes)
    except FilterError as error:
        raise OperationError(str(error)) from error


class FilteredRows(Generic[Line]):
    """The lines of a list that fulfill a filter which no statement can ask for. Every line is looked at, piece by piece."""

    def __init__(self, rows: Rows[Line], fulfills: Callable[[Line], bool]) -> None:
        self._rows = rows
        self._fulfills = fulfills

    @property
    def sortable(self) -> Sequence[str]:
        """As the whole list."""
        return self._rows.sortable

    def count(self) -> Count:
        """Exact up to a bound."""
        number = sum(1 for _ in islice(self._lines(None), BOUND + 1))
        return Count(min(number, BOUND), exact=number <= BOUND)

    def exact_count(self) -> int:
        """Exact; looks at every line."""
        return sum(1 for _ in self._lines(None))

    def after(self, key: PlaceKey | None, limit: int) -> Sequence[Line]:
        """Rows behind `key`; None starts at the first."""
        return list(islice(self._lines(key), limit))

    def before(self, key: PlaceKey | None, limit: int) -> Sequence[Line]:
        """Rows in front of `key`, in the list's order; None ends at the last."""
        return list(islice(self._back(key), limit))[::-1]

    def key(self, line: Any) -> PlaceKey:
        """The values of the order's terms by which a row is found again: what `after` and `before` take."""
        return self._rows.key(line)

    def position(self, key: PlaceKey) -> int | None:
        """How many rows are in front of it."""
        return sum(1 for _ in self._back(key))

    def _lines(self, key: PlaceKey | None) -> Iterator[Line]:
        while lines := self._rows.after(key, PIECE):
            yield from filter(self._fulfills, lines)
            key = self._rows.key(lines[-1])

    def _back(self, key: PlaceKey | None) -> Iterator[Line]:
        while lines := self._rows.before(key, PIECE):
            yield from filter(self._fulfills, reversed(lines))
            key = self._rows.key(lines[0])
