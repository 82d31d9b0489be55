"""A page of listings at several hundred locations: the same rows as one by one, in small steps of the event loop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from invsync_tui.connectors.base import CartLocation, Connection
from invsync_tui.connectors.carts import vendure
from invsync_tui.connectors.carts.vendure import VendureCart
from tests.support.clocks.loop_watch import LoopWatch, watching

LOCATIONS = 300
SHOP = {"trackInventory": True, "outOfStockThreshold": 0}


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopWatch]:
    yield from watching(monkeypatch, everything=True)


def variant(number: int, locations: int) -> dict[str, Any]:
    """A variant with stock at all locations but the second."""
    levels = [
        {"stockLocationId": str(at), "stockOnHand": number + at, "stockAllocated": at % 3}
        for at in range(locations)
        if at != 1
    ]
    return {
        "id": str(number), "sku": f"SKU-{number}", "name": "Name", "trackInventory": "INHERIT", "stockLevels": levels,
        "useGlobalOutOfStockThreshold": True, "outOfStockThreshold": 0, "updatedAt": "2026-01-01T00:00:00.000Z",
    }  # fmt: skip


def words(count: int) -> list[tuple[str, CartLocation]]:
    return [("" if at == 0 else f"Place {at}", CartLocation(str(at), f"Place {at}")) for at in range(count)]


def test_rows_at_all_locations_are_those_of_each_location() -> None:
    ours = frozenset(at.ref for _, at in words(4))
    record = variant(7, 6)
    rows = vendure.listings_at(record, words(4), SHOP, ours)
    assert rows == [vendure.listing(record, at.ref, SHOP, ours, word) for word, at in words(4)]
    assert [row.quantity for row in rows] == [7, None, 9, 10]
    assert rows[0].elsewhere == 11 + 12


async def test_a_page_at_several_hundred_locations_is_read_in_small_steps(watch: LoopWatch) -> None:
    cart = VendureCart(Connection("Shop", "vendure", "http://127.0.0.1:9", options={"location": "0"}))
    part = vendure.Slice([variant(number, LOCATIONS) for number in range(100)], None, 100, {"globalSettings": SHOP})
    cart._locations.choose([at for _, at in words(LOCATIONS)])
    rows, rejected = await cart._listings(part, words(LOCATIONS))
    assert (len(rows), rejected) == (100 * LOCATIONS, [])
    assert watch.slow == []
