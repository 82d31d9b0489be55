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


async def opened(made: Corner) -> Corner:
    """Both carts show what their warehouses have."""
    await made.bench.work()
    first, bench = made.carts.connection("a", 5.0), made.bench
    made.east = bench.add_cart(first, name="East", warehouses=["EAST"])
    # The same shop, written differently.
    other = replace(
        first, url=first.url.replace("http://127", "HTTP://127") + "/", options={**first.options, "location": "West"}
    )
    made.west = bench.add_cart(other, name="West", warehouses=["WEST"])
    await made.push()
    assert made.sellable() == (EAST, WEST)
    return made


async def test_an_order_at_one_location_counts_once_and_nothing_off_the_other(tmp_path: Path) -> None:
    with corner(tmp_path) as made:
        await opened(made)
        # when an order of 3 is taken at the first location, which both carts are told of
        made.order(3)
        await made.push()
        # then
        assert made.sellable() == (EAST - 3, WEST)
        assert len(made.kept()) == 1
        # and when the carts are pushed again, in the other order
        seq = made.bench.one("SELECT value FROM counter WHERE name = 'seq'")
        await made.bench.push(made.west)
        await made.bench.push(made.east)
        # then
        assert made.sellable() == (EAST - 3, WEST)
        assert made.bench.one("SELECT value FROM counter WHERE name = 'seq'") == seq
        # and when one is taken at West, in two lines, and heard of by the cart of the first location alone
        order = made.order(1, place="West")
        made.order(1, place="West", into=order)
        await made.bench.push(made.east)
        await made.bench.push(made.west)
        # then
        assert made.sellable() == (EAST - 3, WEST - 2)
        # and when a part of it is cancelled, and then the rest
        made.carts.control("cancel", {"shop": "a", "order": order, "units": 1})
        await made.push()
        assert made.sellable() == (EAST - 3, WEST - 1)
        made.carts.control("cancel", {"shop": "a", "order": order})
        await made.push()
        # then
        assert made.sellable() == (EAST - 3, WEST)


async def test_a_shop_elsewhere_counts_the_order_where_it_draws_on_the_same_stock(tmp_path: Path) -> None:
    with corner(tmp_path) as made:
        await opened(made)
        both = made.bench.add_cart(made.carts.connection("b", 5.0), name="both")
        west = made.bench.add_cart(made.carts.connection("b", 5.0), name="west only", warehouses=["WEST"])
        made.order(3)
        await made.push()
        # when
        await made.bench.push(both)
        # then: all the stock there is, less the order once
        assert made.carts.quantities("b")[made.sku] == EAST + WEST - 3
        # and when a cart draws on the other warehouse alone
        await made.bench.push(west)
        # then
        assert made.carts.quantities("b")[made.sku] == WEST


async def test_orders_of_two_shops_with_one_reference_are_two_orders(tmp_path: Path) -> None:
    with corner(tmp_path, Mode(orders=True)) as made:
        await made.bench.work()
        carts = [made.bench.add_cart(made.carts.connection(shop, 5.0), name=shop) for shop in "ab"]
        for cart in carts:
            await made.bench.push(cart)
        # given: each shop numbers its orders from 1
        taken = [made.carts.control("order", {"shop": shop, "ref": made.sku, "units": 2})["order"] for shop in "ab"]
        assert taken[0] == taken[1]
        # when
        for cart in [*carts, carts[0]]:
            await made.bench.push(cart)
        # then
        assert [made.carts.quantities(shop)[made.sku] for shop in "ab"] == [EAST + WEST - 4] * 2


async def test_an_order_stays_pending_for_the_time_that_it_needs_to_reach_the_wms(tmp_path: Path) -> None:
    with corner(tmp_path) as made:
        await opened(made)
        made.order(3)
        await made.push()
        # when: a reading after the order, before the WMS has imported it
        made.level(EAST, WEST)
        await made.pull()
        await made.push()
        # then
        assert made.sellable() == (EAST - 3, WEST)
        # and when a reading comes after the time that orders are given
        for place, units in (("EAST", EAST - 3), ("WEST", WEST), ("DEFAULT", 0)):
            made.wms.set_level(made.sku, place, units, read_at=int(time.time()) + 901)
        await made.pull()
        await made.push()
        # then
        assert made.sellable() == (EAST - 3, WEST)
        assert made.kept() == []


async def test_the_explanation_names_the_orders_that_are_subtracted(tmp_path: Path) -> None:
    from invsync_tui.operations.diagnosis import why

    with corner(tmp_path) as made:
        await opened(made)
        order = made.order(3)
        await made.push()
        found = {one.cart: one for one in why.why(made.bench.session(), made.sku).listings}
        assert [step.because for step in found["East"].steps if step.step == "pending"] == [
            f"3 ordered ({order}): the reading does not include that yet"
        ]
        assert not [step for step in found["West"].steps if step.step == "pending"]


async def test_what_the_shop_sells_beside_our_number_is_explained_found_and_tested_for(tmp_path: Path) -> None:
    from invsync_tui.connectors import registry
    from invsync_tui.operations.diagnosis import doctor, why

    with corner(tmp_path) as made:
        await opened(made)
        made.order(2, place="West")
        made.carts.edit(made.sku, "a", threshold=4)
        for cart in (made.east, made.west):
            await made.bench.push(cart, full=True)
        # then why tells both, and what the shop makes of our number
        found = {one.cart: one for one in why.why(made.bench.session(), made.sku).listings}["East"]
        steps = {step.step: (step.before, step.after) for step in found.steps[-2:]}
        assert steps == {"elsewhere": (EAST, EAST + WEST - 2), "threshold": (EAST + WEST - 2, EAST + WEST - 6)}
        # and the doctor: the other location is set by another cart of ours, the threshold by nobody
        checks = {(c.subject, c.id): c for c in doctor.doctor(made.bench.session()).checks}
        assert checks["East", "connection.locations"].verdict == "pass"
        assert checks["East", "connection.threshold"].verdict == "fail"
        # and the connection test
        cart = registry.cart(made.carts.connection("a", 5.0))
        details = " ".join([step.detail async for step in cart.check()])
        await cart.close()
        assert "have stock at other locations" in details
        assert f"threshold: {made.sku} 4" in details


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
