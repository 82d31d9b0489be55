"""Orders that are kept while our clock is set: they are subtracted as long as any others, and no longer."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NoReturn

import pytest

from invsync_tui import clock
from invsync_tui.connectors.carts.sandbox import SandboxCart
from invsync_tui.connectors.errors import PermissionDeniedError
from invsync_tui.sandbox.shop import Mode
from tests.support.runs.sandbox_records import change_levels
from tests.support.runs.shared_shop import EAST, WEST, Corner, corner

DAY = 86_400
WITHIN = 60


class OurClock:
    """Our clock, set by hand: `ahead` of that of the WMS and the carts."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.ahead = 0.0
        patch.setattr(clock, "now", lambda: time.time() + self.ahead)


@pytest.fixture
def ours(monkeypatch: pytest.MonkeyPatch) -> OurClock:
    return OurClock(monkeypatch)


async def _sells(our_corner: Corner) -> int:
    await our_corner.bench.work()
    cart = our_corner.bench.add_cart(
        our_corner.carts.connection("a", 5.0), name="all", relist_every=86400, observe_every=0
    )
    assert (await our_corner.bench.push(cart)).state == "done"
    return cart


async def _refused(*_: object) -> NoReturn:
    raise PermissionDeniedError("Orders may not be read.")


def _in_wms(our_corner: Corner, east: int) -> None:
    for place, units in (("EAST", east), ("WEST", WEST), ("DEFAULT", 0)):
        our_corner.wms.set_level(our_corner.sku, place, units)


def _shown(our_corner: Corner) -> int | None:
    return our_corner.carts.quantities("a")[our_corner.sku]


def _times(our_corner: Corner) -> list[tuple[int, int, int]]:
    return [tuple(row) for row in our_corner.bench.store.read("SELECT taken_at, seen_at, until FROM our_pending_order")]


@pytest.mark.parametrize("again", [True, False], ids=["reported again", "orders cannot be read any more"])
async def test_an_order_heard_of_while_our_clock_was_ahead_ends_when_any_other_would(
    tmp_path: Path, ours: OurClock, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    with corner(tmp_path, Mode(orders=True), orders_within=WITHIN) as our_corner:
        cart = await _sells(our_corner)
        # given: an order, heard of while our clock is a day ahead
        ours.ahead = DAY
        await our_corner.pull()
        our_corner.order(3)
        await our_corner.bench.push(cart)
        assert _times(our_corner)[0][0] > time.time() + DAY - 60
        # when our clock is right again, and the WMS downloaded
        ours.ahead = 0
        if not again:
            monkeypatch.setattr(SandboxCart, "orders_since", _refused)
        await our_corner.pull()
        await our_corner.bench.push(cart)
        # then: it is still subtracted, and dated as it would have been
        assert _shown(our_corner) == EAST + WEST - 3
        ((taken_at, seen_at, until),) = _times(our_corner)
        assert abs(taken_at - time.time()) < 30 and seen_at <= time.time() + 1
        assert until <= time.time() + WITHIN + 1
        # and when the WMS has imported it, and was read later than it needs
        _in_wms(our_corner, EAST - 3)
        ours.ahead = WITHIN + 30
        await our_corner.pull()
        await our_corner.bench.push(cart)
        # then
        assert (_shown(our_corner), our_corner.kept()) == (EAST + WEST - 3, [])


async def test_stock_read_while_our_clock_was_ahead_does_not_know_later_orders(tmp_path: Path, ours: OurClock) -> None:
    with corner(tmp_path, Mode(orders=True), orders_within=WITHIN) as our_corner:
        # given: stock that was read while our clock was a day ahead, and is the same since
        ours.ahead = DAY
        cart = await _sells(our_corner)
        # when our clock is right again, a download finds nothing new, and then an order is taken
        ours.ahead = 0
        await our_corner.pull()
        our_corner.order(3)
        ours.ahead = 2
        await our_corner.bench.push(cart)
        # then
        assert _shown(our_corner) == EAST + WEST - 3
        assert len(our_corner.kept()) == 1


async def test_a_download_that_is_dated_ahead_does_not_know_the_orders_after_it(
    tmp_path: Path, ours: OurClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No worker ran while the clock was put right, so that nothing put its times back."""
    change_levels(monkeypatch, lambda record: {**record, "read_at": None})
    with corner(tmp_path, Mode(orders=True), orders_within=0) as our_corner:
        # given: a download while our clock is a day ahead, and none since
        cart = await _sells(our_corner)
        ours.ahead = DAY
        await our_corner.pull()
        ours.ahead = 0
        # when
        our_corner.order(3, taken_at=int(time.time()) + 2)  # not in the second of the first download
        ours.ahead = 4
        await our_corner.bench.push(cart)
        # then: it is pending until the WMS is read again
        assert len(our_corner.kept()) == 1
        ours.ahead = 12
        await our_corner.pull()
        await our_corner.bench.push(cart)
        assert (_shown(our_corner), our_corner.kept()) == (EAST + WEST, [])


async def test_an_order_heard_of_while_our_clock_was_behind_is_not_taken_for_an_old_one(
    tmp_path: Path, ours: OurClock
) -> None:
    with corner(tmp_path, Mode(orders=True), orders_within=WITHIN) as our_corner:
        # given: all we know was dated a day ago
        ours.ahead = -DAY
        cart = await _sells(our_corner)
        our_corner.order(3)
        await our_corner.bench.push(cart)
        # when our clock is put right; the WMS does not have the order yet
        ours.ahead = 0
        await our_corner.pull()
        await our_corner.bench.push(cart)
        # then
        assert _shown(our_corner) == EAST + WEST - 3
        ((taken_at, _, _),) = _times(our_corner)
        assert abs(taken_at - time.time()) < 30


@pytest.mark.parametrize("to", [DAY, -DAY])
async def test_a_cart_whose_clock_is_set_does_not_make_its_orders_older_or_endless(
    tmp_path: Path, ours: OurClock, to: int
) -> None:
    with corner(tmp_path, Mode(orders=True), orders_within=WITHIN) as our_corner:
        cart = await _sells(our_corner)
        our_corner.order(3)
        await our_corner.bench.push(cart)
        # when the cart's clock is set: its older orders keep the times that they have
        our_corner.carts.control("clock", {"shop": "a", "ahead": to})
        await our_corner.pull()
        await our_corner.bench.push(cart)
        # then
        assert _shown(our_corner) == EAST + WEST - 3
        # and an hour and what an order needs later the WMS's word counts
        _in_wms(our_corner, EAST - 3)
        ours.ahead = 3600 + 2 * WITHIN
        await our_corner.pull()
        await our_corner.bench.push(cart)
        assert (_shown(our_corner), our_corner.kept()) == (EAST + WEST - 3, [])
