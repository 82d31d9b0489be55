"""One real Vendure, two of its locations, a cart of ours for each: an order is taken off where its stock lies, once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from invsync_tui.connectors.base import Connection
from tests.support.runs.real_servers import cart_connection
from tests.support.servers.sandbox import WmsHandle, sandbox_wms
from tests.support.servers.vendure import server as vendure_servers
from tests.support.servers.vendure.server import VendureServer
from tests.support.stores.merchant_store import Bench

pytestmark = pytest.mark.real

EAST, WEST = 16, 7


@pytest.fixture(scope="module")
def vendure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VendureServer]:
    """A Vendure of its own, so that its orders are these and no others."""
    packages = vendure_servers._packages()
    folder = tmp_path_factory.mktemp("vendure-two")
    with vendure_servers.running(packages, folder, vendure_servers.seeded_database(packages, folder)) as server:
        server.refresh_locations()
        yield server


@pytest.fixture
def wms() -> Iterator[WmsHandle]:
    with sandbox_wms(5, warehouses=3) as made:
        yield made


async def test_an_order_counts_once_at_its_own_location_and_not_at_the_other(
    vendure: VendureServer, wms: WmsHandle, tmp_path: Path
) -> None:
    # given a product with 16 in EAST and 7 in WEST, each shown at the location of its name
    sku = sorted(wms.dump()["products"].values())[4]
    for place, units in (("EAST", EAST), ("WEST", WEST), ("DEFAULT", 0)):
        wms.set_level(sku, place, units)
    (variant,) = vendure.create_variants([sku], stock=0)
    bench = Bench.make(tmp_path)
    bench.add_merchant(wms.connection())
    assert (await bench.pull()).state == "done"
    east = cart_connection(vendure, tmp_path, "East")
    other = f"{vendure.url.upper().replace('HTTP', 'http')}/admin-api/"
    west = Connection("west", "vendure", other, east.login, east.secret, {"location": "West"}, east.deadline)
    carts = [
        bench.add_cart(east, name="East", warehouses=["EAST"]),
        bench.add_cart(west, name="West", warehouses=["WEST"]),
    ]

    async def push() -> None:
        for cart in carts:
            assert (await bench.push(cart, full=True)).state == "done"

    def sellable(location: str) -> int:
        levels = next(one for one in vendure.variants() if one["id"] == variant)["stockLevels"]
        at = next(level for level in levels if level["stockLocationId"] == vendure.locations[location])
        return int(at["stockOnHand"] - at["stockAllocated"])

    await push()
    assert (sellable("East"), sellable("West")) == (EAST, WEST)
    # when a shopper orders 3, which Vendure allocates at one location
    order = vendure.place_order(variant, 3)
    now = {at: sellable(at) for at in ("East", "West")}
    assert sorted(now.values()) in ([WEST, EAST - 3], [WEST - 3, EAST])
    await push()
    await push()
    # then both show what the shop itself made of it
    assert {at: sellable(at) for at in ("East", "West")} == now
    # and when a reading comes that cannot know it yet
    for place, units in (("EAST", EAST), ("WEST", WEST), ("DEFAULT", 0)):
        wms.set_level(sku, place, units)
    assert (await bench.pull()).state == "done"
    await push()
    assert {at: sellable(at) for at in ("East", "West")} == now
    # and when it is cancelled
    vendure.cancel_order(order)
    await push()
    assert (sellable("East"), sellable("West")) == (EAST, WEST)
    bench.store.close()
