"""How some listings of a cart drifted: what is stored of them, put to `rules.drift`."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from invsync_tui import clock
from invsync_tui.rules import quantity
from invsync_tui.rules.drift import Finding, Seen, classify
from invsync_tui.store.listings import listings
from invsync_tui.store.listings.drift import DriftRow
from invsync_tui.store.runs import runs
from invsync_tui.sync.decide import Stock
from invsync_tui.sync.pending_orders import PHASE, REACH
from invsync_tui.sync.settings import Settings


def orders_known(cx: sqlite3.Connection, cart_id: int) -> bool:
    """Whether pushes of this cart read its orders, so that a fall can be told from sales."""
    return runs.last_good_phase(cx, "push", cart_id, PHASE, clock.seconds() - REACH) is not None


def findings(
    cx: sqlite3.Connection, settings: Settings, rows: Sequence[DriftRow], lag: int
) -> list[tuple[DriftRow, Finding | None]]:
    """Each row with its drift, None for none."""
    exist = _existing(cx, settings, [row.id for row in rows])
    known = orders_known(cx, int(settings.cart.id or 0))
    return [(row, classify(_seen(row, exist.get(row.id), known), lag)) for row in rows]


def _existing(cx: sqlite3.Connection, settings: Settings, listing_ids: Sequence[int]) -> dict[int, int]:
    """By listing, the units that exist for it; listings of which that is not known are left out."""
    rows = [row for row in listings.plan_rows(cx, listing_ids) if row.product_id is not None]
    now = clock.seconds()
    stock = Stock.of(cx, rows, settings, now)
    found = {row.id: quantity.existing(stock.facts(row, now), settings.cart.units_per_listing) for row in rows}
    return {number: units for number, units in found.items() if units is not None}


def _seen(row: DriftRow, exists: int | None, orders: bool) -> Seen:
    return Seen(
        acked=row.acked,
        shown=row.shown,
        observed=row.observed,
        allocated=row.allocated,
        tracked=None if row.tracked is None else bool(row.tracked),
        present=row.gone_at is None,
        synced_at=row.synced_at,
        observed_at=row.observed_at,
        exists=exists,
        sold=row.sold if orders else None,
    )
