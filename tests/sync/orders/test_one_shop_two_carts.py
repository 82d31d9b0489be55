"""An order counts once per shop, only where its units can come from, and until the WMS can know it."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.shop_identity import shop_of
from invsync_tui.sandbox.shop import Mode
from tests.support.runs.shared_shop import EAST, WEST, Corner, corner


async def opened(our_corner: Corner) -> Corner:
    """Both carts show what their warehouses have."""
    await our_corner.bench.work()
    first, bench = our_corner.carts.connection("a", 5.0), our_corner.bench
    our_corner.east = bench.add_cart(first, name="East", warehouses=["EAST"])
    # The same shop, written differently.
    other = replace(
        first, url=first.url.replace("http://127", "HTTP://127") + "/", options={**first.options, "location": "West"}
    )
    our_corner.west = bench.add_cart(other, name="West", warehouses=["WEST"])
    await our_corner.push()
    assert our_corner.sellable() == (EAST, WEST)
    return our_corner


async def test_an_order_at_one_location_counts_once_and_nothing_off_the_other(tmp_path: Path) -> None:
    with corner(tmp_path) as our_corner:
        await opened(our_corner)
        # when an order of 3 is taken at the first location, which both carts are told of
        our_corner.order(3)
        await our_corner.push()
        # then
        assert our_corner.sellable() == (EAST - 3, WEST)
        assert len(our_corner.kept()) == 1
        # and when the carts are pushed again, in the other order
        seq = our_corner.bench.one("SELECT value FROM counter WHERE name = 'seq'")
        await our_corner.bench.push(our_corner.west)
        await our_corner.bench.push(our_corner.east)
        # then
        assert our_corner.sellable() == (EAST - 3, WEST)
        assert our_corner.bench.one("SELECT value FROM counter WHERE name = 'seq'") == seq
        # and when one is taken at West, in two lines, and heard of by the cart of the first location alone
        order = our_corner.order(1, place="West")
        our_corner.order(1, place="West", into=order)
        await our_corner.bench.push(our_corner.east)
        await our_corner.bench.push(our_corner.west)
        # then
        assert our_corner.sellable() == (EAST - 3, WEST - 2)
        # and when a part of it is cancelled, and then the rest
        our_corner.carts.control("cancel", {"shop": "a", "order": order, "units": 1})
        await our_corner.push()
        assert our_corner.sellable() == (EAST - 3, WEST - 1)
        our_corner.carts.control("cancel", {"shop": "a", "order": order})
        await our_corner.push()
        # then
        assert our_corner.sellable() == (EAST - 3, WEST)


async def test_a_shop_elsewhere_counts_the_order_where_it_draws_on_the_same_stock(tmp_path: Path) -> None:
    with corner(tmp_path) as our_corner:
        await opened(our_corner)
        both = our_corner.bench.add_cart(our_corner.carts.connection("b", 5.0), name="both")
        west = our_corner.bench.add_cart(our_corner.carts.connection("b", 5.0), name="west only", warehouses=["WEST"])
        our_corner.order(3)
        await our_corner.push()
        # when
        await our_corner.bench.push(both)
        # then: all the stock there is, less the order once
        assert our_corner.carts.quantities("b")[our_corner.sku] == EAST + WEST - 3
        # and when a cart draws on the other warehouse alone
        await our_corner.bench.push(west)
        # then
        assert our_corner.carts.quantities("b")[our_corner.sku] == WEST


async def test_orders_of_two_shops_with_one_reference_are_two_orders(tmp_path: Path) -> None:
    with corner(tmp_path, Mode(orders=True)) as our_corner:
        await our_corner.bench.work()
        carts = [our_corner.bench.add_cart(our_corner.carts.connection(shop, 5.0), name=shop) for shop in "ab"]
        for cart in carts:
            await our_corner.bench.push(cart)
        # given: each shop numbers its orders from 1
        taken = [
            our_corner.carts.control("order", {"shop": shop, "ref": our_corner.sku, "units": 2})["order"]
            for shop in "ab"
        ]
        assert taken[0] == taken[1]
        # when
        for cart in [*carts, carts[0]]:
            await our_corner.bench.push(cart)
        # then
        assert [our_corner.carts.quantities(shop)[our_corner.sku] for shop in "ab"] == [EAST + WEST - 4] * 2


async def test_an_order_stays_pending_for_the_time_that_it_needs_to_reach_the_wms(tmp_path: Path) -> None:
    with corner(tmp_path) as our_corner:
        await opened(our_corner)
        our_corner.order(3)
        await our_corner.push()
        # when: a reading after the order, before the WMS has imported it
        our_corner.level(EAST, WEST)
        await our_corner.pull()
        await our_corner.push()
        # then
        assert our_corner.sellable() == (EAST - 3, WEST)
        # and when a reading comes after the time that orders are given
        for place, units in (("EAST", EAST - 3), ("WEST", WEST), ("DEFAULT", 0)):
            our_corner.wms.set_level(our_corner.sku, place, units, read_at=int(time.time()) + 901)
        await our_corner.pull()
        await our_corner.push()
        # then
        assert our_corner.sellable() == (EAST - 3, WEST)
        assert our_corner.kept() == []


async def test_the_explanation_names_the_orders_that_are_subtracted(tmp_path: Path) -> None:
    from invsync_tui.operations.diagnosis import why

    with corner(tmp_path) as our_corner:
        await opened(our_corner)
        order = our_corner.order(3)
        await our_corner.push()
        by_cart = {listing.cart: listing for listing in why.why(our_corner.bench.session(), our_corner.sku).listings}
        assert [step.because for step in by_cart["East"].steps if step.step == "pending"] == [
            f"3 ordered ({order}): the reading does not include that yet"
        ]
        assert not [step for step in by_cart["West"].steps if step.step == "pending"]


async def test_what_the_shop_sells_beside_our_number_is_explained_found_and_tested_for(tmp_path: Path) -> None:
    from invsync_tui.connectors import registry
    from invsync_tui.operations.diagnosis import doctor, why

    with corner(tmp_path) as our_corner:
        await opened(our_corner)
        our_corner.order(2, place="West")
        our_corner.carts.edit(our_corner.sku, "a", threshold=4)
        for cart in (our_corner.east, our_corner.west):
            await our_corner.bench.push(cart, full=True)
        # then why tells both, and what the shop makes of our number
        line = {listing.cart: listing for listing in why.why(our_corner.bench.session(), our_corner.sku).listings}[
            "East"
        ]
        steps = {step.step: (step.before, step.after) for step in line.steps[-2:]}
        assert steps == {"elsewhere": (EAST, EAST + WEST - 2), "threshold": (EAST + WEST - 2, EAST + WEST - 6)}
        # and the doctor: the other location is set by another cart of ours, the threshold by nobody
        checks = {(c.subject, c.id): c for c in doctor.doctor(our_corner.bench.session()).checks}
        assert checks["East", "connection.locations"].verdict == "pass"
        assert checks["East", "connection.threshold"].verdict == "fail"
        # and the connection test
        cart = registry.cart(our_corner.carts.connection("a", 5.0))
        details = " ".join([step.detail async for step in cart.check()])
        await cart.close()
        assert "have stock at other locations" in details
        assert f"threshold: {our_corner.sku} 4" in details


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("http://shop.example", True),
        ("HTTP://Shop.Example:80/", True),
        ("https://shop.example:443", True),
        ("https://shop.example.", True),
        ("https://shop.example/admin-api", True),
        ("https://shop.example/admin-api/", True),
        ("https://shop.example:8443", False),
        ("https://shop.example/eu", False),
        ("https://other.example", False),
    ],
)
def test_a_shop_is_known_by_its_address_however_it_is_written(url: str, same: bool) -> None:
    def shop(where: str, **options: str) -> Any:
        return shop_of(Connection("x", "vendure", where, options=options))

    assert (shop(url).key == shop("https://shop.example").key) is same


def test_a_shop_is_known_by_its_system_and_the_options_that_choose_it() -> None:
    def shop(system: str = "sandbox", **options: str) -> Any:
        return shop_of(Connection("x", system, "http://127.0.0.1:9", options=options))

    assert shop(shop="a", location="West") == shop(shop="a", basis="on_hand")
    assert shop(shop="a").key != shop(shop="b").key
    assert shop("vendure").key != shop("unheard-of").key
    assert shop("vendure", location="1").view == shop("vendure", location="2").view
    # Order ids mean one order in a whole Vendure, but each channel is told of its own.
    assert shop("vendure", channel="x").key == shop("vendure").key
    assert shop("vendure", channel="x").view != shop("vendure").view
