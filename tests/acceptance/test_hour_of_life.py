"""An hour in the life of a shop, on a real Tryton and a real Vendure, in virtual time.

Levels change, orders come and reach the WMS a little later, the service restarts, the clock jumps a day ahead and back,
and an operator works in the control room. After each period the shop shows what a clerk works out from his own notes.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from invsync_tui import clock
from invsync_tui.connectors.base import Connection, ListingRow, OrderLine, Page
from invsync_tui.connectors.carts.vendure import VendureCart
from invsync_tui.store.settings import schedule
from invsync_tui.sync.worker import Worker
from invsync_tui.tui.app import control_room
from invsync_tui.tui.store_connection import StoreConnection
from tests.support.screens.control_room import QUICK, Driver
from tests.support.screens.settings_screens import save, sheet
from tests.support.servers.tryton.server import Seeded
from tests.support.servers.vendure.server import VendureServer
from tests.support.stores.merchant_store import Bench

pytestmark = [pytest.mark.real, pytest.mark.slow]

PERIOD = 300
"""Seconds between scheduled downloads."""
PERIODS = 12
SOON = 30
"""Seconds before a download in which things happen: less than orders are given to reach the WMS."""
DAY = 86_400
SETTLES_WITHIN = 60.0
"""Real seconds that a period may take; about 2 on an idle machine."""
JUMP_AT, RESTART_AT, OPERATOR_AT = 4, (2, 8), 6
MINIMUM = 6


class Clocks:
    """The real clocks, moved on by hand."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.passed = self.ahead = 0.0
        patch.setattr(clock, "now", lambda: time.time() + self.passed + self.ahead)
        patch.setattr(clock, "elapsed", lambda: time.monotonic() + self.passed)


class ShopClock:
    """Lets the shop's clock go by virtual time as well: the server itself keeps the real one."""

    def __init__(self, patch: pytest.MonkeyPatch, clocks: Clocks) -> None:
        self.placed: dict[str, int] = {}
        """By order id, when it was placed by the shop's clock."""
        self._clocks = clocks
        orders, page = VendureCart.orders_since, VendureCart.listings_page

        async def orders_since(cart: VendureCart, since: int) -> Sequence[OrderLine]:
            lines = await orders(cart, since - int(clocks.passed))
            told = [line._replace(taken_at=self.placed.get(line.order_ref, line.taken_at)) for line in lines]
            return [line for line in told if line.taken_at > since]

        async def listings_page(cart: VendureCart, cursor: str | None, since: int | None = None) -> Page[ListingRow]:
            return await page(cart, cursor, None if since is None else since - int(clocks.passed))

        async def clock_offset(_: VendureCart) -> float:
            return -clocks.ahead

        patch.setattr(VendureCart, "orders_since", orders_since)
        patch.setattr(VendureCart, "listings_page", listings_page)
        patch.setattr(VendureCart, "clock_offset", clock_offset)

    def note(self, order: str) -> None:
        """An order was placed just now."""
        self.placed[order] = int(time.time() + self._clocks.passed)


class Clerk:
    """What somebody with a pencil knows: what lies where, what is reserved, which orders are not in the WMS yet."""

    def __init__(self) -> None:
        self.stock: dict[tuple[str, str], int] = {}
        self.reserved: Counter[str] = Counter()
        self.waiting: Counter[str] = Counter()
        """Units ordered in the shop that the WMS does not know."""
        self.allocated: Counter[str] = Counter()
        """Units that the shop holds back for its open orders."""
        self.minimum = 0

    def shop_should_hold(self, sku: str) -> int:
        """On hand in the shop: what may be sold, and what its own orders wait for."""
        free = sum(n for (known, _), n in self.stock.items() if known == sku) - self.reserved[sku] - self.waiting[sku]
        sellable = max(0, free) if free >= self.minimum else 0
        return sellable + self.allocated[sku]


class Hour:
    """The merchant, its shop, the service, and the clerk who watches."""

    def __init__(
        self, bench: Bench, tryton: Seeded, vendure: VendureServer, clocks: Clocks, shop_clock: ShopClock
    ) -> None:
        self.bench, self.tryton, self.vendure = bench, tryton, vendure
        self.clocks, self.shop_clock = clocks, shop_clock
        self.clerk = Clerk()
        self.random = random.Random(7)
        self.products = {"MUG-RED": tryton.red, "MUG-BLUE": tryton.blue}
        made = vendure.create_variants([*self.products], stock=77)
        self.variants = dict(zip(self.products, made, strict=True))
        self.cart = 0
        self._service: Worker | None = None
        self._task: asyncio.Task[None] | None = None

    # --- the service ---------------------------------------------------------------------------------------------

    def start(self) -> None:
        self._service = Worker(self.bench.store)
        self._task = asyncio.create_task(self._service.run_forever())

    async def stop(self) -> None:
        if self._service is not None and self._task is not None:
            self._service.stop()
            await asyncio.wait_for(self._task, SETTLES_WITHIN)

    async def settled(self, after: int) -> None:
        """Until the period's download has ended, and the push behind it, and nothing is left to do."""
        until = time.monotonic() + SETTLES_WITHIN
        while not self._is_settled(after):
            assert time.monotonic() < until, [
                tuple(row) for row in self.bench.store.read("SELECT id, kind, state, error FROM run ORDER BY id DESC")
            ][:6]
            if self._task is not None and self._task.done():
                self._task.result()
            await asyncio.sleep(0.05)

    def _is_settled(self, after: int) -> bool:
        waiting = self.bench.one(
            "SELECT count(*) FROM run WHERE merchant_id = ? AND state IN ('requested', 'running', 'cancelling')",
            self.bench.merchant,
        )
        return waiting == 0 and self.newest_pull() > after

    def newest_pull(self) -> int:
        return int(
            self.bench.one(
                "SELECT coalesce(max(id), 0) FROM run WHERE kind = 'pull' AND key = ? AND state = 'done'",
                self.bench.merchant,
            )
        )

    # --- what happens --------------------------------------------------------------------------------------------

    def count_stock(self) -> None:
        """The warehouse counts a shelf."""
        sku = self.random.choice([*self.products])
        place, name = self.random.choice([(self.tryton.east, "east"), (self.tryton.west, "west")])
        units = self.random.randrange(20, 60)
        self.tryton.server.set_stock(self.products[sku], place, units)
        self.clerk.stock[sku, name] = units

    def customer_orders(self) -> None:
        sku, units = self.random.choice([*self.products]), self.random.randrange(1, 4)
        self.shop_clock.note(self.vendure.place_order(self.variants[sku], units))
        self.clerk.waiting[sku] += units
        self.clerk.allocated[sku] += units

    def orders_reach_the_wms(self) -> None:
        for sku, units in self.clerk.waiting.items():
            if units:
                self.tryton.server.reserve(self.products[sku], self.tryton.east, units)
                self.clerk.reserved[sku] += units
        self.clerk.waiting.clear()

    def shows(self) -> dict[str, int | None]:
        return {sku: self.vendure.stock(variant) for sku, variant in self.variants.items()}

    def expected(self) -> dict[str, int | None]:
        return {sku: self.clerk.shop_should_hold(sku) for sku in self.products}

    def states(self) -> Counter[str]:
        """How the merchant's runs ended."""
        return Counter(
            row[0]
            for row in self.bench.store.read("SELECT state FROM run WHERE merchant_id = ?", (self.bench.merchant,))
        )


@asynccontextmanager
async def control_room_of(bench: Bench) -> AsyncIterator[Driver]:
    app = control_room(StoreConnection(bench.store.path), QUICK)
    async with app.run_test(size=(80, 24)) as pilot:
        driver = Driver(app, pilot)
        await driver.sees("Demo")
        yield driver
    app.close_store()


async def _change_minimum(driver: Driver, value: int) -> None:
    """What an operator types: to the cart's setup, to Minimum Inventory Level, the number, save."""
    await driver.press("colon", *"setup Web shop", "enter")
    await driver.sees("Inventory Upload Service")
    for _ in range(40):
        if sheet(driver).field == "minimum":
            break
        await driver.press("down")
    await driver.press("enter", "ctrl+u", *str(value), "enter")
    await save(driver)
    await driver.until(lambda: "Saved." in driver.notice())


@pytest.fixture
async def hour(
    tryton: Seeded, vendure: VendureServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Hour]:
    bench = Bench.make(tmp_path, alone=True)
    bench.add_merchant(tryton.server.connection(), orders_within=60)
    clocks = Clocks(monkeypatch)
    made = Hour(bench, tryton, vendure, clocks, ShopClock(monkeypatch, clocks))
    secret = tmp_path / "vendure-secret"
    secret.touch(mode=0o600)
    secret.write_text(vendure.password)
    shop = Connection("shop", "vendure", vendure.url, vendure.login, f"file:{secret}", {"location": "East"}, 20.0)
    made.cart = bench.add_cart(shop, name="Web shop", observe_every=60)
    for sku in made.products:
        for place, name in ((tryton.east, "east"), (tryton.west, "west")):
            tryton.server.set_stock(made.products[sku], place, 40)
            made.clerk.stock[sku, name] = 40
    made.clerk.reserved["MUG-BLUE"] = 4  # the shipment of the seed
    yield made
    await made.stop()
    bench.store.close()


async def test_every_period_the_shop_shows_what_a_clerk_works_out(hour: Hour) -> None:
    # given a first push that was looked at, and a download every five minutes
    assert (await hour.bench.pull()).state == "done"
    assert (await hour.bench.push(hour.cart)).state == "done"
    assert hour.shows() == hour.expected()
    with hour.bench.store.transaction() as tx:
        schedule.put(tx, "pull", hour.bench.merchant, PERIOD, 0, clock.seconds() + PERIOD)
    hour.start()
    for period in range(PERIODS):
        # when five minutes pass, in which the warehouse works and customers buy
        before = hour.newest_pull()
        hour.clocks.passed += PERIOD - SOON
        hour.orders_reach_the_wms()
        hour.count_stock()
        hour.customer_orders()
        if period in RESTART_AT:
            await hour.stop()
            hour.start()
        hour.clocks.ahead = DAY if period == JUMP_AT else 0.0
        if period == OPERATOR_AT:
            async with control_room_of(hour.bench) as driver:
                await _change_minimum(driver, MINIMUM)
            hour.clerk.minimum = MINIMUM
        hour.clocks.passed += SOON
        await hour.settled(before)
        if period == OPERATOR_AT:  # changed rules wait for a look
            (held,) = hour.bench.store.read("SELECT id FROM our_run WHERE kind = 'push' AND state = 'held'")
            hour.bench.release(held[0])
            await hour.settled(before)
        # then
        assert hour.shows() == hour.expected(), f"period {period}"
    # and every run was wanted, ended well and adds up
    assert set(hour.states()) == {"done"}
    pulls = hour.bench.one("SELECT count(*) FROM run WHERE kind = 'pull' AND merchant_id = ?", hour.bench.merchant)
    assert PERIODS + 1 <= pulls <= PERIODS + 3, "one a period, and at most one more for each jump of the clock"
    assert hour.bench.sums_hold()
