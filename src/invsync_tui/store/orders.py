"""Pending orders: units that carts sold after the reading that is known of their stock.

A row is kept until every reading of what was sold is newer than the order. Not here: which of them a plan subtracts
from a listing, since that depends on the warehouses of its cart.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple


class Line(NamedTuple):
    """Units of one of the cart's listings in one of its orders, as the cart reported them."""

    ref: str
    listing_ref: str
    quantity: int
    taken_at: int


class Kept(NamedTuple):
    """A row of the store. All of one product in one order of a cart are one row."""

    cart_id: int
    ref: str
    product_id: int
    quantity: int
    taken_at: int


class Pending(NamedTuple):
    """Units of `product_id` that go with an order for `sold_id`: the product itself, or a kit that it is part of."""

    product_id: int
    sold_id: int
    taken_at: int
    units: int


class Change(NamedTuple):
    """What becomes of the rows of a merchant's carts."""

    added: frozenset[Kept]
    removed: frozenset[Kept]

    def products(self, cart_id: int | None = None) -> set[int]:
        """Products whose rows change, of all carts or of one."""
        return {row.product_id for row in self.added ^ self.removed if cart_id in (None, row.cart_id)}


_PENDING = """
SELECT product_id, product_id, taken_at, quantity FROM pending_order
  WHERE product_id IN (SELECT value FROM json_each(:ids))
UNION ALL
SELECT k.component_id, k.kit_id, o.taken_at, o.quantity * k.needed FROM kit_component AS k
  CROSS JOIN pending_order AS o ON o.product_id = k.kit_id
  WHERE k.component_id IN (SELECT value FROM json_each(:ids))
"""


def pending(cx: sqlite3.Connection, product_ids: Sequence[int]) -> dict[int, list[Pending]]:
    """By product, the units of it in the orders that all carts of its merchant took."""
    found: dict[int, list[Pending]] = defaultdict(list)
    for row in cx.execute(_PENDING, {"ids": json.dumps(list(product_ids))}):
        found[row[0]].append(Pending(*row))
    return found


def oldest(cx: sqlite3.Connection, cart_id: int) -> int | None:
    """When the oldest order that is kept of a cart was taken."""
    found: int | None = cx.execute("SELECT min(taken_at) FROM pending_order WHERE cart_id = ?", (cart_id,)).fetchone()[
        0
    ]
    return found


def products_of_listings(cx: sqlite3.Connection, cart_id: int, refs: Collection[str]) -> dict[str, int]:
    """The product of each listing that is matched, by the cart's reference. The plus keeps it from walking all matches."""
    rows = cx.execute(
        "SELECT ref, product_id FROM listing WHERE cart_id = ? AND ref IN (SELECT value FROM json_each(?)) "
        "AND +product_id IS NOT NULL",
        (cart_id, json.dumps(list(refs))),
    )
    return dict(rows.fetchall())


def listings_of_products(cx: sqlite3.Connection, cart_id: int, product_ids: Collection[int]) -> list[str]:
    """References of a cart's listings of some products."""
    rows = cx.execute(
        "SELECT ref FROM listing WHERE cart_id = ? AND product_id IN (SELECT value FROM json_each(?)) "
        "AND gone_at IS NULL ORDER BY id",
        (cart_id, json.dumps(list(product_ids))),
    )
    return [ref for (ref,) in rows]


# --- what is kept ----------------------------------------------------------------------------------------------------


def change(
    cx: sqlite3.Connection,
    merchant_id: int,
    cart_id: int,
    lines: Sequence[Line] | None,
    *,
    confirmed_at: int,
    after: int,
) -> Change:
    """What becomes of the rows when a cart reports `lines` (None: it was not asked), with those that are over left out.

    Over is an order that is older than all readings, or not taken `after` some time. Rows of the merchant's other carts
    go for that reason too, so that none waits for its own cart's next push.
    """
    before = _kept(cx, merchant_id)
    after_it = before if lines is None else [row for row in before if row.cart_id != cart_id]
    rows = [row for row in [*after_it, *_rows(cx, cart_id, lines or ())] if row.taken_at > after]
    readings = _readings(cx, {row.product_id for row in rows}, confirmed_at)
    still = {row for row in rows if row.taken_at > readings.get(row.product_id, 0)}
    return Change(frozenset(still.difference(before)), frozenset(before).difference(still))


def _kept(cx: sqlite3.Connection, merchant_id: int) -> list[Kept]:
    rows = cx.execute(
        "SELECT o.cart_id, o.ref, o.product_id, o.quantity, o.taken_at FROM cart AS c "
        "CROSS JOIN pending_order AS o ON o.cart_id = c.id WHERE c.merchant_id = ?",
        (merchant_id,),
    )
    return [Kept(*row) for row in rows]


def _rows(cx: sqlite3.Connection, cart_id: int, lines: Sequence[Line]) -> list[Kept]:
    """Lines as rows; those of listings that match no product are left out."""
    products = products_of_listings(cx, cart_id, {line.listing_ref for line in lines})
    units: dict[tuple[str, int], int] = defaultdict(int)
    taken: dict[tuple[str, int], int] = {}
    for line in lines:
        product = products.get(line.listing_ref)
        if product is not None and line.quantity > 0:
            units[line.ref, product] += line.quantity
            taken[line.ref, product] = max(line.taken_at, taken.get((line.ref, product), 0))
    return [Kept(cart_id, *key, quantity, taken[key]) for key, quantity in units.items()]


_READINGS = """
SELECT v.product_id, min(coalesce(v.read_at, max(v.loaded_at, :confirmed)))
FROM level AS v JOIN warehouse AS w ON w.id = v.warehouse_id
WHERE v.product_id IN (SELECT value FROM json_each(:ids))
  AND v.missing_since IS NULL AND w.vanished_at IS NULL AND w.enabled = 1
GROUP BY v.product_id
"""


def _readings(cx: sqlite3.Connection, product_ids: Collection[int], confirmed_at: int) -> dict[int, int]:
    """The time of the oldest reading of each product, of a kit that of its parts; absent where nothing was ever read."""
    parts = _parts(cx, product_ids)
    wanted = {*product_ids, *(part for found in parts.values() for part in found)}
    rows = cx.execute(_READINGS, {"ids": json.dumps(sorted(wanted)), "confirmed": confirmed_at})
    read: dict[int, int] = dict(rows.fetchall())
    found = {product: [read[one] for one in parts.get(product, {product}) if one in read] for product in product_ids}
    return {product: min(times) for product, times in found.items() if times}


def _parts(cx: sqlite3.Connection, kit_ids: Collection[int]) -> Mapping[int, set[int]]:
    rows = cx.execute(
        "SELECT kit_id, component_id FROM kit_component WHERE kit_id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(kit_ids)),),
    )
    found: dict[int, set[int]] = defaultdict(set)
    for kit, part in rows:
        found[kit].add(part)
    return found


# --- writing ---------------------------------------------------------------------------------------------------------


def apply(tx: sqlite3.Connection, merchant_id: int, what: Change, seq: int) -> None:
    """Write a change, and let the next plan of every cart of the merchant look at the listings that it touches."""
    tx.executemany(
        "DELETE FROM pending_order WHERE cart_id = ? AND ref = ? AND product_id = ?", [row[:3] for row in what.removed]
    )
    tx.executemany(
        "INSERT INTO pending_order (cart_id, ref, product_id, quantity, taken_at) VALUES (?, ?, ?, ?, ?)", what.added
    )
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
