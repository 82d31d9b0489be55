"""The suite of the kit against a strict fake of Shopify, and the whole thread: a WMS, the store, pushes, what it shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from invsync_tui.connectors.carts.shopify import ShopifyCart
from invsync_tui.kit import cart_suite
from tests.support.runs.sandbox_world import every_push_comes_out_again, hurry
from tests.support.runs.why_check import every_number_is_recomputed
from tests.support.servers.sandbox import sandbox_wms
from tests.support.servers.shopify.server import CLIENT, ShopifyServer, shopify_server
from tests.support.stores.merchant_store import Bench


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)


@contextmanager
def variants() -> Iterator[ShopifyServer]:
    """A shop of one location. What a client should not have sent fails the check."""
    with shopify_server() as server:
        yield server
        assert server.violations == []


@contextmanager
def places() -> Iterator[ShopifyServer]:
    """A shop of two locations."""
    with shopify_server(places=2) as server:
        yield server
        assert server.violations == []


@contextmanager
def client() -> Iterator[ShopifyServer]:
    """A shop whose app asks for a token first."""
    with shopify_server() as server:
        server.login = CLIENT
        yield server
        assert server.violations == []


TestClient = cart_suite(ShopifyCart, client)
TestVariants = cart_suite(ShopifyCart, variants)
TestPlaces = cart_suite(ShopifyCart, places)


def _stock(dump: Mapping[str, Mapping[str, object]]) -> dict[str, int]:
    found = dict.fromkeys(dump["products"].values(), 0)
    for levels in dump["levels"].values():
        assert isinstance(levels, dict)
        for ref, (available, _) in levels.items():
            found[dump["products"][ref]] += available
    return found  # type: ignore[return-value]


async def test_the_thread_from_a_wms_to_the_shop(tmp_path: Path) -> None:
    """Batches meet an empty bucket, a lost answer, a faster editor and a deleted listing; every listing ends with its number
    or a reason, nobody's number is set over unseen, and a last push sends nothing."""
    with sandbox_wms(16) as wms, shopify_server(products=0) as server:
        *stocked, free, bundle, absent, gone = sorted(wms.dump()["products"].values())
        refs = {sku: server.add(sku, 77) for sku in stocked}
        server.add(free, 0, tracked=False)
        server.add(bundle, 4, bundle=True)
        server.add(absent, None)
        server.add("", 9)
        keeper = server.add("KEEPER", 30)
        ordered, edited = stocked[0], stocked[5]
        wms.set_level(ordered, "EAST", 40)

        bench = Bench.make(tmp_path)
        bench.add_merchant(wms.connection())
        cart = bench.add_cart(replace(server.connection(server.url), deadline=6.0))
        assert (await bench.pull()).state == "done"
        server.shop.order({refs[ordered]: 3})

        def shows_what_is_for_sale(*but: str) -> None:
            wanted, shown = _stock(wms.dump()), server.shown()
            for sku, ref in refs.items():
                if sku not in but:
                    # The order of 3 is not known to the WMS: it is subtracted.
                    assert shown[ref] == wanted[sku] - (3 if sku == ordered else 0), sku

        server.throttle = 2
        first = await bench.push(cart)
        assert (first.state, first.error, server.throttle) == ("done", "", 0)
        assert server.throttled == 2
        shows_what_is_for_sale()
        rows = bench.listings(cart)
        assert {sku: rows[sku]["reason"] for sku in (free, bundle, absent, "KEEPER")} == {
            free: "CART_NOT_TRACKING", bundle: "BUNDLE_PARENT", absent: "NOT_STOCKED_AT_LOCATION",
            "KEEPER": "NOT_IN_WMS",
        }  # fmt: skip
        assert all(row["outcome"] for row in rows.values())

        # Somebody edits one listing and deletes another between the reading and the first batch.
        deleted = server.add(gone, 77)
        meanwhile = {"done": False}

        def somebody_is_faster() -> None:
            if not meanwhile["done"]:
                meanwhile["done"] = True
                server.set(refs[edited], 123)
                server.remove(deleted)

        server.shop.before_set = somebody_is_faster
        for sku in stocked[1:8]:
            wms.set_level(sku, "EAST", 21)
        assert (await bench.pull()).state == "done"
        second = await bench.push(cart, full=True)
        assert (second.state, second.error, meanwhile["done"]) == ("done", "", True)
        assert bench.reasons(second)["CAS_CONFLICT"] == 1
        assert bench.reasons(second)["NOT_IN_CART"] == 1
        assert server.shown()[refs[edited]] == 123
        row = bench.listings(cart)[edited]
        assert (row["reason"], row["observed"]) == ("CAS_CONFLICT", 123)
        assert "shows 123" in row["error"]
        shows_what_is_for_sale(edited)

        # The next push knows the number and sets it. Its answer is lost, and the same key gives the same answer.
        writes = len(server.keys)
        server.lose = 1
        third = await bench.push(cart)
        assert (third.state, third.error, server.lose) == ("done", "", 0)
        assert (len(server.keys), server.repeated) == (writes + 1, 1)
        shows_what_is_for_sale()

        keys = len(server.keys)
        assert (await bench.push(cart, full=True)).state == "done"
        assert len(server.keys) == keys
        assert server.shown()[keeper] == 30
        assert server.violations == []
        assert bench.sums_hold()
        every_push_comes_out_again(bench)
        every_number_is_recomputed(bench)
        bench.store.close()


async def test_a_batch_that_is_refused_while_its_answer_is_lost_goes_on_under_another_key(tmp_path: Path) -> None:
    """The key of a batch that failed never works again. Its rows are planned anew, and the edit that it failed for stays."""
    with sandbox_wms(6) as wms, shopify_server(products=0) as server:
        refs = {sku: server.add(sku, 77) for sku in sorted(wms.dump()["products"].values())}
        edited = next(iter(refs))
        bench = Bench.make(tmp_path)
        bench.add_merchant(wms.connection())
        cart = bench.add_cart(replace(server.connection(server.url), deadline=6.0))
        assert (await bench.pull()).state == "done"
        edits = [123]

        def somebody_is_faster() -> None:
            if edits:
                server.set(refs[edited], edits.pop())

        server.shop.before_set = somebody_is_faster
        server.lose = 1
        run = await bench.push(cart)
        assert (run.state, run.error, server.lose, server.repeated) == ("done", "", 0, 1)
        assert bench.reasons(run)["CAS_CONFLICT"] == 1
        wanted = _stock(wms.dump()) | {edited: 123}
        assert {sku: server.shown()[ref] for sku, ref in refs.items()} == wanted
        assert (await bench.push(cart)).error == ""
        assert server.shown()[refs[edited]] == _stock(wms.dump())[edited]
        assert server.violations == []
        assert bench.sums_hold()
        every_push_comes_out_again(bench)
        bench.store.close()


async def test_a_shop_that_takes_fewer_rows_is_sent_halves_and_that_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.support.servers.shopify.server.INPUT_MOST", 3)
    with sandbox_wms(8) as wms, shopify_server(products=0) as server:
        refs = {sku: server.add(sku, 77) for sku in sorted(wms.dump()["products"].values())}
        bench = Bench.make(tmp_path)
        bench.add_merchant(wms.connection())
        cart = bench.add_cart(replace(server.connection(server.url), deadline=6.0))
        assert (await bench.pull()).state == "done"
        run = await bench.push(cart)
        assert (run.state, run.error) == ("done", "")
        assert {sku: server.shown()[ref] for sku, ref in refs.items()} == _stock(wms.dump())
        most = bench.one("SELECT batch_most FROM cart WHERE id = ?", cart)
        assert most is not None and most <= 3
        bench.store.close()


async def test_no_more_than_shopify_keeps_is_sent(tmp_path: Path) -> None:
    """A stock above its limit would make every push of the listing fail."""
    with sandbox_wms(4) as wms, shopify_server(products=0) as server:
        refs = {sku: server.add(sku, 77) for sku in sorted(wms.dump()["products"].values())}
        sku = next(iter(refs))
        wms.set_level(sku, "EAST", 5_000_000_000)
        bench = Bench.make(tmp_path)
        bench.add_merchant(wms.connection())
        cart = bench.add_cart(replace(server.connection(server.url), deadline=6.0))
        assert (await bench.pull()).state == "done"
        run = await bench.push(cart)
        assert (run.state, run.error) == ("done", "")
        assert server.shown()[refs[sku]] == 1_000_000_000
        bench.store.close()
