"""One product with everything that is known of it, and an operator's wishes for its listings."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

SHARERS = 20
"""Other products named with a shared code at most."""


class ProductRow(NamedTuple):
    """A product."""

    id: int
    merchant_id: int
    merchant: str
    sku: str
    name: str
    missing_since: int | None


class StockRow(NamedTuple):
    """A level with its warehouse."""

    warehouse_id: int
    warehouse: str
    on_hand: int | None
    available: int
    committed: int | None
    incoming: int | None
    loaded_at: int
    read_at: int | None
    missing_since: int | None


def get(cx: sqlite3.Connection, product_id: int) -> ProductRow | None:
    """A product by its number."""
    row = cx.execute(
        "SELECT p.id, p.merchant_id, m.name, p.sku, p.name, p.missing_since FROM product AS p "
        "JOIN merchant AS m ON m.id = p.merchant_id WHERE p.id = ?",
        (product_id,),
    ).fetchone()
    return ProductRow(*row) if row else None


def stock(cx: sqlite3.Connection, product_id: int) -> list[StockRow]:
    """Its levels, Default first."""
    rows = cx.execute(
        "SELECT w.id, w.code, v.on_hand, v.available, v.committed, v.incoming, v.loaded_at, "
        "coalesce(v.read_at, max(v.loaded_at, CASE WHEN w.vanished_at IS NULL THEN coalesce(s.confirmed_at, 0) "
        "ELSE coalesce(w.last_full_at, 0) END)), v.missing_since FROM level AS v "
        "JOIN warehouse AS w ON w.id = v.warehouse_id LEFT JOIN source AS s ON s.merchant_id = w.merchant_id "
        "WHERE v.product_id = ? ORDER BY w.id",
        (product_id,),
    )
    return [StockRow(*row) for row in rows]


def codes(cx: sqlite3.Connection, product_id: int) -> list[tuple[int, str, str]]:
    """(kind, its name, code) of a product, the SKU first."""
    return cx.execute(
        "SELECT c.kind, coalesce(a.name, 'SKU'), c.code FROM product_code AS c LEFT JOIN alias_type AS a ON a.id = c.kind "
        "WHERE c.product_id = ? ORDER BY c.kind <> 0, a.name, c.code",
        (product_id,),
    ).fetchall()


def sharers(cx: sqlite3.Connection, product_id: int) -> dict[tuple[int, str], list[str]]:
    """By (kind, code), SKUs of other present products that have it too."""
    rows = cx.execute(
        "SELECT c.kind, c.code, p.sku FROM product_code AS m CROSS JOIN product_code AS c "
        "ON c.merchant_id = m.merchant_id AND c.key = m.key AND c.kind = m.kind AND c.code = m.code "
        "CROSS JOIN product AS p ON p.id = c.product_id "
        "WHERE m.product_id = ?1 AND c.product_id <> ?1 AND p.missing_since IS NULL ORDER BY p.sku LIMIT ?2",
        (product_id, SHARERS),
    )
    found: dict[tuple[int, str], list[str]] = defaultdict(list)
    for kind, code, sku in rows:
        found[kind, code].append(sku)
    return found


def components(cx: sqlite3.Connection, product_id: int) -> list[tuple[str, int]]:
    """(SKU, needed) of a kit's parts."""
    return cx.execute(
        "SELECT coalesce(nullif(p.sku, ''), p.ref, '?'), k.needed FROM kit_component AS k "
        "LEFT JOIN product AS p ON p.id = k.component_id WHERE k.kit_id = ? ORDER BY k.component_id",
        (product_id,),
    ).fetchall()


class Kind(NamedTuple):
    """What a product is, beside its codes, as a plan reads it."""

    is_kit: int
    inactive: int
    uncounted: int


PLAIN = Kind(0, 0, 0)


def kinds(cx: sqlite3.Connection, product_ids: Sequence[int]) -> dict[int, Kind]:
    """By product, what some products are."""
    sql = "SELECT id, is_kit, inactive, uncounted FROM product WHERE id IN (SELECT value FROM json_each(?))"
    return {row[0]: Kind(*row[1:]) for row in cx.execute(sql, (json.dumps(list(product_ids)),))}


def unlisted(cx: sqlite3.Connection, merchant_id: int, product_id: int) -> list[tuple[int, str, str]]:
    """(cart id, cart, reason) of the merchant's carts that were found not to list a product."""
    return cx.execute(
        "SELECT c.id, c.name, coalesce(u.reason, 'NOT_IN_CART') FROM cart AS c "
        "LEFT JOIN unlisted AS u ON u.cart_id = c.id AND u.product_id = ? WHERE c.merchant_id = ? ORDER BY c.id",
        (product_id, merchant_id),
    ).fetchall()


# --- an operator's wishes ---------------------------------------------------------------------------------------------


class Wished(NamedTuple):
    """A listing that an operator wants something for."""

    id: int
    cart_id: int
    merchant_id: int
    sku: str
    before: Any


_WISHES = frozenset({"excluded", "locked", "override"})
_LEFT_ALONE = frozenset({"excluded", "locked"})


def wished(cx: sqlite3.Connection, listing_ids: Sequence[int], column: str = "override") -> list[Wished]:
    """The listings with these numbers that exist, and what is wished for them now."""
    if column not in _WISHES:
        raise ValueError(column)
    rows = cx.execute(
        f"SELECT l.id, l.cart_id, c.merchant_id, l.sku, l.{column} FROM listing AS l JOIN cart AS c ON c.id = l.cart_id "
        "WHERE l.id IN (SELECT value FROM json_each(?)) ORDER BY l.id",
        (json.dumps(list(listing_ids)),),
    )
    return [Wished(*row) for row in rows]


def wish(tx: sqlite3.Connection, listing_ids: Sequence[int], column: str, value: int | None, seq: int) -> int:
    """Set a wish; listings that have it already are left as they are. Returns how many changed.

    One that was left alone and is synced again is compared with what the cart shows: others may have set it meanwhile.
    """
    if column not in _WISHES:
        raise ValueError(column)
    again = ", acked = NULL, pending = 1" if column in _LEFT_ALONE and not value else ""
    return tx.execute(
        f"UPDATE listing SET {column} = ?1, seq = ?2{again} WHERE id IN (SELECT value FROM json_each(?3)) "
        f"AND {column} IS NOT ?1",
        (value, seq, json.dumps(list(listing_ids))),
    ).rowcount


def doubt(tx: sqlite3.Connection, listing_ids: Sequence[int]) -> None:
    """Forget what the carts accepted: the next push compares with what they show, and writes where that differs."""
    tx.execute(
        "UPDATE listing SET acked = NULL, pending = 1 WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(listing_ids)),),
    )
