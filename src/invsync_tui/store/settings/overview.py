"""What the list of merchants needs, in a handful of small queries."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from typing import NamedTuple


class MerchantSite(NamedTuple):
    """A merchant with its connection; `off` are the carts whose Inventory Upload Service is off."""

    id: int
    name: str
    inventory_sync: int
    stale_after: int | None
    system: str | None
    next_at: int | None
    carts: int
    off: tuple[str, ...] = ()


def merchants(cx: sqlite3.Connection) -> list[MerchantSite]:
    """All merchants by name."""
    off: dict[int, list[str]] = defaultdict(list)
    for merchant, name in cx.execute("SELECT merchant_id, name FROM cart WHERE upload_enabled = 0 ORDER BY id"):
        off[merchant].append(name)
    rows = cx.execute(
        "SELECT m.id, m.name, m.inventory_sync, m.stale_after, s.system, d.next_at, "
        "(SELECT count(*) FROM cart c WHERE c.merchant_id = m.id) FROM merchant m "
        "LEFT JOIN source s ON s.merchant_id = m.id LEFT JOIN schedule d ON d.kind = 'pull' AND d.key = m.id ORDER BY m.name"
    )
    return [MerchantSite(*row)._replace(off=tuple(off[row[0]])) for row in rows]


def stale_warehouses(cx: sqlite3.Connection, now: int) -> dict[int, list[str]]:
    """By merchant, the enabled warehouses that have levels and were last confirmed longer ago than the merchant's limit."""
    rows = cx.execute(
        "SELECT w.merchant_id, w.code FROM warehouse w JOIN merchant m ON m.id = w.merchant_id "
        "JOIN source s ON s.merchant_id = m.id "
        "WHERE w.enabled = 1 AND m.stale_after IS NOT NULL AND m.inventory_sync = 1 "
        "AND coalesce(CASE WHEN w.vanished_at IS NULL AND w.last_full_at IS NOT NULL THEN s.confirmed_at END, 0) "
        "< ? - m.stale_after "
        "AND EXISTS (SELECT 1 FROM level l WHERE l.warehouse_id = w.id) ORDER BY w.id",
        (now,),
    )
    found: dict[int, list[str]] = defaultdict(list)
    for merchant, code in rows:
        found[merchant].append(code)
    return found


def disabled_warehouses(cx: sqlite3.Connection) -> dict[int, list[str]]:
    """By merchant, the codes of the warehouses that an operator disabled."""
    found: dict[int, list[str]] = defaultdict(list)
    for merchant, code in cx.execute("SELECT merchant_id, code FROM warehouse WHERE enabled = 0 ORDER BY id"):
        found[merchant].append(code)
    return found
