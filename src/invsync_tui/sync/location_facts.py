"""Which carts of a merchant set which locations of which shop, for the checks of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence

from invsync_tui.rules.location_checks import LocationFacts, sold_at_others
from invsync_tui.store.diagnosis import checkup
from invsync_tui.store.diagnosis.checkup import WarehouseRow


def of_merchant(
    cx: sqlite3.Connection,
    merchant_id: int,
    merchant: str,
    places: Sequence[WarehouseRow],
    chosen: Mapping[int, Collection[int]],
) -> list[LocationFacts]:
    """The carts that are switched on and of which it is known which location they set. `chosen` are the numbers of the
    warehouses by cart."""
    rows = checkup.cart_locations(cx, merchant_id)
    shops = {row.main: row.shop for row in rows if row.shop}
    stocked = {place.id: place.code for place in places if place.enabled and place.levels}
    return [
        LocationFacts(
            cart_id=row.id,
            name=row.name,
            merchant=merchant,
            shop=shops.get(row.main, f"cart {row.main}"),
            at=frozenset({row.option, row.location} - {""}),
            push_kind=row.push_kind,
            share=row.share_percent,
            warehouses={number: stocked[number] for number in chosen[row.id] if number in stocked},
        )
        for row in rows
        if row.upload_enabled and (row.option or row.location)
    ]


def sold_there(cx: sqlite3.Connection, merchant_id: int, cart_id: int) -> bool | None:
    """Whether stock that does not feed a cart is sold at other locations of its shop, see `sold_at_others`."""
    places = checkup.warehouses(cx, merchant_id)
    everywhere = frozenset(place.id for place in places)
    combining = {cart.id for cart in checkup.carts(cx, merchant_id) if cart.combine_all}
    rows = checkup.cart_locations(cx, merchant_id)
    chosen = {row.id: everywhere if row.id in combining else checkup.chosen(cx, row.id) for row in rows}
    stocked = {place.id for place in places if place.enabled and place.levels}
    return sold_at_others(of_merchant(cx, merchant_id, "", places, chosen), cart_id, stocked, chosen[cart_id])
