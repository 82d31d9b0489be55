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


async def _sells(made: Corner) -> int:
    """A cart that sells all stock there is."""
    await made.bench.work()
    cart = made.bench.add_cart(made.carts.connection("a", 5.0), name="all", relist_every=86400, observe_every=0)
    assert (await made.bench.push(cart)).state == "done"
    return cart


def _shown(made: Corner) -> int | None:
    return made.carts.quantities("a")[made.sku]


@pytest.mark.parametrize("ahead", [-TEN_MINUTES, TEN_MINUTES])
async def test_orders_of_a_cart_whose_clock_is_wrong_count_as_long_as_any_others(tmp_path: Path, ahead: int) -> None:
    with corner(tmp_path, Mode(orders=True, clock=ahead), orders_within=60) as made:
        cart = await _sells(made)
        b = made.bench.add_cart(made.carts.connection("b", 5.0), name="other")
        # when an order is taken now, which the cart dates by its own clock
        made.order(3)
        await made.bench.push(cart)
        await made.bench.push(b)
        # then it is subtracted
        assert made.carts.quantities("b")[made.sku] == EAST + WEST - 3
        assert abs(made.bench.one("SELECT taken_at FROM our_pending_order") - time.time()) < 30
        # and when a reading comes that is later than the order by more than it needs
        for place, units in (("EAST", EAST - 3), ("WEST", WEST), ("DEFAULT", 0)):
            made.wms.set_level(made.sku, place, units, read_at=int(time.time()) + 100)
        await made.pull()
        await made.bench.push(cart)
        # then it ends
        assert made.kept() == []


async def test_a_delta_read_asks_a_slow_cart_by_its_own_clock(tmp_path: Path) -> None:
    with corner(tmp_path, Mode(clock=-TEN_MINUTES)) as made:
        cart = await _sells(made)
        # when somebody renames a listing, stamped ten minutes ago by the cart's clock
        made.carts.edit(made.sku, "a", name="another name")
        await made.bench.push(cart)
        # then
        assert made.bench.one("SELECT count(*) FROM our_listing WHERE name = 'another name'") == 1
        assert abs(made.bench.one("SELECT clock_offset FROM our_cart WHERE id = ?", cart) + TEN_MINUTES) < 5


async def test_a_cart_whose_clock_is_put_right_loses_no_order(tmp_path: Path) -> None:
    with corner(tmp_path, Mode(orders=True, clock=-TEN_MINUTES)) as made:
        cart = await _sells(made)
        made.order(2)
        await made.bench.push(cart)
        made.order(3)
        # when its clock is put right before the second order was heard of
        made.carts.control("clock", {"shop": "a", "ahead": 0})
        await made.bench.push(cart)
        # then
        assert sum(units for _, _, units in made.kept()) == 5
        assert _shown(made) == EAST + WEST - 5


async def test_readings_of_a_wms_whose_clock_is_ahead_do_not_end_orders_early(tmp_path: Path) -> None:
    with corner(tmp_path, Mode(orders=True), orders_within=0) as made:
        cart = await _sells(made)
        made.order(3)
        await made.bench.push(cart)
        # when the WMS, ten minutes ahead, dates a reading that was taken before the order
        made.wms.control("clock", {"ahead": TEN_MINUTES})
        for place, units in (("EAST", EAST), ("WEST", WEST), ("DEFAULT", 0)):
            made.wms.set_level(made.sku, place, units, read_at=int(time.time()) + TEN_MINUTES - 60)
        await made.pull()
        await made.bench.push(cart)
        # then
        assert _shown(made) == EAST + WEST - 3
        assert len(made.kept()) == 1


async def test_an_order_ends_when_the_wms_names_it_and_not_before(tmp_path: Path) -> None:
    with corner(tmp_path, Mode(orders=True), orders_within=0) as made:
        with made.bench.store.session() as session:
            source = settings_write.source_of(session, made.bench.merchant)
            assert source is not None
            source.options = '{"orders": "on"}'
        cart = await _sells(made)
        order = made.order(3)
        await made.bench.push(cart)
        # when readings come, however late
        made.level(EAST, WEST)
        await made.pull()
        await made.bench.push(cart)
        # then
        assert _shown(made) == EAST + WEST - 3
        # and when the WMS has imported it
        made.wms.control("import", {"names": [order]})
        for place, units in (("EAST", EAST - 3), ("WEST", WEST), ("DEFAULT", 0)):
            made.wms.set_level(made.sku, place, units, read_at=int(time.time()) + 5)
        await made.pull()
        await made.bench.push(cart)
        # then
        assert (_shown(made), made.kept()) == (EAST + WEST - 3, [])


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
