"""What is frozen, each order by itself: a merchant, and carts of their own."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from typing import NamedTuple

from invsync_tui.store import named_rows
from invsync_tui.store.settings.read import Some, among


class FreezeRow(NamedTuple):
    """An order that nothing be sent to a `cart`, or to all carts of a `merchant`. `since` in epoch seconds."""

    subject: str
    number: int
    name: str
    since: int
    by: str
    why: str


def by_merchant(cx: sqlite3.Connection, merchants: Some = None) -> dict[int, list[FreezeRow]]:
    """By merchant, its own freeze before those of its carts."""
    where, values = among("id", merchants)
    of_carts, carts = among("merchant_id", merchants)
    rows = cx.execute(
        "SELECT id, 'merchant', id, name, frozen_at, frozen_by, frozen_why FROM merchant "
        f"WHERE frozen_at IS NOT NULL AND {where} "
        "UNION ALL SELECT merchant_id, 'cart', id, name, frozen_at, frozen_by, frozen_why FROM cart "
        f"WHERE frozen_at IS NOT NULL AND {of_carts} ORDER BY 1, 2 DESC, 3",
        (*values, *carts),
    )
    result: dict[int, list[FreezeRow]] = defaultdict(list)
    for merchant, freeze in named_rows.keyed(FreezeRow, rows):
        result[merchant].append(freeze)
    return result


def of_cart(cx: sqlite3.Connection, cart_id: int) -> list[FreezeRow]:
    """What keeps a cart frozen: its merchant, itself, or both."""
    row = cx.execute("SELECT merchant_id FROM cart WHERE id = ?", (cart_id,)).fetchone()
    freezes = by_merchant(cx).get(row[0], []) if row else []
    return [freeze for freeze in freezes if freeze.subject == "merchant" or freeze.number == cart_id]
