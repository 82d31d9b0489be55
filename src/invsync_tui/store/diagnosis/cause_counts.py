"""Listings that have a cause of their own, counted and sampled by one partial index: fast whatever the cart's size."""

from __future__ import annotations

import sqlite3

from invsync_tui.rules.eligibility import Recorded
from invsync_tui.store import named_rows

TROUBLED = (
    "gone_at IS NULL AND (reason <> 'UNCHANGED' AND reason <> 'SWITCH_OFF' AND reason <> 'WAREHOUSE_DISABLED' "
    "OR match_reason IS NOT NULL OR skip IS NOT NULL OR tracked = 0 OR excluded <> 0 OR locked <> 0)"
)
"""The index's condition. What stops a whole cart is left out: it would make the index as long as the table. Single
comparisons, since a list would be built anew for every listing that is written."""

_COLUMNS = ", ".join(Recorded._fields)
_SAME = " AND ".join(f"{name} IS ?" for name in Recorded._fields)


def groups(cx: sqlite3.Connection, cart_id: int) -> list[tuple[Recorded, int]]:
    """What the rows of a cart tell, and how many tell the same."""
    rows = cx.execute(
        f"SELECT count(*), {_COLUMNS} FROM listing INDEXED BY listing_troubled WHERE cart_id = ? AND {TROUBLED} "
        f"GROUP BY {_COLUMNS}",
        (cart_id,),
    )
    return [(recorded, count) for count, recorded in named_rows.keyed(Recorded, rows)]


def ids(cx: sqlite3.Connection, cart_id: int, recorded: Recorded, limit: int) -> list[int]:
    """The first listings of a cart whose rows tell this."""
    rows = cx.execute(
        f"SELECT id FROM listing INDEXED BY listing_troubled WHERE cart_id = ? AND {TROUBLED} AND {_SAME} "
        "ORDER BY id LIMIT ?",
        (cart_id, *recorded, limit),
    )
    return [row[0] for row in rows]


def switched_off(cx: sqlite3.Connection, cart_id: int) -> list[int]:
    """Matched listings whose stock a plan did not look at because of a switch. Reads the cart's listings."""
    rows = cx.execute(
        "SELECT id FROM listing INDEXED BY listing_observed WHERE cart_id = ? AND gone_at IS NULL "
        "AND product_id IS NOT NULL AND reason = 'SWITCH_OFF' ORDER BY id",
        (cart_id,),
    )
    return [row[0] for row in rows]


def overridden(cx: sqlite3.Connection, cart_id: int, limit: int) -> tuple[int, list[str]]:
    """How many listings of a cart have a quantity that an operator gave, and the SKUs of the first by code."""
    origin = "FROM listing INDEXED BY listing_override WHERE cart_id = ? AND override IS NOT NULL AND gone_at IS NULL"
    count = cx.execute(f"SELECT count(*) {origin}", (cart_id,)).fetchone()[0]
    rows = cx.execute(f"SELECT sku {origin} ORDER BY key, id LIMIT ?", (cart_id, limit))
    return int(count), [row[0] for row in rows]
