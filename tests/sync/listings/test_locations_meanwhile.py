"""What happens meanwhile between the runs of a cart's locations: settings, orders, clocks, kills, bad records."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from invsync_tui import clock
from invsync_tui.connectors.carts import sandbox
from invsync_tui.sandbox.shop import Mode
from invsync_tui.sync.listings.read_listings import ListingsReader
from tests.support.clocks.loop_watch import LoopWatch, watching
from tests.support.runs.cart_location_runs import opened, push, request
from tests.support.runs.shared_shop import EAST, WEST, corner


class OurClock:
    """Our clock, `ahead` of that of the WMS and the carts by seconds."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.ahead = 0.0
        patch.setattr(clock, "now", lambda: time.time() + self.ahead)


@pytest.fixture
def ours(monkeypatch: pytest.MonkeyPatch) -> OurClock:
    return OurClock(monkeypatch)


async def test_listings_of_a_page_that_cannot_be_read_at_all_are_kept_at_all_locations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with corner(tmp_path) as our_corner:
        await opened(our_corner)
        monkeypatch.setattr(sandbox, "PAGE_SIZE", 1)
        our_corner.carts.faults({"kind": "bad_row", "path": "/shops/a/listings", "after": 3, "times": 1})
        await push(our_corner, our_corner.east, full=True)
        for cart in (our_corner.east, our_corner.west):
            assert (
                our_corner.bench.one("SELECT count(*) FROM listing WHERE cart_id = ? AND gone_at IS NULL", cart) == 20
            )
            assert (
                our_corner.bench.one("SELECT count(*) FROM listing WHERE cart_id = ? AND skip = 'BAD_ROW'", cart) == 1
            )


async def test_a_location_that_is_moved_while_another_one_is_about_to_read_is_not_taken_as_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Listings of West say nothing of Attic, although both are the same row of ours."""
    from invsync_tui.operations.settings import carts as settings_carts

    with corner(tmp_path, Mode(basis="on_hand", orders=True, places="West/Attic")) as our_corner:
        await opened(our_corner)
        real = ListingsReader.run

        async def moved_first(self: ListingsReader) -> None:
            if self.job.run.key == our_corner.east:
                settings_carts.change(our_corner.bench.session(), "Shop West", {}, ["location=Attic"])
            await real(self)

        monkeypatch.setattr(ListingsReader, "run", moved_first)
        assert (await push(our_corner, our_corner.east, full=True)).state == "done"
        assert our_corner.bench.one("SELECT listed_at FROM cart WHERE id = ?", our_corner.west) is None
        monkeypatch.undo()
        assert (await push(our_corner, our_corner.west)).state == "done"
        assert our_corner.listing()["places"]["Attic"]["quantity"] == WEST


async def test_a_request_that_joins_a_waiting_run_has_its_orders_read_as_of_then(tmp_path: Path) -> None:
    """The waiting run was asked for before the other location read the orders; who joins it wants them as of now."""
    with corner(tmp_path) as our_corner:
        await opened(our_corner)
        (waiting,) = request(our_corner, our_corner.west)
        with our_corner.bench.by_hand() as cx:
            cx.execute("UPDATE run SET not_before = ? WHERE id = ?", (clock.seconds() + 3600, waiting))
        assert (await push(our_corner, our_corner.east)).state == "done"
        our_corner.order(2, place="West")
        our_corner.level(EAST, WEST + 4)
        await our_corner.pull()
        with our_corner.bench.by_hand() as cx:
            cx.execute(
                "UPDATE run SET started_at = started_at - 5 WHERE key = ? AND state = 'done'", (our_corner.east,)
            )
            cx.execute("UPDATE run SET requested_at = requested_at - 10 WHERE id = ?", (waiting,))
        assert request(our_corner, our_corner.west) == [waiting]
        await our_corner.bench.work()
        assert our_corner.bench.run(waiting).state == "done"
        assert our_corner.sellable() == (EAST, WEST + 4 - 2)


async def test_orders_that_another_location_read_long_ago_are_read_again(tmp_path: Path) -> None:
    """A run may have to wait for an hour after it was asked for: what the shop sold meanwhile counts."""
    with corner(tmp_path) as our_corner:
        await opened(our_corner)
        (waiting,) = request(our_corner, our_corner.west)
        with our_corner.bench.by_hand() as cx:
            cx.execute("UPDATE run SET not_before = ? WHERE id = ?", (clock.seconds() + 3600, waiting))
        assert (await push(our_corner, our_corner.east)).state == "done"
        our_corner.order(2, place="West")
        our_corner.level(EAST, WEST + 4)
        await our_corner.pull()
        with our_corner.bench.by_hand() as cx:
            past = "started_at = started_at - 3000, requested_at = requested_at - 3000, ended_at = ended_at - 3000"
            cx.execute(f"UPDATE run SET {past} WHERE key = ? AND state = 'done'", (our_corner.east,))
            cx.execute(
                "UPDATE run SET requested_at = requested_at - 3600, not_before = not_before - 3600 WHERE id = ?",
                (waiting,),
            )
        await our_corner.bench.work()
        assert our_corner.bench.run(waiting).state == "done"
        assert our_corner.sellable() == (EAST, WEST + 4 - 2)


async def test_orders_read_while_our_clock_was_ahead_do_not_count_as_read_since(tmp_path: Path, ours: OurClock) -> None:
    with corner(tmp_path) as our_corner:
        await opened(our_corner)
        ours.ahead = 3600.0
        assert (await push(our_corner, our_corner.east)).state == "done"
        ours.ahead = 0.0
        our_corner.order(2, place="West")
        our_corner.level(EAST, WEST + 4)
        await our_corner.pull()
        assert (await push(our_corner, our_corner.west)).state == "done"
        assert our_corner.sellable() == (EAST, WEST + 4 - 2)


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopWatch]:
    yield from watching(monkeypatch)


async def test_several_hundred_locations_are_read_in_small_steps(tmp_path: Path, watch: LoopWatch) -> None:
    names = [f"Place {number}" for number in range(300)]
    with corner(tmp_path, Mode(basis="on_hand", places="/".join(["West", *names]))) as our_corner:
        await opened(our_corner)
        for name in names:
            connection = our_corner.carts.connection("a", 5.0, location=name)
            row = our_corner.bench.add_cart(connection, name=name, warehouses=["WEST"])
            with our_corner.bench.by_hand() as cx:
                cx.execute("UPDATE cart SET of_cart = ? WHERE id = ?", (our_corner.east, row))
        watch.slow.clear()
        assert (await push(our_corner, our_corner.east, full=True)).state == "done"
        assert (
            our_corner.bench.one("SELECT count(*) FROM cart WHERE of_cart = ? AND listed_at > 0", our_corner.east)
            == 301
        )
        assert watch.slow == []
