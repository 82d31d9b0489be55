"""As test_after_the_obstacle, for what happens in the cart, on the way to it, and to what a listing is taken for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.operations.listings import drift, links
from invsync_tui.sandbox.shop import Mode
from tests.support.runs.obstacles import A_WHILE, WHY, Life, life, product_of
from tests.support.runs.sandbox_world import SHOP


@pytest.fixture(params=["available", "on_hand"])
async def lived(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Life]:
    async with life(tmp_path, monkeypatch, Mode(basis=request.param)) as our_life:
        yield our_life


def _add(lived: Life, ref: str, sku: str, **values: Any) -> None:
    listing = {"ref": ref, "sku": sku, "name": "made again", "quantity": 0, **values}
    lived.town.cart.control("add", {"shop": SHOP, "listing": listing})


def _remove(lived: Life, ref: str) -> None:
    lived.town.cart.control("remove", {"shop": SHOP, "refs": [ref]})


# --- what a listing is taken for ---------------------------------------------------------------------------------------


@pytest.fixture
async def by_upc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Life]:
    """A cart whose listings are named by UPC."""
    async with life(tmp_path, monkeypatch, Mode(code="UPC"), alias="UPC") as our_life:
        yield our_life


def _alias(lived: Life, product: str, upc: str | None) -> None:
    """Somebody gives a product another UPC in the WMS, or takes it away."""
    lived.town.wms.control("product", {"ref": product, "aliases": [["UPC", upc]] if upc else []})


def _two(lived: Life) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two listings of different stock."""
    listings = [listing for listing in lived.town.cart.dump()[SHOP] if listing["quantity"]]
    other = next(listing for listing in listings if listing["quantity"] != listings[0]["quantity"])
    return listings[0], other


async def test_aliases_that_two_products_swap_in_the_wms(by_upc: Life) -> None:
    first, other = _two(by_upc)
    _alias(by_upc, product_of(first["ref"]), other["sku"])
    _alias(by_upc, product_of(other["ref"]), first["sku"])
    await by_upc.goes_on()
    swapped = {
        first["sku"]: by_upc.units(product_of(other["ref"])),
        other["sku"]: by_upc.units(product_of(first["ref"])),
    }
    by_upc.shows(by_upc.stock() | swapped)


@pytest.mark.parametrize("back", [True, False], ids=["comes back", "follows in the cart"])
@pytest.mark.parametrize("new", ["4111111111116", None])
async def test_an_alias_changed_in_the_wms(by_upc: Life, new: str | None, back: bool) -> None:
    # given
    first, _ = _two(by_upc)
    product, old = product_of(first["ref"]), first["sku"]
    _alias(by_upc, product, new)
    by_upc.counts(next(code for ref, code in by_upc.town.wms.dump()["products"].items() if ref == product), east=9)
    await by_upc.goes_on(2)
    assert by_upc.sells()[old] == first["quantity"]
    assert by_upc.causes(old) == {"NOT_IN_WMS"}
    # when
    if back:
        _alias(by_upc, product, old)
    else:
        new = new or "4222222222222"
        _alias(by_upc, product, new)
        by_upc.town.cart.edit(first["ref"], SHOP, sku=new)
    await by_upc.goes_on()
    # then
    by_upc.shows(by_upc.stock())


async def test_the_wrong_alias_type_then_the_right_one(lived: Life) -> None:
    # given
    sku = lived.town.in_stock()[0]
    lived.set_cart(alias="UPC")
    lived.counts(sku, north=5)
    await lived.goes_on(2)
    assert lived.causes(sku) == {"WRONG_ALIAS_TYPE"}
    # when
    lived.set_cart(alias="SKU")
    await lived.goes_on()
    await lived.is_released()
    # then
    lived.shows(lived.stock())


async def test_a_link_made_then_taken_back(lived: Life) -> None:
    # given a listing that is called what no product is called
    first, other = _two(lived)
    lived.town.cart.edit(first["ref"], SHOP, sku="OUR-OWN-NAME")
    lived.counts(first["sku"], west=13)
    await lived.goes_on()
    assert lived.causes("OUR-OWN-NAME") == {"NOT_IN_WMS"}
    # when it is linked
    links.link(lived.session, lived.cart_id, first["ref"], first["sku"])
    await lived.goes_on()
    lived.shows(lived.stock())
    # and when it is linked to another product, and sells that
    links.link(lived.session, lived.cart_id, first["ref"], other["sku"])
    await lived.goes_on()
    assert lived.sells()["OUR-OWN-NAME"] == lived.units(product_of(other["ref"]))
    # and when the link goes and the name is put right
    links.remove(lived.session, lived.cart_id, [first["ref"]])
    lived.town.cart.edit(first["ref"], SHOP, sku=first["sku"])
    await lived.goes_on()
    # then
    lived.shows(lived.stock())


# --- what becomes of a listing in the cart -----------------------------------------------------------------------------


@pytest.mark.parametrize("noticed", ["before", "afterwards", "by a full read"])
@pytest.mark.parametrize("same_id", [True, False])
async def test_a_listing_deleted_and_made_again(lived: Life, same_id: bool, noticed: str) -> None:
    # given
    sku = lived.town.in_stock()[0]
    ref = lived.listing(sku)["ref"]
    _remove(lived, ref)
    if noticed == "by a full read":
        lived.bench.request("push", lived.cart_id, full=True)
    if noticed != "afterwards":
        drift.verify(lived.session, lived.cart_id)
        await lived.goes_on()
    # when
    product = product_of(ref)
    again = ref if same_id else "N0000001"
    _add(lived, again, sku)
    await lived.goes_on()
    if same_id and noticed == "afterwards":  # for all that anybody can tell it was edited
        assert lived.sells()[sku] == 0
        drift.correct(lived.session, lived.cart_id, [sku], None, WHY)
        await lived.goes_on()
    # then
    lived.shows(lived.stock() | {sku: lived.units(product)})


@pytest.mark.parametrize("quantity", [0, 3, None])
async def test_a_listing_that_was_not_tracked_for_a_while(lived: Life, quantity: int | None) -> None:
    # given
    sku = lived.town.in_stock()[0]
    lived.town.cart.edit(sku, SHOP, tracked=False)
    await lived.goes_on()
    assert lived.causes(sku) == {"CART_NOT_TRACKING"}
    # when it is tracked again, and counts from another number
    lived.town.cart.edit(sku, SHOP, tracked=True, quantity=quantity)
    await lived.goes_on()
    # then
    lived.shows(lived.stock())


async def test_a_duplicate_that_is_given_a_code_of_its_own(lived: Life) -> None:
    # given
    first, other = _two(lived)
    lived.town.cart.edit(other["ref"], SHOP, sku=first["sku"])
    lived.counts(first["sku"], east=27)
    await lived.goes_on()
    assert lived.causes(first["sku"]) == {"DUPLICATE_IN_CART"}
    # when
    lived.town.cart.edit(other["ref"], SHOP, sku=other["sku"])
    await lived.goes_on()
    # then
    lived.shows(lived.stock())


@pytest.mark.parametrize("looked", [True, False])
async def test_drift_healed_then_an_order_sold(lived: Life, looked: bool) -> None:
    # given somebody else's edit
    sku = lived.town.in_stock()[0]
    right = lived.stock()[sku]
    lived.town.cart.edit(sku, SHOP, quantity=right + 40)
    if looked:
        lived.clocks.passed += 60
        drift.verify(lived.session, lived.cart_id)
        await lived.bench.work()
        assert lived.causes(sku) == set()
    # when it is healed at once
    drift.correct(lived.session, lived.cart_id, [sku], None, WHY)
    await lived.is_requested()
    lived.shows(lived.stock())
    # and sold, before the WMS knows of it: the cart took it off by itself, and is not written to
    writes = len(lived.town.writes())
    lived.sell(sku, 2)
    await lived.goes_on()
    assert (lived.sells()[sku], len(lived.town.writes())) == (right - 2, writes)
    # and when the WMS has it, and the order leaves
    lived.wms_takes(sku, 2)
    await lived.goes_on()
    lived.shows(lived.stock())
    if lived.listing(sku)["allocated"]:
        lived.ship(sku, 2)
    await lived.goes_on()
    # then
    lived.shows(lived.stock())


async def test_allocations_that_change_between_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with life(tmp_path, monkeypatch, Mode(basis="on_hand")) as lived:
        sku, other, *_ = lived.town.in_stock()
        for name in (sku, other):
            lived.sell(name, 2)
            lived.wms_takes(name, 2)
        await lived.goes_on()
        lived.shows(lived.stock())
        # when one order is shipped and one cancelled, and both stocks move
        lived.ship(sku, 2)
        lived.town.cart.edit(other, SHOP, allocated=0)
        lived.wms_takes(other, -2)
        lived.counts(sku, east=71)
        await lived.goes_on()
        # then
        lived.shows(lived.stock())


async def test_a_row_that_the_cart_refuses_then_takes(lived: Life) -> None:
    # given
    sku, other, *_ = lived.town.in_stock()
    ref = lived.listing(sku)["ref"]
    lived.town.cart.faults({"kind": "reject", "path": "/stock", "refs": [ref]})
    lived.counts(sku, east=90)
    lived.counts(other, east=91)
    await lived.goes_on()
    assert lived.causes(sku) == {"REJECTED_BY_CART"}
    assert lived.sells()[other] == 91
    # when
    lived.town.cart.faults()
    await lived.goes_on()
    # then
    lived.shows(lived.stock())


# --- the way to the cart ------------------------------------------------------------------------------------------------


async def test_a_refused_login_then_the_right_secret(lived: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    monkeypatch.setenv("WRONG_TOKEN", "not-this-one")
    right = lived.town.cart.secret
    lived.set_cart(secret="env:WRONG_TOKEN")
    sku = lived.town.in_stock()[0]
    lived.counts(sku, east=64)
    await lived.goes_on()
    assert lived.last_push().state == "failed"
    refused = len(lived.town.cart.requests())
    await lived.goes_on(2)
    assert len(lived.town.cart.requests()) == refused  # an account is not to be locked out
    # when
    lived.set_cart(secret=right)
    await lived.goes_on()
    # then
    lived.shows(lived.stock())


async def test_a_refused_login_to_the_wms_then_the_right_secret(lived: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    monkeypatch.setenv("WRONG_TOKEN", "not-this-one")
    right = lived.town.wms.secret
    lived.set_merchant(secret="env:WRONG_TOKEN")
    sku = lived.town.in_stock()[0]
    lived.counts(sku, east=64)
    await lived.goes_on(3)
    assert sum(request["status"] == 401 for request in lived.town.wms.requests()) == 1
    # when
    lived.set_merchant(secret=right)
    await lived.goes_on()
    # then
    lived.shows(lived.stock())


@pytest.mark.parametrize("every", ["off", "15m"])
async def test_a_cart_that_cannot_be_reached_then_can(lived: Life, every: str) -> None:
    # given a cart that fails until it is tried eight times less often
    lived.set_cart(every=every)
    lived.town.cart.faults({"kind": "status", "status": 503})
    sku = lived.town.in_stock()[0]
    for n in range(5):
        lived.counts(sku, east=20 + n)
        await lived.goes_on(1, seconds=2 * A_WHILE)
    assert lived.last_push().state == "failed"
    # when
    lived.town.cart.faults()
    await lived.goes_on(1, seconds=8 * A_WHILE)
    await lived.goes_on()  # a push with a period of its own does not wait for the download
    # then
    lived.shows(lived.stock())
    # and it is in step again
    lived.counts(sku, east=3)
    await lived.goes_on(2)
    lived.shows(lived.stock())


async def test_a_cart_that_is_moved_to_another_shop_and_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with life(tmp_path, monkeypatch, shops=("other",)) as lived:
        # given a shop with the same listings, of which some show what the first one shows
        same = lived.town.in_stock()[0]
        lived.town.cart.edit(same, "other", quantity=lived.stock()[same])
        # when
        lived.set_cart(options=("shop=other",))
        await lived.goes_on()
        await lived.is_released()
        # then
        assert lived.sells("other") == lived.stock()
        # and when it is moved back, and stock has moved and come back meanwhile
        lived.town.cart.edit(same, SHOP, quantity=0)
        lived.set_cart(options=(f"shop={SHOP}",))
        await lived.goes_on()
        await lived.is_released()
        lived.shows(lived.stock())
