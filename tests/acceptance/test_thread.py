"""The whole thread on real systems: stock read from a Tryton, through the store and a cart's rules, into a Vendure.

What Vendure shows is read over its own API, and what it should show is worked out by hand from the seed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from invsync_tui.connectors.base import Connection
from tests.support.merchant_store import Bench
from tests.support.servers import tryton as tryton_servers
from tests.support.servers import vendure as vendure_servers
from tests.support.servers.tryton import EAN_BLANK, EAN_RED, SHARED_ALIAS, Seeded
from tests.support.servers.tryton_install import NotAvailableError, installation
from tests.support.servers.vendure import VendureServer

pytestmark = pytest.mark.real

UNTOUCHED = 77
"""The stock that every variant starts with: whatever still shows it was not written."""


@pytest.fixture(scope="module")
def tryton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    """A Tryton of its own, since these tests change its stock."""
    try:
        server = tryton_servers.start(installation(), tmp_path_factory.mktemp("tryton-thread"))
    except NotAvailableError as error:
        if os.environ.get("INVSYNC_CI") == "1":
            pytest.fail(f"Tryton is not available: {error}")
        pytest.skip(f"Tryton is not available: {error}")
    try:
        yield tryton_servers.seed(server)
    finally:
        server.stop()


@pytest.fixture(scope="module")
def vendure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VendureServer]:
    """A Vendure of its own, so that its listings are these and no others."""
    packages = vendure_servers._packages()
    folder = tmp_path_factory.mktemp("vendure-thread")
    database = vendure_servers.seeded_database(packages, folder)
    with vendure_servers.running(packages, folder, database) as server:
        server.refresh_locations()
        yield server


def cart_connection(server: VendureServer, folder: Path, location: str) -> Connection:
    secret = folder / "vendure-secret"
    secret.touch(mode=0o600)
    secret.write_text(server.password)
    return Connection(
        "shop", "vendure", server.url, server.login, f"file:{secret}", {"location": location}, deadline=20.0
    )


@dataclass
class Thread:
    """The bench with both systems, after a pull and a released first push of both carts."""

    bench: Bench
    tryton: Seeded
    vendure: VendureServer
    variants: dict[str, str]
    by_sku: int
    by_ean: int

    def shows(self, sku: str, location: str = "East") -> int | None:
        return self.vendure.stock(self.variants[sku], location)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def thread(tryton: Seeded, vendure: VendureServer, tmp_path_factory: pytest.TempPathFactory) -> Thread:
    folder = tmp_path_factory.mktemp("thread")
    skus = ["MUG-RED", "MUG-BLUE", "FLOUR", "mug-red", "NOWHERE", SHARED_ALIAS, EAN_RED, EAN_BLANK, "DUP", "DUP"]
    made = vendure.create_variants(skus, stock=UNTOUCHED, location="East")
    for variant in made:
        vendure.set_stock(variant, UNTOUCHED, "West")
    variants = dict(zip(skus, made, strict=True))
    vendure.place_order(variants["MUG-BLUE"], 2)
    bench = Bench.make(folder)
    bench.add_merchant(tryton.server.connection(), orders_within=0)  # this WMS has each order at once
    assert (await bench.pull()).state == "done"
    east = cart_connection(vendure, folder, "East")
    west = Connection(east.name, east.system, east.url, east.login, east.secret, {"location": "West"}, east.deadline)
    by_sku = bench.add_cart(east, name="by SKU")
    by_ean = bench.add_cart(west, name="by EAN", alias="EAN", warehouses=["WH"], buffer=1)
    return Thread(bench, tryton, vendure, variants, by_sku, by_ean)


async def _the_first_push_waits_and_then_every_listing_shows_what_the_chain_says(thread: Thread) -> None:
    # given a pull from Tryton; when the first push runs, it is held and nothing is written
    bench, before = thread.bench, thread.vendure.variants()
    held = await bench.push(thread.by_sku, release=False)
    assert held.state == "held"
    assert thread.vendure.variants() == before
    # when an operator releases it
    bench.release(held.id)
    await bench.work()
    # then: sum of both warehouses' available, plus what the cart holds back itself
    run = bench.run(held.id)
    assert (run.state, run.error) == ("done", "")
    assert thread.shows("MUG-RED") == 5
    assert thread.shows("MUG-BLUE") == 16 + 7 + 2, "available of both warehouses and 2 allocated in the cart"
    assert thread.shows("FLOUR") == 2, "2.75 kg rounded down"
    for untouched in ("mug-red", "NOWHERE", SHARED_ALIAS, EAN_RED, "DUP"):
        assert thread.shows(untouched) == UNTOUCHED, untouched
    reasons = {sku: row["reason"] for sku, row in bench.listings(thread.by_sku).items()}
    assert reasons["mug-red"] == reasons["NOWHERE"] == "NOT_IN_WMS"
    assert reasons["DUP"] == "DUPLICATE_IN_CART"
    assert reasons[EAN_RED] == "WRONG_ALIAS_TYPE"
    counts = bench.counts(run)
    assert counts.pop("total") == sum(counts.values())
    assert counts["set"] == 3


async def _a_cart_that_pushes_by_alias_shows_its_own_warehouse_less_its_buffer(thread: Thread) -> None:
    run = await thread.bench.push(thread.by_ean)
    assert run.state == "done"
    assert thread.shows(EAN_RED, "West") == 5 - 1
    assert thread.shows(EAN_BLANK, "West") == 3 - 1, "a product without a SKU is reached by its EAN"
    assert thread.shows("MUG-RED", "West") == UNTOUCHED
    assert thread.bench.listings(thread.by_ean)["MUG-RED"]["reason"] == "WRONG_ALIAS_TYPE"
    assert thread.bench.listings(thread.by_ean)["MUG-BLUE"]["reason"] == "ALIAS_MISSING"


async def _a_second_run_sends_nothing(thread: Thread) -> None:
    before = thread.vendure.variants()
    pulled = await thread.bench.pull()
    pushed = await thread.bench.push(thread.by_sku, full=True)
    assert (pulled.state, pushed.state) == ("done", "done")
    assert thread.bench.counts(pushed)["set"] == 0
    assert thread.vendure.variants() == before


async def _changing_one_level_in_tryton_changes_one_listing(thread: Thread) -> None:
    before = {v["id"]: v for v in thread.vendure.variants()}
    thread.tryton.server.set_stock(thread.tryton.red, thread.tryton.west, 9)
    await thread.bench.pull()
    pushed = await thread.bench.push(thread.by_sku)
    after = {v["id"]: v for v in thread.vendure.variants()}
    assert thread.bench.counts(pushed)["set"] == 1
    assert thread.shows("MUG-RED") == 5 + 9
    assert [v for v in after if after[v] != before[v]] == [thread.variants["MUG-RED"]]


async def _an_order_in_the_cart_is_not_subtracted_twice(thread: Thread) -> None:
    # given: 3 more are ordered in the cart, and the warehouse then reserves the same 3
    thread.vendure.place_order(thread.variants["MUG-BLUE"], 3)
    thread.tryton.server.reserve(thread.tryton.blue, thread.tryton.east, 3)
    # when
    await thread.bench.pull()
    pushed = await thread.bench.push(thread.by_sku)
    # then the cart keeps its stock on hand: 20 available now and 5 held back
    assert pushed.state == "done"
    assert thread.shows("MUG-BLUE") == 25
    assert thread.bench.listings(thread.by_sku)["MUG-BLUE"]["desired"] == 20


@pytest.mark.asyncio(loop_scope="module")
async def test_the_thread_from_the_first_push_to_an_order(thread: Thread) -> None:
    """One life of a shop: each step begins where the one before ended."""
    await _the_first_push_waits_and_then_every_listing_shows_what_the_chain_says(thread)
    await _a_cart_that_pushes_by_alias_shows_its_own_warehouse_less_its_buffer(thread)
    await _a_second_run_sends_nothing(thread)
    await _changing_one_level_in_tryton_changes_one_listing(thread)
    await _an_order_in_the_cart_is_not_subtracted_twice(thread)
