"""Units of orders that the readings take into account already. What an order has beyond them was added to it later.

Without it an order that is edited days after it was placed would be an old one, with units that nobody subtracts; or, taken
for a new one, would be subtracted as a whole although the WMS has most of it.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

Known = Mapping[tuple[str, int], int]
"""Units by the cart's location, '' where it does not say, and by the time of the first reading that knows them. 0 where the
order was canceled since: if it is restored, its units are pending again."""


class OrderKey(NamedTuple):
    """What an order has of one product. Within a shop a reference means one order, whichever cart of ours told of it."""

    shop: str
    ref: str
    product_id: int


class Over(NamedTuple):
    """Units of an order that are pending no more, as one cart was told of them. A reading from `until` on knows them."""

    key: OrderKey
    cart_id: int
    location: str
    until: int
    quantity: int


def read(cx: sqlite3.Connection, merchant_id: int, keys: Collection[OrderKey]) -> dict[OrderKey, Known]:
    """Of some orders, the units that were in a reading."""
    rows = cx.execute(
        "SELECT o.shop, o.ref, o.product_id, o.location, o.until, o.quantity FROM json_each(?) AS k "
        "CROSS JOIN order_known AS o ON o.merchant_id = ? AND o.shop = json_extract(k.value, '$[0]') "
        "AND o.ref = json_extract(k.value, '$[1]')",
        (json.dumps(sorted({key[:2] for key in keys})), merchant_id),
    )
    known: dict[OrderKey, dict[tuple[str, int], int]] = defaultdict(dict)
    for shop, ref, product, location, until, quantity in rows:
        known[OrderKey(shop, ref, product)][location, until] = quantity
    return {key: known[key] for key in keys if key in known}


def beyond(units_by_location: Mapping[str, int], known: Known, read_at: int) -> tuple[dict[str, int], Known]:
    """Of the units that an order has by location: those that a reading of `read_at` does not know, and those that it does.

    What is known at a location counts there first, then wherever the order says that its units are now.
    """
    room = dict(units_by_location)
    settled: dict[tuple[str, int], int] = defaultdict(int)
    left = {part: units for part, units in sorted(known.items()) if part[1] <= read_at}
    here = [(part, part[0]) for part in left if part[0] in room]
    for part, place in [*here, *((part, place) for part in left for place in sorted(room))]:
        units = min(left[part], room[place])
        settled[place, part[1]] += units
        left[part] -= units
        room[place] -= units
    more = {at: units for at, units in room.items() if units}
    return more, {part: units for part, units in settled.items() if units} or dict.fromkeys(list(left)[:1], 0)


def after(
    cx: sqlite3.Connection, merchant_id: int, settled: Mapping[OrderKey, Known], over: Iterable[Over]
) -> dict[OrderKey, Known]:
    """What is known from now on, of the orders of which that changes.

    `settled` is what is known of the orders that a cart told of, as far as they still have it.
    """
    ended: dict[OrderKey, dict[int, dict[tuple[str, int], int]]]
    ended = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
    for part in over:
        ended[part.key][part.cart_id][part.location, part.until] += part.quantity
    before = read(cx, merchant_id, {*settled, *ended})
    result: dict[OrderKey, Known] = {}
    for key in {*settled, *ended}:
        was = before.get(key, {})
        base = settled.get(key, was)
        # Several carts may have told of one order.
        more: Known = max(ended.get(key, {}).values(), key=lambda units: sum(units.values()), default={})
        known = {part: base.get(part, 0) + more.get(part, 0) for part in {*base, *more}}
        if known != was:
            result[key] = known
    return result


def write(tx: sqlite3.Connection, merchant_id: int, known: Mapping[OrderKey, Known]) -> None:
    """Keep what is known of some orders, in the place of what was."""
    tx.executemany(
        "DELETE FROM order_known WHERE merchant_id = ? AND shop = ? AND ref = ? AND product_id = ?",
        [(merchant_id, *key) for key in known],
    )
    tx.executemany(
        "INSERT INTO order_known (merchant_id, shop, ref, product_id, location, until, quantity) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(merchant_id, *key, *part, units) for key, parts in known.items() for part, units in parts.items()],
    )
