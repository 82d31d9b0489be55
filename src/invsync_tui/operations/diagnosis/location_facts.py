"""Which carts of a merchant set which locations of which shop, for the doctor's checks of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence

from invsync_tui.rules.location_checks import LocationFacts
from invsync_tui.store.diagnosis import checkup
from invsync_tui.store.diagnosis.checkup import MerchantRow, WarehouseRow


def of_merchant(
    cx: sqlite3.Connection, site: MerchantRow, places: Sequence[WarehouseRow], chosen: Mapping[int, Collection[int]]
) -> list[LocationFacts]:
    """The carts that are switched on and of which it is known which location they set. `chosen` are the numbers of the
    warehouses by cart."""
    rows = checkup.cart_locations(cx, site.id)
    shops = {row.main: row.shop for row in rows if row.shop}
    stocked = {place.id: place.code for place in places if place.enabled and place.levels}
    return [
        LocationFacts(
            cart_id=row.id,
            name=row.name,
            merchant=site.name,
            shop=shops.get(row.main, f"cart {row.main}"),
            at=frozenset({row.option, row.location} - {""}),
            push_kind=row.push_kind,
            share=row.share_percent,
            warehouses={number: stocked[number] for number in chosen[row.id] if number in stocked},
        )
        for row in rows
        if row.upload_enabled and (row.option or row.location)
    ]
