"""One shop that two carts of a merchant lead to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from invsync_tui.sandbox.shop import Mode
from tests.support.servers.sandbox import CartHandle, WmsHandle, sandbox_cart, sandbox_wms
from tests.support.stores.merchant_store import Bench

TWO_PLACES = Mode(basis="on_hand", orders=True, places="West")
EAST, WEST = 16, 7
"""What the WMS has in its warehouses."""


@dataclass
class Corner:
    """One shop with the locations first and West, each fed by its own warehouse through a cart of ours."""

    wms: WmsHandle
    carts: CartHandle
    bench: Bench
    east: int
    west: int
    sku: str

    def listing(self) -> dict[str, Any]:
        return next(listing for listing in self.carts.dump()["a"] if listing["sku"] == self.sku)

    def sellable(self) -> tuple[int, int]:
        """What a shopper can buy at the first location and at West."""
        row = self.listing()
        west = row["places"].get("West", {"quantity": 0, "allocated": 0})
        return row["quantity"] - row["allocated"], west["quantity"] - west["allocated"]

    def order(self, units: int, **more: Any) -> str:
        return str(self.carts.control("order", {"shop": "a", "ref": self.sku, "units": units, **more})["order"])

    def level(self, east: int, west: int) -> None:
        for place, units in (("EAST", east), ("WEST", west), ("DEFAULT", 0)):
            self.wms.set_level(self.sku, place, units)

    async def push(self) -> None:
        for cart in (self.east, self.west):
            assert (await self.bench.push(cart)).state == "done"

    async def pull(self) -> None:
        assert (await self.bench.pull()).state == "done"

    def kept(self) -> list[Any]:
        return list(self.bench.store.read("SELECT ref, location, quantity FROM our_pending_order ORDER BY 1, 2"))


@contextmanager
def corner(folder: Path, mode: Mode = TWO_PLACES, **merchant: Any) -> Iterator[Corner]:
    with sandbox_wms(20, warehouses=3) as wms, sandbox_cart(20, shops={"a": mode, "b": Mode(orders=True)}) as carts:
        bench = Bench.make(folder, alone=True)
        bench.add_merchant(wms.connection(), **merchant)
        our_corner = Corner(wms, carts, bench, 0, 0, carts.dump()["a"][4]["sku"])
        our_corner.level(EAST, WEST)
        bench.request("pull", bench.merchant)
        yield our_corner
        bench.store.close()
