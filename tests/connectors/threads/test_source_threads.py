"""The whole way from each WMS to a shop, with faults on it: every listing ends with its number or a reason, nothing is set to a
number that the source did not say, and a last push sends nothing.

Odoo, Tryton and PostgreSQL are real; what a broken server would answer is made by a proxy.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from invsync_tui.connectors.base import Connection
from invsync_tui.sandbox.shop import Mode
from tests.support.connectors.spoiling_proxy import SpoilingProxy
from tests.support.connectors.sql_databases import TestDatabase, create
from tests.support.runs.long_waits import goes_on_in_an_hour
from tests.support.runs.sandbox_world import every_push_comes_out_again, hurry
from tests.support.runs.why_check import every_number_is_recomputed
from tests.support.runs.wms_systems import REAL_SERVERS, Database, Described, Feed, Odoo, Tryton, Wms
from tests.support.servers.http_stub import Answer, stub_server
from tests.support.servers.sandbox import CartHandle, sandbox_cart, sandbox_wms
from tests.support.servers.tryton.server import tryton_server
from tests.support.stores.merchant_store import Bench

__all__ = ["tryton_server"]
"""Servers of their own: products and variants of other tests on a shared one have the same codes."""

PRODUCTS = 16
SHOP = "main"


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)


@pytest_asyncio.fixture
async def wms(request: pytest.FixtureRequest, tmp_path: Path, system: str) -> AsyncIterator[Wms]:
    with sandbox_wms(PRODUCTS, warehouses=2) as sandbox:
        described = Described(tmp_path, sandbox)
        stock = described.stock()
        if system in ("odoo", "tryton"):
            server = request.getfixturevalue("odoo" if system == "odoo" else "tryton_server")
            proxy = SpoilingProxy(server.url)
            await proxy.start()
            yield (Odoo if system == "odoo" else Tryton)(proxy, stock, server)
            await proxy.stop()
        elif system == "sql":
            postgres = request.getfixturevalue("postgres_server")
            create(postgres)
            yield Database(TestDatabase(tmp_path, postgres).prepare(), stock)
        else:
            yield described if system == "rest" else Feed(tmp_path, stock)


SYSTEMS = ["feed", "rest", pytest.param("sql", marks=[pytest.mark.real]), *REAL_SERVERS]


@pytest.mark.drives("unreadable", "cut", "empty", "throttled", "5xx", "lost", "deleted")
@pytest.mark.parametrize("system", SYSTEMS)
async def test_the_thread_from_the_source_to_the_shop(wms: Wms, tmp_path: Path, system: str) -> None:
    with sandbox_cart(PRODUCTS, shops={SHOP: Mode(max_batch=5)}) as cart:
        bench = Bench.make(tmp_path)
        bench.add_merchant(wms.connection())
        cart_id = bench.add_cart(cart.connection(SHOP, 5.0))
        await _first_push(bench, wms, cart, cart_id)
        await _trouble_at_the_source(bench, wms, cart, cart_id)
        await _a_listing_that_is_gone(bench, wms, cart, cart_id)
        writes = len(cart.log())
        assert (await bench.pull(full=True)).state == "done"
        assert (await bench.push(cart_id, full=True)).state == "done"
        assert len(cart.log()) == writes
        assert all(row["outcome"] for row in bench.listings(cart_id).values())
        assert bench.sums_hold()
        every_push_comes_out_again(bench)
        every_number_is_recomputed(bench)
        bench.store.close()


async def _first_push(bench: Bench, wms: Wms, cart: CartHandle, cart_id: int) -> None:
    """A busy shop, one that is down for a moment, and a lost answer."""
    assert (await bench.pull()).state == "done"
    cart.faults(
        {"kind": "status", "status": 429, "path": "/stock", "times": 1},
        {"kind": "lost", "path": "/stock", "after": 1, "times": 1},
        {"kind": "status", "status": 503, "path": "/listings", "times": 1},
    )
    run = await bench.push(cart_id)
    assert (run.state, run.error) == ("done", "")
    cart.faults()
    assert cart.quantities(SHOP) == wms.stock()
    applied = [(row["ref"], row["quantity"]) for row in cart.log()]
    assert len(applied) == len(set(applied))


async def _trouble_at_the_source(bench: Bench, wms: Wms, cart: CartHandle, cart_id: int) -> None:
    """What cannot be read keeps its last number; a source that fails or says nothing changes nothing."""
    before = dict(wms.stock())
    for sku in sorted(before)[:6]:
        wms.set(sku, 31)
    wms.spoil_one()
    run = await bench.pull(full=True)
    assert (run.state, bench.reasons(run)["BAD_ROW"]) == ("done", 1)
    assert (await bench.push(cart_id)).state == "done"
    wanted, shown = wms.stock(), cart.quantities(SHOP)
    kept = [sku for sku, units in shown.items() if units != wanted[sku]]
    assert len(kept) <= 1 and all(shown[sku] == before[sku] for sku in kept)
    writes = len(cart.log())
    for trouble in (wms.fail, wms.empty):
        trouble()
        await bench.pull(full=True)
        assert (await bench.push(cart_id)).state == "done"
        assert (len(cart.log()), cart.quantities(SHOP)) == (writes, shown), trouble
    wms.mend()
    assert (await bench.pull(full=True)).state == "done"
    assert (await bench.push(cart_id)).state == "done"
    assert cart.quantities(SHOP) == wms.stock()


async def _a_listing_that_is_gone(bench: Bench, wms: Wms, cart: CartHandle, cart_id: int) -> None:
    """Deleted in the shop between its reading and the push."""
    gone = sorted(wms.stock())[-1]
    (ref,) = [listing["ref"] for listing in cart.dump()[SHOP] if listing["sku"] == gone]
    cart.control("remove", {"shop": SHOP, "refs": [ref]})
    wms.set(gone, 17)
    other = sorted(wms.stock())[1]
    wms.set(other, 18)
    assert (await bench.pull(full=True)).state == "done"
    run = await bench.push(cart_id)
    assert run.state == "done"
    assert bench.reasons(run)["REJECTED_BY_CART"] == 1
    assert cart.quantities(SHOP)[other] == 18


@pytest.mark.drives("long wait")
@pytest.mark.parametrize("system", ["rest", *REAL_SERVERS])
async def test_a_long_wait_outlives_the_process(
    wms: Wms, tmp_path: Path, system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench.make(tmp_path)
    bench.add_merchant(wms.connection())
    assert wms.ask_for_an_hour()
    run = await bench.pull()
    wms.mend()
    await goes_on_in_an_hour(bench, run, monkeypatch)
    bench.store.close()


@pytest.mark.drives("long wait")
@pytest.mark.parametrize("system", ["feed"])
async def test_a_long_wait_for_a_file_outlives_the_process(
    tmp_path: Path, system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stub_server() as web:
        busy = Answer(429, b"busy", {"Retry-After": "3600"})
        file = Answer(200, b"SKU,Available\nA-1,5\n", {"Content-Type": "text/csv"})
        answers = [busy]
        web.answering = lambda request: answers[-1]
        bench = Bench.make(tmp_path)
        bench.add_merchant(Connection("wms", system, f"{web.url}/stock.csv", options={"complete": "any"}))
        run = await bench.pull()
        answers.append(file)
        await goes_on_in_an_hour(bench, run, monkeypatch)
        bench.store.close()
