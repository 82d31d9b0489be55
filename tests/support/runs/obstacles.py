"""What the tests of obstacles share: time that passes with its scheduled runs, an operator, and whether the cart is right."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from invsync_tui import clock
from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.sources.sandbox import SandboxSource
from invsync_tui.operations.diagnosis.doctor import doctor
from invsync_tui.operations.diagnosis.why import WhyListing
from invsync_tui.operations.merchants import overview
from invsync_tui.operations.runs import request as run_request
from invsync_tui.operations.runs import runs
from invsync_tui.operations.session import Session
from invsync_tui.operations.settings import merchants
from invsync_tui.rules.merchant_checks import Verdict
from invsync_tui.sandbox import cart, service, shop, wms
from invsync_tui.sandbox.shop import Mode
from invsync_tui.store.runs.records import RunRow
from invsync_tui.sync.worker import Worker
from tests.support.runs.sandbox_records import change_levels
from tests.support.runs.sandbox_world import SHOP, Town, town
from tests.support.runs.why_check import EXPLAINS, SETTLED
from tests.support.runs.why_check import told as of_listing

PERIOD = 900
"""Seconds between scheduled downloads."""
A_WHILE = PERIOD + 120
"""Seconds: a download is due, the cart's changes are read again, and orders have reached the WMS."""
WHY = "a test"
NAME = "Demo"
CART = "Demo Cart"


def product_of(listing_ref: str) -> str:
    """The WMS's reference of the product that a listing was made for, by the references alone."""
    return listing_ref.replace("L", "P", 1)


class Clocks:
    """The clocks of this program and of both servers, which are moved on by hand; they go on by themselves as well."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.passed = 0.0
        moved = SimpleNamespace(time=lambda: time.time() + self.passed, monotonic=time.monotonic)
        for module in (cart, service, shop, wms):
            patch.setattr(module, "time", moved)
        patch.setattr(clock, "now", lambda: time.time() + self.passed)
        patch.setattr(clock, "elapsed", lambda: time.monotonic() + self.passed)


class Life:
    """A merchant with one cart, a schedule that goes on, and somebody who works with it."""

    def __init__(self, our_town: Town, clocks: Clocks) -> None:
        self.town = our_town
        self.clocks = clocks
        self.bench = our_town.bench
        self.cart_id = our_town.cart_id

    @property
    def session(self) -> Session:
        return self.bench.session()

    # --- the sandbox's side

    def listing(self, sku: str, shop_name: str = SHOP) -> dict[str, Any]:
        """As the cart has it."""
        return next(dict(listing) for listing in self.town.cart.dump()[shop_name] if listing["sku"] == sku)

    def sells(self, shop_name: str = SHOP) -> dict[str, int | None]:
        """By SKU, units that the cart offers: what it shows less what its own orders hold back."""
        quantities = {}
        for listing in self.town.cart.dump()[shop_name]:
            quantities[listing["sku"]] = (
                None if listing["quantity"] is None else listing["quantity"] - listing["allocated"]
            )
        return quantities

    def units(self, ref: str) -> int:
        """What the WMS has of a product, by its reference there."""
        return sum(levels[ref][0] for levels in self.town.wms.dump()["levels"].values() if ref in levels)

    def stock(self) -> dict[str, int]:
        """By the code of each listing that the cart began with, what the WMS has of its product."""
        first = [listing for listing in self.town.cart.dump()[SHOP] if listing["ref"].startswith("L")]
        return {listing["sku"]: self.units(product_of(listing["ref"])) for listing in first}

    def counts(self, sku: str, **units: int) -> None:
        """The WMS counts a product: units by warehouse, nothing in the others."""
        for place in ("DEFAULT", "EAST", "WEST", "NORTH"):
            self.town.wms.set_level(sku, place, units.get(place.lower(), 0))

    def sell(self, sku: str, units: int) -> str:
        """A shopper buys; the order's number."""
        answer = self.town.cart.control("order", {"shop": SHOP, "ref": self.listing(sku)["ref"], "units": units})
        return str(answer["order"])

    def wms_takes(self, sku: str, units: int) -> None:
        """The WMS has an order: these units are no longer available in EAST."""
        dump = self.town.wms.dump()
        ref = next(ref for ref, code in dump["products"].items() if code == sku)
        self.town.wms.set_level(sku, "EAST", dump["levels"]["wh-1"][ref][0] - units)

    def ship(self, sku: str, units: int) -> None:
        self.town.cart.control("ship", {"shop": SHOP, "ref": self.listing(sku)["ref"], "units": units})

    # --- the program's side

    def id_of(self, sku: str) -> int:
        """The listing's number."""
        rows = self.bench.store.read(
            "SELECT id FROM listing WHERE cart_id = ? AND sku = ? AND gone_at IS NULL", (self.cart_id, sku)
        )
        assert len(rows) == 1, (sku, rows)
        return int(rows[0][0])

    def told(self, sku: str) -> WhyListing:
        """What `why` says of a listing."""
        return of_listing(self.bench, self.cart_id, self.listing(sku)["ref"])

    def causes(self, sku: str) -> set[str]:
        """What `why` names as the causes of a listing."""
        return {cause.value for cause in self.told(sku).causes}

    def set_merchant(self, **given: str) -> None:
        merchants.change(self.session, NAME, {key.replace("_", "-"): text for key, text in given.items()})

    def set_cart(self, *, warehouses: list[str] | None = None, options: tuple[str, ...] = (), **given: str) -> None:
        from invsync_tui.operations.settings import carts

        texts = {key.replace("_", "-"): text for key, text in given.items()}
        carts.change(self.session, CART, texts, options, warehouses, merchant=NAME, reason=WHY)

    async def goes_on(self, rounds: int = 1, seconds: int = A_WHILE) -> None:
        """Time passes, and everything that is due runs."""
        for _ in range(rounds):
            self.clocks.passed += seconds
            await Worker(self.bench.store).run_until_idle(0.0)

    async def is_requested(self) -> None:
        """An operator starts a sync of the merchant."""
        run_request.request(self.session, self.bench.merchant)
        await self.bench.work()

    def held(self) -> list[int]:
        """Runs that wait for an operator."""
        return [row[0] for row in self.bench.store.read("SELECT id FROM our_run WHERE state = 'held' ORDER BY id")]

    async def is_released(self, *groups: str) -> RunRow:
        """An operator lets the one held run go."""
        (run_id,) = self.held()
        runs.release(self.session, run_id, WHY, groups)
        await self.bench.work()
        return self.bench.run(run_id)

    def last_push(self) -> RunRow:
        return self.bench.run(
            self.bench.one("SELECT max(id) FROM our_run WHERE kind = 'push' AND key = ?", self.cart_id)
        )

    # --- whether all is well

    def shows(self, expected: Mapping[str, int], *, causes: Collection[str] = ()) -> None:
        """The cart sells exactly this, nothing is named as the cause of another number, and nobody is waited for.

        `told` are checks of the doctor that rightly fail.
        """
        assert self.sells() == expected
        for listing in self.town.cart.dump()[SHOP]:
            line = of_listing(self.bench, self.cart_id, listing["ref"])
            assert set(line.causes) <= EXPLAINS, (listing, line)
            assert line.outcome in SETTLED, (listing, line)
            assert (line.target, line.drift) == (expected[listing["sku"]], None), (listing, line)
        self._nothing_waits()
        checkup = doctor(self.session, self.bench.merchant, self.cart_id)
        assert [group for group in checkup.groups if group.cause not in EXPLAINS] == []
        failed = {check.id: check for check in checkup.checks if check.verdict is Verdict.FAIL}
        assert {name for name in failed if not name.startswith("service.")} == set(causes), failed
        assert self.bench.sums_hold()

    def _nothing_waits(self) -> None:
        open_runs = "SELECT id, kind, state FROM our_run WHERE state NOT IN ('done', 'failed', 'cancelled')"
        assert [tuple(row) for row in self.bench.store.read(open_runs)] == []
        unexplained = (
            "SELECT sku, outcome, reason FROM listing WHERE cart_id = ? AND gone_at IS NULL "
            "AND (pending <> 0 OR heal <> 0 OR inflight IS NOT NULL)"
        )
        assert [tuple(row) for row in self.bench.store.read(unexplained, (self.cart_id,))] == []
        ours = next(row for row in overview.overview(self.session).merchants if row.name == NAME)
        assert ours.problems == ()


def without_reading_times(patch: pytest.MonkeyPatch) -> None:
    """A WMS that does not say when it read its levels: a download that changes nothing is all that confirms them."""
    capabilities = SandboxSource.__init__
    change_levels(patch, lambda record: {**record, "read_at": None})

    def made(self: SandboxSource, connection: Connection) -> None:
        capabilities(self, connection)
        self.capabilities = replace(self.capabilities, reports_reading_time=False)

    patch.setattr(SandboxSource, "__init__", made)


@asynccontextmanager
async def life(folder: Path, patch: pytest.MonkeyPatch, mode: Mode | None = None, **given: Any) -> AsyncIterator[Life]:
    """A life whose cart shows what the WMS has. A cart that counts on hand holds an order back that the WMS has too."""
    patch.setattr(run_request, "ensure_worker", lambda session: False)
    mode = mode or Mode()
    with town(folder, products=20, mode=mode, **given) as our_town:
        our_life = Life(our_town, Clocks(patch))
        our_life.set_merchant(every=f"{PERIOD}s")
        await our_life.goes_on()
        await our_life.is_released()
        if mode.basis == "on_hand":
            sku = our_town.in_stock()[-1]
            our_life.sell(sku, 1)
            our_life.wms_takes(sku, 1)
            await our_life.goes_on()
        our_life.shows(our_life.stock())
        yield our_life
