"""The whole way from a WMS to each cart, with faults on it: every listing ends with its number or a reason, the shop's own
journal shows that nothing was set twice, and a last push sends nothing.

Vendure and Medusa are real servers behind a proxy that makes the faults, Shopify and WooCommerce strict fakes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from invsync_tui.connectors.carts import medusa, shopify, vendure, woocommerce
from invsync_tui.kit.proxy import Fault, Proxy
from invsync_tui.rules.outcomes import Outcome, Reason
from invsync_tui.store.runs.records import RunRow
from tests.support.runs.cart_shops import SYSTEMS, UNTOUCHED, Shop, running
from tests.support.runs.long_waits import goes_on_in_an_hour
from tests.support.runs.sandbox_world import every_push_comes_out_again, hurry
from tests.support.runs.why_check import every_number_is_recomputed
from tests.support.servers.sandbox import WmsHandle, sandbox_wms
from tests.support.servers.vendure.server import vendure_server
from tests.support.stores.merchant_store import Bench

__all__ = ["vendure_server"]
"""Servers of their own: products and variants of other tests on a shared one have the same codes."""

DEADLINE = 4.0
"""Seconds; a batch whose answer is lost is looked at when its request cannot be on its way any more."""
PRODUCTS, LISTINGS, CHANGED = 12, 10, 8
BATCH = 4
MODULES = {"vendure": vendure, "medusa": medusa, "shopify": shopify, "woocommerce": woocommerce}


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorter waits, and more than one batch for a few listings."""
    hurry(monkeypatch)
    for module in MODULES.values():
        monkeypatch.setattr(module, "CAPABILITIES", replace(module.CAPABILITIES, max_batch=BATCH))


@pytest.fixture
def shop(request: pytest.FixtureRequest, tmp_path: Path, system: str) -> Iterator[Shop]:
    with running(system, tmp_path, request) as made:
        yield made


@dataclass
class Thread:
    """One life of a shop: what it is to show, and how often it was to be told so."""

    shop: Shop
    wms: WmsHandle
    bench: Bench
    proxy: Proxy
    cart: int = 0
    wanted: dict[str, int] = field(default_factory=dict)
    """By SKU, what the listings at the first location are to show."""
    told: Counter[str] = field(default_factory=Counter)
    """By SKU, how many different quantities the shop was to take."""
    number: int = 0
    fault: Fault | None = None
    pending: list[Callable[[], object]] = field(default_factory=list)

    def set_stock(self, skus: list[str], warehouse: str = "EAST") -> dict[str, int]:
        """Another stock for some products; no number comes twice."""
        self.number += 100
        stock = {sku: self.number + place for place, sku in enumerate(skus)}
        for sku, units in stock.items():
            self.wms.set_level(sku, warehouse, units)
        self.told.update(stock.keys())
        return stock

    async def change(self) -> None:
        """Another stock for most of the listings, in the store."""
        self.wanted |= self.set_stock(list(self.wanted)[:CHANGED])
        assert (await self.bench.pull()).state == "done"

    def meet(self, fault: Fault | None, *, times: int = 1, first: Callable[[], object] = lambda: None) -> None:
        """Let the next writes meet a fault, or none; `first` happens while the first of them is on its way."""
        self.fault, self.pending = fault, [first]

        def meets(method: str, path: str) -> bool:
            head, _, body = self.proxy.request.partition(b"\r\n\r\n")
            if self.shop.writes_by not in head.split(b"\r\n", 1)[0] + body:
                return False
            while self.pending:
                self.pending.pop()()
            return fault is not None

        self.proxy.let(fault or Fault.CLOSED, times=times, wanted=meets)

    async def push(self) -> RunRow:
        """A push that ends well, whatever it met."""
        run = await self.bench.push(self.cart)
        assert (run.state, run.error) == ("done", ""), self.bench.events(run.id)
        assert not self.pending and (self.fault is None or self.proxy.times == 0), "nothing met the fault"
        return run

    def holds(self, place: str | None = None) -> None:
        """Every listing is explained, none was set twice, and none shows anything but its number."""
        rows = self.bench.listings(self.cart)
        for sku, row in rows.items():
            assert row["outcome"], sku
            assert row["outcome"] in (Outcome.SET, Outcome.EQUAL) or row["reason"], sku
        shown = self.shop.shown(place or self.shop.places[0])
        assert {sku: shown.get(sku) for sku in self.wanted} == self.wanted
        assert {sku: self.shop.journal()[sku] for sku in self.wanted} == {sku: self.told[sku] for sku in self.wanted}
        assert self.shop.violations() == []


async def _first_push(thread: Thread) -> None:
    """The first one is told that there are too many requests, in the vendor's own form where there is one."""
    thread.wanted = thread.set_stock(list(thread.shop.refs))
    assert (await thread.bench.pull()).state == "done"
    if thread.shop.throttle():
        await thread.push()
    else:
        thread.meet(Fault.THROTTLED, times=2)
        await thread.push()
        thread.holds()
        await thread.change()
        thread.meet(Fault.BUSY, times=2)
        await thread.push()
    thread.holds()


async def _faults_on_the_way(thread: Thread) -> None:
    """A server that is down for a moment, one that is slow, a lost answer, a batch that is too large."""
    for fault in (Fault.UNAVAILABLE, Fault.SLOW, Fault.LOST, Fault.TOO_LARGE):
        await thread.change()
        thread.meet(fault)
        run = await thread.push()
        thread.holds()
        halves = any("sent in halves" in event for event in thread.bench.events(run.id))
        assert halves is (fault is Fault.TOO_LARGE)


async def _refused_rows(thread: Thread) -> None:
    """A listing that is deleted in between, and one whose row is refused, cost no other."""

    def remove(sku: str) -> Reason:
        thread.shop.remove(sku)
        return Reason.NOT_IN_CART

    removed, spoiled = list(thread.wanted)[1:3]
    await _refused_row(thread, removed, remove)
    await _refused_row(thread, spoiled, thread.shop.spoil)


async def _refused_row(thread: Thread, sku: str, spoil: Callable[[str], Reason]) -> None:
    await thread.change()
    del thread.wanted[sku]
    reasons: list[Reason] = []
    thread.meet(None, first=lambda: reasons.append(spoil(sku)))
    run = await thread.push()
    assert thread.bench.reasons(run).get(reasons[0].value)
    assert thread.bench.listings(thread.cart)[sku]["reason"] == reasons[0].value
    thread.holds()


async def _login_ends(thread: Thread) -> None:
    """In the middle of a run: it is renewed, or the run ends, says so, and the next one sets what is left."""
    await thread.change()
    thread.meet(None, first=thread.shop.end_login)
    if not thread.shop.renews_login:
        run = await thread.bench.push(thread.cart)
        assert run.state == "failed" and run.error
        rows = thread.bench.listings(thread.cart)
        assert all(rows[sku]["outcome"] == Outcome.FAILED and rows[sku]["reason"] for sku in list(thread.wanted)[:5])
        thread.shop.restore_login()
        thread.proxy.clear()
    await thread.push()
    thread.holds()


async def _second_location(thread: Thread) -> None:
    """A cart of ours for another location of the same shop sets that, and leaves the first as it is."""
    first, place = thread.shop.places
    assert set(thread.shop.shown(place).values()) == {UNTOUCHED}
    stock = thread.set_stock(list(thread.wanted), "WEST")
    assert (await thread.bench.pull()).state == "done"
    west = replace(thread.shop.connection(thread.proxy.url, place), deadline=DEADLINE)
    other = thread.bench.add_cart(west, name="West", warehouses=["WEST"])
    thread.meet(Fault.LOST)
    run = await thread.bench.push(other)
    assert (run.state, run.error, thread.proxy.times) == ("done", "", 0)
    shown = thread.shop.shown(place)
    assert {sku: shown[sku] for sku in thread.wanted} == stock
    thread.holds(first)


async def _long_wait(thread: Thread, patch: pytest.MonkeyPatch) -> None:
    """A pause of an hour is not waited for: what is left is set by another run when it is over."""
    await thread.change()
    thread.meet(Fault.HOUR)
    run = await thread.bench.push(thread.cart)
    rows = thread.bench.listings(thread.cart)
    assert all(rows[sku]["reason"] == "THROTTLED" for sku in list(thread.wanted)[:3])
    thread.proxy.clear()
    await goes_on_in_an_hour(thread.bench, run, patch)
    thread.holds()


@pytest.mark.drives(
    "long wait", "throttled", "login", "5xx", "slow", "lost", "partial", "oversized", "deleted", "locations"
)
@pytest.mark.parametrize("system", SYSTEMS)
async def test_the_thread_from_a_wms_to_the_cart(
    shop: Shop, tmp_path: Path, system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = Proxy(shop.url, late=DEADLINE + 0.5)
    await proxy.start()
    try:
        with sandbox_wms(PRODUCTS, warehouses=3) as wms:
            bench = Bench.make(tmp_path)
            bench.add_merchant(wms.connection())
            assert (await bench.pull()).state == "done"
            shop.add(sorted(wms.dump()["products"].values())[:LISTINGS])
            thread = Thread(shop, wms, bench, proxy)
            connection = replace(shop.connection(proxy.url, shop.places[0]), deadline=DEADLINE)
            thread.cart = bench.add_cart(connection, warehouses=["EAST"])
            await _first_push(thread)
            await _faults_on_the_way(thread)
            await _login_ends(thread)
            await _refused_rows(thread)
            if len(shop.places) > 1:
                await _second_location(thread)
            await _long_wait(thread, monkeypatch)
            await _ends_quietly(thread)
            bench.store.close()
    finally:
        await proxy.stop()


async def _ends_quietly(thread: Thread) -> None:
    """Nothing is left to be sent, and every number can be told from what is stored."""
    before = thread.shop.journal()
    thread.proxy.clear()
    sent: list[bytes] = []
    thread.meet(None, first=lambda: sent.append(thread.proxy.request))
    for cart in thread.bench.carts.values():
        assert (await thread.bench.push(cart, full=True)).state == "done"
    assert (sent, thread.shop.journal()) == ([], before)
    assert thread.bench.sums_hold()
    every_push_comes_out_again(thread.bench)
    every_number_is_recomputed(thread.bench)
