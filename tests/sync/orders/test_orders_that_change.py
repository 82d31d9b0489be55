"""Orders that are changed after they were placed: units that come to them are pending, and those that the WMS has are not."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from invsync_tui import clock
from invsync_tui.connectors.base import OrderLine
from invsync_tui.connectors.carts.sandbox import SandboxCart
from invsync_tui.sandbox.shop import Mode
from invsync_tui.store import retention
from invsync_tui.store.database import create_store
from invsync_tui.store.listings import order_rows, orders_known
from invsync_tui.store.listings.order_rows import Kept, Terms
from invsync_tui.store.listings.orders_known import Known, OrderKey
from invsync_tui.store.retention import DAY, Limits
from tests.support.runs.street import LATER, Street, street


@pytest.fixture
async def sold(tmp_path: Path) -> AsyncIterator[Street]:
    """Both carts show 10, as the WMS has."""
    with street(tmp_path) as our_street:
        await our_street.sync()
        yield our_street


def _both(our_street: Street, sku: str = "") -> tuple[int | None, int | None]:
    code = sku or our_street.sku
    return our_street.carts.quantities("a")[code], our_street.carts.quantities("b")[code]


def _add(our_street: Street, order: str, units: int, *, sku: str = "", after: int) -> None:
    """Units are added to an order. The cart tells of the order as a whole."""
    body = {
        "shop": "a",
        "ref": sku or our_street.sku,
        "units": units,
        "into": order,
        "taken_at": int(time.time()) + after,
    }
    our_street.carts.control("order", body)


async def _known(our_street: Street) -> str:
    """An order of 3 that the WMS has, and that every reading knows."""
    order = our_street.sell(3)
    await our_street.push()
    our_street.count(7, after=LATER + 10)
    await our_street.sync()
    assert (_both(our_street), our_street.kept()) == ((7, 7), 0)
    return order


async def test_units_that_are_added_to_an_order_that_the_wms_has_are_pending_and_no_others(sold: Street) -> None:
    order = await _known(sold)
    # when
    _add(sold, order, 2, after=LATER + 20)
    await sold.push()
    # then
    assert _both(sold) == (5, 5)
    # and when it is told again
    await sold.push()
    assert _both(sold) == (5, 5)
    # and once the WMS has them
    sold.count(5, after=LATER + 30)
    await sold.sync()
    assert (_both(sold), sold.kept()) == ((5, 5), 0)


async def test_a_product_that_is_added_to_an_order_that_the_wms_has(sold: Street) -> None:
    other = sold.carts.dump()["a"][5]["sku"]
    sold.count(10, sku=other, after=0)
    await sold.sync()
    order = await _known(sold)
    _add(sold, order, 2, sku=other, after=LATER + 20)
    await sold.push()
    assert (_both(sold), _both(sold, other)) == ((7, 7), (8, 8))


async def test_units_that_are_added_twice_are_known_one_after_the_other(sold: Street) -> None:
    order = await _known(sold)
    _add(sold, order, 2, after=LATER + 20)
    await sold.push()
    _add(sold, order, 1, after=LATER + 40)
    await sold.push()
    assert _both(sold) == (4, 4)
    # when the WMS knows the first of them
    sold.count(5, after=LATER + 30)
    await sold.sync()
    # then
    assert _both(sold)[1] == 4


async def test_units_that_are_added_while_the_first_are_pending_are_dated_for_themselves(tmp_path: Path) -> None:
    with street(tmp_path) as our_street:
        await our_street.sync()
        order = our_street.sell(3)
        await our_street.push()
        _add(our_street, order, 2, after=LATER + 20)
        await our_street.push()
        assert _both(our_street) == (5, 5)
        # when the WMS was read between the two
        our_street.count(7, after=LATER + 10)
        await our_street.sync()
        # then
        assert _both(our_street)[1] == 5


async def test_units_that_are_taken_out_of_an_order_and_put_in_again(sold: Street) -> None:
    order = await _known(sold)
    _add(sold, order, 2, after=LATER + 20)
    await sold.push()
    sold.carts.control("cancel", {"shop": "a", "order": order, "units": 2})
    await sold.push()
    # then: the shop has them, and the WMS never heard of them
    assert _both(sold) == (7, 7)
    # when
    _add(sold, order, 2, after=LATER + 30)
    await sold.push()
    assert _both(sold)[1] == 5


async def test_an_order_of_two_places_that_grows_at_one_of_them(tmp_path: Path) -> None:
    with street(tmp_path, Mode(orders=True, places="North")) as our_street:
        await our_street.sync()
        order = await _known(our_street)
        _add(our_street, order, 2, after=LATER + 20)
        await our_street.push()
        assert our_street.shown("b") == 5


def test_what_is_known_of_orders_is_forgotten_after_a_while(tmp_path: Path) -> None:
    at, key = 1_700_000_000, OrderKey("shop", "o-1", 7)
    later = key._replace(ref="o-2")
    store = create_store(tmp_path / "store.db")
    with store.transaction() as tx:
        orders_known.write(tx, 1, {key: {("", at): 3}, later: {("", at): 1}})
        orders_known.write(tx, 1, {key: {("", at + 1): 2, ("East", at + 1): 2}})
        assert orders_known.read(tx, 1, [key]) == {key: {("", at + 1): 2, ("East", at + 1): 2}}
        assert orders_known.read(tx, 2, [key]) == {}
        # when
        assert retention.step(tx, "orders", Limits(), at + retention.ORDERS * DAY + 1, ()) == (1, None)
        # then
        assert orders_known.read(tx, 1, [key, later]) == {key: {("", at + 1): 2, ("East", at + 1): 2}}
    store.close()


@pytest.mark.parametrize(
    ("told", "known", "more", "settled"),
    [
        ({"": 3}, {}, {"": 3}, {}),
        ({"": 5}, {("", 9): 3}, {"": 2}, {("", 9): 3}),
        ({"": 2}, {("", 9): 3}, {}, {("", 9): 2}),
        ({"": 0}, {("", 9): 3}, {}, {("", 9): 0}),
        ({"": 3}, {("", 9): 0}, {"": 3}, {("", 9): 0}),
        ({"": 3}, {("", 11): 0}, {"": 3}, {}),
        ({"": 5}, {("", 11): 3}, {"": 5}, {}),
        ({"": 5}, {("", 8): 2, ("", 11): 3}, {"": 3}, {("", 8): 2}),
        ({"A": 5, "B": 3}, {("B", 10): 3}, {"A": 5}, {("B", 10): 3}),
        ({"B": 5}, {("A", 9): 3}, {"B": 2}, {("B", 9): 3}),
        ({"": 5}, {("A", 9): 2, ("B", 8): 1}, {"": 2}, {("", 9): 2, ("", 8): 1}),
    ],
)
def test_what_an_order_has_beyond_what_a_reading_knows(
    told: dict[str, int], known: Known, more: dict[str, int], settled: Known
) -> None:
    assert orders_known.beyond(told, known, 10) == (more, settled)


async def test_an_order_that_is_dated_anew_with_the_same_units_is_not_subtracted_again(
    sold: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An order that is paid days after it was placed; a line whose price was changed, which Medusa reserves anew."""
    await _known(sold)
    real = SandboxCart.orders_since

    async def dated_anew(self: SandboxCart, since: int) -> list[OrderLine]:
        return [line._replace(taken_at=int(time.time()) + LATER + 20) for line in await real(self, 0)]

    monkeypatch.setattr(SandboxCart, "orders_since", dated_anew)
    await sold.push()
    assert (_both(sold), sold.kept()) == ((7, 7), 0)


async def test_units_that_come_to_an_order_without_a_new_date_are_pending_from_then_on(
    sold: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shopify, Vendure and WooCommerce say when an order was placed, and not when it was changed."""
    await _known(sold)
    real = SandboxCart.orders_since
    units = [3]

    async def as_it_is_now(self: SandboxCart, since: int) -> list[OrderLine]:
        return [line._replace(quantity=units[0]) for line in await real(self, 0)]

    monkeypatch.setattr(SandboxCart, "orders_since", as_it_is_now)
    # when units are added, some minutes after the reading
    monkeypatch.setattr(clock, "now", lambda: time.time() + LATER + 200)
    await sold.push()
    units[0] = 5
    await sold.push()
    # then
    assert (_both(sold)[1], sold.kept()) == (5, 1)
    # and once a reading is later than that
    sold.count(5, after=LATER + 230)
    await sold.sync()
    assert (_both(sold)[1], sold.kept()) == (5, 0)


@pytest.mark.parametrize("known", [True, False])
async def test_an_order_that_is_canceled_and_restored_is_pending_again(
    sold: Street, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    """WooCommerce takes its units again then, with the date of the order as it was."""
    order = await _known(sold) if known else sold.sell(3)
    await sold.push()
    real = SandboxCart.orders_since
    units = [0]

    async def as_it_is_now(self: SandboxCart, since: int) -> list[OrderLine]:
        return [line._replace(quantity=units[0]) for line in await real(self, 0) if line.order_ref == order]

    monkeypatch.setattr(SandboxCart, "orders_since", as_it_is_now)
    await sold.push()
    assert sold.kept() == 0
    # when the WMS has put its units back, or never had it, and some minutes later it is restored
    sold.count(10, after=LATER + 20)
    await sold.sync()
    assert _both(sold)[1] == 10
    monkeypatch.setattr(clock, "now", lambda: time.time() + LATER + 200)
    units[0] = 3
    await sold.push()
    # then
    assert (_both(sold)[1], sold.kept()) == (7, 1)
    sold.count(7, after=LATER + 230)
    await sold.sync()
    assert (_both(sold)[1], sold.kept()) == (7, 0)


def _row(location: str, part: int, quantity: int) -> Kept:
    return Kept(1, "o-1", 7, location, quantity, 100 + part, "shop", "o-1", 100, 100 + part, None, 0, part)


@pytest.mark.parametrize(
    ("was", "told", "known", "by_name", "rows"),
    [
        ([], {"": 3}, False, False, {("", 0): 3}),
        ([], {"": 3}, True, False, {("", 900): 3}),
        ([("A", 0, 3)], {"A": 3}, False, False, {("A", 0): 3}),
        ([("A", 0, 3)], {"A": 5}, False, False, {("A", 0): 3, ("A", 900): 2}),
        ([("A", 0, 3), ("A", 50, 2)], {"A": 4}, False, False, {("A", 0): 2, ("A", 50): 2}),
        ([("A", 0, 3), ("A", 50, 2)], {"B": 5}, False, False, {("B", 0): 3, ("B", 50): 2}),
        ([("A", 0, 3), ("A", 50, 2)], {"A": 1, "B": 4}, False, False, {("A", 50): 1, ("B", 50): 1, ("B", 0): 3}),
        ([("A", 0, 3), ("A", 50, 2)], {"": 5}, False, False, {("A", 0): 3, ("A", 50): 2}),
        ([("A", 0, 3)], {"A": 2, "B": 2}, False, False, {("A", 0): 2, ("B", 0): 1, ("B", 900): 1}),
        ([("A", 900, 3)], {"A": 4}, True, False, {("A", 900): 3, ("A", 901): 1}),
        ([("A", 0, 3)], {"A": 5}, False, True, {("A", 0): 5}),
        ([("A", 50, 3)], {"A": 5}, True, True, {("A", 50): 3, ("A", 900): 2}),
    ],
)
def test_units_of_an_order_keep_their_dates(
    was: list[tuple[str, int, int]],
    told: dict[str, int],
    known: bool,
    by_name: bool,
    rows: dict[tuple[str, int], int],
) -> None:
    kept = [_row(*row) for row in was]
    terms = Terms(900, 0, 60, by_name, 7 * DAY)
    parts = order_rows.order_parts(_row("", 0, 0), kept, told, known, terms)
    assert {(row.location, row.part): row.quantity for row in parts} == rows
    assert {row.taken_at for row in parts} <= {100 + row[1] for row in was} | {100, 900}
