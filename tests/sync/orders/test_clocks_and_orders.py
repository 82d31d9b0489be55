"""Clocks that differ, and a WMS that says which orders it has."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from invsync_tui.connectors.network.server_clock import ServerClock, settled
from invsync_tui.sandbox.shop import Mode
from invsync_tui.store.listings import order_rows
from invsync_tui.store.settings import write as settings_write
from tests.support.runs.shared_shop import EAST, WEST, Corner, corner

TEN_MINUTES = 600


async def _sells(our_corner: Corner) -> int:
    """A cart that sells all stock there is."""
    await our_corner.bench.work()
    cart = our_corner.bench.add_cart(
        our_corner.carts.connection("a", 5.0), name="all", relist_every=86400, observe_every=0
    )
    assert (await our_corner.bench.push(cart)).state == "done"
    return cart


def _shown(our_corner: Corner) -> int | None:
    return our_corner.carts.quantities("a")[our_corner.sku]


@pytest.mark.parametrize("ahead", [-TEN_MINUTES, TEN_MINUTES])
async def test_orders_of_a_cart_whose_clock_is_wrong_count_as_long_as_any_others(tmp_path: Path, ahead: int) -> None:
    with corner(tmp_path, Mode(orders=True, clock=ahead), orders_within=60) as our_corner:
        cart = await _sells(our_corner)
        b = our_corner.bench.add_cart(our_corner.carts.connection("b", 5.0), name="other")
        # when an order is taken now, which the cart dates by its own clock
        our_corner.order(3)
        await our_corner.bench.push(cart)
        await our_corner.bench.push(b)
        # then it is subtracted
        assert our_corner.carts.quantities("b")[our_corner.sku] == EAST + WEST - 3
        assert abs(our_corner.bench.one("SELECT taken_at FROM our_pending_order") - time.time()) < 30
        # and when a reading comes that is later than the order by more than it needs
        for place, units in (("EAST", EAST - 3), ("WEST", WEST), ("DEFAULT", 0)):
            our_corner.wms.set_level(our_corner.sku, place, units, read_at=int(time.time()) + 100)
        await our_corner.pull()
        await our_corner.bench.push(cart)
        # then it ends
        assert our_corner.kept() == []


async def test_a_delta_read_asks_a_slow_cart_by_its_own_clock(tmp_path: Path) -> None:
    with corner(tmp_path, Mode(clock=-TEN_MINUTES)) as our_corner:
        cart = await _sells(our_corner)
        # when somebody renames a listing, stamped ten minutes ago by the cart's clock
        our_corner.carts.edit(our_corner.sku, "a", name="another name")
        await our_corner.bench.push(cart)
        # then
        assert our_corner.bench.one("SELECT count(*) FROM our_listing WHERE name = 'another name'") == 1
        assert abs(our_corner.bench.one("SELECT clock_offset FROM our_cart WHERE id = ?", cart) + TEN_MINUTES) < 5


async def test_a_cart_whose_clock_is_put_right_loses_no_order(tmp_path: Path) -> None:
    with corner(tmp_path, Mode(orders=True, clock=-TEN_MINUTES)) as our_corner:
        cart = await _sells(our_corner)
        our_corner.order(2)
        await our_corner.bench.push(cart)
        our_corner.order(3)
        # when its clock is put right before the second order was heard of
        our_corner.carts.control("clock", {"shop": "a", "ahead": 0})
        await our_corner.bench.push(cart)
        # then
        assert sum(units for _, _, units in our_corner.kept()) == 5
        assert _shown(our_corner) == EAST + WEST - 5


async def test_readings_of_a_wms_whose_clock_is_ahead_do_not_end_orders_early(tmp_path: Path) -> None:
    with corner(tmp_path, Mode(orders=True), orders_within=0) as our_corner:
        cart = await _sells(our_corner)
        our_corner.order(3)
        await our_corner.bench.push(cart)
        # when the WMS, ten minutes ahead, dates a reading that was taken before the order
        our_corner.wms.control("clock", {"ahead": TEN_MINUTES})
        for place, units in (("EAST", EAST), ("WEST", WEST), ("DEFAULT", 0)):
            our_corner.wms.set_level(our_corner.sku, place, units, read_at=int(time.time()) + TEN_MINUTES - 60)
        await our_corner.pull()
        await our_corner.bench.push(cart)
        # then
        assert _shown(our_corner) == EAST + WEST - 3
        assert len(our_corner.kept()) == 1


async def test_an_order_ends_when_the_wms_names_it_and_not_before(tmp_path: Path) -> None:
    with corner(tmp_path, Mode(orders=True), orders_within=0) as our_corner:
        with our_corner.bench.store.session() as session:
            source = settings_write.source_of(session, our_corner.bench.merchant)
            assert source is not None
            source.options = '{"orders": "on"}'
        cart = await _sells(our_corner)
        order = our_corner.order(3)
        await our_corner.bench.push(cart)
        # when readings come, however late
        our_corner.level(EAST, WEST)
        await our_corner.pull()
        await our_corner.bench.push(cart)
        # then
        assert _shown(our_corner) == EAST + WEST - 3
        # and when the WMS has imported it
        our_corner.wms.control("import", {"names": [order]})
        for place, units in (("EAST", EAST - 3), ("WEST", WEST), ("DEFAULT", 0)):
            our_corner.wms.set_level(our_corner.sku, place, units, read_at=int(time.time()) + 5)
        await our_corner.pull()
        await our_corner.bench.push(cart)
        # then
        assert (_shown(our_corner), our_corner.kept()) == (EAST + WEST - 3, [])


def test_an_order_of_a_clock_that_nobody_can_measure_is_not_waited_for_for_ever() -> None:
    week, now = 7 * 86400, 1_800_000_000
    row = order_rows.Kept(1, "1", 1, "", 2, now + 10**9, "shop", "1", now + 10**9, now, None, 0)
    terms = order_rows.Terms(now, now, 900, False, week)
    assert terms.until(row, named=True) <= now + order_rows.FUTURE_MOST + 900
    assert terms._replace(now=now + week).until(row, named=True) == 0


def test_a_clock_is_measured_by_the_quickest_answer_and_never_by_one_out_of_a_cache() -> None:
    clock = ServerClock()
    assert settled(clock.offset, None) == 0
    clock.note({"date": "Thu, 01 Jan 2026 00:10:00 GMT"}, 0.1, 1767225600.0)
    assert settled(clock.offset, None) in (600, 601)
    clock.note({"date": "Thu, 01 Jan 2026 00:00:00 GMT"}, 2.0, 1767225600.0)
    clock.note({"date": "Thu, 01 Jan 2026 00:00:00 GMT", "age": "600"}, 0.0, 1767225600.0)
    clock.note({"date": "yesterday"}, 0.0, 1767225600.0)
    assert settled(clock.offset, None) in (600, 601)
    # What differs by less than Date can say is no difference, and a small one does not move what is known.
    assert settled(2.4, None) == 0
    assert settled(601.9, 600) == 600
