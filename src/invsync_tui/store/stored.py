"""The settings of one merchant or cart by column, as forms compare and show them: plain queries, on read-only stores too."""

from __future__ import annotations

import json
import sqlite3
from typing import Any, NamedTuple

MERCHANT_COLUMNS = ("name", "inventory_sync", "stale_after", "rev", "frozen_at")
SOURCE_COLUMNS = ("url", "login", "secret", "deadline_ms", "options", "full_every", "orders_within", "confirmed_at")
CART_COLUMNS = (
    "merchant_id", "name", "url", "login", "secret", "deadline_ms", "options", "upload_enabled", "combine_all", "push_kind",
    "cutoff_below", "end_at_or_below", "buffer", "share_percent", "max_quantity", "stale_after", "zero_count",
    "zero_percent", "shrink_percent", "jump_factor", "jump_count", "jump_percent", "heal",
    "inactive_products", "gone_accepted",
    "system", "created_at", "rules_rev", "pushed_rules_rev", "rev",
    "watermark", "match_mark", "matched_rev", "frozen_at",
)  # fmt: skip


def merchant(cx: sqlite3.Connection, merchant_id: int) -> dict[str, Any] | None:
    """Columns of a merchant, of its source where there is one, and `every`."""
    found = _row(cx, "merchant", MERCHANT_COLUMNS, "id", merchant_id)
    if found is None:
        return None
    source = _row(cx, "source", SOURCE_COLUMNS, "merchant_id", merchant_id)
    return found | (source or {}) | {"every": every(cx, "pull", merchant_id)}


def cart(cx: sqlite3.Connection, cart_id: int) -> dict[str, Any] | None:
    """Columns of a cart, `warehouses` (numbers, ascending; [] for all) and `every`."""
    found = _row(cx, "cart", CART_COLUMNS, "id", cart_id)
    if found is None:
        return None
    rows = cx.execute("SELECT warehouse_id FROM cart_warehouse WHERE cart_id = ? ORDER BY 1", (cart_id,))
    chosen = [] if found["combine_all"] else [row[0] for row in rows]
    return found | {"warehouses": chosen, "every": every(cx, "push", cart_id)}


def _row(cx: sqlite3.Connection, table: str, columns: tuple[str, ...], key: str, number: int) -> dict[str, Any] | None:
    row = cx.execute(f"SELECT {', '.join(columns)} FROM {table} WHERE {key} = ?", (number,)).fetchone()
    return None if row is None else dict(zip(columns, row, strict=True))


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
