"""Rows in which faults can be planted, and the few writes that no other part of the program ever makes.

For sandboxes only: it writes past every check, as a broken WMS or a careless person at a cart would.
"""

from __future__ import annotations

import json
import sqlite3
from typing import NamedTuple

from invsync_tui.store import named_rows
from invsync_tui.store.catalog.products import Code


class CartGround(NamedTuple):
    """A cart's settings as far as they decide what a fault shows as. `stale_after` is the limit that counts."""

    id: int
    name: str
    merchant_id: int
    push_kind: int
    cutoff_below: int
    stale_after: int | None
    plain: int
    """Nothing but the Minimum Inventory Level changes its quantities."""


class ListingGround(NamedTuple):
    """A healthy listing of a product."""

    id: int
    cart_id: int
    ref: str
    sku: str
    name: str
    allocated: int
    observed: int | None


class ProductGround(NamedTuple):
    """A product in stock, neither a kit nor part of one."""

    id: int
    ref: str
    sku: str
    name: str


def foreign_systems(cx: sqlite3.Connection) -> list[str]:
    """Systems of the store that are not sandboxes."""
    sql = "SELECT system FROM source UNION SELECT system FROM cart EXCEPT SELECT 'sandbox' ORDER BY 1"
    return [row[0] for row in cx.execute(sql)]


def merchants(cx: sqlite3.Connection) -> list[int]:
    """Merchants whose sync is on."""
    return [row[0] for row in cx.execute("SELECT id FROM merchant WHERE inventory_sync <> 0 ORDER BY id")]


def carts(cx: sqlite3.Connection, merchant_id: int) -> list[CartGround]:
    """A merchant's carts whose upload is on."""
    rows = cx.execute(
        "SELECT c.id, c.name, c.merchant_id, c.push_kind, c.cutoff_below, coalesce(c.stale_after, m.stale_after), "
        "c.buffer = 0 AND c.share_percent = 100 AND c.units_per_listing = 1 AND c.end_at_or_below IS NULL FROM cart AS c "
        "JOIN merchant AS m ON m.id = c.merchant_id WHERE c.merchant_id = ? AND c.upload_enabled <> 0 ORDER BY c.id",
        (merchant_id,),
    )
    return named_rows.filled(CartGround, rows)


def warehouses(cx: sqlite3.Connection, cart_id: int) -> frozenset[int]:
    """The enabled warehouses that a cart syncs with."""
    rows = cx.execute(
        "SELECT w.id FROM cart AS c JOIN warehouse AS w ON w.merchant_id = c.merchant_id AND w.enabled <> 0 "
        "WHERE c.id = ?1 AND (c.combine_all <> 0 OR w.id IN (SELECT warehouse_id FROM cart_warehouse WHERE cart_id = ?1))",
        (cart_id,),
    )
    return frozenset(row[0] for row in rows)


_FREE = """
SELECT p.id, p.ref, p.sku, p.name FROM product AS p WHERE p.merchant_id = ?1 AND p.missing_since IS NULL AND p.is_kit = 0
AND p.sku <> '' AND p.sku <> lower(p.sku)
AND NOT EXISTS (SELECT 1 FROM kit_component AS k WHERE k.component_id = p.id)
AND NOT EXISTS (SELECT 1 FROM cart AS c WHERE c.merchant_id = ?1 AND c.upload_enabled <> 0 AND NOT EXISTS (
  SELECT 1 FROM listing AS l WHERE l.cart_id = c.id AND l.product_id = p.id AND l.gone_at IS NULL AND l.desired > 0
  AND l.outcome IN ('set', 'equal') AND coalesce(l.reason, 'UNCHANGED') = 'UNCHANGED' AND l.override IS NULL
  AND l.excluded = 0 AND l.locked = 0 AND l.skip IS NULL AND coalesce(l.tracked, 1) = 1))
ORDER BY p.id LIMIT ?2
"""


def free_products(cx: sqlite3.Connection, merchant_id: int, most: int) -> list[ProductGround]:
    """Products that every cart of the merchant shows as it should, the first `most`."""
    return named_rows.filled(ProductGround, cx.execute(_FREE, (merchant_id, most)))


def listing(cx: sqlite3.Connection, cart_id: int, product_id: int) -> ListingGround:
    """The cart's listing of a product."""
    rows = cx.execute(
        "SELECT id, cart_id, ref, sku, name, allocated, observed FROM listing "
        "WHERE cart_id = ? AND product_id = ? AND gone_at IS NULL LIMIT 1",
        (cart_id, product_id),
    )
    return named_rows.filled(ListingGround, rows)[0]


def aliases(cx: sqlite3.Connection, product_id: int) -> list[Code]:
    """A product's aliases."""
    rows = cx.execute(
        "SELECT c.kind, a.name, c.code FROM product_code AS c JOIN alias_type AS a ON a.id = c.kind "
        "WHERE c.product_id = ? ORDER BY c.kind, c.code",
        (product_id,),
    )
    return named_rows.filled(Code, rows)


def stocked(cx: sqlite3.Connection, product_id: int) -> list[int]:
    """Warehouses that have a level of a product."""
    return [r[0] for r in cx.execute("SELECT warehouse_id FROM level WHERE product_id = ? ORDER BY 1", (product_id,))]


def keep_levels(tx: sqlite3.Connection, product_id: int, warehouse_ids: list[int], seq: int) -> None:
    """The WMS never reported the product's other levels."""
    tx.execute(
        "DELETE FROM level WHERE product_id = ? AND warehouse_id NOT IN (SELECT value FROM json_each(?))",
        (product_id, json.dumps(warehouse_ids)),
    )
    tx.execute("UPDATE product SET seq = ? WHERE id = ?", (seq, product_id))


def set_available(tx: sqlite3.Connection, product_id: int, warehouse_id: int, units: int, seq: int) -> None:
    """The product lies in one warehouse alone."""
    tx.execute(
        "UPDATE level SET available = CASE warehouse_id WHEN ? THEN ? ELSE 0 END, seq = ? WHERE product_id = ?",
        (warehouse_id, units, seq, product_id),
    )


def age_levels(tx: sqlite3.Connection, product_id: int, read_at: int, seq: int) -> None:
    """The WMS took its readings of the product long ago."""
    tx.execute("UPDATE level SET read_at = ?, seq = ? WHERE product_id = ?", (read_at, seq, product_id))


def switch_off(tx: sqlite3.Connection, cart_id: int) -> None:
    """Somebody turned Inventory Upload Service off."""
    tx.execute("UPDATE cart SET upload_enabled = 0, rules_rev = rules_rev + 1 WHERE id = ?", (cart_id,))


def disable_warehouses(tx: sqlite3.Connection, warehouse_ids: list[int]) -> None:
    """Disable warehouses, as an operator can."""
    tx.executemany("UPDATE warehouse SET enabled = 0 WHERE id = ?", [(number,) for number in warehouse_ids])


def fail(tx: sqlite3.Connection, listing_id: int, reason: str) -> None:
    """The last push of a listing failed."""
    tx.execute(
        "UPDATE listing SET outcome = 'failed', reason = ?, error = 'Planted.', pending = 1 WHERE id = ?",
        (reason, listing_id),
    )
