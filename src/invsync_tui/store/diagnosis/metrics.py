"""Numbers of the whole store for a monitor, each read through an index."""

from __future__ import annotations

import sqlite3
from collections import Counter
from typing import NamedTuple

from invsync_tui.store import named_rows
from invsync_tui.store.paging import listings
from invsync_tui.store.paging.listing_conditions import MISMATCH
from invsync_tui.store.runs import runs

REQUESTS_MOST = 20_000
"""Recorded requests that are looked at, the newest first."""


class Line(NamedTuple):
    """How the pulls of a merchant, or the pushes of a cart, are doing. Times in epoch seconds; None: never."""

    kind: str
    key: int
    last_good: int | None
    failures: int
    """Runs in a row that failed."""
    held: int


def runs_of(cx: sqlite3.Connection, kind: str, key: int) -> Line:
    """One merchant's pulls, or one cart's pushes."""
    row = cx.execute(
        "SELECT ended_at FROM run WHERE kind = ? AND key = ? AND state = 'done' ORDER BY id DESC LIMIT 1", (kind, key)
    ).fetchone()
    (held,) = cx.execute(
        "SELECT count(*) FROM run INDEXED BY run_active WHERE kind = ? AND key = ? AND state = 'held' "
        "AND state IN ('running', 'cancelling', 'held')",
        (kind, key),
    ).fetchone()
    return Line(kind, key, row[0] if row else None, runs.failing_since(cx, kind, key)[1], int(held))


def waiting(cx: sqlite3.Connection) -> int:
    """Runs that are requested and have not begun."""
    return int(cx.execute("SELECT count(*) FROM run WHERE state = 'requested'").fetchone()[0])


def mismatches(cx: sqlite3.Connection, cart_id: int) -> int:
    """Listings of a cart that show another quantity than they should."""
    order = listings.orders(MISMATCH)[0]
    return listings.listings(cx, cart_id, listings.Sought(MISMATCH), order, descending=False).count(None)


def batches(cx: sqlite3.Connection, cart_id: int) -> tuple[int, int]:
    """Batches of a cart whose answer is not known, and those that it took and applies later."""
    doubt = "SELECT count(*) FROM push_batch WHERE cart_id = ? AND state IN ('intent', 'in_doubt')"
    submitted = "SELECT count(*) FROM push_batch WHERE cart_id = ? AND state = 'submitted'"
    return tuple(int(cx.execute(sql, (cart_id,)).fetchone()[0]) for sql in (doubt, submitted))  # type: ignore[return-value]


class StockKnown(NamedTuple):
    """When a warehouse's stock was last known to be right, in epoch seconds."""

    merchant_id: int
    warehouse: str
    at: int


def stock(cx: sqlite3.Connection) -> list[StockKnown]:
    """The enabled warehouses that were read once.

    One that the WMS offers no stock in any more counts from its last full download.
    """
    rows = cx.execute(
        "SELECT w.merchant_id, w.code, coalesce(CASE WHEN w.vanished_at IS NULL THEN s.confirmed_at END, w.last_full_at) "
        "FROM warehouse AS w JOIN source AS s ON s.merchant_id = w.merchant_id "
        "WHERE w.enabled <> 0 AND w.last_full_at IS NOT NULL ORDER BY w.merchant_id, w.code"
    )
    return named_rows.filled(StockKnown, rows)


def requests(cx: sqlite3.Connection, since: int) -> dict[tuple[str, str], int]:
    """Recorded HTTP requests since a time (epoch seconds), by method and answer (2xx, 4xx, 5xx, none)."""
    answers: Counter[tuple[str, str]] = Counter()
    rows = cx.execute("SELECT at_ms, method, status FROM exchange ORDER BY id DESC LIMIT ?", (REQUESTS_MOST,))
    for at_ms, method, status in rows:
        if at_ms < since * 1000:
            break
        answers[method, "none" if status is None else f"{status // 100}xx"] += 1
    return dict(answers)
