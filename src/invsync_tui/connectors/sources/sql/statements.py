"""Statements around an operator's query, and the cursors of pages.

A page is `WHERE key > :after ORDER BY key LIMIT n + 1`. Rows with the same key stay on one page: of n + 1 rows those with
the last key are left for the next one, so that no row is skipped between two pages, and rows that are doubled meet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from invsync_tui.connectors.errors import ContractError, NotConfiguredError
from invsync_tui.connectors.sources.sql.databases import Database
from invsync_tui.connectors.sources.sql.queries import Columns, Query


@dataclass(frozen=True, slots=True)
class Table:
    """A query of which the columns are known. `names` are our columns that are read, in this order."""

    query: Query
    columns: Columns
    database: Database
    names: tuple[str, ...] = field(default=())

    def column(self, name: str) -> str:
        """One of our columns in a statement."""
        return self.database.column(self.columns.real(name))

    def exact(self, name: str) -> str:
        """One of our columns as it is compared: two values are equal only if they are the same."""
        return self._key(self.columns.real(name))

    def _key(self, name: str) -> str:
        return self.database.key(self.query.text, name)

    @property
    def source(self) -> str:
        """The query as a table, on lines of its own, since it may end in a comment."""
        return f"(\n{self.database.written(self.query.text)}\n) AS q"

    def page(self, conditions: Sequence[str]) -> str:
        """Our columns and the key of rows that fulfill all conditions, by key; the limit is the last value."""
        key = self.database.column(self.columns.key)
        listed = ", ".join([*map(self.column, self.names), key])
        where = " AND ".join([f"{key} IS NOT NULL", *conditions])
        order = self._key(self.columns.key)
        return f"SELECT {listed} FROM {self.source} WHERE {where} ORDER BY {order} LIMIT {self.database.value}"  # noqa: S608

    def after(self) -> str:
        """The condition that a row comes behind a key, which is its value."""
        return f"{self._key(self.columns.key)} > {self.database.value}"

    def products(self, ref: str, conditions: Sequence[str]) -> str:
        """Of levels, each product once with the least of each of its texts, by `ref`; the limit is the last value."""
        place = self.column(ref)
        listed = ", ".join([place if name == ref else f"min({self.column(name)})" for name in self.names])
        where = " AND ".join([f"{place} IS NOT NULL", *conditions])
        order = self.exact(ref)
        return (
            f"SELECT {listed}, {place} FROM {self.source} WHERE {where} GROUP BY {order}, {place} ORDER BY {order} "  # noqa: S608
            f"LIMIT {self.database.value}"
        )

    def doubled(self, ref: str, by: Sequence[str], conditions: Sequence[str]) -> str:
        """Products with several rows that have the same of our columns `by`; the limit is the last value."""
        place = self.exact(ref)
        where = " AND ".join([f"{place} IS NOT NULL", *conditions])
        groups = ", ".join(map(self.exact, (ref, *by)))
        return (
            f"SELECT DISTINCT {place} FROM {self.source} WHERE {where} GROUP BY {groups} "  # noqa: S608
            f"HAVING count(*) > 1 LIMIT {self.database.value}"
        )

    def of_products(self, ref: str, conditions: Sequence[str]) -> str:
        """The condition that a row is of a product that has a row which fulfills all conditions."""
        place = self.exact(ref)
        return f"{place} IN (SELECT {place} FROM {self.source} WHERE {' AND '.join(conditions)})"  # noqa: S608

    def without_key(self, conditions: Sequence[str]) -> str:
        """How many rows have no key; the only value is 1."""
        where = " AND ".join([f"{self.database.column(self.columns.key)} IS NULL", *conditions])
        return f"SELECT count(*) FROM {self.source} WHERE {where} LIMIT {self.database.value}"  # noqa: S608


def cursor_of(key: object) -> str:
    """A key as the text of a cursor; NotConfiguredError where pages cannot be made by it."""
    if type(key) is int:
        return f"i:{key}"
    if type(key) is str:
        return f"s:{key}"
    if isinstance(key, Decimal | UUID):
        return f"s:{key}"
    if isinstance(key, datetime | date):
        return f"s:{key.isoformat()}"
    raise NotConfiguredError(
        f"The key {key!r} is neither a text, a whole number nor a time: pages cannot be made by it.",
        advice="Declare another column as key.",
    )


def key_of(cursor: str) -> int | str:
    """The key that a cursor stands for."""
    kind, _, text = cursor.partition(":")
    if kind == "i" and text.removeprefix("-").isdecimal():
        return int(text)
    if kind != "s":
        raise ContractError(f"{cursor!r} is not a cursor of this connector.")
    return text


def cut(rows: Sequence[Sequence[Any]], limit: int, name: str) -> tuple[Sequence[Sequence[Any]], str | None]:
    """The rows of a page, and the cursor behind them; None behind the last page. `limit` rows are more than a page."""
    if len(rows) < limit:
        return rows, None
    last = rows[-1][-1]
    end = len(rows)
    while end and rows[end - 1][-1] == last:
        end -= 1
    if not end:
        raise NotConfiguredError(
            f"The query {name} has {limit} rows or more with the same key {last!r}.",
            advice="Declare a column as key that tells rows apart, such as the SKU or an id.",
        )
    return rows[:end], cursor_of(rows[end - 1][-1])
