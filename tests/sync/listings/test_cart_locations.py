"""A cart with several locations: one connection and one reading of listings and orders, a listing for each location."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from invsync_tui import clock
from invsync_tui.sandbox.shop import Mode
from invsync_tui.store.runs import runs
from invsync_tui.store.runs.records import RunRequest
from invsync_tui.sync.runs import leases
from tests.support.runs.cart_location_runs import add, opened, push, request
from tests.support.runs.shared_shop import EAST, WEST, Corner, corner


def asked(our_corner: Corner, call: str, since: int = 0) -> list[str]:
    """Requests of one kind for pages, from a place in the server's log on."""
    paths = [str(entry["path"]) for entry in our_corner.carts.requests()[since:]]
    return [path for path in paths if path.partition("?")[0] == f"/shops/a/{call}"]


def outcomes(our_corner: Corner, cart: int) -> dict[str, Any]:
    return {ref: row["outcome"] for ref, row in our_corner.bench.listings(cart).items()}


async def both(our_corner: Corner, *, full: bool = False) -> list[str]:
    """A sync of both, asked for together as a person does; the states in which the runs end."""
    numbers = request(our_corner, our_corner.east, our_corner.west, full=full)
    await our_corner.bench.work()
    return [our_corner.bench.run(number).state for number in numbers]


async def test_listings_are_read_once_for_all_locations(tmp_path: Path) -> None:
    with corner(tmp_path) as our_corner:
        await our_corner.bench.work()
        add(our_corner)
        first = await push(our_corner, our_corner.east)
        assert len(our_corner.bench.listings(our_corner.west)) == len(our_corner.bench.listings(our_corner.east)) == 20
        pages = len(asked(our_corner, "listings"))
        second = await push(our_corner, our_corner.west)
        assert (first.state, second.state) == ("done", "done")
        assert len(asked(our_corner, "listings")) == pages
        assert our_corner.sellable() == (EAST, WEST)


async def test_a_complete_read_that_both_ask_for_is_done_once(tmp_path: Path) -> None:
    with corner(tmp_path) as our_corner:
        await opened(our_corner)
        since = len(our_corner.carts.requests())
        assert await both(our_corner, full=True) == ["done", "done"]
        assert len(asked(our_corner, "listings", since)) == 1
        since = len(our_corner.carts.requests())
        assert (await push(our_corner, our_corner.west, full=True)).state == "done"
        assert len(asked(our_corner, "listings", since)) == 1


async def test_orders_are_read_once_for_all_locations_and_each_counts_where_its_units_are(tmp_path: Path) -> None:
    with corner(tmp_path) as our_corner:
        await opened(our_corner)
        our_corner.order(3)
        our_corner.order(2, place="West")
        since = len(our_corner.carts.requests())
        assert await both(our_corner) == ["done", "done"]
        assert len(asked(our_corner, "orders", since)) == 1
        assert our_corner.sellable() == (EAST - 3, WEST - 2)
        # and whichever of them comes first
        our_corner.order(1, place="West")
        since = len(our_corner.carts.requests())
        numbers = request(our_corner, our_corner.west, our_corner.east)
        await our_corner.bench.work()
        assert [our_corner.bench.run(number).state for number in numbers] == ["done", "done"]
        assert len(asked(our_corner, "orders", since)) == 1
        assert our_corner.sellable() == (EAST - 3, WEST - 3)


async def test_an_order_that_came_after_the_other_location_looked_is_read_by_the_next_push(tmp_path: Path) -> None:
    with corner(tmp_path) as our_corner:
        await opened(our_corner)
        await push(our_corner, our_corner.east)
        our_corner.order(2, place="West")
        await asyncio.sleep(1.1)
        assert (await push(our_corner, our_corner.west)).state == "done"
        assert our_corner.sellable() == (EAST, WEST - 2)
        assert len(our_corner.kept()) == 1


async def test_a_listing_that_is_deleted_is_gone_at_all_locations(tmp_path: Path) -> None:
    with corner(tmp_path) as our_corner:
        await opened(our_corner)
        ref = our_corner.listing()["ref"]
        our_corner.carts.control("remove", {"shop": "a", "refs": [ref]})
        await push(our_corner, our_corner.east, full=True)
        for cart in (our_corner.east, our_corner.west):
            assert (
                our_corner.bench.one("SELECT gone_at FROM listing WHERE cart_id = ? AND ref = ?", cart, ref) is not None
            )
            others = our_corner.bench.one("SELECT count(*) FROM listing WHERE cart_id = ? AND gone_at IS NULL", cart)
            assert others == 19


async def test_a_listing_that_cannot_be_read_is_kept_at_all_locations(tmp_path: Path) -> None:
    with corner(tmp_path) as our_corner:
        await opened(our_corner)
        our_corner.carts.faults({"kind": "bad_row", "path": "/shops/a/listings"})
        await push(our_corner, our_corner.east, full=True)
        for cart in (our_corner.east, our_corner.west):
            assert (
                our_corner.bench.one("SELECT count(*) FROM listing WHERE cart_id = ? AND gone_at IS NULL", cart) == 20
            )
            assert (
                our_corner.bench.one("SELECT count(*) FROM listing WHERE cart_id = ? AND skip = 'BAD_ROW'", cart) == 1
            )


async def test_a_location_that_the_shop_does_not_have_costs_the_others_nothing(tmp_path: Path) -> None:
    with corner(tmp_path) as our_corner:
        await opened(our_corner)
        with our_corner.bench.by_hand() as cx:
            options = json.dumps({"shop": "a", "basis": "on_hand", "orders": "on", "location": "Gone"})
            cx.execute("UPDATE cart SET options = ? WHERE id = ?", (options, our_corner.west))
        count = our_corner.bench.one(
            "SELECT count(*) FROM listing WHERE cart_id = ? AND gone_at IS NULL", our_corner.west
        )
        our_corner.level(EAST + 1, WEST)
        await our_corner.pull()
        assert (await push(our_corner, our_corner.east, full=True)).state == "done"
        assert our_corner.sellable() == (EAST + 1, WEST)
        assert (
            our_corner.bench.one("SELECT count(*) FROM listing WHERE cart_id = ? AND gone_at IS NULL", our_corner.west)
            == count
        )


async def test_what_our_other_locations_hold_is_not_elsewhere(tmp_path: Path) -> None:
    with corner(tmp_path) as our_corner:
        await opened(our_corner)
        for full in (True, False):
            assert (await push(our_corner, our_corner.east, full=full)).state == "done"
            for cart in (our_corner.east, our_corner.west):
                elsewhere = our_corner.bench.store.read(
                    "SELECT DISTINCT elsewhere FROM listing WHERE cart_id = ?", (cart,)
                )
                assert elsewhere == [(None,)]


async def test_their_runs_share_one_lease_and_never_overlap(tmp_path: Path) -> None:
    with corner(tmp_path) as our_corner:
        await opened(our_corner)
        (run,) = request(our_corner, our_corner.west)
        with our_corner.bench.store.reading() as cx:
            row = runs.get(cx, run)
        assert row is not None
        assert row.lease_key == f"push:{our_corner.east}"
        lease = leases.acquire(our_corner.bench.store, f"push:{our_corner.east}", "somebody")
        assert lease is not None
        request(our_corner, our_corner.east)
        lease.release()
        await our_corner.bench.work()
        times = our_corner.bench.store.read(
            "SELECT started_at, ended_at, state FROM run WHERE kind = 'push' ORDER BY id DESC LIMIT 2", ()
        )
        assert [state for *_, state in times] == ["done", "done"]


@pytest.mark.parametrize("order", [("east", "west"), ("west", "east")])
async def test_each_location_has_rules_of_its_own(tmp_path: Path, order: Sequence[str]) -> None:
    with corner(tmp_path) as our_corner:
        await opened(our_corner)
        our_corner.bench.set_cart(our_corner.west, buffer=2)
        our_corner.bench.set_cart(our_corner.east, share_percent=50)
        for name in order:
            assert (await push(our_corner, getattr(our_corner, name))).state == "done"
        assert our_corner.sellable() == (EAST // 2, WEST - 2)


async def test_stock_at_a_location_that_nobody_sets_is_found_although_another_one_is_ours(tmp_path: Path) -> None:
    from invsync_tui.operations.diagnosis import doctor

    with corner(tmp_path, Mode(basis="on_hand", orders=True, places="West/Attic")) as our_corner:
        await opened(our_corner)
        stock = {**our_corner.listing()["places"], "Attic": {"quantity": 4, "allocated": 0}}
        our_corner.carts.edit(our_corner.sku, "a", places=stock)
        assert (await push(our_corner, our_corner.east, full=True)).state == "done"
        checks = {(check.subject, check.id): check for check in doctor.doctor(our_corner.bench.session()).checks}
        for cart in ("Shop", "Shop West"):
            check = checks[cart, "connection.locations"]
            assert check.verdict == "fail"
            assert "4 on hand" in check.evidence
        assert our_corner.sellable() == (EAST, WEST)


async def test_what_a_cart_puts_off_is_put_off_for_all_its_locations(tmp_path: Path) -> None:
    with corner(tmp_path) as our_corner:
        await opened(our_corner)
        our_corner.level(EAST + 5, WEST + 5)
        await our_corner.pull()
        our_corner.carts.faults({"kind": "status", "status": 429, "seconds": 3600, "path": "/stock"})
        assert "60 min" in (await push(our_corner, our_corner.east)).error
        # when the other location comes by its schedule, the cart is not asked
        before = len(our_corner.carts.requests())
        with our_corner.bench.store.transaction() as tx:
            order = RunRequest("push", our_corner.west, our_corner.bench.merchant, "schedule", "schedule")
            number = runs.request(tx, order, clock.seconds()).run_id
        await our_corner.bench.work()
        waits = our_corner.bench.run(number)
        assert (waits.state, len(our_corner.carts.requests()) - before) == ("failed", 0)
        assert "59 min" in waits.error or "60 min" in waits.error
        # and when a person asks for it, it does not wait
        our_corner.carts.faults()
        assert (await push(our_corner, our_corner.west)).state == "done"
        assert our_corner.sellable()[1] == WEST + 5
