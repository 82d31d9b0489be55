"""Merchants and carts with all their settings, for lists: plain queries, without SQLModel and on read-only stores too.

Not here: saving them (`settings`), and how they are doing (`overview`, `runs`).
"""

from __future__ import annotations

import sqlite3
from typing import NamedTuple


class MerchantSite(NamedTuple):
    """A merchant with its WMS connection; the connection's columns are None where none is set up."""

    id: int
    name: str
    inventory_sync: int
    stale_after: int | None
    system: str | None
    url: str | None
    login: str | None
    secret: str | None
    options: str | None
    deadline_ms: int | None
    full_every: int | None
    orders_within: int | None
    last_error: str | None
    every: int | None
    next_at: int | None


class CartSite(NamedTuple):
    """A cart with its Edit Setup."""

    id: int
    merchant_id: int
    merchant: str
    name: str
    system: str
    url: str
    login: str
    secret: str
    options: str
    deadline_ms: int
    upload_enabled: int
    combine_all: int
    alias: str | None
    push_kind: int
    cutoff_below: int
    end_at_or_below: int | None
    buffer: int
    share_percent: int
    max_quantity: int | None
    stale_after: int | None
    zero_count: int
    zero_percent: int
    shrink_percent: int
    jump_factor: int
    jump_count: int
    jump_percent: int
    heal: str
    inactive_products: str
    last_error: str
    every: int | None
    next_at: int | None


class Place(NamedTuple):
    """A warehouse by its code."""

    id: int
    ref: str
    code: str


_MERCHANTS = (
    "SELECT m.id, m.name, m.inventory_sync, m.stale_after, s.system, s.url, s.login, s.secret, s.options, s.deadline_ms, "
    "s.full_every, s.orders_within, s.last_error, d.every, d.next_at FROM merchant m LEFT JOIN source s ON s.merchant_id = m.id "
    "LEFT JOIN schedule d ON d.kind = 'pull' AND d.key = m.id ORDER BY m.name"
)
_CARTS = (
    "SELECT c.id, c.merchant_id, m.name, c.name, c.system, c.url, c.login, c.secret, c.options, c.deadline_ms, "
    "c.upload_enabled, c.combine_all, a.name, c.push_kind, c.cutoff_below, c.end_at_or_below, c.buffer, c.share_percent, "
    "c.max_quantity, c.stale_after, c.zero_count, c.zero_percent, c.shrink_percent, c.jump_factor, c.jump_count, c.jump_percent, "
    "c.heal, c.inactive_products, c.last_error, d.every, d.next_at "
    "FROM cart c JOIN merchant m ON m.id = c.merchant_id LEFT JOIN alias_type a ON a.id = c.push_kind "
    "LEFT JOIN schedule d ON d.kind = 'push' AND d.key = c.id ORDER BY m.name, c.id"
)


def merchants(cx: sqlite3.Connection) -> list[MerchantSite]:
    """All merchants by name."""
    return [MerchantSite(*row) for row in cx.execute(_MERCHANTS)]


def carts(cx: sqlite3.Connection) -> list[CartSite]:
    """All carts, by merchant and number."""
    return [CartSite(*row) for row in cx.execute(_CARTS)]


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
