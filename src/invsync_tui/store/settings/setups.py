"""What settings name: warehouses, alias types, merchants and carts by number; and marks that a moved connection loses."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple


class Place(NamedTuple):
    """A warehouse by its code."""

    id: int
    ref: str
    code: str


def chosen_warehouses(cx: sqlite3.Connection) -> list[tuple[int, str]]:
    """(cart id, warehouse code) of carts that do not combine all locations."""
    sql = "SELECT x.cart_id, w.code FROM cart_warehouse x JOIN warehouse w ON w.id = x.warehouse_id ORDER BY w.id"
    return cx.execute(sql).fetchall()


def places(cx: sqlite3.Connection, merchant_id: int) -> list[Place]:
    """The merchant's warehouses, Default first."""
    rows = cx.execute("SELECT id, ref, code FROM warehouse WHERE merchant_id = ? ORDER BY id", (merchant_id,))
    return [Place(*row) for row in rows]


def names(cx: sqlite3.Connection) -> list[tuple[int, str]]:
    """(id, name) of all merchants."""
    return cx.execute("SELECT id, name FROM merchant ORDER BY name").fetchall()


def cart_names(cx: sqlite3.Connection) -> list[tuple[int, int, str]]:
    """(id, merchant id, name) of all carts."""
    return cx.execute("SELECT id, merchant_id, name FROM cart ORDER BY id").fetchall()


def drop_mark(tx: sqlite3.Connection, merchant_id: int) -> None:
    """The connection leads somewhere else now: the delta mark means nothing there, the next pull is a complete one."""
    tx.execute("UPDATE source SET mark = '', last_full_at = NULL WHERE merchant_id = ?", (merchant_id,))


def drop_reading(tx: sqlite3.Connection, cart_id: int) -> None:
    """The cart may show anything: its connection leads somewhere else now, or nothing was sent for a while.

    The next push reads all listings before it plans, and compares with what they show, not with what was accepted.
    """
    tx.execute("UPDATE cart SET listed_at = NULL, observed_at = NULL, watermark = 0 WHERE id = ?", (cart_id,))


def alias_names(cx: sqlite3.Connection, merchant_id: int) -> list[str]:
    """The alias types that the merchant's WMS has loaded, or that a cart was set up with."""
    rows = cx.execute("SELECT name FROM alias_type WHERE merchant_id = ? ORDER BY name", (merchant_id,))
    return [name for (name,) in rows]
