"""How many listings of one request a cart was found to take, where that is fewer than its connector declares.

It is kept with the cart that has the connection: further locations of it have the same.
"""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

_MAIN = "SELECT coalesce(of_cart, id) FROM cart WHERE id = ?"


class BatchLimit(NamedTuple):
    """`most` listings were not refused for their number; `at` (epoch seconds) is when that was found out last."""

    most: int
    at: int


def get(cx: sqlite3.Connection, cart_id: int) -> BatchLimit | None:
    """What was found out since the address of the connection changed last; None: no request was refused for its size."""
    row = cx.execute(f"SELECT batch_most, batch_most_at FROM cart WHERE id = ({_MAIN})", (cart_id,)).fetchone()
    return None if row is None or row[0] is None else BatchLimit(row[0], row[1] or 0)


def put(tx: sqlite3.Connection, cart_id: int, limit: BatchLimit | None) -> None:
    """Keep it; None forgets it."""
    values = (None, None) if limit is None else limit
    tx.execute(f"UPDATE cart SET batch_most = ?, batch_most_at = ? WHERE id = ({_MAIN})", (*values, cart_id))
