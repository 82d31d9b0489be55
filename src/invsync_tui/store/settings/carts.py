"""Whose carts there are, and single settings of one."""

from __future__ import annotations

import sqlite3


def of_merchant(cx: sqlite3.Connection, merchant_id: int) -> list[int] | None:
    """Numbers of a merchant's carts, ascending; None where there is no such merchant."""
    if cx.execute("SELECT 1 FROM merchant WHERE id = ?", (merchant_id,)).fetchone() is None:
        return None
    return [number for (number,) in cx.execute("SELECT id FROM cart WHERE merchant_id = ? ORDER BY id", (merchant_id,))]


def merchant_of(cx: sqlite3.Connection, cart_id: int) -> int | None:
    """Whose a cart is; None where there is none of this number."""
    row = cx.execute("SELECT merchant_id FROM cart WHERE id = ?", (cart_id,)).fetchone()
    return None if row is None else int(row[0])


def jump_factor(cx: sqlite3.Connection, cart_id: int) -> int:
    """The factor beyond which a cart calls a change a jump; 0 where there is no such cart."""
    row = cx.execute("SELECT jump_factor FROM cart WHERE id = ?", (cart_id,)).fetchone()
    return int(row[0]) if row else 0


def pushed_after_pull(cx: sqlite3.Connection, merchant_id: int) -> list[int]:
    """Numbers of the carts of a merchant that are switched on and have no period of their own, ascending."""
    rows = cx.execute(
        "SELECT c.id FROM cart AS c JOIN merchant AS m ON m.id = c.merchant_id "
        "WHERE c.merchant_id = ? AND c.upload_enabled = 1 AND m.inventory_sync = 1 "
        "AND NOT EXISTS (SELECT 1 FROM schedule AS s WHERE s.kind = 'push' AND s.key = c.id) ORDER BY c.id",
        (merchant_id,),
    )
    return [number for (number,) in rows]
