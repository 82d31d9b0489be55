"""What a push would do to the shop as a whole, and which of its listings belong together when an operator decides.

A listing is in one group: it would go from stock to 0 (`zero`), its quantity would jump (`jump`), or neither (`rest`).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection

from invsync_tui.rules.outcomes import Outcome, Reason
from invsync_tui.store.listings.listings import StockFacts

SHOWS = "coalesce(l.observed - l.allocated, l.acked)"
"""Sellable units that the cart shows as far as we know; an acknowledged write is an observation too."""
GROUP = (
    f"CASE WHEN l.desired = 0 AND {SHOWS} > 0 THEN 'zero' "
    f"WHEN :factor > 0 AND l.desired > 0 AND {SHOWS} > 0 "
    f"AND (l.desired > {SHOWS} * :factor OR {SHOWS} > l.desired * :factor) THEN 'jump' ELSE 'rest' END"
)
"""The group of a listing `l`, by the cart's `:factor`; see `rules.breakers.group`, which says the same of two numbers."""


def facts(cx: sqlite3.Connection, cart_id: int, run_id: int, factor: int) -> StockFacts:
    """What the planned listings of a run would do. The whole cart is looked at only if there are any."""
    numbers = counts(cx, run_id, Outcome.PLANNED, factor)
    to_set = sum(numbers.values())
    if not to_set:
        return StockFacts(0, 0, 0)
    (in_stock,) = cx.execute(
        "SELECT count(*) FROM listing AS l INDEXED BY listing_observed WHERE l.cart_id = ? AND l.gone_at IS NULL "
        f"AND {SHOWS} > 0",
        (cart_id,),
    ).fetchone()
    return StockFacts(to_set, numbers.get("zero", 0), in_stock, numbers.get("jump", 0))


def counts(cx: sqlite3.Connection, run_id: int, outcome: Outcome, factor: int) -> dict[str, int]:
    """By group, the listings of a run with an outcome: planned ones, or those that it held."""
    rows = cx.execute(
        f"SELECT {GROUP}, count(*) FROM listing AS l INDEXED BY listing_run "
        "WHERE l.run_id = :run AND l.outcome = :outcome GROUP BY 1",
        {"run": run_id, "outcome": outcome.value, "factor": factor},
    )
    return dict(rows.fetchall())


def keep_back(tx: sqlite3.Connection, run_id: int, released: Collection[str], factor: int) -> int:
    """Hold the planned listings of all but the released groups; they stay pending. Returns how many."""
    return tx.execute(
        "UPDATE listing AS l SET outcome = :held, reason = :reason, pending = 1 "
        "WHERE l.run_id = :run AND l.outcome = 'planned' AND l.inflight IS NULL "
        f"AND {GROUP} NOT IN (SELECT value FROM json_each(:released))",
        {
            "run": run_id, "factor": factor, "released": json.dumps(sorted(released)),
            "held": Outcome.HELD.value, "reason": Reason.BREAKER_TRIPPED.value,
        },
    ).rowcount  # fmt: skip


def emptied(cx: sqlite3.Connection, warehouse_id: int, since: int, seq: int) -> int:
    """Levels that lost all their stock since a time and a write batch, of a warehouse that has none left; 0 if it has some."""
    if cx.execute(_ANY_STOCK, (warehouse_id,)).fetchone() is not None:
        return 0
    return int(cx.execute(_LOST, (warehouse_id, seq, since)).fetchone()[0])


_ANY_STOCK = (
    "SELECT 1 FROM level WHERE warehouse_id = ? AND available > 0 AND missing_since IS NULL LIMIT 1"  # level_available
)
_LOST = """
SELECT count(*) FROM level AS v WHERE v.warehouse_id = ?1 AND v.seq > ?2
  AND (v.missing_since >= ?3 AND v.available > 0 OR EXISTS (SELECT 1 FROM level_history AS h
    WHERE h.product_id = v.product_id AND h.warehouse_id = ?1 AND h.at >= ?3 AND h.before > 0))
"""
