"""What a word may mean: a product's code of any type, a cart's own code or remote id, or nearly one of them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from invsync_tui.store import named_rows


class CodeOf(NamedTuple):
    """A code of a product; `kind` is SKU or the alias type's name."""

    product_id: int
    merchant_id: int
    sku: str
    kind: str
    code: str


class ListingOf(NamedTuple):
    """A listing that carries a word, or means one of some products."""

    id: int
    cart_id: int
    cart: str
    ref: str
    sku: str
    product_id: int | None


def codes(cx: sqlite3.Connection, key: str) -> list[CodeOf]:
    """Codes of products under a folded key, in all merchants."""
    rows = cx.execute(
        "SELECT p.id, p.merchant_id, p.sku, coalesce(a.name, 'SKU'), c.code FROM merchant AS m "
        "CROSS JOIN product_code AS c ON c.merchant_id = m.id AND c.key = ? JOIN product AS p ON p.id = c.product_id "
        "LEFT JOIN alias_type AS a ON a.id = c.kind ORDER BY c.kind, p.id",
        (key,),
    )
    return named_rows.filled(CodeOf, rows)


_LISTING = (
    "SELECT l.id, l.cart_id, c.name, l.ref, l.sku, l.product_id FROM cart AS c "
    "CROSS JOIN listing AS l ON l.cart_id = c.id "
)


def by_key(cx: sqlite3.Connection, key: str) -> list[ListingOf]:
    """Listings whose code folds to a key, in all carts."""
    sql = _LISTING + "AND l.key = ? AND l.gone_at IS NULL ORDER BY l.cart_id, l.id"
    return named_rows.filled(ListingOf, cx.execute(sql, (key,)))


def by_ref(cx: sqlite3.Connection, ref: str) -> list[ListingOf]:
    """Listings with a remote id, in all carts."""
    sql = _LISTING + "AND l.ref = ? AND l.gone_at IS NULL ORDER BY l.cart_id"
    return named_rows.filled(ListingOf, cx.execute(sql, (ref,)))


def by_products(cx: sqlite3.Connection, product_ids: Sequence[int]) -> list[ListingOf]:
    """Listings that mean one of some products, in all carts."""
    sql = _LISTING + (
        "AND l.product_id IN (SELECT value FROM json_each(?)) AND l.product_id IS NOT NULL AND l.gone_at IS NULL "
        "ORDER BY l.cart_id, l.id"
    )
    return named_rows.filled(ListingOf, cx.execute(sql, (json.dumps(list(product_ids)),)))


def by_codes_of(cx: sqlite3.Connection, product_ids: Sequence[int]) -> list[ListingOf]:
    """Listings without a product that carry a code of some products, of any type or nearly: in carts of their merchant."""
    rows = cx.execute(
        "SELECT DISTINCT l.id, l.cart_id, c.name, l.ref, l.sku, l.product_id FROM product_code AS p "
        "CROSS JOIN cart AS c ON c.merchant_id = p.merchant_id CROSS JOIN listing AS l ON l.cart_id = c.id AND l.key = p.key "
        "WHERE p.product_id IN (SELECT value FROM json_each(?)) AND l.product_id IS NULL AND l.gone_at IS NULL "
        "ORDER BY l.cart_id, l.id",
        (json.dumps(list(product_ids)),),
    )
    return named_rows.filled(ListingOf, rows)


class Lacking(NamedTuple):
    """A product that a cart was found not to list, and why."""

    cart_id: int
    cart: str
    product_id: int
    reason: str


def lacking(cx: sqlite3.Connection, product_ids: Sequence[int]) -> list[Lacking]:
    """Which carts were found not to list some products."""
    rows = cx.execute(
        "SELECT c.id, c.name, u.product_id, u.reason FROM cart AS c CROSS JOIN unlisted AS u ON u.cart_id = c.id "
        "AND u.product_id IN (SELECT value FROM json_each(?)) ORDER BY c.id, u.product_id",
        (json.dumps(list(product_ids)),),
    )
    return named_rows.filled(Lacking, rows)
