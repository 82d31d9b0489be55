"""What an action changed in a store, row by row and column by column, in words that name rows as an operator would."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from invsync_tui.store.database import Store

Rows = dict[tuple[Any, ...], dict[str, Any]]
_NAMES: dict[str, Callable[[dict[str, Any], dict[str, dict[int, str]]], str]] = {
    "merchant": lambda row, _: row["name"],
    "cart": lambda row, _: row["name"],
    "warehouse": lambda row, known: f"{row['code']} of {known['merchant'].get(row['merchant_id'])}",
    "product": lambda row, known: f"{row['ref']} of {known['merchant'].get(row['merchant_id'])}",
    "listing": lambda row, known: f"{row['ref']} in {known['cart'].get(row['cart_id'])}",
    "run": lambda row, known: (
        f"{row['kind']} of {known['merchant' if row['kind'] == 'pull' else 'cart'].get(row['key'])}"
    ),
    "audit": lambda row, _: f"of {row['who']}",
}
"""How a row of these tables is called; known are the names of the tables before it, by number."""
_BY_NUMBER = {
    "merchant_id": "merchant", "cart_id": "cart", "warehouse_id": "warehouse", "product_id": "product",
    "component_id": "product", "kit_id": "product", "listing_id": "listing",
}  # fmt: skip


SHOWN = 75
"""Characters of a value that are told."""
_DIGESTS = frozenset({"sig", "rows", "token", "body"})
"""Columns that say nothing to a reader, or are made by chance."""


class Changes:
    """`lines` has what is other than at the beginning, sorted: `table row: column before -> after`, `+` and `-`."""

    def __init__(self) -> None:
        self.lines: list[str] = []


@contextmanager
def changes(store: Store) -> Iterator[tuple[sqlite3.Connection, Changes]]:
    """A transaction, and what it changed once it has ended."""
    row_changes = Changes()
    with store.transaction() as tx:
        before = _rows(tx)
        yield tx, row_changes
        after = _rows(tx)
        row_changes.lines = _differences(before, after)


@contextmanager
def watched(store: Store) -> Iterator[Changes]:
    """The same of everything that is done meanwhile, in whatever transactions."""
    row_changes = Changes()
    with store.reading() as cx:
        before = _rows(cx)
    yield row_changes
    with store.reading() as cx:
        row_changes.lines = _differences(before, _rows(cx))


def _rows(cx: sqlite3.Connection) -> dict[str, Rows]:
    tables = cx.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%_fts%' AND name NOT LIKE 'sqlite_%'"
    ).fetchall()
    by_table = {}
    for (table,) in tables:
        columns = cx.execute(f"PRAGMA table_info({table})").fetchall()
        keys = [column[1] for column in columns if column[5]]
        names = [column[1] for column in columns]
        rows = [dict(zip(names, row, strict=True)) for row in cx.execute(f"SELECT * FROM {table}")]
        by_table[table] = {tuple(row[key] for key in keys): row for row in rows}
    return by_table


def _differences(before: dict[str, Rows], after: dict[str, Rows]) -> list[str]:
    known: dict[str, dict[int, str]] = {}
    for table, name in _NAMES.items():
        rows = before[table] | after[table]
        known[table] = {row["id"]: name(row, known) for row in rows.values()}
    lines = []
    for table, rows in before.items():
        then = after[table]
        for key in sorted(rows.keys() | then.keys(), key=str):
            was, now = rows.get(key), then.get(key)
            if was != now:
                name = _named(table, now or was or {}, key, known)
                lines += [f"{table} {name}: {what}" for what in _told(was, now, known, key)]
    return sorted(lines)


def _named(table: str, row: dict[str, Any], key: tuple[Any, ...], known: dict[str, dict[int, str]]) -> str:
    if table in _NAMES:
        return known[table][row["id"]]
    by_value = {row[column]: _value(column, row[column], known) for column in row if column in _BY_NUMBER}
    return ", ".join(str(by_value.get(part, part)) or "''" for part in key)


def _value(column: str, value: Any, known: dict[str, dict[int, str]]) -> str:
    if column in _BY_NUMBER:
        return str(known[_BY_NUMBER[column]].get(value, value))
    if column == "items":  # of a batch: each begins with the number of its listing
        return str([[known["listing"][number], *rest] for number, *rest in json.loads(value)])
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}... ({len(text)} characters)"


def _told(
    was: dict[str, Any] | None, now: dict[str, Any] | None, known: dict[str, dict[int, str]], key: tuple[Any, ...]
) -> list[str]:
    if was is None and now is not None:
        shown = [name for name, value in now.items() if value not in (None, "", *key) and name not in _DIGESTS]
        return ["+", *(f"+ {name} {_value(name, now[name], known)}" for name in shown)]
    if was is None or now is None:
        return ["-"]
    return [
        f"{name} {_value(name, was[name], known)} -> {_value(name, now[name], known)}"
        for name in was
        if was[name] != now[name] and name not in _DIGESTS
    ]
