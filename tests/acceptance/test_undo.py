"""Undo on a real Vendure: its stock is what it was before the push, but for what somebody changed in between."""

from __future__ import annotations

from pathlib import Path

import pytest

from invsync_tui.operations.plans import plans, undo
from invsync_tui.operations.runs import request as run_request
from tests.support.runs.real_servers import UNTOUCHED, cart_connection
from tests.support.servers.sandbox import sandbox_wms
from tests.support.servers.vendure import server as vendure_servers
from tests.support.stores.merchant_store import Bench

pytestmark = pytest.mark.real


async def test_the_stock_after_undo_is_the_stock_before_but_for_what_was_changed_since(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_request, "ensure_worker", lambda session: False)
    packages = vendure_servers._packages()
    database = vendure_servers.seeded_database(packages, tmp_path)
    with vendure_servers.running(packages, tmp_path, database) as server, sandbox_wms(12) as wms:
        # given: a shop whose variants all show 77, one of them with an open order, and a first push that sets them
        server.refresh_locations()
        skus = sorted(wms.dump()["products"].values())
        variants = dict(zip(skus, server.create_variants(skus, stock=UNTOUCHED, location="East"), strict=True))
        server.place_order(variants[skus[3]], 2)
        bench = Bench.make(tmp_path)
        bench.add_merchant(wms.connection())
        cart = bench.add_cart(cart_connection(server, tmp_path, "East"))
        await bench.pull()
        before = {sku: server.stock(variant) for sku, variant in variants.items()}
        run = await bench.push(cart)
        pushed = {sku: server.stock(variant) for sku, variant in variants.items()}
        assert run.state == "done"
        assert bench.counts(run)["set"] == sum(pushed[sku] != before[sku] for sku in skus) > 5
        # and in between somebody counts one and a customer buys another
        counted, bought = [sku for sku in skus if pushed[sku] != before[sku] and (pushed[sku] or 0) > 3][:2]
        server.set_stock(variants[counted], 3, "East")
        server.place_order(variants[bought], 1)
        # when
        remedy = undo.undo(bench.session(), run.id, "wrong shop")
        applied = plans.apply(bench.session(), remedy.plan, "wrong shop")
        await bench.work()
        # then
        done = bench.run(applied.run)
        after = {sku: server.stock(variant) for sku, variant in variants.items()}
        assert (done.state, done.error) == ("done", "")
        assert after == before | {counted: 3, bought: pushed[bought]}
        assert bench.reasons(done) == {"CHANGED_SINCE": 2}
        assert {sku for sku, row in bench.listings(cart).items() if row["reason"] == "CHANGED_SINCE"} == {
            counted,
            bought,
        }
        # and the next push leaves it so, since the cart is frozen
        await bench.push(cart, full=True)
        assert {sku: server.stock(variant) for sku, variant in variants.items()} == after
        assert bench.sums_hold()
