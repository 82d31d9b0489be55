"""A merchant whose cart takes orders that the WMS does not know yet."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from invsync_tui.sandbox.shop import Mode
from invsync_tui.store.runs.records import RunRow
from tests.support.servers.sandbox import CartHandle, WmsHandle, sandbox_cart, sandbox_wms
from tests.support.stores.merchant_store import Bench

SELLS = Mode(orders=True)


LATER = 60
"""Seconds after the WMS's readings at which the tests' orders are taken."""


@dataclass
class Street:
    """Two shops of one merchant: `a` reports its orders, `b` does not."""

    wms: WmsHandle
    carts: CartHandle
    bench: Bench
    a: int
    b: int
    sku: str = ""

    def shown(self, shop: str) -> int | None:
        return self.carts.quantities(shop)[self.sku]

    def writes(self) -> list[str]:
        """The shops whose stock was set, in order."""
        return [entry["path"].split("/")[2] for entry in self.carts.requests() if entry["path"].endswith("/stock")]

    def calls(self, part: str) -> int:
        return sum(part in entry["path"] for entry in self.carts.requests())

    def sell(self, units: int, *, sku: str = "", shop: str = "a", after: int = LATER) -> str:
        body = {"shop": shop, "ref": sku or self.sku, "units": units, "taken_at": int(time.time()) + after}
        return str(self.carts.control("order", body)["order"])

    def count(self, available: int, *, sku: str = "", after: int) -> None:
        """The WMS takes a reading of all its warehouses; everything lies in EAST."""
        read_at = int(time.time()) + after
        for place in ("DEFAULT", "EAST", "WEST"):
            units = available if place == "EAST" else 0
            self.wms.set_level(sku or self.sku, place, units, read_at=read_at)

    async def push(self) -> list[RunRow]:
        return [await self.bench.push(cart) for cart in (self.a, self.b)]

    async def sync(self) -> None:
        assert (await self.bench.pull()).state == "done"
        assert [run.state for run in await self.push()] == ["done", "done"]

    def kept(self) -> int:
        return int(self.bench.one("SELECT count(*) FROM our_pending_order"))


@contextmanager
def street(folder: Path, a: Mode = SELLS, within: int = 0, **options: str) -> Iterator[Street]:
    with sandbox_wms(60, warehouses=3) as wms, sandbox_cart(60, shops={"a": a, "b": Mode()}) as carts:
        bench = Bench.make(folder)
        bench.add_merchant(wms.connection(), orders_within=within)
        cart_a = bench.add_cart(carts.connection("a", 5.0, **options), name="A")
        cart_b = bench.add_cart(carts.connection("b", 5.0), name="B")
        our_street = Street(wms, carts, bench, cart_a, cart_b)
        our_street.sku = carts.dump()["a"][4]["sku"]
        our_street.count(10, after=0)
        yield our_street
        bench.store.close()


def outcomes(our_street: Street, cart: int) -> tuple[Any, ...]:
    row = our_street.bench.listings(cart)[our_street.sku]
    return tuple(row[name] for name in ("outcome", "desired", "acked", "observed"))
