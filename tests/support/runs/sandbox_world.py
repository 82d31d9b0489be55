"""A small town for tests of the sync: a WMS, a cart with one shop, a store with one merchant, all real processes and files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.connectors import http
from invsync_tui.operations.plans.replay import replay
from invsync_tui.sandbox.shop import Mode
from invsync_tui.sync import worker
from invsync_tui.sync.pushes import submitted
from tests.support.runs.why_check import every_number_is_recomputed
from tests.support.servers.sandbox import CartHandle, WmsHandle, sandbox_cart, sandbox_wms
from tests.support.stores.merchant_store import Bench

SHOP = "main"


def hurry(patch: pytest.MonkeyPatch) -> None:
    """Shorter waits, the same rules."""
    patch.setattr(http, "BACKOFF_FIRST", 0.002)
    patch.setattr(http, "BACKOFF_MOST", 0.02)
    patch.setattr(http, "THROTTLE_PAUSE", 0.02)
    patch.setattr(worker, "POLL", 0.01)
    patch.setattr(worker, "LOOK_ANYWAY", 0.05)
    patch.setattr(worker, "FULL_DISK_WAIT", 0.1)
    patch.setattr(submitted, "LOOK_LEAST", 0)


@dataclass
class Town:
    """Everything of one test. `cart_id` is the bench's only cart unless the test adds more."""

    wms: WmsHandle
    cart: CartHandle
    bench: Bench
    cart_id: int

    def stock(self, warehouses: Sequence[str] = ()) -> dict[str, int]:
        """By SKU, what the WMS has available in some warehouses (by ref), in all for ()."""
        dump = self.wms.dump()
        units = dict.fromkeys(dump["products"].values(), 0)
        for place, levels in dump["levels"].items():
            for ref, (available, _) in levels.items():
                units[dump["products"][ref]] += available if not warehouses or place in warehouses else 0
        return units

    def shown(self, shop: str = SHOP) -> dict[str, int | None]:
        """By SKU, what the cart shows."""
        return self.cart.quantities(shop)

    def writes(self, shop: str = SHOP) -> list[Mapping[str, Any]]:
        """The requests to the cart that change stock."""
        return [entry for entry in self.cart.requests() if entry["path"] == f"/shops/{shop}/stock"]

    def reads(self, part: str) -> list[Mapping[str, Any]]:
        """The requests to the WMS whose path has `part`."""
        return [entry for entry in self.wms.requests() if part in entry["path"]]

    def sold_out(self) -> list[str]:
        """SKUs without any stock."""
        return [sku for sku, quantity in self.stock().items() if quantity == 0]

    def in_stock(self) -> list[str]:
        """SKUs with stock."""
        return [sku for sku, quantity in self.stock().items() if quantity > 0]


@contextmanager
def town(
    folder: Path,
    products: int = 40,
    mode: Mode | None = None,
    *,
    deadline: float = 5.0,
    warehouses: int = 4,
    shops: Sequence[str] = (),
    **cart: Any,
) -> Iterator[Town]:
    """A town whose stock was never pulled. `shops` are further ones, `cart` settings of the cart of the first."""
    with (
        sandbox_wms(products, warehouses=warehouses) as wms,
        sandbox_cart(products, shops=dict.fromkeys([SHOP, *shops], mode or Mode())) as carts,
    ):
        bench = Bench.make(folder)
        bench.add_merchant(wms.connection())
        yield Town(wms, carts, bench, bench.add_cart(carts.connection(SHOP, deadline), **cart))
        every_push_comes_out_again(bench)
        every_number_is_recomputed(bench)
        bench.store.close()


def every_push_comes_out_again(bench: Bench) -> None:
    """Whatever a test did: each push that kept what it knew decides the same again."""
    sql = (
        "SELECT DISTINCT d.run_id FROM decision_record AS d JOIN run AS r ON r.id = d.run_id "
        "JOIN cart AS c ON c.id = r.key WHERE r.settings <> ''"  # runs of a cart that is gone are out of sight
    )
    for (run_id,) in bench.store.read(sql):
        again = replay(bench.session(), run_id)
        assert again.identical, (run_id, again.lines)
