"""The suite of the kit against a strict fake of WooCommerce, and the whole thread: a WMS, the store, pushes, what it shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from invsync_tui.connectors.carts import woocommerce
from invsync_tui.connectors.carts.woocommerce import WooCommerceCart
from invsync_tui.kit import cart_suite
from invsync_tui.kit.proxy import Fault, Proxy
from tests.support.runs.sandbox_world import every_push_comes_out_again, hurry
from tests.support.runs.why_check import every_number_is_recomputed
from tests.support.servers.sandbox import sandbox_wms
from tests.support.servers.woocommerce.server import Reply, WooServer, woocommerce_server
from tests.support.stores.merchant_store import Bench

DEADLINE = 4.0
"""Seconds; a batch whose answer is lost is looked at when its request cannot be on its way any more."""


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)


@contextmanager
def products() -> Iterator[WooServer]:
    """A shop of simple products. What a client should not have sent fails the check."""
    with woocommerce_server(products=8) as server:
        yield server
        assert server.violations == []


@contextmanager
def variations() -> Iterator[WooServer]:
    """A shop of variations of one product."""
    with woocommerce_server(products=0) as server:
        parent = server.add_product("", None, kind="variable")
        for number in range(6):
            server.add_variation(parent, f"VAR-{number}", 5 + number)
        yield server
        assert server.violations == []


TestProducts = cart_suite(WooCommerceCart, products)
TestVariations = cart_suite(WooCommerceCart, variations)


def _sends(method: str, path: str) -> bool:
    return method == "POST" and path.partition("?")[0].endswith("/batch")


def _sends_variations(method: str, path: str) -> bool:
    return _sends(method, path) and "/variations/" in path


def _stock(dump: Mapping[str, Mapping[str, object]]) -> dict[str, int]:
    found = dict.fromkeys(dump["products"].values(), 0)
    for levels in dump["levels"].values():
        assert isinstance(levels, dict)
        for ref, (available, _) in levels.items():
            found[dump["products"][ref]] += available
    return found  # type: ignore[return-value]


async def test_the_thread_from_a_wms_to_the_shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches meet a 429, a 503, a lost answer in their middle and a deleted listing; every listing ends with its number or
    a reason, and a last push sends nothing."""
    monkeypatch.setattr(woocommerce, "CAPABILITIES", replace(woocommerce.CAPABILITIES, max_batch=3))
    with sandbox_wms(16) as wms, woocommerce_server(products=0) as server:
        proxy = Proxy(server.url)
        await proxy.start()
        try:
            *stocked, free, group, shared, gone = sorted(wms.dump()["products"].values())
            simple, others = stocked[:6], stocked[6:]
            refs = {sku: server.add_product(sku, 77) for sku in simple}
            parents = [server.add_product(f"PARENT-{n}", None, kind="variable") for n in range(2)]
            refs |= {sku: server.add_variation(parents[n % 2], sku, 77) for n, sku in enumerate(others)}
            keeper = server.add_product("KEEPER", 30, kind="variable")
            server.add_variation(keeper, shared, None)
            server.add_product(free, None)
            server.add_product(group, None, kind="grouped")
            ordered = others[0]
            wms.set_level(ordered, "EAST", 40)

            bench = Bench.make(tmp_path)
            bench.add_merchant(wms.connection())
            cart = bench.add_cart(replace(server.connection(proxy.url), deadline=DEADLINE))
            assert (await bench.pull()).state == "done"
            server.sell(refs[ordered], 3)

            def shows_what_is_for_sale() -> None:
                wanted, shown = _stock(wms.dump()), server.shown()
                for sku, ref in refs.items():
                    # The order of 3 is not known to the WMS: it is subtracted.
                    assert shown[ref] == wanted[sku] - (3 if sku == ordered else 0), sku

            proxy.let(Fault.THROTTLED, times=2, wanted=_sends)
            first = await bench.push(cart)
            assert (first.state, first.error, proxy.times) == ("done", "", 0)
            shows_what_is_for_sale()
            rows = bench.listings(cart)
            assert {sku: rows[sku]["reason"] for sku in (free, group, shared, "KEEPER")} == {
                free: "CART_NOT_TRACKING", group: "BUNDLE_PARENT", shared: "CART_NOT_TRACKING",
                "KEEPER": "NOT_IN_WMS",
            }  # fmt: skip
            assert all(row["outcome"] for row in rows.values())

            deleted = server.add_product(gone, 77)

            def deletes(method: str, path: str) -> bool:
                """Somebody deletes a product between the reading of the listings and the first batch."""
                if _sends(method, path) and deleted in server.shown():
                    server.remove(deleted)
                return _sends_variations(method, path)

            for sku in (*simple[1:4], *others[1:4]):
                wms.set_level(sku, "EAST", 21)
            assert (await bench.pull()).state == "done"
            proxy.let(Fault.LOST, times=1, wanted=deletes)
            second = await bench.push(cart, full=True)
            assert (second.state, second.error, proxy.times) == ("done", "", 0)
            assert bench.reasons(second)["NOT_IN_CART"] == 1
            shows_what_is_for_sale()

            for sku in simple:
                wms.set_level(sku, "EAST", 33)
            assert (await bench.pull()).state == "done"
            proxy.let(Fault.UNAVAILABLE, times=1, wanted=_sends)
            third = await bench.push(cart)
            assert (third.state, third.error, proxy.times) == ("done", "", 0)
            shows_what_is_for_sale()

            proxy.clear()
            assert (await bench.push(cart, full=True)).state == "done"
            assert not any(_sends(*request) for request in proxy.requests)
            assert server.violations == []
            assert bench.sums_hold()
            every_push_comes_out_again(bench)
            every_number_is_recomputed(bench)
            bench.store.close()
        finally:
            await proxy.stop()


async def test_variations_that_forget_what_they_answered_are_told_and_set_again(tmp_path: Path) -> None:
    """Trap 3: a write of a variation is answered with the new number, and the old one stays."""
    with sandbox_wms(12) as wms, woocommerce_server(products=0) as server:
        skus = sorted(wms.dump()["products"].values())
        parent = server.add_product("", None, kind="variable")
        products = {sku: server.add_product(sku, 77) for sku in skus[:6]}
        variations = {sku: server.add_variation(parent, sku, 77) for sku in skus[6:]}
        bench = Bench.make(tmp_path)
        bench.add_merchant(wms.connection())
        cart = bench.add_cart(replace(server.connection(), deadline=DEADLINE))
        assert (await bench.pull()).state == "done"
        server.api.forgets_variation_writes = True
        run = await bench.push(cart)
        assert run.state == "done"
        assert bench.reasons(run)["VERIFY_FAILED"] == len(variations)
        rows = bench.listings(cart)
        assert {sku: (rows[sku]["outcome"], rows[sku]["observed"]) for sku in variations} == dict.fromkeys(
            variations, ("failed", 77)
        )
        assert all("still shows 77" in rows[sku]["error"] for sku in variations)
        assert {rows[sku]["outcome"] for sku in products} == {"set"}
        assert any("does not keep them" in event for event in bench.events(run.id))
        server.api.forgets_variation_writes = False
        again = await bench.push(cart)
        wanted = _stock(wms.dump())
        assert bench.counts(again)["set"] == len(variations)
        assert {sku: server.shown()[ref] for sku, ref in variations.items()} == {sku: wanted[sku] for sku in variations}
        assert bench.sums_hold() and server.violations == []
        every_push_comes_out_again(bench)
        bench.store.close()


async def test_a_sale_after_a_push_is_not_taken_for_a_write_that_was_forgotten(tmp_path: Path) -> None:
    with sandbox_wms(6) as wms, woocommerce_server(products=0) as server:
        refs = {sku: server.add_product(sku, 77) for sku in sorted(wms.dump()["products"].values())}
        bench = Bench.make(tmp_path)
        bench.add_merchant(wms.connection())
        cart = bench.add_cart(replace(server.connection(), deadline=DEADLINE))
        for sku in refs:
            wms.set_level(sku, "EAST", 40)
        assert (await bench.pull()).state == "done"
        answered = server.answer

        def sells(method: str, target: str, headers: Mapping[str, str], body: bytes, *, tls: bool) -> Reply | None:
            reply = answered(method, target, headers, body, tls=tls)
            if method == "POST":
                server.sell(refs[min(refs)], 1)
            return reply

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(WooServer, "answer", lambda self, *given, **more: sells(*given, **more))
            run = await bench.push(cart)
        assert (run.state, bench.counts(run)["failed"]) == ("done", 0)
        bench.store.close()


def _files_with(folder: Path, texts: list[str]) -> list[str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files if any(text.encode() in path.read_bytes() for text in texts)]


async def test_a_key_in_the_address_reaches_no_file(tmp_path: Path) -> None:
    """A shop whose web server drops the Authorization header: pulls, pushes and errors leave the secret nowhere."""
    with sandbox_wms(4) as wms, woocommerce_server(products=0) as server:
        server.drops_authorization = True
        for sku in wms.dump()["products"].values():
            server.add_product(sku, 77)
        bench = Bench.make(tmp_path)
        bench.add_merchant(wms.connection())
        cart = bench.add_cart(replace(server.connection(), options={"auth": "query"}, deadline=DEADLINE))
        assert (await bench.pull()).state == "done"
        assert (await bench.push(cart)).state == "done"
        server.broken = True
        failed = await bench.push(cart, full=True)
        assert failed.error and "critical error" in failed.error
        assert any("consumer_secret=" in seen.target for seen in server.requests)
        bench.store.close()
        forbidden = [*server.secrets(), f"consumer_key={server.key}"]
        assert _files_with(tmp_path, forbidden) == []
        assert _files_with(tmp_path, ["critical error"]) != [], "nothing of the failed run is kept"
