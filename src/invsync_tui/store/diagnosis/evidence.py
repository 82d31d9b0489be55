"""What a number rests on: the source's rows of a product, and the batch in which a listing was last sent."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from invsync_tui.store import named_rows
from invsync_tui.store.listings.push_batches import Item, items_of

BEFORE_MOST = 3600
"""Seconds before its confirmation in which the batch of a listing is looked for."""


LATER_RUNS = 50
"""Pushes of a cart in which a batch that was applied later is looked for."""


class SourceRow(NamedTuple):
    """A level with the record that it came from. Times in epoch seconds; `body` is JSON, None where none was kept."""

    product_id: int
    sku: str
    warehouse_id: int
    warehouse: str
    on_hand: int | None
    available: int
    committed: int | None
    incoming: int | None
    loaded_at: int
    read_at: int | None
    missing: int
    body_at: int | None
    body: str | None


def sources(cx: sqlite3.Connection, product_ids: Sequence[int]) -> list[SourceRow]:
    """All levels of some products, by product and warehouse."""
    rows = cx.execute(
        "SELECT v.product_id, coalesce(nullif(p.sku, ''), p.ref), v.warehouse_id, w.code, v.on_hand, v.available, "
        "v.committed, v.incoming, v.loaded_at, v.read_at, v.missing_since IS NOT NULL, r.at, r.body FROM level AS v "
        "JOIN warehouse AS w ON w.id = v.warehouse_id JOIN product AS p ON p.id = v.product_id LEFT JOIN source_record AS r "
        "ON r.product_id = v.product_id AND r.warehouse_id = v.warehouse_id "
        "WHERE v.product_id IN (SELECT value FROM json_each(?)) ORDER BY v.product_id, v.warehouse_id",
        (json.dumps(list(product_ids)),),
    )
    return named_rows.filled(SourceRow, rows)


class SentRow(NamedTuple):
    """The batch in which a listing was sent last: `before` what the cart showed, `target` what was asked of it."""

    batch_id: str
    run_id: int
    state: str
    attempts: int
    created_at: int
    ended_at: int | None
    target: int
    before: int | None
    error: str
    waits: tuple[int | None, int | None]
    """When what became of it is asked for, and when the listing is read back instead; None where it does not wait."""


class _Batch(NamedTuple):
    id: str
    run_id: int
    state: str
    attempts: int
    created_at: int
    ended_at: int | None
    items: str
    error: str
    look_after: int | None
    give_up_at: int | None


def last_sent(cx: sqlite3.Connection, cart_id: int, listing_id: int) -> SentRow | None:
    """The newest batch that has the listing, of the runs that could have sent it; None if none is kept.

    A listing tells the run that decided on it last and when it was confirmed last; its batch is of that run, or was
    sent shortly before that confirmation.
    """
    known = cx.execute("SELECT run_id, synced_at, inflight FROM listing WHERE id = ?", (listing_id,)).fetchone()
    if known is None:
        return None
    run_id, synced_at, inflight = known
    like = f"%[{listing_id}, %"
    for where, values in _places(cart_id, run_id, synced_at, inflight):
        sql = (
            "SELECT id, run_id, state, attempts, created_at, ended_at, items, error, look_after, give_up_at FROM push_batch "
            f"WHERE {where} AND items LIKE ? ORDER BY created_at DESC, rowid DESC"
        )
        for row in map(_Batch._make, cx.execute(sql, (*values, like))):
            for item in items_of(row.items):
                if item.listing_id == listing_id:
                    return _sent(row, item)
    return None


def _sent(row: _Batch, item: Item) -> SentRow:
    return SentRow(
        batch_id=row.id,
        run_id=row.run_id,
        state=row.state,
        attempts=row.attempts,
        created_at=row.created_at,
        ended_at=row.ended_at,
        target=item.target,
        before=item.before,
        error=row.error,
        waits=(row.look_after, row.give_up_at),
    )


def _places(
    cart_id: int, run_id: int | None, synced_at: int | None, inflight: str | None
) -> list[tuple[str, tuple[object, ...]]]:
    """Where to look, the likeliest first."""
    result: list[tuple[str, tuple[object, ...]]] = []
    if inflight is not None:
        result.append(("id = ?", (inflight,)))
    if run_id is not None and synced_at is not None:
        # A batch ends in the second of the confirmation, or right after it: numbers are compared before long texts.
        result.append(("run_id = ? AND ended_at BETWEEN ? AND ?", (run_id, synced_at, synced_at + 2)))
    if run_id is not None:
        result.append(("run_id = ? AND state <> 'answered'", (run_id,)))
    if synced_at is not None:
        runs = (
            "run_id IN (SELECT id FROM run WHERE kind = 'push' AND key = ? AND started_at <= ? "
            "AND coalesce(ended_at, started_at) >= ? ORDER BY id DESC LIMIT 20) AND ended_at BETWEEN ? AND ?"
        )
        result.append((runs, (cart_id, synced_at, synced_at - BEFORE_MOST, synced_at, synced_at + 2)))
    if run_id is not None:
        # What became of a batch that is applied later is found out by a later run than the one that sent it.
        runs = "run_id IN (SELECT id FROM run WHERE kind = 'push' AND key = ? AND id <= ? ORDER BY id DESC LIMIT ?)"
        result.append((f"{runs} AND ticket <> ''", (cart_id, run_id, LATER_RUNS)))
    return result
