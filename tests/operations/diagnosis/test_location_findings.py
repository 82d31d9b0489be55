"""The doctor's findings of locations of one shop: stock that is sold at two of them, a location that two carts set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from invsync_tui.operations.diagnosis import doctor
from invsync_tui.rules.merchant_checks import Check
from tests.support.runs.cart_location_runs import add, opened, push
from tests.support.runs.shared_shop import Corner, corner


def checks(our_corner: Corner, kind: str) -> dict[str, Check]:
    """By cart, its check of a kind."""
    return {check.subject: check for check in doctor.doctor(our_corner.bench.session()).checks if check.id == kind}


def verdicts(our_corner: Corner, kind: str) -> dict[str, str]:
    return {name: str(check.verdict) for name, check in checks(our_corner, kind).items()}


BOTH = {"Shop": "fail", "Shop West": "fail"}
NEITHER = {"Shop": "pass", "Shop West": "pass"}


async def test_warehouses_of_their_own_are_no_finding(tmp_path: Path) -> None:
    with corner(tmp_path) as our_corner:
        await opened(our_corner)
        assert verdicts(our_corner, "cart.stock_shared") == verdicts(our_corner, "cart.location_once") == NEITHER


@pytest.mark.parametrize("east", [[], ["EAST", "WEST"]], ids=["combine all locations", "chosen"])
async def test_a_warehouse_that_feeds_two_locations_is_a_finding_with_advice(tmp_path: Path, east: list[str]) -> None:
    with corner(tmp_path) as our_corner:
        await opened(our_corner)
        our_corner.bench.set_cart(our_corner.east, warehouses=[our_corner.bench.warehouse(code) for code in east])
        assert verdicts(our_corner, "cart.stock_shared") == BOTH
        found = checks(our_corner, "cart.stock_shared")["Shop West"]
        assert found.evidence == "WEST feeds Shop West (100 %) and also Shop (100 %)"
        assert "invsync carts set 'Shop West' --merchant Demo --warehouse CODE" in found.fix


@pytest.mark.parametrize(
    "values", [{"share_percent": 50}, {"upload_enabled": False}], ids=["shares come to 100", "switched off"]
)
async def test_what_offers_each_unit_once_is_no_finding(tmp_path: Path, values: dict[str, Any]) -> None:
    with corner(tmp_path) as our_corner:
        await opened(our_corner)
        our_corner.bench.set_cart(our_corner.east, warehouses=[])
        our_corner.bench.set_cart(our_corner.east, **values)
        our_corner.bench.set_cart(our_corner.west, share_percent=50)
        assert "fail" not in verdicts(our_corner, "cart.stock_shared").values()


async def test_it_is_found_before_the_first_push(tmp_path: Path) -> None:
    with corner(tmp_path) as our_corner:
        await our_corner.bench.work()
        add(our_corner)
        our_corner.bench.set_cart(our_corner.east, warehouses=[])
        assert verdicts(our_corner, "cart.stock_shared") == BOTH


async def test_a_location_that_is_set_twice_by_id_and_by_name_is_a_finding(tmp_path: Path) -> None:
    """The option of one is the reference, that of the other the name: what they were opened as tells that it is one."""
    with corner(tmp_path) as our_corner:
        await opened(our_corner)
        with our_corner.bench.by_hand() as cx:
            cx.execute("UPDATE cart SET location = 'first' WHERE id = ?", (our_corner.west,))
        assert verdicts(our_corner, "cart.location_once") == BOTH
        assert "'Shop West'" in checks(our_corner, "cart.location_once")["Shop West"].fix
        our_corner.bench.set_cart(our_corner.west, push_kind=7)
        assert verdicts(our_corner, "cart.location_once") == NEITHER
        # what one location gets twice is not sold at two of them
        our_corner.bench.set_cart(our_corner.east, warehouses=[])
        assert verdicts(our_corner, "cart.stock_shared") == NEITHER


async def test_carts_with_connections_of_their_own_to_one_shop_are_compared_too(tmp_path: Path) -> None:
    with corner(tmp_path) as our_corner:
        await opened(our_corner)
        with our_corner.bench.by_hand() as cx:
            cx.execute("UPDATE cart SET of_cart = NULL")
        our_corner.bench.set_cart(our_corner.west, warehouses=[])
        await push(our_corner, our_corner.west)
        assert verdicts(our_corner, "cart.stock_shared") == BOTH


async def test_a_cart_that_is_alone_in_its_shop_has_no_such_check(tmp_path: Path) -> None:
    with corner(tmp_path) as our_corner:
        await our_corner.bench.work()
        our_corner.bench.add_cart(our_corner.carts.connection("a", 5.0), name="alone")
        assert verdicts(our_corner, "cart.stock_shared") == {}


def elsewhere(our_corner: Corner) -> Check:
    """What the doctor says of West's listings whose stock lies in other warehouses."""
    return checks(our_corner, "sku.warehouse")["Shop West"]


def feed_east_with_the_rest(our_corner: Corner) -> None:
    """East gets every warehouse but West's."""
    west = our_corner.bench.warehouse("WEST")
    rest = our_corner.bench.store.read(
        "SELECT id FROM warehouse WHERE merchant_id = ? AND id <> ?", (our_corner.bench.merchant, west)
    )
    our_corner.bench.set_cart(our_corner.east, warehouses=[row[0] for row in rest])


async def test_stock_that_another_location_of_the_shop_has_is_no_finding(tmp_path: Path) -> None:
    with corner(tmp_path) as our_corner:
        await opened(our_corner)
        feed_east_with_the_rest(our_corner)
        assert (await push(our_corner, our_corner.west)).state == "done"
        assert str(elsewhere(our_corner).verdict) == "pass"
        assert "WRONG_WAREHOUSE" in elsewhere(our_corner).evidence
        assert "at its other locations" in elsewhere(our_corner).evidence


async def test_what_the_other_locations_sell_is_no_news_on_the_merchants_screen(tmp_path: Path) -> None:
    with corner(tmp_path) as our_corner:
        await opened(our_corner)
        feed_east_with_the_rest(our_corner)
        assert (await push(our_corner, our_corner.west)).state == "done"
        assert noted(our_corner, our_corner.west) == []
        # The same stock is a finding once the location that had it is switched off.
        our_corner.bench.set_cart(our_corner.east, upload_enabled=False)
        assert (await push(our_corner, our_corner.west)).state == "done"
        assert noted(our_corner, our_corner.west) == ["WRONG_WAREHOUSE"]


def noted(our_corner: Corner, cart_id: int) -> list[str]:
    """The causes that the merchants and run screens tell of a cart, if it is one of stock elsewhere."""
    rows = our_corner.bench.store.read("SELECT cause FROM finding WHERE cart_id = ? ORDER BY cause", (cart_id,))
    return [cause for (cause,) in rows if cause == "WRONG_WAREHOUSE"]


async def test_stock_that_no_location_has_is_a_finding_and_the_advice_is_not_to_take_all_warehouses(
    tmp_path: Path,
) -> None:
    """All warehouses at two locations are the same stock twice."""
    with corner(tmp_path) as our_corner:
        await opened(our_corner)
        our_corner.bench.set_cart(our_corner.east, upload_enabled=False)
        add_north(our_corner)
        assert str(elsewhere(our_corner).verdict) == "fail"
        assert elsewhere(our_corner).fix == "invsync carts set 'Shop West' --merchant Demo --warehouse CODE"


def add_north(our_corner: Corner) -> None:
    """A third location with the same warehouse as West."""
    row = our_corner.bench.add_cart(
        our_corner.carts.connection("a", 5.0, location="North"), name="North", warehouses=["WEST"]
    )
    with our_corner.bench.by_hand() as cx:
        cx.execute("UPDATE cart SET of_cart = ? WHERE id = ?", (our_corner.east, row))
