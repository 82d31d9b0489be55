"""What runs knew when they decided, and the settings they worked by: kept with the run, for 30 days or 200 runs of a cart.

Bodies are opaque here: `sync.plans.decision_log` packs and reads them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import takewhile
from typing import NamedTuple

from invsync_tui.store import named_rows

KEPT_SECONDS = 30 * 86400
KEPT_RUNS = 200
"""Runs of a cart whose records are kept; one that decided nothing has none and does not count."""


class StoredChunk(NamedTuple):
    """One chunk of decisions of a run, on listings from `first_id` to `last_id`, not necessarily all of them."""

    run_id: int
    first_id: int
    last_id: int
    at: int
    body: bytes


_SELECT = "SELECT run_id, first_id, last_id, at, body FROM decision_record WHERE cart_id = ? "


def keep(tx: sqlite3.Connection, cart_id: int, record: StoredChunk) -> None:
    """Keep one chunk, in the transaction of its decisions."""
    tx.execute(
        "INSERT INTO decision_record (cart_id, run_id, first_id, last_id, at, body) VALUES (?, ?, ?, ?, ?, ?)",
        (cart_id, *record),
    )


def record_settings(tx: sqlite3.Connection, run_id: int, text: str) -> None:
    """Keep the settings that a run works by."""
    tx.execute("UPDATE run SET settings = ? WHERE id = ?", (text, run_id))


def settings_of(cx: sqlite3.Connection, run_id: int) -> str:
    """The settings that a run worked by; '' where they are not kept."""
    row = cx.execute("SELECT settings FROM run WHERE id = ?", (run_id,)).fetchone()
    return str(row[0]) if row else ""


def newest_first(cx: sqlite3.Connection, cart_id: int, run_id: int) -> Iterator[StoredChunk]:
    """The chunks of one run, the last decided first: a run that was held and released decided twice."""
    ids = cx.execute(
        "SELECT id FROM decision_record WHERE cart_id = ? AND run_id = ? ORDER BY id DESC", (cart_id, run_id)
    ).fetchall()
    for (number,) in ids:
        yield from named_rows.filled(StoredChunk, cx.execute(_SELECT + "AND id = ?", (cart_id, number)))


def that_may_have(cx: sqlite3.Connection, cart_id: int, listing_id: int, at: int) -> Iterator[StoredChunk]:
    """Chunks up to a moment whose range has a listing, the newest first; whether it is in it the body tells."""
    for run_id in _runs(cx, cart_id):
        rows = cx.execute(
            _SELECT + "AND run_id = ? AND first_id <= ? AND last_id >= ? AND at <= ? ORDER BY id DESC",
            (cart_id, run_id, listing_id, listing_id, at),
        )
        yield from named_rows.filled(StoredChunk, rows)


def oldest(cx: sqlite3.Connection, cart_id: int) -> int | None:
    """When the oldest decision of a cart that is kept was made."""
    row = cx.execute(
        "SELECT at FROM decision_record WHERE cart_id = ? ORDER BY run_id, first_id LIMIT 1", (cart_id,)
    ).fetchone()
    return int(row[0]) if row else None


_NEWEST_RUNS = """
WITH RECURSIVE kept (run_id) AS (
  SELECT max(run_id) FROM decision_record WHERE cart_id = ?1
  UNION ALL
  SELECT (SELECT max(d.run_id) FROM decision_record AS d WHERE d.cart_id = ?1 AND d.run_id < kept.run_id)
  FROM kept WHERE kept.run_id IS NOT NULL
)
SELECT run_id FROM kept WHERE run_id IS NOT NULL LIMIT ?2
"""
"""Jumps from run to run: a run over a million listings has a thousand chunks."""


def _runs(cx: sqlite3.Connection, cart_id: int, most: int = -1) -> list[int]:
    """Runs of a cart that have records, the newest first."""
    return [row[0] for row in cx.execute(_NEWEST_RUNS, (cart_id, most))]


def prune(tx: sqlite3.Connection, cart_id: int, now: int) -> int:
    """Drop what is too old, or of too old a run, with the settings of those runs; returns how many runs it were."""
    known = _runs(tx, cart_id)
    old = takewhile(lambda run_id: _begun(tx, cart_id, run_id) < now - KEPT_SECONDS, reversed(known[:KEPT_RUNS]))
    dropped = [*known[KEPT_RUNS:], *old]
    tx.executemany(
        "DELETE FROM decision_record WHERE cart_id = ? AND run_id = ?", [(cart_id, run_id) for run_id in dropped]
    )
    tx.executemany("UPDATE run SET settings = '' WHERE id = ?", [(run_id,) for run_id in dropped])
    return len(dropped)


def _begun(cx: sqlite3.Connection, cart_id: int, run_id: int) -> int:
    sql = "SELECT at FROM decision_record WHERE cart_id = ? AND run_id = ? ORDER BY first_id LIMIT 1"
    return int(cx.execute(sql, (cart_id, run_id)).fetchone()[0])
