"""Pending orders: units that carts sold after the reading that is known of their stock.

A row is kept until every reading of what was sold takes the order into account. An order counts once, however many
carts of ours were told of it, and comes with the warehouses that its units can come from. Not here: which orders a plan
subtracts from a listing, since that depends on the warehouses of its cart.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from invsync_tui import clock
from invsync_tui.store import named_rows
from invsync_tui.store.catalog import levels
from invsync_tui.store.listings import orders_known
from invsync_tui.store.listings.order_rows import Kept, Line, Terms, dated, not_ahead, order_parts
from invsync_tui.store.listings.orders_known import Known, OrderKey, Over


class Pending(NamedTuple):
    """Units of `product_id` that go with an order for `sold_id`: the product itself, or a kit that it is part of."""

    product_id: int
    sold_id: int
    taken_at: int
    units: int
    until: int | None = None
    """A reading of this time or later takes the order into account; None: of `taken_at`."""
    warehouses: Sequence[int] | None = None
    """Those that the units can come from; None: any."""
    order: str = ""
    """What the order is called."""

    @property
    def known_from(self) -> int:
        """The time of the first reading that takes the order into account."""
        return self.taken_at if self.until is None else self.until


class Change(NamedTuple):
    """What becomes of the rows of a merchant's carts."""

    added: frozenset[Kept]
    removed: frozenset[Kept]
    known: Mapping[OrderKey, Known] = MappingProxyType({})
    """Units that the readings take into account from now on."""

    def products(self, shop: str | None = None) -> set[int]:
        """Products whose rows change, of all shops or of one."""
        return {row.product_id for row in self.added ^ self.removed if shop in (None, row.shop)}


# --- what a plan subtracts -------------------------------------------------------------------------------------------

_UNITS = "o.quantity * coalesce((SELECT c.units_per_listing FROM cart AS c WHERE c.id = o.cart_id), 1)"
"""Units of the WMS: a cart reports how many of its listings were sold."""
_PENDING = f"""
SELECT o.product_id, o.product_id, {_UNITS}, o.taken_at, o.until, o.cart_id, o.shop, o.ref, o.location, o.name
  FROM pending_order AS o WHERE o.product_id IN (SELECT value FROM json_each(:ids))
UNION ALL
SELECT k.component_id, k.kit_id, {_UNITS} * k.needed, o.taken_at, o.until, o.cart_id, o.shop, o.ref, o.location, o.name
  FROM kit_component AS k CROSS JOIN pending_order AS o ON o.product_id = k.kit_id
  WHERE k.component_id IN (SELECT value FROM json_each(:ids))
"""


class _Part(NamedTuple):
    """Units of a product in an order as one cart was told of them."""

    product_id: int
    sold_id: int
    units: int
    taken_at: int
    until: int
    cart_id: int
    shop: str
    ref: str
    location: str
    name: str


def pending(cx: sqlite3.Connection, product_ids: Sequence[int]) -> dict[int, list[Pending]]:
    """By product, the units of it in the orders that all carts of its merchant took, each order once."""
    parts = named_rows.filled(_Part, cx.execute(_PENDING, {"ids": json.dumps(list(product_ids))}))
    if not parts:
        return {}
    places = _places(cx, {part.cart_id for part in parts})
    result: dict[int, list[Pending]] = defaultdict(list)
    for part in _once(parts):
        at = _drawn_from(places, part)
        result[part.product_id].append(
            Pending(part.product_id, part.sold_id, part.taken_at, part.units, part.until, at, part.name or part.ref)
        )
    return result


def _once(parts: Sequence[_Part]) -> list[_Part]:
    """Of several reports of one order the one that says most: with locations before without, and more units before fewer."""
    orders: dict[tuple[str, str, int, int], dict[str, dict[int, list[_Part]]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(list))
    )
    for part in sorted(parts):
        orders[part.shop, part.ref, part.product_id, part.sold_id][part.location][part.cart_id].append(part)
    return [
        part
        for places in orders.values()
        for location, carts in places.items()
        if location or len(places) == 1
        for part in max(carts.values(), key=lambda of_cart: sum(part.units for part in of_cart))
    ]


class _Place(NamedTuple):
    """A cart of ours: what it leads to, and the warehouses that feed it; None for all of its merchant."""

    cart_id: int
    shop: str
    location: str
    warehouses: frozenset[int] | None


_PLACES = """
SELECT c.id, c.shop, c.location, c.combine_all, w.warehouse_id FROM cart AS c
  LEFT JOIN cart_warehouse AS w ON w.cart_id = c.id AND c.combine_all = 0
WHERE c.merchant_id IN (SELECT merchant_id FROM cart WHERE id IN (SELECT value FROM json_each(?))) ORDER BY c.id
"""


def _places(cx: sqlite3.Connection, cart_ids: Collection[int]) -> list[_Place]:
    """All carts of the merchants of some carts."""
    chosen: dict[tuple[int, str, str, int], set[int]] = defaultdict(set)
    for number, shop, location, combines, warehouse in cx.execute(_PLACES, (json.dumps(list(cart_ids)),)):
        chosen[number, shop, location, combines].update(() if warehouse is None else (warehouse,))
    return [
        _Place(number, shop, location, None if combines else frozenset(warehouses))
        for (number, shop, location, combines), warehouses in chosen.items()
    ]


def _drawn_from(places: Sequence[_Place], part: _Part) -> list[int] | None:
    """Warehouses that feed the carts of the order's shop at its location; of the whole shop where that is not known.

    None for any. [] for a location that no cart of ours sets: its stock is not ours, so that nothing of ours went.
    """
    of_shop = [place for place in places if part.shop and place.shop == part.shop]
    of_shop = of_shop or [place for place in places if place.cart_id == part.cart_id]
    there = [place for place in of_shop if not part.location or place.location in ("", part.location)]
    if not of_shop or any(place.warehouses is None for place in there):
        return None
    return sorted({number for place in there for number in place.warehouses or ()})


def oldest(cx: sqlite3.Connection, cart_ids: Collection[int]) -> int | None:
    """When the oldest order that is kept of some carts was taken, by the cart's own clock."""
    sql = "SELECT min(reported_at) FROM pending_order WHERE cart_id IN (SELECT value FROM json_each(?))"
    reported_at: int | None = cx.execute(sql, (json.dumps(list(cart_ids)),)).fetchone()[0]
    return reported_at


def _products_of(cx: sqlite3.Connection, cart_ids: Collection[int], refs: Collection[str]) -> dict[str, set[int]]:
    """The products that carts of one shop take a listing for, by its reference: one, unless they go by other codes.

    The plus keeps it from walking all matches.
    """
    rows = cx.execute(
        "SELECT ref, product_id FROM listing WHERE cart_id IN (SELECT value FROM json_each(?)) "
        "AND ref IN (SELECT value FROM json_each(?)) AND +product_id IS NOT NULL",
        (json.dumps(list(cart_ids)), json.dumps(list(refs))),
    )
    result: dict[str, set[int]] = defaultdict(set)
    for ref, product in rows:
        result[ref].add(product)
    return result


def listings_of_products(cx: sqlite3.Connection, cart_id: int, product_ids: Collection[int]) -> list[str]:
    """References of a cart's listings of some products."""
    rows = cx.execute(
        "SELECT ref FROM listing WHERE cart_id = ? AND product_id IN (SELECT value FROM json_each(?)) "
        "AND gone_at IS NULL ORDER BY id",
        (cart_id, json.dumps(list(product_ids))),
    )
    return [ref for (ref,) in rows]


def not_seen_since(cx: sqlite3.Connection, cart_id: int, shop: str, now: int) -> list[str]:
    """References of a cart's listings of which an order of its shop was heard after they were last read.

    A time after now was written by a clock that was ahead: nobody knows when such a listing was read.
    """
    rows = cx.execute(
        "SELECT DISTINCT l.ref FROM pending_order AS o CROSS JOIN listing AS l ON l.cart_id = ?1 AND l.product_id = o.product_id "
        "WHERE o.shop = ?2 AND l.gone_at IS NULL AND (coalesce(l.observed_at, 0) < o.seen_at OR l.observed_at > ?3) "
        "ORDER BY l.id",
        (cart_id, shop, now + int(clock.TOLERANCE)),
    )
    return [ref for (ref,) in rows]


# --- what is kept ----------------------------------------------------------------------------------------------------


class Asked(NamedTuple):
    """The cart that was asked for its orders, the carts that lead to its shop, and those of them that are told the same."""

    merchant_id: int
    cart_id: int
    shop: str
    of_shop: frozenset[int]
    peers: frozenset[int]


def change(cx: sqlite3.Connection, asked_cart: Asked, lines: Sequence[Line] | None, terms: Terms) -> Change:
    """What becomes of the rows when a cart reports `lines` (None: it was not asked), with those that are over left out.

    Over is an order that all readings take into account, or that was taken too long ago. Rows of the merchant's other
    carts go for that reason too, so that none waits for its own cart's next push. What one cart reports stands for all
    that are told the same.
    """
    before = _stored_lines(cx, asked_cart.merchant_id)
    rows = [not_ahead(row, terms.now) for row in before]
    settled: Mapping[OrderKey, Known] = {}
    if lines is not None:
        reported, settled = _reported_rows(cx, asked_cart, before, [line for line in lines if line.readable], terms)
        rows = [*reported, *_unreported_rows(asked_cart, rows, lines, {row.ref for row in reported})]
    recent = [row for row in rows if row.taken_at > terms.now - terms.reach]
    ambiguous = _ambiguous(recent)
    recent = [row._replace(until=terms.until(row, named=_name(row) not in ambiguous)) for row in recent]
    readings = _readings(cx, {row.product_id for row in recent}, terms)
    still = {row for row in recent if not row.until or row.until > readings.get(row.product_id, 0)}
    over = [row for row in rows if row.taken_at <= terms.now - terms.reach] + [
        row for row in recent if row not in still
    ]
    ended = [
        Over(
            OrderKey(row.shop, row.ref, row.product_id),
            row.cart_id,
            row.location,
            row.until or row.taken_at,
            row.quantity,
        )
        for row in over
    ]
    known = orders_known.after(cx, asked_cart.merchant_id, settled, ended)
    return Change(frozenset(still.difference(before)), frozenset(before).difference(still), known)


def _unreported_rows(
    asked_cart: Asked, rows: Iterable[Kept], lines: Sequence[Line], reported_refs: Collection[str]
) -> list[Kept]:
    """What stays of what is kept where a cart told of some orders: those of other shops, and what could not be read."""
    unread = {line.ref for line in lines if not line.readable}
    return [
        row
        for row in rows
        if row.cart_id not in asked_cart.peers or row.ref in unread or ("" in unread and row.ref not in reported_refs)
    ]


def _name(row: Kept) -> str:
    return row.name or row.ref


def _ambiguous(rows: Iterable[Kept]) -> set[str]:
    """Names under which orders of several shops go: the WMS cannot say which of them it has."""
    shops: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        shops[_name(row)].add(row.shop)
    return {name for name, its_shops in shops.items() if len(its_shops) > 1}


_COLUMNS = ", ".join(f"o.{name}" for name in Kept._fields)


def _stored_lines(cx: sqlite3.Connection, merchant_id: int) -> list[Kept]:
    rows = cx.execute(
        f"SELECT {_COLUMNS} FROM cart AS c CROSS JOIN pending_order AS o ON o.cart_id = c.id WHERE c.merchant_id = ?",
        (merchant_id,),
    )
    return named_rows.filled(Kept, rows)


def _reported_rows(
    cx: sqlite3.Connection, asked_cart: Asked, before: Sequence[Kept], lines: Sequence[Line], terms: Terms
) -> tuple[list[Kept], dict[OrderKey, Known]]:
    """Lines as rows, and the units of them that are known already; without those of listings that match no product."""
    stored_rows: dict[tuple[str, int], list[Kept]] = defaultdict(list)
    for row in before:
        if row.cart_id in asked_cart.peers and (row.shop == asked_cart.shop or row.cart_id == asked_cart.cart_id):
            stored_rows[row.ref, row.product_id].append(row)
    sums = _sums(cx, asked_cart, lines)
    keys = {(ref, product): OrderKey(asked_cart.shop, ref, product) for ref, product in sums}
    known = orders_known.read(cx, asked_cart.merchant_id, keys.values())
    readings = _readings(cx, {key.product_id for key in known}, terms)
    rows: list[Kept] = []
    settled: dict[OrderKey, Known] = {}
    for at, (first, units) in sums.items():
        more, settled[keys[at]] = orders_known.beyond(units, known.get(keys[at], {}), readings.get(at[1], 0))
        was = stored_rows.get(at, ())
        if was and not any(units.values()) and not settled[keys[at]]:  # canceled before a reading knew it
            settled[keys[at]] = {("", max(row.until for row in was)): 0}
        fresh = Kept(
            asked_cart.cart_id, *at, "", 0, first.taken_at, asked_cart.shop, first.name, first.reported_at, terms.now,
            None, 0,
        )  # fmt: skip
        parts = order_parts(fresh, was, more, bool(settled[keys[at]]), terms)
        rows += [dated(row, first, asked_cart.shop, terms.now) for row in parts]
    return rows, settled


def _sums(
    cx: sqlite3.Connection, asked_cart: Asked, lines: Sequence[Line]
) -> dict[tuple[str, int], tuple[Line, dict[str, int]]]:
    """By order and product: its latest line, and the units by location."""
    products = _products_of(cx, asked_cart.of_shop, {line.listing_ref for line in lines})
    units: dict[tuple[str, int], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    latest: dict[tuple[str, int], Line] = {}
    for line in lines:
        for product in products.get(line.listing_ref, ()) if line.quantity >= 0 else ():
            key = line.ref, product
            units[key][line.location] += line.quantity
            if key not in latest or line.taken_at > latest[key].taken_at:
                latest[key] = line
    return {key: (line, units[key]) for key, line in latest.items()}


_READINGS = f"""
SELECT v.product_id, min(coalesce({levels.TRUSTED_READ_AT},
  max(CASE WHEN v.loaded_at <= :latest THEN v.loaded_at ELSE 0 END, :confirmed)))
FROM level AS v JOIN warehouse AS w ON w.id = v.warehouse_id
WHERE v.product_id IN (SELECT value FROM json_each(:ids))
  AND v.missing_since IS NULL AND w.vanished_at IS NULL AND w.enabled = 1
GROUP BY v.product_id
"""


def _readings(cx: sqlite3.Connection, product_ids: Collection[int], terms: Terms) -> dict[int, int]:
    """The time of the oldest reading of each product, of a kit that of its parts; absent where nothing was ever read.

    A time after now was written by a clock that was ahead, and says nothing: what the last pull confirmed counts.
    """
    parts = _parts(cx, product_ids)
    needed = {*product_ids, *(part for kit_parts in parts.values() for part in kit_parts)}
    times = {**levels.latest(terms.now), "confirmed": levels.confirmed(terms.confirmed_at, terms.now)}
    rows = cx.execute(_READINGS, {"ids": json.dumps(sorted(needed)), **times})
    read: dict[int, int] = dict(rows.fetchall())
    times_by_product = {
        product: [read[part] for part in parts.get(product, {product}) if part in read] for product in product_ids
    }
    return {product: min(times) for product, times in times_by_product.items() if times}


def with_parts(cx: sqlite3.Connection, product_ids: Collection[int]) -> set[int]:
    """Some products, and the parts of those that are kits: of these units go where one of the products is sold."""
    return {*product_ids, *(part for kit_parts in _parts(cx, product_ids).values() for part in kit_parts)}


def _parts(cx: sqlite3.Connection, kit_ids: Collection[int]) -> Mapping[int, set[int]]:
    rows = cx.execute(
        "SELECT kit_id, component_id FROM kit_component WHERE kit_id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(kit_ids)),),
    )
    result: dict[int, set[int]] = defaultdict(set)
    for kit, part in rows:
        result[kit].add(part)
    return result


# --- what the WMS has ------------------------------------------------------------------------------------------------


def _is_asked_for(row: Kept) -> bool:
    """Whether the WMS is asked if it has the order. That it does says nothing of units that were added later."""
    return row.known_at is None and not row.part


def to_ask_for(cx: sqlite3.Connection, merchant_id: int) -> list[str]:
    """Names of the orders that the WMS is not known to have; without those that several shops use."""
    rows = [row for row in _stored_lines(cx, merchant_id) if _is_asked_for(row) and row.until]
    ambiguous = _ambiguous(rows)
    return sorted({_name(row) for row in rows} - ambiguous)


def record_known(tx: sqlite3.Connection, merchant_id: int, names: Collection[str], now: int, seq: int) -> int:
    """The WMS has these orders as of `now`: a reading from then on takes them into account. Returns how many rows changed."""
    order_names = set(to_ask_for(tx, merchant_id)).intersection(names)
    rows = [row for row in _stored_lines(tx, merchant_id) if _name(row) in order_names and _is_asked_for(row)]
    known = [row._replace(known_at=now, until=now) for row in rows]
    if rows:
        apply(tx, merchant_id, Change(frozenset(known), frozenset(rows)), seq)
    return len(rows)


# --- writing ---------------------------------------------------------------------------------------------------------


def apply(tx: sqlite3.Connection, merchant_id: int, what: Change, seq: int) -> None:
    """Write a change, and let the next plan of every cart of the merchant look at the listings that it touches."""
    tx.executemany(
        "DELETE FROM pending_order WHERE cart_id = ? AND ref = ? AND product_id = ? AND location = ? AND part = ?",
        [(*row[:4], row.part) for row in what.removed],
    )
    names, marks = ", ".join(Kept._fields), ", ".join("?" * len(Kept._fields))
    tx.executemany(f"INSERT INTO pending_order ({names}) VALUES ({marks})", what.added)
    orders_known.write(tx, merchant_id, what.known)
    _touch(tx, merchant_id, what.products(), seq)


_TOUCH = """
WITH sold AS (SELECT value AS id FROM json_each(:ids)
    UNION SELECT component_id FROM kit_component WHERE kit_id IN (SELECT value FROM json_each(:ids))),
  moved AS (SELECT id FROM sold UNION SELECT kit_id FROM kit_component WHERE component_id IN (SELECT id FROM sold))
UPDATE listing SET seq = :seq WHERE gone_at IS NULL AND product_id IN (SELECT id FROM moved)
  AND cart_id IN (SELECT id FROM cart WHERE merchant_id = :merchant)
"""


def _touch(tx: sqlite3.Connection, merchant_id: int, product_ids: Iterable[int], seq: int) -> None:
    """Listings of what was sold, of a sold kit's parts, and of the kits that share a part with it."""
    tx.execute(_TOUCH, {"ids": json.dumps(sorted(product_ids)), "merchant": merchant_id, "seq": seq})


def observe(
    tx: sqlite3.Connection, cart_id: int, shown: Iterable[tuple[str, int | None, int]], now: int, seq: int
) -> None:
    """(reference, quantity, allocated) of listings as the cart shows them after its orders."""
    tx.executemany(
        "UPDATE listing SET observed = ?, allocated = ?, observed_at = ?, seq = ? WHERE cart_id = ? AND ref = ?",
        [(quantity, allocated, now, seq, cart_id, ref) for ref, quantity, allocated in shown],
    )
