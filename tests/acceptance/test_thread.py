"""The whole thread on real systems: stock read from a Tryton, through the store and a cart's rules, into a Vendure.

What Vendure shows is read over its own API, and what it should show is worked out by hand from the seed.
"""

from __future__ import annotations

import pytest

from tests.support.runs.real_servers import (
    UNTOUCHED,
    Thread,
    thread,  # noqa: F401 (a fixture)
    tryton,  # noqa: F401 (a fixture)
    vendure,  # noqa: F401 (a fixture)
)
from tests.support.servers.tryton.server import EAN_BLANK, EAN_RED, SHARED_ALIAS

pytestmark = pytest.mark.real


async def _the_first_push_waits_and_then_every_listing_shows_what_the_chain_says(thread: Thread) -> None:  # noqa: F811
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


async def _a_cart_that_pushes_by_alias_shows_its_own_warehouse_less_its_buffer(thread: Thread) -> None:  # noqa: F811
    run = await thread.bench.push(thread.by_ean)
    assert run.state == "done"
    assert thread.shows(EAN_RED, "West") == 5 - 1
    assert thread.shows(EAN_BLANK, "West") == 3 - 1, "a product without a SKU is reached by its EAN"
    assert thread.shows("MUG-RED", "West") == UNTOUCHED
    assert thread.bench.listings(thread.by_ean)["MUG-RED"]["reason"] == "WRONG_ALIAS_TYPE"
    assert thread.bench.listings(thread.by_ean)["MUG-BLUE"]["reason"] == "ALIAS_MISSING"


async def _a_second_run_sends_nothing(thread: Thread) -> None:  # noqa: F811
    before = thread.vendure.variants()
    pulled = await thread.bench.pull()
    pushed = await thread.bench.push(thread.by_sku, full=True)
    assert (pulled.state, pushed.state) == ("done", "done")
    assert thread.bench.counts(pushed)["set"] == 0
    assert thread.vendure.variants() == before


async def _changing_one_level_in_tryton_changes_one_listing(thread: Thread) -> None:  # noqa: F811
    before = {v["id"]: v for v in thread.vendure.variants()}
    thread.tryton.server.set_stock(thread.tryton.red, thread.tryton.west, 9)
    await thread.bench.pull()
    pushed = await thread.bench.push(thread.by_sku)
    after = {v["id"]: v for v in thread.vendure.variants()}
    assert thread.bench.counts(pushed)["set"] == 1
    assert thread.shows("MUG-RED") == 5 + 9
    assert [v for v in after if after[v] != before[v]] == [thread.variants["MUG-RED"]]


async def _an_order_in_the_cart_is_not_subtracted_twice(thread: Thread) -> None:  # noqa: F811
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
async def test_the_thread_from_the_first_push_to_an_order(thread: Thread) -> None:  # noqa: F811
    """One life of a shop: each step begins where the one before ended."""
    await _the_first_push_waits_and_then_every_listing_shows_what_the_chain_says(thread)
    await _a_cart_that_pushes_by_alias_shows_its_own_warehouse_less_its_buffer(thread)
    await _a_second_run_sends_nothing(thread)
    await _changing_one_level_in_tryton_changes_one_listing(thread)
    await _an_order_in_the_cart_is_not_subtracted_twice(thread)
