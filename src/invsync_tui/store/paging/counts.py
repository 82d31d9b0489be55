"""Numbers of rows that triggers keep up to date: exact, whatever the size."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from invsync_tui.store.paging.listing_conditions import MISMATCH
from invsync_tui.store.paging.listings import TABS


def products(cx: sqlite3.Connection, merchant_id: int) -> int:
    """Products of a merchant that the last full download had."""
    return _sum(cx, "products", merchant_id)


def levels(cx: sqlite3.Connection, warehouse_id: int) -> int:
    """Levels of a warehouse that are not missing."""
    return _sum(cx, "levels", warehouse_id)


def listings(cx: sqlite3.Connection, cart_id: int) -> int:
    """Listings that a cart has."""
    return _sum(cx, "listings", cart_id)


def _sum(cx: sqlite3.Connection, subject: str, owner: int) -> int:
    sql = "SELECT coalesce(sum(n), 0) FROM census WHERE subject = ? AND owner = ?"
    return int(cx.execute(sql, (subject, owner)).fetchone()[0])


class KindSet(NamedTuple):
    """The kinds of codes that `n` products have; `label` is how `product.kinds` says it."""

    kinds: frozenset[int]
    label: str
    n: int


def kinds(cx: sqlite3.Connection, merchant_id: int) -> list[KindSet]:
    """Each set of kinds of codes that products of a merchant have."""
    sql = "SELECT label, n FROM census WHERE subject = 'products' AND owner = ? AND n > 0"
    rows = cx.execute(sql, (merchant_id,)).fetchall()
    return [KindSet(frozenset(int(kind) for kind in label.split(",") if kind), label, n) for label, n in rows]


def collisions(cx: sqlite3.Connection, merchant_id: int, kind: int) -> int:
    """Codes of a kind that several products have."""
    sql = "SELECT count(*) FROM collision WHERE merchant_id = ? AND kind = ?"
    return int(cx.execute(sql, (merchant_id, kind)).fetchone()[0])


def mismatches(cx: sqlite3.Connection, cart_id: int, most: int) -> int:
    """Listings of a cart that do not show their target, counted up to `most`."""
    tab = TABS[MISMATCH]
    sql = (
        f"SELECT count(*) FROM (SELECT 1 FROM listing AS l INDEXED BY {tab.held_by} "
        f"WHERE l.cart_id = ? AND {tab.where} AND l.gone_at IS NULL LIMIT ?)"
    )
    return int(cx.execute(sql, (cart_id, most)).fetchone()[0])
