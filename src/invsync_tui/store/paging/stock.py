"""Locations & Products: warehouses, the levels of one, and products over all of them."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from invsync_tui.store import named_rows
from invsync_tui.store.paging import counts
from invsync_tui.store.paging.keyset import Pages, Part, Select, SortOrder
from invsync_tui.store.paging.text_filter import ALL, PRODUCT, Filter, IndexedProducts

SMALL = 5000
"""Rows up to which a list is sorted for each page; it can be sorted by any column then."""

_WAREHOUSES = """
SELECT w.id, w.merchant_id, w.code, w.name, w.enabled,
  coalesce((SELECT sum(n) FROM census WHERE subject = 'levels' AND owner = w.id), 0), w.last_full_at,
  CASE WHEN w.vanished_at IS NULL AND w.last_full_at IS NOT NULL THEN s.confirmed_at ELSE w.last_full_at END,
  w.vanished_at, m.stale_after, w.gone_why
FROM warehouse AS w JOIN merchant AS m ON m.id = w.merchant_id LEFT JOIN source AS s ON s.merchant_id = m.id
WHERE w.merchant_id = ? ORDER BY w.id
"""
_USERS = """
SELECT w.id, c.name FROM cart AS c JOIN warehouse AS w ON w.merchant_id = c.merchant_id
WHERE c.merchant_id = ? AND CASE WHEN c.combine_all THEN w.enabled
  ELSE EXISTS (SELECT 1 FROM cart_warehouse AS x WHERE x.cart_id = c.id AND x.warehouse_id = w.id) END ORDER BY c.id
"""


class WarehouseRow(NamedTuple):
    """A warehouse. `stale_after` is the merchant's limit."""

    id: int
    merchant_id: int
    code: str
    name: str
    enabled: int
    products: int
    last_full_at: int | None
    confirmed_at: int | None
    vanished_at: int | None
    stale_after: int | None
    gone_why: str


def warehouses(cx: sqlite3.Connection, merchant_id: int) -> list[WarehouseRow]:
    """The merchant's warehouses, Default first."""
    return named_rows.filled(WarehouseRow, cx.execute(_WAREHOUSES, (merchant_id,)))


def users(cx: sqlite3.Connection, merchant_id: int) -> dict[int, list[str]]:
    """By warehouse, the names of the carts that sync with it."""
    result: dict[int, list[str]] = defaultdict(list)
    for warehouse, cart in cx.execute(_USERS, (merchant_id,)):
        result[warehouse].append(cart)
    return result


def owner(cx: sqlite3.Connection, warehouse_id: int) -> int | None:
    """The merchant of a warehouse."""
    row = cx.execute("SELECT merchant_id FROM warehouse WHERE id = ?", (warehouse_id,)).fetchone()
    return None if row is None else int(row[0])


# --- levels ----------------------------------------------------------------------------------------------------------


class LevelRow(NamedTuple):
    """A product's level in a warehouse, as the WMS reported it."""

    product_id: int
    sku: str
    name: str
    on_hand: int | None
    available: int
    committed: int | None
    incoming: int | None
    loaded_at: int
    missing_since: int | None


_LEVEL = "v.product_id, p.sku, p.name, v.on_hand, v.available, v.committed, v.incoming, v.loaded_at, v.missing_since"
LEVEL_ORDERS = (
    SortOrder("sku", ("p.sku", "p.id")),
    SortOrder("available", ("v.available", "v.product_id")),
    SortOrder("loaded_at", ("v.loaded_at", "v.product_id")),
    SortOrder("name", ("p.name", "v.product_id"), indexed=False),
    SortOrder("on_hand", ("coalesce(v.on_hand, -1)", "v.product_id"), indexed=False),
    SortOrder("committed", ("coalesce(v.committed, -1)", "v.product_id"), indexed=False),
    SortOrder("incoming", ("coalesce(v.incoming, -1)", "v.product_id"), indexed=False),
    SortOrder("missing", ("coalesce(v.missing_since, -1)", "v.product_id"), indexed=False),
)


def levels(
    cx: sqlite3.Connection,
    place: tuple[int, int],
    text: Filter,
    order: SortOrder,
    descending: bool,
    loaded: tuple[int | None, int | None] = (None, None),
) -> Pages[LevelRow]:
    """Levels of the warehouse `place[0]` of the merchant `place[1]`, loaded from and until some moments, both included."""
    warehouse, merchant = place
    where = "p.merchant_id = ? AND v.warehouse_id = ?"
    values: tuple[int, ...] = (merchant, warehouse)
    for sign, moment in zip((">=", "<="), loaded, strict=True):
        if moment is not None:
            where, values = f"{where} AND v.loaded_at {sign} ?", (*values, moment)
    join = "CROSS JOIN level AS v ON v.product_id = p.id"
    if text.few is not None:
        select = Select(_LEVEL, f"{text.few.origin} {join}", where, values, order, descending, record=LevelRow._make)
        return Pages(cx, select.narrowed(text.few.part))
    # A warehouse that has few of the merchant's products is read from its own side and sorted.
    from_products = order.name == "sku" and counts.levels(cx, warehouse) > SMALL
    origin = f"product AS p {join}" if from_products else "level AS v CROSS JOIN product AS p ON p.id = v.product_id"
    counting = _counting(text, join, where, values, order)
    walk = Select(_LEVEL, origin, where, values, order, descending, counting, LevelRow._make)
    return Pages(cx, walk.narrowed(text.walk))


def _counting(text: Filter, join: str, where: str, values: tuple[int, ...], order: SortOrder) -> Select[Any] | None:
    matches: IndexedProducts | None = text.any
    return (
        None
        if matches is None
        else Select("1", f"{matches.origin} {join}", where, values, order).narrowed(matches.part)
    )


# --- products over all warehouses ------------------------------------------------------------------------------------


class ProductName(NamedTuple):
    """A product by its number."""

    id: int
    sku: str
    name: str


_PRODUCT = "p.id, p.sku, p.name"
SUMMARY_ORDERS = (
    SortOrder("sku", ("p.sku", "p.id")),
    SortOrder("name", ("p.name", "p.id"), indexed=False),
    SortOrder(
        "total", ("coalesce((SELECT sum(t.available) FROM level AS t WHERE t.product_id = p.id), -1)", "p.id"), False
    ),
)


def summary(
    cx: sqlite3.Connection, merchant_id: int, text: Filter, order: SortOrder, descending: bool
) -> Pages[ProductName]:
    """Products of a merchant that the last full download had."""
    where = "p.merchant_id = ? AND p.missing_since IS NULL"
    base = Select(_PRODUCT, PRODUCT, where, (merchant_id,), order, descending, record=ProductName._make)
    if text.few is not None:
        return Pages(cx, replace(base, origin=text.few.origin).narrowed(text.few.part))
    counting = _counting(text, "", where, (merchant_id,), order)
    walk = replace(base, origin=f"{PRODUCT} INDEXED BY product_sku", counting=counting)
    return Pages(cx, walk.narrowed(text.walk) if order.indexed else base.narrowed(text.walk))


_NO_KINDS = "-"
"""No product's `kinds` are this."""


def lacking(
    cx: sqlite3.Connection, merchant_id: int, kind: int, descending: bool, text: Filter = ALL
) -> Pages[ProductName]:
    """Products of a merchant that have no code of a kind, by SKU: one walk per set of kinds without it, merged.

    Few hits of a filter are sorted instead.
    """
    where = "p.merchant_id = ? AND p.missing_since IS NULL"
    labels = [each.label for each in counts.kinds(cx, merchant_id) if kind not in each.kinds] or [_NO_KINDS]
    base = Select(_PRODUCT, PRODUCT, where, (merchant_id,), SUMMARY_ORDERS[0], descending, record=ProductName._make)
    if text.few is not None:
        few = replace(base, origin=text.few.origin)
        without = Part("p.kinds IN (SELECT value FROM json_each(?))", (json.dumps(labels),))
        return Pages(cx, few.narrowed(text.few.part).narrowed(without))
    select = replace(base, origin=f"{PRODUCT} INDEXED BY product_kinds").narrowed(text.walk)
    return Pages(cx, select, [Part("p.kinds = ?", (label,)) for label in labels])


class Reading(NamedTuple):
    """A product's level in a warehouse. A missing one counts as no level."""

    warehouse_id: int
    available: int
    loaded_at: int


def readings(cx: sqlite3.Connection, product_ids: Sequence[int]) -> dict[int, list[Reading]]:
    """Levels of some products, by product."""
    rows = cx.execute(
        "SELECT product_id, warehouse_id, available, loaded_at FROM level "
        "WHERE product_id IN (SELECT value FROM json_each(?)) AND missing_since IS NULL",
        (json.dumps(list(product_ids)),),
    )
    result: dict[int, list[Reading]] = defaultdict(list)
    for product, reading in named_rows.keyed(Reading, rows):
        result[product].append(reading)
    return result
