"""The one reader of settings: merchants with their source, and carts, every column by its name.

Plain queries, on read-only stores too, without SQLModel, which takes half a second to import. The columns are those of
the tables, so that a new setting is read without being named here; a test holds them against `store.tables`.
Not here: saving them (`settings`), and how they are doing (`overview`, `runs`).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

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


def merchant(cx: sqlite3.Connection, merchant_id: int) -> dict[str, Any] | None:
    """Columns of a merchant, of its source where there is one, and `every`."""
    found = record(cx, "SELECT * FROM merchant WHERE id = ?", (merchant_id,))
    if found is None:
        return None
    source = record(cx, "SELECT * FROM source WHERE merchant_id = ?", (merchant_id,))
    return (source or {}) | found | {"every": every(cx, "pull", merchant_id)}


def cart(cx: sqlite3.Connection, cart_id: int) -> dict[str, Any] | None:
    """Columns of a cart, `warehouses` (numbers, ascending; [] for all) and `every`."""
    found = record(cx, "SELECT * FROM cart WHERE id = ?", (cart_id,))
    if found is None:
        return None
    rows = cx.execute("SELECT warehouse_id FROM cart_warehouse WHERE cart_id = ? ORDER BY 1", (cart_id,))
    chosen = [] if found["combine_all"] else [row[0] for row in rows]
    return found | {"warehouses": chosen, "every": every(cx, "push", cart_id)}


def merchants(cx: sqlite3.Connection) -> list[dict[str, Any]]:
    """All merchants by name: columns of the source (None where there is none) and of the merchant, `every`, `next_at`."""
    return records(
        cx,
        "SELECT s.*, d.every, d.next_at, m.* FROM merchant AS m LEFT JOIN source AS s ON s.merchant_id = m.id "
        "LEFT JOIN schedule AS d ON d.kind = 'pull' AND d.key = m.id ORDER BY m.name",
    )


def carts(cx: sqlite3.Connection, merchant_id: int | None = None) -> list[dict[str, Any]]:
    """Carts by merchant and number, of one merchant or of all: columns of the cart, `merchant` (its name), `alias` (None
    where the SKU is pushed), `every` and `next_at`."""
    return records(
        cx,
        "SELECT c.*, m.name AS merchant, a.name AS alias, d.every, d.next_at "
        "FROM cart AS c JOIN merchant AS m ON m.id = c.merchant_id LEFT JOIN alias_type AS a ON a.id = c.push_kind "
        "LEFT JOIN schedule AS d ON d.kind = 'push' AND d.key = c.id "
        "WHERE ?1 IS NULL OR c.merchant_id = ?1 ORDER BY m.name, c.id",
        (merchant_id,),
    )


def every(cx: sqlite3.Connection, kind: str, key: int) -> int | None:
    """Seconds between the scheduled runs of a kind; None: it is not scheduled."""
    row = cx.execute("SELECT every FROM schedule WHERE kind = ? AND key = ?", (kind, key)).fetchone()
    return None if row is None else int(row[0])


def enabled_warehouses(cx: sqlite3.Connection, merchant_id: int) -> frozenset[int]:
    """Numbers of a merchant's warehouses that are enabled."""
    return frozenset(
        row[0] for row in cx.execute("SELECT id FROM warehouse WHERE merchant_id = ? AND enabled <> 0", (merchant_id,))
    )


class Entry(NamedTuple):
    """A saved change: who, when, and the columns before and after it."""

    who: str
    at: int
    before: dict[str, Any]
    after: dict[str, Any]


def changes(cx: sqlite3.Connection, subject: str, newest: int) -> list[Entry]:
    """The newest saved changes of a subject, oldest first."""
    action = f"{subject.partition(':')[0]} set"
    rows = cx.execute(
        "SELECT who, at, before, after FROM audit WHERE subject = ? AND action = ? ORDER BY id DESC LIMIT ?",
        (subject, action, newest),
    ).fetchall()
    return [
        Entry(who, at, json.loads(before or "{}"), json.loads(after or "{}")) for who, at, before, after in rows[::-1]
    ]
