"""Findings after the last run of each cart and source, with the time since when each is known, so that new ones stand out."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import NamedTuple

from invsync_tui.store import named_rows
from invsync_tui.store.settings.read import Some, among

SOURCE = 0
"""In the place of a cart: the merchant's source."""


class FindingRow(NamedTuple):
    """A cause that holds. `cart` is None for the source; `since` epoch seconds."""

    merchant_id: int
    merchant: str
    cart_id: int
    cart: str | None
    cause: str
    n: int
    since: int
    run_id: int


def record(
    tx: sqlite3.Connection, merchant_id: int, cart_id: int, counts: Mapping[str, int], run_id: int, now: int
) -> list[str]:
    """Replace the findings of a cart or source; returns the causes that were not there before."""
    before = dict(
        tx.execute(
            "SELECT cause, n FROM finding WHERE merchant_id = ? AND cart_id = ?", (merchant_id, cart_id)
        ).fetchall()
    )
    gone = [(merchant_id, cart_id, cause) for cause in before if cause not in counts]
    tx.executemany("DELETE FROM finding WHERE merchant_id = ? AND cart_id = ? AND cause = ?", gone)
    changed = [(merchant_id, cart_id, cause, n, now, run_id) for cause, n in counts.items() if before.get(cause) != n]
    tx.executemany(
        "INSERT INTO finding (merchant_id, cart_id, cause, n, since, run_id) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (merchant_id, cart_id, cause) DO UPDATE SET n = excluded.n",
        changed,
    )
    return [cause for cause in counts if cause not in before]


def newer(cx: sqlite3.Connection, since: int, merchants: Some = None) -> list[FindingRow]:
    """Findings that are there since some time, newest first."""
    where, values = among("f.merchant_id", merchants)
    rows = cx.execute(
        "SELECT f.merchant_id, m.name, f.cart_id, c.name, f.cause, f.n, f.since, f.run_id FROM finding AS f "
        "JOIN merchant AS m ON m.id = f.merchant_id LEFT JOIN cart AS c ON c.id = f.cart_id "
        f"WHERE f.since >= ? AND {where} ORDER BY f.since DESC, f.n DESC, f.cause",
        (since, *values),
    )
    return named_rows.filled(FindingRow, rows)
