"""Holds the columns of queries against the fields of the records that are filled from them by position.

Two columns that were swapped in a query would stay silent where both hold numbers. A column whose name is that of another
field of the record is one of them; an expression says nothing, unless the query names it by AS.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any, TypeVar

from invsync_tui.store import named_rows

T = TypeVar("T", bound=tuple[Any, ...])
OF_ANOTHER_TABLE = frozenset(
    {
        ("merchant", "name"),
        ("cart", "name"),
        ("product_name", "name"),
        ("warehouse", "code"),
        ("merchant_id", "id"),
        ("cart_id", "id"),
        ("product_id", "id"),
        ("warehouse_id", "id"),
        ("run_id", "id"),
        ("product_sku", "sku"),
        ("sold_id", "product_id"),
        ("body_at", "at"),
        ("matched", "product_id"),
    }
)
"""(field, column) where a record has a column of that name of one table, and of another one under a name of its own."""
_filled, _first, _keyed, _mapped = named_rows.filled, named_rows.first, named_rows.keyed, named_rows.mapped


@cache
def misplaced(kind: type[tuple[Any, ...]], columns: tuple[str, ...]) -> tuple[str, ...]:
    """What is wrong with the columns of a query that fills such a record, in words; nothing where all are in their place."""
    fields: tuple[str, ...] = kind._fields  # type: ignore[attr-defined]
    if len(columns) != len(fields):
        return (f"{kind.__name__} has {len(fields)} fields, the query {len(columns)} columns",)
    return tuple(
        f"{kind.__name__}.{field} is filled from the column {column}"
        for column, field in zip(columns, fields, strict=True)
        if column != field and column in fields and (field, column) not in OF_ANOTHER_TABLE
    )


def _check(kind: type[tuple[Any, ...]], rows: object, after: int = 0) -> None:
    """Columns `after` so many belong to the record."""
    if isinstance(rows, sqlite3.Cursor):
        wrong = misplaced(kind, tuple(column[0] for column in rows.description[after:]))
        assert not wrong, "; ".join(wrong)


def _checked_filled(kind: type[T], rows: Iterable[Sequence[Any]]) -> list[T]:
    _check(kind, rows)
    return _filled(kind, rows)


def _checked_keyed(kind: type[T], rows: Iterable[Sequence[Any]]) -> Iterator[tuple[Any, T]]:
    _check(kind, rows, after=1)
    return _keyed(kind, rows)


def _checked_first(kind: type[T], rows: sqlite3.Cursor) -> T | None:
    _check(kind, rows)
    return _first(kind, rows)


def _checked_mapped(make: Callable[[Iterable[Any]], T], rows: Iterable[Sequence[Any]]) -> list[T]:
    kind = getattr(make, "__self__", None)
    if isinstance(kind, type) and hasattr(kind, "_fields"):
        _check(kind, rows)
    return _mapped(make, rows)


def hold() -> None:
    """Check every record that is filled in this process from now on."""
    named_rows.filled, named_rows.first = _checked_filled, _checked_first
    named_rows.keyed, named_rows.mapped = _checked_keyed, _checked_mapped
