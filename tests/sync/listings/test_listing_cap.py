"""A cart that accepts no more than some quantity of a listing is never sent more, and the explanation says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from invsync_tui.operations.diagnosis.why import why
from invsync_tui.sandbox.shop import Mode
from tests.support.servers.sandbox import WmsHandle, sandbox_cart, sandbox_wms
from tests.support.stores.merchant_store import Bench


async def _stocked(tmp_path: Path, wms: WmsHandle, units: int) -> tuple[Bench, str, str]:
    """A store whose first product has `units`, its SKU and its listing's reference."""
    bench = Bench.make(tmp_path, alone=True)
    bench.add_merchant(wms.connection())
    product, sku = next(iter(wms.dump()["products"].items()))
    for warehouse, available in (("DEFAULT", units), ("EAST", 0)):
        wms.set_level(sku, warehouse, available)
    await bench.pull()
    return bench, sku, product.replace("P", "L", 1)


async def test_a_listing_shows_what_the_cart_accepts_at_most_and_why_says_so(tmp_path: Path) -> None:
    with sandbox_wms(20, warehouses=2) as wms, sandbox_cart(20) as carts:
        # given
        bench, sku, ref = await _stocked(tmp_path, wms, 5000)
        carts.edit(ref, most=999)
        cart = bench.add_cart(carts.connection())
        # when
        run = await bench.push(cart)
        # then
        assert run.state == "done"
        assert carts.quantities("main", by="ref")[ref] == 999
        (listing,) = why(bench.session(), sku).listings
        (step,) = [step for step in listing.steps if step.step == "cap"]
        assert (step.before, step.after, step.because) == (5000, 999, "the cart accepts at most 999 of this listing")
        # and once the cart accepts more, the next push sends more, although no stock moved
        carts.edit(ref, most=None)
        await bench.push(cart, full=True)
        assert carts.quantities("main", by="ref")[ref] == 5000


@pytest.mark.parametrize(("maximum", "shown"), [(40, 40), (2000, 999)])
async def test_the_smaller_of_the_carts_and_the_listings_maximum_holds(
    tmp_path: Path, maximum: int, shown: int
) -> None:
    with sandbox_wms(20, warehouses=2) as wms, sandbox_cart(20) as carts:
        bench, _, ref = await _stocked(tmp_path, wms, 5000)
        carts.edit(ref, most=999)
        cart = bench.add_cart(carts.connection(), max_quantity=maximum)
        assert (await bench.push(cart)).state == "done"
        assert carts.quantities("main", by="ref")[ref] == shown


async def test_a_cart_that_counts_its_open_orders_in_is_not_sent_more_with_them(tmp_path: Path) -> None:
    with sandbox_wms(20, warehouses=2) as wms, sandbox_cart(20, shops={"main": Mode(basis="on_hand")}) as carts:
        # given: 30 units on open orders count within the 999
        bench, _, ref = await _stocked(tmp_path, wms, 5000)
        carts.edit(ref, most=999, allocated=30)
        cart = bench.add_cart(carts.connection(basis="on_hand"))
        # when
        run = await bench.push(cart)
        # then
        assert (run.state, bench.counts(run)["failed"]) == ("done", 0)
        assert carts.quantities("main", by="ref")[ref] == 999
        # and the next push has nothing to send
        assert bench.counts(await bench.push(cart, full=True))["set"] == 0
