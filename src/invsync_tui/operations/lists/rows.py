"""Long lists for front ends: rows in pages by key, never by offset. Read before the first frame: imports no database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

from invsync_tui.plain_text import grouped

Line_co = TypeVar("Line_co", covariant=True)
PlaceKey = tuple[Any, ...]
"""Where a row stands in a list's order: sort values and the row's number, comparable and JSON-ready."""


Period = tuple[int | None, int | None]
"""The first and the last moment, both included, in epoch seconds; None where it is open."""
ALWAYS: Period = (None, None)


class Count(NamedTuple):
    """How many rows there are; `exact` False means at least so many ("1,000+")."""

    n: int
    exact: bool

    @property
    def text(self) -> str:
        """For people: `5,003`, `1,000+`."""
        return f"{grouped(self.n)}{'' if self.exact else '+'}"


class Ordering(NamedTuple):
    """Sort by a column's name, as `Rows.sortable` lists them."""

    column: str
    descending: bool = False


class Rows(Protocol[Line_co]):
    """A list in a fixed order over the store. To be used in the session's thread; each call is a few milliseconds."""

    @property
    def sortable(self) -> Sequence[str]:
        """Columns it can be sorted by, the default first."""
        ...

    def count(self) -> Count:
        """Fast: exact where an index tells, else bounded."""
        ...

    def exact_count(self) -> int:
        """Exact; may take a second on a very large store."""
        ...

    def after(self, key: PlaceKey | None, limit: int) -> Sequence[Line_co]:
        """Rows behind `key`, or behind where it stood if it is gone; None starts at the first."""
        ...

    def before(self, key: PlaceKey | None, limit: int) -> Sequence[Line_co]:
        """Rows in front of `key` or of where it stood, in the list's order; None ends at the last."""
        ...

    def key(self, line: Any) -> PlaceKey:
        """The values of the order's terms by which a row is found again: what `after` and `before` take."""
        ...

    def position(self, key: PlaceKey) -> int | None:
        """How many rows are in front of it; None if it is gone or too far to count quickly."""
        ...
