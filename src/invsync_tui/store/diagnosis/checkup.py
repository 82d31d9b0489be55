"""What the doctor asks of the store: settings, connections and numbers, each by an index or a number that is kept."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from invsync_tui.store import named_rows
from invsync_tui.store.named_rows import pick
from invsync_tui.store.settings import read as settings_read


class MerchantRow(NamedTuple):
    """A merchant and its WMS connection."""

    id: int
    name: str
    inventory_sync: int
    stale_after: int | None
    system: str | None
    last_error: str
    last_reason: str
    confirmed_at: int | None


class WarehouseRow(NamedTuple):
    """A warehouse with the number of its levels."""

    id: int
    code: str
    enabled: int
    last_full_at: int | None
    vanished_at: int | None
    levels: int
    gone_why: str


class CartRow(NamedTuple):
    """A cart's Edit Setup and how far it is planned. `alias` is '' where the SKU is pushed."""

    id: int
    name: str
    upload_enabled: int
    combine_all: int
    push_kind: int
    alias: str
    cutoff_below: int
    last_error: str
    last_reason: str
    listed_at: int | None
    rules_rev: int
    matched_rev: int
    watermark: int


def merchants(cx: sqlite3.Connection) -> list[MerchantRow]:
    """All merchants by name."""
    rows = settings_read.merchants(cx)
    errors = [{"last_error": row["last_error"] or "", "last_reason": row["last_reason"] or ""} for row in rows]
    return [pick(MerchantRow, row | words) for row, words in zip(rows, errors, strict=True)]


def warehouses(cx: sqlite3.Connection, merchant_id: int) -> list[WarehouseRow]:
    """A merchant's warehouses, Default first."""
    rows = cx.execute(
        "SELECT w.id, w.code, w.enabled, w.last_full_at, w.vanished_at, coalesce((SELECT sum(n) FROM census "
        "WHERE subject = 'levels' AND owner = w.id), 0), w.gone_why FROM warehouse AS w WHERE w.merchant_id = ? ORDER BY w.id",
        (merchant_id,),
    )
    return named_rows.filled(WarehouseRow, rows)


def carts(cx: sqlite3.Connection, merchant_id: int) -> list[CartRow]:
    """A merchant's carts by number."""
    rows = settings_read.carts(cx, merchant_id)
    return [pick(CartRow, row | {"alias": row["alias"] or ""}) for row in rows]


class CartLocationRow(NamedTuple):
    """The location that a cart sets. `main` is the cart whose connection it uses, `option` the location as it was typed."""

    id: int
    name: str
    main: int
    upload_enabled: int
    push_kind: int
    share_percent: int
    shop: str
    """The shop that it led to when it was last opened; '' where it was not opened since its connection changed."""
    location: str
    """The reference of the location then; '' for none."""
    option: str


def cart_locations(cx: sqlite3.Connection, merchant_id: int) -> list[CartLocationRow]:
    """The carts of a merchant by number."""
    rows = cx.execute(
        "SELECT id, name, coalesce(of_cart, id), upload_enabled, push_kind, share_percent, "
        "CASE WHEN listed_at IS NULL THEN '' ELSE shop END, CASE WHEN listed_at IS NULL THEN '' ELSE location END, "
        "trim(coalesce(json_extract(options, '$.location'), '')) FROM cart WHERE merchant_id = ? ORDER BY id",
        (merchant_id,),
    )
    return named_rows.filled(CartLocationRow, rows)


def chosen(cx: sqlite3.Connection, cart_id: int) -> frozenset[int]:
    """Warehouses of a cart that does not combine all locations."""
    return frozenset(
        row[0] for row in cx.execute("SELECT warehouse_id FROM cart_warehouse WHERE cart_id = ?", (cart_id,))
    )


def never_synced(cx: sqlite3.Connection, cart_id: int, most: int) -> int:
    """Listings of a cart with Last synced: Never, counted up to `most`; in the order in which they lie on the disk."""
    sql = (
        "SELECT count(*) FROM (SELECT 1 FROM listing INDEXED BY listing_synced WHERE cart_id = ? "
        "AND coalesce(synced_at, 0) = 0 AND synced_at IS NULL AND gone_at IS NULL LIMIT ?)"
    )
    return int(cx.execute(sql, (cart_id, most)).fetchone()[0])


def unlisted(cx: sqlite3.Connection, cart_id: int) -> list[tuple[str, int]]:
    """(reason, number) of products that a cart was found not to list."""
    sql = "SELECT reason, count(*) FROM unlisted WHERE cart_id = ? GROUP BY reason ORDER BY reason"
    return cx.execute(sql, (cart_id,)).fetchall()


def unlisted_skus(cx: sqlite3.Connection, cart_id: int, reason: str, limit: int) -> list[str]:
    """The first of them."""
    sql = (
        "SELECT p.sku FROM unlisted AS u CROSS JOIN product AS p ON p.id = u.product_id "
        "WHERE u.cart_id = ? AND u.reason = ? ORDER BY u.product_id LIMIT ?"
    )
    return [row[0] for row in cx.execute(sql, (cart_id, reason, limit))]


def listed_skus(cx: sqlite3.Connection, cart_id: int, limit: int) -> list[str]:
    """The first listings of a cart by code."""
    sql = (
        "SELECT sku FROM listing INDEXED BY listing_key WHERE cart_id = ? AND gone_at IS NULL ORDER BY key, id LIMIT ?"
    )
    return [row[0] for row in cx.execute(sql, (cart_id, limit))]


def skus(cx: sqlite3.Connection, listing_ids: Sequence[int]) -> list[str]:
    """Codes of some listings."""
    sql = "SELECT sku FROM listing WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id"
    return [row[0] for row in cx.execute(sql, (json.dumps(list(listing_ids)),))]


class ProductRow(NamedTuple):
    """A product under some code; `code` is as the WMS sent it."""

    id: int
    sku: str
    is_kit: int
    code: str


def by_key(cx: sqlite3.Connection, merchant_id: int, key: str) -> list[ProductRow]:
    """Present products of a merchant under a folded code, and those to which a listing with that code is linked."""
    rows = cx.execute(
        "SELECT p.id, coalesce(nullif(p.sku, ''), p.ref), p.is_kit, c.code FROM product_code AS c "
        "CROSS JOIN product AS p ON p.id = c.product_id WHERE c.merchant_id = ?1 AND c.key = ?2 "
        "AND p.missing_since IS NULL UNION "
        "SELECT p.id, coalesce(nullif(p.sku, ''), p.ref), p.is_kit, l.sku FROM cart AS t "
        "CROSS JOIN listing AS l ON l.cart_id = t.id AND l.key = ?2 "
        "CROSS JOIN link AS k ON k.cart_id = l.cart_id AND k.ref = l.ref "
        "CROSS JOIN product AS p ON p.id = k.product_id WHERE t.merchant_id = ?1 AND l.gone_at IS NULL "
        "AND p.missing_since IS NULL ORDER BY 1",
        (merchant_id, key),
    )
    return named_rows.filled(ProductRow, rows)


def requested(cx: sqlite3.Connection) -> int:
    """Runs that wait for a worker."""
    return int(cx.execute("SELECT count(*) FROM run WHERE state = 'requested'").fetchone()[0])


def owners_listing(cx: sqlite3.Connection, key: str) -> list[tuple[int]]:
    """Merchants of which a cart lists a folded code."""
    sql = "SELECT c.merchant_id FROM cart AS c WHERE EXISTS (SELECT 1 FROM listing AS l WHERE l.cart_id = c.id AND l.key = ?)"
    return cx.execute(sql, (key,)).fetchall()


def cart_count(cx: sqlite3.Connection) -> int:
    """How many carts the store has."""
    return int(cx.execute("SELECT count(*) FROM cart").fetchone()[0])
