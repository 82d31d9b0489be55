"""Settings of merchants and carts, by plain queries that work on read-only stores too."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from invsync_tui.store import named_rows
from invsync_tui.store.diagnosis.cause_counts import TROUBLED
from invsync_tui.store.named_rows import pick, records
from invsync_tui.store.settings import columns


class MerchantOverviewRow(NamedTuple):
    """A merchant with its connection; `off` are the carts whose Inventory Upload Service is off."""

    id: int
    name: str
    inventory_sync: int
    stale_after: int | None
    system: str | None
    next_at: int | None
    carts: int
    off: tuple[str, ...] = ()


Some = Sequence[int] | None
"""Merchants by number; None for all."""


def among(column: str, merchants: Some) -> tuple[str, tuple[str, ...]]:
    """The condition that a column is one of some merchants, and its value."""
    if merchants is None:
        return "1", ()
    return f"{column} IN (SELECT value FROM json_each(?))", (json.dumps(list(merchants)),)


def merchants_with_carts_off(cx: sqlite3.Connection, merchants: Some = None) -> list[MerchantOverviewRow]:
    """Merchants by name."""
    off: dict[int, list[str]] = defaultdict(list)
    where, values = among("merchant_id", merchants)
    for merchant, name in cx.execute(
        f"SELECT merchant_id, name FROM cart WHERE upload_enabled = 0 AND {where} ORDER BY id", values
    ):
        off[merchant].append(name)
    where, values = among("m.id", merchants)
    rows = cx.execute(
        "SELECT m.id, m.name, m.inventory_sync, m.stale_after, s.system, d.next_at, "
        "(SELECT count(*) FROM cart c WHERE c.merchant_id = m.id) AS carts, NULL AS off FROM merchant m "
        "LEFT JOIN source s ON s.merchant_id = m.id LEFT JOIN schedule d ON d.kind = 'pull' AND d.key = m.id "
        f"WHERE {where} ORDER BY m.name",
        values,
    )
    return [row._replace(off=tuple(off[row.id])) for row in named_rows.filled(MerchantOverviewRow, rows)]


def stale_warehouses(cx: sqlite3.Connection, now: int, merchants: Some = None) -> dict[int, list[str]]:
    """By merchant, the enabled warehouses that have levels and were last confirmed longer ago than the merchant's limit."""
    where, values = among("w.merchant_id", merchants)
    rows = cx.execute(
        "SELECT w.merchant_id, w.code FROM warehouse w JOIN merchant m ON m.id = w.merchant_id "
        "JOIN source s ON s.merchant_id = m.id "
        "WHERE w.enabled = 1 AND m.stale_after IS NOT NULL AND m.inventory_sync = 1 "
        "AND coalesce(CASE WHEN w.vanished_at IS NULL AND w.last_full_at IS NOT NULL THEN s.confirmed_at END, 0) "
        "< ? - m.stale_after "
        f"AND EXISTS (SELECT 1 FROM level l WHERE l.warehouse_id = w.id) AND {where} ORDER BY w.id",
        (now, *values),
    )
    result: dict[int, list[str]] = defaultdict(list)
    for merchant, code in rows:
        result[merchant].append(code)
    return result


def disabled_warehouses(cx: sqlite3.Connection, merchants: Some = None) -> dict[int, list[str]]:
    """By merchant, the codes of the warehouses that an operator disabled."""
    result: dict[int, list[str]] = defaultdict(list)
    where, values = among("merchant_id", merchants)
    for merchant, code in cx.execute(
        f"SELECT merchant_id, code FROM warehouse WHERE enabled = 0 AND {where} ORDER BY id", values
    ):
        result[merchant].append(code)
    return result


class WarehouseRef(NamedTuple):
    """A warehouse by its code."""

    id: int
    ref: str
    code: str


def chosen_warehouses(cx: sqlite3.Connection) -> list[tuple[int, str]]:
    """(cart id, warehouse code) of carts that do not combine all locations."""
    sql = "SELECT x.cart_id, w.code FROM cart_warehouse x JOIN warehouse w ON w.id = x.warehouse_id ORDER BY w.id"
    return cx.execute(sql).fetchall()


def places(cx: sqlite3.Connection, merchant_id: int) -> list[WarehouseRef]:
    """The merchant's warehouses, Default first."""
    rows = cx.execute("SELECT id, ref, code FROM warehouse WHERE merchant_id = ? ORDER BY id", (merchant_id,))
    return named_rows.filled(WarehouseRef, rows)


def names(cx: sqlite3.Connection) -> list[tuple[int, str]]:
    """(id, name) of all merchants."""
    return cx.execute("SELECT id, name FROM merchant ORDER BY name").fetchall()


def merchants_called(cx: sqlite3.Connection, called: str) -> list[tuple[int, str]]:
    """(id, name) of the merchant of this name, and of the one of this number: two look-ups in indexes."""
    sql = "SELECT id, name FROM merchant WHERE name = ?1 UNION SELECT id, name FROM merchant WHERE id = ?2"
    try:
        return cx.execute(sql, (called, _number_of(called))).fetchall()
    except UnicodeEncodeError:
        return []  # bytes of a command line that are no text: nobody is called so


def _number_of(called: str) -> int | None:
    """The number that a text is in its only spelling and that the store can hold, else None."""
    number = int(called) if called.isascii() and called.isdigit() and len(called) < 19 else None
    return number if str(number) == called else None


class CartName(NamedTuple):
    """What a cart is called, and whose it is."""

    id: int
    merchant_id: int
    name: str


def cart_names(cx: sqlite3.Connection) -> list[CartName]:
    """All carts, by number."""
    return named_rows.filled(CartName, cx.execute("SELECT id, merchant_id, name FROM cart ORDER BY id"))


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


def merchant(cx: sqlite3.Connection, merchant_id: int) -> dict[str, Any] | None:
    """Columns of a merchant, of its source where there is one, and `every`."""
    own = columns.of_merchant(cx, merchant_id)
    if own is None:
        return None
    source = columns.of_source(cx, merchant_id)
    return (source or {}) | own | {"every": every(cx, "pull", merchant_id)}


def cart(cx: sqlite3.Connection, cart_id: int) -> dict[str, Any] | None:
    """Columns of a cart, `warehouses` (numbers, ascending; [] for all) and `every`."""
    own = columns.of_cart(cx, cart_id)
    if own is None:
        return None
    rows = cx.execute("SELECT warehouse_id FROM cart_warehouse WHERE cart_id = ? ORDER BY 1", (cart_id,))
    chosen = [] if own["combine_all"] else [row[0] for row in rows]
    return own | {"warehouses": chosen, "every": every(cx, "push", cart_id)}


def merchants(cx: sqlite3.Connection) -> list[dict[str, Any]]:
    """All merchants by name: columns of the source (None where there is none) and of the merchant, `every`, `next_at`."""
    return records(
        cx,
        "SELECT s.*, d.every, d.next_at, m.* FROM merchant AS m LEFT JOIN source AS s ON s.merchant_id = m.id "
        "LEFT JOIN schedule AS d ON d.kind = 'pull' AND d.key = m.id ORDER BY m.name",
    )


def other_locations(cx: sqlite3.Connection, cart_id: int) -> dict[str, int]:
    """The other rows of a cart with several locations: by the location's id or name, the row's number."""
    rows = cx.execute(
        "SELECT trim(coalesce(json_extract(o.options, '$.location'), '')), o.id FROM cart AS c JOIN cart AS o "
        "ON coalesce(o.of_cart, o.id) = coalesce(c.of_cart, c.id) AND o.id <> c.id WHERE c.id = ? ORDER BY o.id DESC",
        (cart_id,),
    )
    return {location: number for location, number in rows if location}


def carts(cx: sqlite3.Connection, merchant_id: int | None = None) -> list[dict[str, Any]]:
    """Carts by merchant and number, of one merchant or of all: columns of the cart, `merchant` (its name),
    `inventory_sync` (of it), `alias` (None where the SKU is pushed), `every` and `next_at`."""
    return records(
        cx,
        "SELECT c.*, m.name AS merchant, m.inventory_sync, a.name AS alias, d.every, d.next_at "
        "FROM cart AS c JOIN merchant AS m ON m.id = c.merchant_id LEFT JOIN alias_type AS a ON a.id = c.push_kind "
        "LEFT JOIN schedule AS d ON d.kind = 'push' AND d.key = c.id "
        "WHERE ?1 IS NULL OR c.merchant_id = ?1 ORDER BY m.name, c.id",
        (merchant_id,),
    )


class CartHead(NamedTuple):
    """A cart with its merchant and its own schedule: `every` and `next_at` are None where it has none."""

    id: int
    merchant_id: int
    merchant: str
    name: str
    system: str
    upload_enabled: int
    inventory_sync: int
    """Of its merchant."""
    listed_at: int | None
    """When its listings were last read; None for never."""
    every: int | None
    next_at: int | None


def cart_heads(cx: sqlite3.Connection, merchants: Sequence[int]) -> list[CartHead]:
    """The carts of some merchants, by number."""
    where, values = among("c.merchant_id", merchants)
    rows = cx.execute(
        "SELECT c.id, c.merchant_id, m.name, c.name, c.system, c.upload_enabled, m.inventory_sync, "
        "c.listed_at, d.every, d.next_at FROM cart AS c "
        "JOIN merchant AS m ON m.id = c.merchant_id LEFT JOIN schedule AS d ON d.kind = 'push' AND d.key = c.id "
        f"WHERE {where} ORDER BY c.id",
        values,
    )
    return named_rows.filled(CartHead, rows)


def every(cx: sqlite3.Connection, kind: str, key: int) -> int | None:
    """Seconds between the scheduled runs of a kind; None: it is not scheduled."""
    row = cx.execute("SELECT every FROM schedule WHERE kind = ? AND key = ?", (kind, key)).fetchone()
    return None if row is None else int(row[0])


def enabled_warehouses(cx: sqlite3.Connection, merchant_id: int) -> frozenset[int]:
    """Numbers of a merchant's warehouses that are enabled."""
    return frozenset(
        row[0] for row in cx.execute("SELECT id FROM warehouse WHERE merchant_id = ? AND enabled <> 0", (merchant_id,))
    )


class SettingsChange(NamedTuple):
    """A saved change: who, when, and the columns before and after it."""

    who: str
    at: int
    before: dict[str, Any]
    after: dict[str, Any]


def changes(cx: sqlite3.Connection, subject: str, newest: int) -> list[SettingsChange]:
    """The newest saved changes of a subject, oldest first."""
    action = f"{subject.partition(':')[0]} set"
    rows = cx.execute(
        "SELECT who, at, before, after FROM audit WHERE subject = ? AND action = ? ORDER BY id DESC LIMIT ?",
        (subject, action, newest),
    ).fetchall()
    return [
        SettingsChange(who, at, json.loads(before or "{}"), json.loads(after or "{}"))
        for who, at, before, after in rows[::-1]
    ]


class CartLimitsRow(NamedTuple):
    """One cart and its columns, among them its limits."""

    cart_id: int
    cart: str
    values: Mapping[str, Any]


def limits_of_merchant(cx: sqlite3.Connection, merchant_id: int) -> list[CartLimitsRow]:
    """All carts of a merchant, by number."""
    return [CartLimitsRow(row["id"], row["name"], row) for row in carts(cx, merchant_id)]


class ConnectionRow(NamedTuple):
    """Where and how to log in. `options` is a JSON object, `secret` a reference, `secrets` a JSON object of further ones."""

    system: str
    url: str
    login: str
    secret: str
    secrets: str
    options: str
    deadline_ms: int
    last_error: str
    notices: str = ""
    """JSON object: what the system said of its interface; '' for nothing."""


class SourceRow(NamedTuple):
    """A WMS connection with its delta mark and the end of its last full download."""

    connection: ConnectionRow
    mark: str
    last_full_at: int | None
    notes: str
    """JSON object: what the connector counted beside the levels; '' for nothing."""


def source_connection(cx: sqlite3.Connection, merchant_id: int) -> SourceRow | None:
    """A merchant's WMS connection; None where it has none."""
    row = columns.of_source(cx, merchant_id)
    return pick(SourceRow, row | {"connection": pick(ConnectionRow, row)}) if row else None


def cart_connection(cx: sqlite3.Connection, cart_id: int) -> ConnectionRow:
    """The address, login and options of a cart's connection."""
    row = columns.of_cart(cx, cart_id)
    if row is None:
        raise LookupError(f"there is no cart {cart_id}")
    return pick(ConnectionRow, row)


def cart_connection_named(cx: sqlite3.Connection, cart_id: int) -> tuple[str, ConnectionRow] | None:
    """A cart's name and its connection; None where there is no such cart."""
    row = columns.of_cart(cx, cart_id)
    return (row["name"], pick(ConnectionRow, row)) if row else None


def connected_through(cx: sqlite3.Connection, cart_id: int) -> int:
    """The number of the cart whose connection a cart has: its own, or that of the cart that it is a location of."""
    row = cx.execute("SELECT coalesce(of_cart, id) FROM cart WHERE id = ?", (cart_id,)).fetchone()
    return cart_id if row is None else int(row[0])


def stocked(cx: sqlite3.Connection, warehouse_id: int) -> bool:
    """Whether any level of a warehouse is not 0. Ends at the first; only where all are 0 it reads them all."""
    present = "SELECT 1 FROM level WHERE warehouse_id = ? AND missing_since IS NULL AND"
    return any(
        cx.execute(f"{present} {condition} LIMIT 1", (warehouse_id,)).fetchone()
        for condition in ("available > 0", "available < 0", "on_hand <> 0")
    )


def untracked(cx: sqlite3.Connection, cart_id: int) -> int:
    """Present listings for which a cart says that it does not count the stock."""
    sql = f"SELECT count(*) FROM listing INDEXED BY listing_troubled WHERE cart_id = ? AND {TROUBLED} AND tracked = 0"
    return int(cx.execute(sql, (cart_id,)).fetchone()[0])


class StockElsewhere(NamedTuple):
    """What a shop sells beside the numbers that a cart of ours sets, over its present listings."""

    elsewhere: int
    """Listings with stock or open orders at other locations."""
    units: int
    held: int
    thresholds: int
    ours: bool
    """Another cart of ours sets stock at another location of the shop, by a connection of its own: it is counted here."""


def stock_elsewhere(cx: sqlite3.Connection, cart_id: int) -> StockElsewhere:
    """What the shop holds of a cart's listings at its other locations, summed."""
    elsewhere, units, held, thresholds = cx.execute(
        "SELECT count(CASE WHEN elsewhere <> 0 OR elsewhere_allocated <> 0 THEN 1 END), coalesce(sum(elsewhere), 0), "
        "coalesce(sum(elsewhere_allocated), 0), count(CASE WHEN threshold <> 0 THEN 1 END) FROM listing "
        "WHERE cart_id = ? AND gone_at IS NULL",
        (cart_id,),
    ).fetchone()
    ours = cx.execute(
        "SELECT 1 FROM cart AS c JOIN cart AS o ON o.shop = c.shop AND o.merchant_id = c.merchant_id "
        "AND o.location <> c.location "
        "AND coalesce(o.of_cart, o.id) <> coalesce(c.of_cart, c.id) WHERE c.id = ? AND c.shop <> '' AND o.location <> '' LIMIT 1",
        (cart_id,),
    ).fetchone()
    return StockElsewhere(elsewhere, units, held, thresholds, ours is not None)
