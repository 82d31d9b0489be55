"""A merchant with several carts, one of which takes orders."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from invsync_tui.sandbox.shop import Mode
from invsync_tui.store.runs.records import RunRow
from tests.support.servers.sandbox import CartHandle, WmsHandle, sandbox_cart, sandbox_wms
from tests.support.stores.merchant_store import Bench

SELLS = Mode(orders=True)


LATER = 60
"""Seconds after the WMS's readings at which the tests' orders are taken."""


FED_BY: Mapping[str, Sequence[str]] = {"a": ["EAST"], "b": ["EAST", "WEST"], "c": ["WEST"], "d": []}
"""The warehouses of each shop's cart; [] for all."""


EAST, WEST = 10, 4


@dataclass
class Market:
    """Four shops of one merchant, of which `a`, `b` and `c` report their orders."""

    wms: WmsHandle
    carts: CartHandle
    bench: Bench
    numbers: dict[str, int] = field(default_factory=dict)
    skus: list[str] = field(default_factory=list)

    @property
    def sku(self) -> str:
        return self.skus[0]

    def shown(self, sku: str = "") -> dict[str, int | None]:
        return {shop: self.carts.quantities(shop)[sku or self.sku] for shop in FED_BY}

    def sell(self, shop: str, units: int, sku: str = "", **more: Any) -> str:
        body = {"shop": shop, "ref": sku or self.sku, "units": units, "taken_at": int(time.time()) + LATER, **more}
        return str(self.carts.control("order", body)["order"])

    def asked(self) -> list[str]:
        """The shops whose pushes were asked for by an order, with who asked, oldest first."""
        names = {number: shop for shop, number in self.numbers.items()}
        rows = self.bench.store.read("SELECT key, requested_by FROM run WHERE trigger = 'order' ORDER BY id")
        return [f"{names[key]}: {by}" for key, by in rows]

    def runs(self) -> int:
        return int(self.bench.one("SELECT count(*) FROM run WHERE kind = 'push'"))

    async def push(self, shop: str, **more: Any) -> RunRow:
        return await self.bench.push(self.numbers[shop], **more)

    def set_cart(self, shop: str, **values: Any) -> None:
        names = ", ".join(f"{name} = ?" for name in values)
        with self.bench.by_hand() as tx:
            tx.execute(f"UPDATE cart SET {names} WHERE id = ?", (*values.values(), self.numbers[shop]))


@contextmanager
def market(folder: Path, **modes: Mode) -> Iterator[Market]:
    shops = {"a": SELLS, "b": SELLS, "c": SELLS, "d": Mode(), **modes}
    with sandbox_wms(20, warehouses=3) as wms, sandbox_cart(20, shops=shops) as carts:
        bench = Bench.make(folder)
        bench.add_merchant(wms.connection(), orders_within=0)
        ours = Market(wms, carts, bench)
        ours.skus = [listing["sku"] for listing in carts.dump()["a"][4:7]]
        for sku in ours.skus:
            for place, units in (("EAST", EAST), ("WEST", WEST), ("DEFAULT", 0)):
                wms.set_level(sku, place, units, read_at=int(time.time()))
        yield ours
        bench.store.close()


async def settle(ours: Market) -> None:
    assert (await ours.bench.pull()).state == "done"
    for shop, warehouses in FED_BY.items():
        values: dict[str, Any] = {"combine_all": not warehouses, "name": shop.upper()}
        ours.numbers[shop] = ours.bench.add_cart(ours.carts.connection(shop, 5.0), warehouses=warehouses, **values)
        assert (await ours.push(shop)).state == "done"
