"""Orders, drift checks and undo on each cart, and with each WMS that a shop's orders reach: Vendure, Medusa, Odoo and Tryton are
real, Shopify and WooCommerce strict fakes.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import pytest

from invsync_tui.connectors.base import Connection
from invsync_tui.operations.plans import plans, undo
from invsync_tui.operations.runs import request as run_request
from invsync_tui.sync.listings import drift_check
from tests.support.connectors.spoiling_proxy import SpoilingProxy
from tests.support.runs.cart_shops import SYSTEMS, Shop, running
from tests.support.runs.drift_looks import look_at
from tests.support.runs.sandbox_world import hurry
from tests.support.runs.wms_systems import REAL_SERVERS, Odoo, Tryton
from tests.support.servers.sandbox import WmsHandle, sandbox_wms
from tests.support.servers.tryton.server import tryton_server
from tests.support.servers.vendure.server import vendure_server
from tests.support.stores.merchant_store import Bench

__all__ = ["tryton_server", "vendure_server"]
"""Servers of their own: products and variants of other tests on a shared one have the same codes."""

LISTINGS = 8


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorter waits; what was just written is not taken for lagging; no worker of its own."""
    hurry(monkeypatch)
    monkeypatch.setattr(drift_check, "LAG", 0)
    monkeypatch.setattr(run_request, "ensure_worker", lambda session: False)


class Source(Protocol):
    """A WMS whose stock a test changes."""

    def connection(self) -> Connection: ...

    def set(self, sku: str, units: int) -> None: ...


class East:
    """One warehouse of the sandbox."""

    def __init__(self, wms: WmsHandle) -> None:
        self._wms = wms

    def connection(self) -> Connection:
        return self._wms.connection()

    def set(self, sku: str, units: int) -> None:
        self._wms.set_level(sku, "EAST", units)


class Life:
    """A shop, its WMS and a store, after the first push."""

    def __init__(self, shop: Shop, wms: Source, folder: Path) -> None:
        self.shop, self.wms, self.bench = shop, wms, Bench.make(folder)
        self.place = shop.places[0]
        self.cart = 0

    async def begin(self, skus: list[str], *, orders_within: int = 900, **cart: Any) -> None:
        self.bench.add_merchant(self.wms.connection(), orders_within=orders_within)
        assert (await self.bench.pull()).state == "done"
        self.shop.one_place = True
        self.shop.add(skus)
        connection = replace(self.shop.connection(self.shop.url, self.place), deadline=20.0)
        self.cart = self.bench.add_cart(connection, **cart)
        await self.set_stock(20)

    async def set_stock(self, first: int, but: str = "") -> int:
        """Other numbers for all listings but one, in the WMS and in the shop; the run that set them."""
        for n, sku in enumerate(self.shop.refs):
            if sku != but:
                self.wms.set(sku, first + n)
        assert (await self.bench.pull()).state == "done"
        return await self.push()

    async def push(self) -> int:
        run = await self.bench.push(self.cart, full=True)
        assert (run.state, run.error) == ("done", "")
        return run.id

    def shown(self) -> dict[str, int | None]:
        return self.shop.shown(self.place)

    def ends_well(self) -> None:
        assert self.shop.violations() == []
        assert self.bench.sums_hold()
        self.bench.store.close()


def _skus(wms: WmsHandle) -> list[str]:
    return sorted(wms.dump()["products"].values())[:LISTINGS]


@pytest.mark.drives("orders", "drift", "undo")
@pytest.mark.parametrize("system", SYSTEMS)
async def test_orders_drift_and_undo(request: pytest.FixtureRequest, tmp_path: Path, system: str) -> None:
    with running(system, tmp_path, request) as shop, sandbox_wms(LISTINGS + 2, warehouses=3) as wms:
        life = Life(shop, East(wms), tmp_path)
        await life.begin(_skus(wms), warehouses=["EAST"])
        ordered, edited, counted, bought, *_ = shop.refs
        await _an_order_is_subtracted_once(life, ordered)
        await _what_somebody_edited_is_told(life, edited)
        await _an_undone_push_leaves_what_was_changed_since(life, counted, bought, but=ordered)
        life.ends_well()


@pytest.mark.drives("orders", "drift", "undo")
@pytest.mark.parametrize("system", REAL_SERVERS)
async def test_orders_drift_and_undo_of_a_source(request: pytest.FixtureRequest, tmp_path: Path, system: str) -> None:
    with running("woocommerce", tmp_path, request) as shop:
        skus = [f"THREAD-{n}" for n in range(LISTINGS)]
        server = request.getfixturevalue("odoo" if system == "odoo" else "tryton_server")
        proxy = SpoilingProxy(server.url)
        await proxy.start()
        life = Life(shop, (Odoo if system == "odoo" else Tryton)(proxy, dict.fromkeys(skus, 5), server), tmp_path)
        await life.begin(skus, orders_within=0)
        ordered, edited, counted, bought, *_ = shop.refs
        await _an_order_that_the_wms_gets_to_know_is_subtracted_once(life, ordered)
        await _what_somebody_edited_is_told(life, edited)
        await _an_undone_push_leaves_what_was_changed_since(life, counted, bought, but=ordered)
        life.ends_well()
        await proxy.stop()


async def _an_order_that_the_wms_gets_to_know_is_subtracted_once(life: Life, sku: str) -> None:
    """A document of the WMS takes the same units: they are not taken off again, and nothing is put back."""
    before = life.shop.for_sale(sku)
    life.shop.order(sku, 3)
    await life.push()
    assert life.shop.for_sale(sku) == before - 3
    await asyncio.sleep(1.1)  # times of orders are whole seconds
    life.wms.set(sku, before - 3)
    assert (await life.bench.pull()).state == "done"
    await life.push()
    assert life.shop.for_sale(sku) == before - 3


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
