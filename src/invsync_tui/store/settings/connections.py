"""Connections as rows, and the few numbers by which a connector judges its own: each by an index."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from invsync_tui.store.diagnosis.cause_counts import TROUBLED
from invsync_tui.store.settings import stored


class ConnectionRow(NamedTuple):
    """Where and how to log in. `options` is a JSON object, `secret` a reference."""

    system: str
    url: str
    login: str
    secret: str
    options: str
    deadline_ms: int
    last_error: str


class SourceRow(NamedTuple):
    """A WMS connection with its delta mark and the end of its last complete download."""

    connection: ConnectionRow
    mark: str
    last_full_at: int | None
    notes: str
    """JSON object: what the connector counted beside the levels; '' for nothing."""


def source(cx: sqlite3.Connection, merchant_id: int) -> SourceRow | None:
    """A merchant's WMS connection; None where it has none."""
    row = stored.record(cx, "SELECT * FROM source WHERE merchant_id = ?", (merchant_id,))
    return stored.pick(SourceRow, row | {"connection": stored.pick(ConnectionRow, row)}) if row else None


def cart(cx: sqlite3.Connection, cart_id: int) -> ConnectionRow:
    """A cart's connection."""
    return stored.pick(ConnectionRow, stored.records(cx, "SELECT * FROM cart WHERE id = ?", (cart_id,))[0])


def stocked(cx: sqlite3.Connection, warehouse_id: int) -> bool:
    """Whether any level of a warehouse is not 0. Ends at the first; only where all are 0 it reads them all."""
    present = "SELECT 1 FROM level WHERE warehouse_id = ? AND missing_since IS NULL AND"
    return any(
        cx.execute(f"{present} {condition} LIMIT 1", (warehouse_id,)).fetchone()
        for condition in ("available > 0", "available < 0", "on_hand <> 0")
    )


def untracked(cx: sqlite3.Connection, cart_id: int) -> int:
    """Present listings for which a cart says that it does not count the stock."""
    sql = f"SELECT count(*) FROM listing INDEXED BY listing_troubled WHERE cart_id = ? AND {TROUBLED} AND tracked = 0"
    return int(cx.execute(sql, (cart_id,)).fetchone()[0])


class Beside(NamedTuple):
    """What a shop sells beside the numbers that a cart of ours sets, over its present listings."""

    elsewhere: int
    """Listings with stock or open orders at other locations."""
    units: int
    held: int
    thresholds: int
    ours: bool
    """Another cart of ours sets stock at another location of the shop."""


def beside(cx: sqlite3.Connection, cart_id: int) -> Beside:
    """Of one cart."""
    counts = cx.execute(
        "SELECT count(CASE WHEN elsewhere <> 0 OR elsewhere_allocated <> 0 THEN 1 END), coalesce(sum(elsewhere), 0), "
        "coalesce(sum(elsewhere_allocated), 0), count(CASE WHEN threshold <> 0 THEN 1 END) FROM listing "
        "WHERE cart_id = ? AND gone_at IS NULL",
        (cart_id,),
    ).fetchone()
    ours = cx.execute(
        "SELECT 1 FROM cart AS c JOIN cart AS o ON o.shop = c.shop AND o.merchant_id = c.merchant_id "
        "AND o.location <> c.location WHERE c.id = ? AND c.shop <> '' AND o.location <> '' LIMIT 1",
        (cart_id,),
    ).fetchone()
    return Beside(counts[0], counts[1], counts[2], counts[3], ours is not None)
