"""Orders, drift checks and undo on each cart: real Vendure and Medusa, strict fakes of Shopify and WooCommerce."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from invsync_tui.operations.plans import plans, undo
from invsync_tui.operations.runs import request as run_request
from invsync_tui.sync.listings import drift_check
from tests.support.runs.cart_shops import SYSTEMS, Shop, running
from tests.support.runs.drift_looks import look_at
from tests.support.runs.sandbox_world import hurry
from tests.support.servers.sandbox import WmsHandle, sandbox_wms
from tests.support.servers.vendure.server import vendure_server
from tests.support.stores.merchant_store import Bench

__all__ = ["vendure_server"]
LISTINGS = 8


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorter waits; what was just written is not taken for lagging; no worker of its own."""
    hurry(monkeypatch)
    monkeypatch.setattr(drift_check, "LAG", 0)
    monkeypatch.setattr(run_request, "ensure_worker", lambda session: False)


class Life:
    """A shop, its WMS and a store, after the first push."""

    def __init__(self, shop: Shop, wms: WmsHandle, folder: Path) -> None:
        self.shop, self.wms, self.bench = shop, wms, Bench.make(folder)
        self.place = shop.places[0]
        self.cart = 0

    async def begin(self) -> None:
        self.bench.add_merchant(self.wms.connection())
        assert (await self.bench.pull()).state == "done"
        self.shop.add(sorted(self.wms.dump()["products"].values())[:LISTINGS])
        connection = replace(self.shop.connection(self.shop.url, self.place), deadline=20.0)
        self.cart = self.bench.add_cart(connection, warehouses=["EAST"])
        await self.set_stock(20)

    async def set_stock(self, first: int, but: str = "") -> int:
        """Other numbers for all listings but one, in the WMS and in the shop; the run that set them."""
        for n, sku in enumerate(self.shop.refs):
            if sku != but:
                self.wms.set_level(sku, "EAST", first + n)
        assert (await self.bench.pull()).state == "done"
        return await self.push()

    async def push(self) -> int:
        run = await self.bench.push(self.cart, full=True)
        assert (run.state, run.error) == ("done", "")
        return run.id

    def shown(self) -> dict[str, int | None]:
        return self.shop.shown(self.place)


@pytest_asyncio.fixture
async def life(request: pytest.FixtureRequest, tmp_path: Path, system: str) -> AsyncIterator[Life]:
    with running(system, tmp_path, request) as shop, sandbox_wms(LISTINGS + 2, warehouses=3) as wms:
        shop.one_place = True
        made = Life(shop, wms, tmp_path)
        await made.begin()
        yield made
        assert shop.violations() == []
        assert made.bench.sums_hold()
        made.bench.store.close()


@pytest.mark.drives("orders", "drift", "undo")
@pytest.mark.parametrize("system", SYSTEMS)
async def test_orders_drift_and_undo(life: Life, system: str) -> None:
    ordered, edited, counted, bought, *_ = life.shop.refs
    await _an_order_is_subtracted_once(life, ordered)
    await _what_somebody_edited_is_told(life, edited)
    await _an_undone_push_leaves_what_was_changed_since(life, counted, bought, but=ordered)


async def _an_order_is_subtracted_once(life: Life, sku: str) -> None:
    """The shop takes it off at once, and a reading of the WMS that does not know it yet does not put it back."""
    before = life.shop.for_sale(sku)
    life.shop.order(sku, 3)
    assert life.shop.for_sale(sku) == before - 3
    for _ in range(2):
        assert (await life.bench.pull(full=True)).state == "done"
        await life.push()
        assert life.shop.for_sale(sku) == before - 3


async def _what_somebody_edited_is_told(life: Life, sku: str) -> None:
    """More than there is: the drift check says so, and names no other listing."""
    quiet = await look_at(life.bench, life.cart)
    assert (quiet.state, life.bench.reasons(quiet)) == ("done", {})
    right = life.shown()[sku]
    assert right is not None
    life.shop.edit(sku, right + 500)
    found = await look_at(life.bench, life.cart)
    assert (found.state, life.bench.reasons(found)) == ("done", {"OVERSELL": 1})
    assert life.bench.listings(life.cart)[sku]["observed"] == right + 500
    life.shop.edit(sku, right)
    again = await look_at(life.bench, life.cart)
    assert (again.state, life.bench.reasons(again)) == ("done", {})


async def _an_undone_push_leaves_what_was_changed_since(life: Life, counted: str, bought: str, but: str) -> None:
    before = life.shown()
    run = await life.set_stock(200, but=but)
    assert life.bench.counts(life.bench.run(run))["set"] == LISTINGS - 1
    life.shop.edit(counted, 3)
    life.shop.order(bought, 1)
    now = life.shown()
    remedy = undo.undo(life.bench.session(), run, "wrong shop")
    applied = plans.apply(life.bench.session(), remedy.plan, "wrong shop")
    await life.bench.work()
    done = life.bench.run(applied.run)
    assert (done.state, done.error) == ("done", "")
    assert life.shown() == before | {counted: now[counted], bought: now[bought]}
    assert life.bench.reasons(done) == {"CHANGED_SINCE": 2}
    after = life.shown()
    await life.bench.push(life.cart, full=True)  # the cart is frozen
    assert life.shown() == after
