"""Rows of a query by the names of its columns."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

T = TypeVar("T", bound=tuple[Any, ...])


def records(cx: sqlite3.Connection, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
    """The rows of a query by column name; of two columns of one name the later counts."""
    cursor = cx.execute(sql, parameters)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def record(cx: sqlite3.Connection, sql: str, parameters: Sequence[Any] = ()) -> dict[str, Any] | None:
    """The first row of a query by column name; None if there is none."""
    return next(iter(records(cx, sql, parameters)), None)


def pick(kind: type[T], row: Mapping[str, Any]) -> T:
    """A NamedTuple out of the columns that bear its fields' names."""
    return kind(**{name: row[name] for name in kind._fields})  # type: ignore[attr-defined]


def filled(kind: type[T], rows: Iterable[Sequence[Any]]) -> list[T]:
    """The rows of a query as records whose fields are its columns, in their order; as fast as the rows themselves.

    The suite holds the names of the columns against those of the fields, see `tests/support/stores/columns.py`.
    """
    return [tuple.__new__(kind, row) for row in rows]


def keyed(kind: type[T], rows: Iterable[Sequence[Any]]) -> Iterator[tuple[Any, T]]:
    """The first column of each row of a query, and a record whose fields are the other columns, in their order."""
    return ((row[0], tuple.__new__(kind, row[1:])) for row in rows)


def first(kind: type[T], rows: sqlite3.Cursor) -> T | None:
    """The first row of a query as such a record; None if there is none."""
    row = rows.fetchone()
    return None if row is None else tuple.__new__(kind, row)


def mapped(make: Callable[[Iterable[Any]], T], rows: Iterable[Sequence[Any]]) -> list[T]:
    """The rows of a query as what `make` makes of each, such as `_make` of a record."""
    return list(map(make, rows))
