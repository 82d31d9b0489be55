"""Pages of a query by key, forwards and backwards: never OFFSET, so that any depth costs the same.

A query's order consists of SQL terms that are never NULL, the last of them unique, all in one direction: that is what
one index can serve from any place in it. Statements are put together from the constants of this room; texts of
operators are always bound.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Protocol, TypeVar

from invsync_tui.store import named_rows

Row = TypeVar("Row", bound=tuple[Any, ...])
Row_co = TypeVar("Row_co", bound=tuple[Any, ...], covariant=True)
Key = tuple[Any, ...]

BOUND = 1000
"""Rows that a quick count counts at most."""
FAR = 20_000
"""Rows that a position is counted over at most."""


@dataclass(frozen=True, slots=True)
class SortOrder:
    """A way to sort: its name and its terms. One without an index is for small lists only."""

    name: str
    terms: tuple[str, ...]
    indexed: bool = True


@dataclass(frozen=True, slots=True)
class Part:
    """One condition of a query and its values, in the order of its question marks."""

    where: str
    values: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Select(Generic[Row]):
    """A query. `origin` may hold no question marks; `counting` finds the same rows faster where order is no matter."""

    columns: str
    origin: str
    where: str
    values: tuple[Any, ...]
    order: SortOrder
    descending: bool = False
    counting: Select[Any] | None = None
    record: Callable[[Iterable[Any]], Row] = tuple  # type: ignore[assignment]
    """Makes a named record of the columns of a row: `_make` of a NamedTuple."""

    def narrowed(self, part: Part) -> Select[Row]:
        """The query with one more condition."""
        return replace(self, where=f"{self.where} AND {part.where}", values=(*self.values, *part.values))


class Paging(Protocol[Row_co]):
    """A list that is read in pages before and after a key, without offsets."""

    def after(self, key: Key | None, limit: int) -> Sequence[Row_co]: ...
    def before(self, key: Key | None, limit: int) -> Sequence[Row_co]: ...
    def count(self, most: int | None) -> int: ...
    def position(self, key: Key) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Pages(Generic[Row]):
    """Pages of one query, or of several that differ in their conditions only and are merged in their common order."""

    cx: sqlite3.Connection
    select: Select[Row]
    variants: Sequence[Part] = field(default=(Part("1"),))

    def after(self, key: Key | None, limit: int) -> list[Row]:
        """Rows behind `key`; None starts at the first."""
        return self._page(key, limit, self.select.descending)

    def before(self, key: Key | None, limit: int) -> list[Row]:
        """Rows in front of `key`, in the list's order; None ends at the last."""
        return self._page(key, limit, not self.select.descending)[::-1]

    def _page(self, key: Key | None, limit: int, descending: bool) -> list[Row]:
        parts = [self._arm(variant, key, limit, descending) for variant in self.variants]
        if len(parts) == 1:
            return named_rows.mapped(self.select.record, self.cx.execute(parts[0].where, parts[0].values))
        union = " UNION ALL ".join(f"SELECT * FROM ({part.where})" for part in parts)
        rows = self.cx.execute(union, tuple(value for part in parts for value in part.values)).fetchall()
        width = len(self.select.order.terms)
        rows.sort(key=lambda row: row[-width:], reverse=descending)
        return [self.select.record(row[:-width]) for row in rows[:limit]]

    def _arm(self, variant: Part, key: Key | None, limit: int, descending: bool) -> Part:
        """One variant's statement; its rows end with the values of the order's terms, for the merge."""
        terms, way = self.select.order.terms, " DESC" if descending else ""
        query = self._beyond(variant, key, ">" if not descending else "<")
        merge = "".join(f", {term}" for term in terms) if len(self.variants) > 1 else ""
        order = ", ".join(f"{term}{way}" for term in terms)
        return Part(
            f"SELECT {query.columns}{merge} FROM {query.origin} WHERE {query.where} ORDER BY {order} LIMIT ?",
            (*query.values, limit),
        )

    def _beyond(self, variant: Part, key: Key | None, sign: str) -> Select[Row]:
        query = self.select.narrowed(variant)
        if key is None:
            return query
        terms = self.select.order.terms
        marks = ", ".join("?" * len(terms))
        return query.narrowed(Part(f"({', '.join(terms)}) {sign} ({marks})", tuple(key)))

    def count(self, most: int | None) -> int:
        """Rows, counted up to `most`; None counts all of them."""
        query = self.select.counting or self.select
        return self._counted([query.narrowed(variant) for variant in self.variants], most)

    def _counted(self, queries: Sequence[Select[Any]], most: int | None) -> int:
        total = 0
        for query in queries:
            limit = -1 if most is None else most - total
            inner = f"SELECT 1 FROM {query.origin} WHERE {query.where} LIMIT ?"
            total += self.cx.execute(f"SELECT count(*) FROM ({inner})", (*query.values, limit)).fetchone()[0]
            if most is not None and total >= most:
                return most
        return total

    def position(self, key: Key) -> int | None:
        """Rows in front of `key`; None if it is gone, or there are more than FAR."""
        if not self._exists(key):
            return None
        sign = ">" if self.select.descending else "<"
        ordered = [self._beyond(variant, key, sign) for variant in self.variants]
        rows_before = self._counted(ordered, FAR + 1)
        return rows_before if rows_before <= FAR else None

    def _exists(self, key: Key) -> bool:
        terms = self.select.order.terms
        same = Part(" AND ".join(f"{term} = ?" for term in terms), tuple(key))
        queries = [self.select.narrowed(variant).narrowed(same) for variant in self.variants]
        return any(
            self.cx.execute(f"SELECT 1 FROM {query.origin} WHERE {query.where} LIMIT 1", query.values).fetchone()
            for query in queries
        )


@dataclass(frozen=True, slots=True)
class Chain(Generic[Row]):
    """Several lists one behind the other. A key begins with the number of its list."""

    lists: Sequence[Paging[Row]]

    def after(self, key: Key | None, limit: int) -> list[Row]:
        """Rows behind `key`; None starts at the first."""
        first, rest = (0, None) if key is None else (int(key[0]), tuple(key[1:]))
        rows: list[Row] = []
        for pages in self.lists[first:]:
            rows += pages.after(rest, limit - len(rows))
            rest = None
            if len(rows) >= limit:
                break
        return rows

    def before(self, key: Key | None, limit: int) -> list[Row]:
        """Rows in front of `key`, in the list's order; None ends at the last."""
        last, rest = (len(self.lists) - 1, None) if key is None else (int(key[0]), tuple(key[1:]))
        rows: list[Row] = []
        for pages in reversed(self.lists[: last + 1]):
            rows = [*pages.before(rest, limit - len(rows)), *rows]
            rest = None
            if len(rows) >= limit:
                break
        return rows

    def count(self, most: int | None) -> int:
        """Rows, counted up to `most`; None counts all of them."""
        total = 0
        for pages in self.lists:
            total += pages.count(None if most is None else most - total)
            if most is not None and total >= most:
                return most
        return total

    def position(self, key: Key) -> int | None:
        """Rows in front of `key`; None if it is gone, or there are too many."""
        before = Chain(self.lists[: int(key[0])]).count(FAR + 1)
        within = self.lists[int(key[0])].position(tuple(key[1:]))
        return None if within is None or before + within > FAR else before + within
