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


def asked(made: Corner, call: str, since: int = 0) -> list[str]:
    """Requests of one kind for pages, from a place in the server's log on."""
    paths = [str(entry["path"]) for entry in made.carts.requests()[since:]]
    return [path for path in paths if path.partition("?")[0] == f"/shops/a/{call}"]


def outcomes(made: Corner, cart: int) -> dict[str, Any]:
    return {ref: row["outcome"] for ref, row in made.bench.listings(cart).items()}


async def both(made: Corner, *, full: bool = False) -> list[str]:
    """A sync of both, asked for together as a person does; the states in which the runs end."""
    numbers = request(made, made.east, made.west, full=full)
    await made.bench.work()
    return [made.bench.run(number).state for number in numbers]


async def test_listings_are_read_once_for_all_locations(tmp_path: Path) -> None:
    with corner(tmp_path) as made:
        await made.bench.work()
        add(made)
        first = await push(made, made.east)
        assert len(made.bench.listings(made.west)) == len(made.bench.listings(made.east)) == 20
        pages = len(asked(made, "listings"))
        second = await push(made, made.west)
        assert (first.state, second.state) == ("done", "done")
        assert len(asked(made, "listings")) == pages
        assert made.sellable() == (EAST, WEST)


async def test_a_complete_read_that_both_ask_for_is_done_once(tmp_path: Path) -> None:
    with corner(tmp_path) as made:
        await opened(made)
        since = len(made.carts.requests())
        assert await both(made, full=True) == ["done", "done"]
        assert len(asked(made, "listings", since)) == 1
        since = len(made.carts.requests())
        assert (await push(made, made.west, full=True)).state == "done"
        assert len(asked(made, "listings", since)) == 1


async def test_orders_are_read_once_for_all_locations_and_each_counts_where_its_units_are(tmp_path: Path) -> None:
    with corner(tmp_path) as made:
        await opened(made)
        made.order(3)
        made.order(2, place="West")
        since = len(made.carts.requests())
        assert await both(made) == ["done", "done"]
        assert len(asked(made, "orders", since)) == 1
        assert made.sellable() == (EAST - 3, WEST - 2)
        # and whichever of them comes first
        made.order(1, place="West")
        since = len(made.carts.requests())
        numbers = request(made, made.west, made.east)
        await made.bench.work()
        assert [made.bench.run(number).state for number in numbers] == ["done", "done"]
        assert len(asked(made, "orders", since)) == 1
        assert made.sellable() == (EAST - 3, WEST - 3)


async def test_an_order_that_came_after_the_other_location_looked_is_read_by_the_next_push(tmp_path: Path) -> None:
    with corner(tmp_path) as made:
        await opened(made)
        await push(made, made.east)
        made.order(2, place="West")
        await asyncio.sleep(1.1)
        assert (await push(made, made.west)).state == "done"
        assert made.sellable() == (EAST, WEST - 2)
        assert len(made.kept()) == 1


async def test_a_listing_that_is_deleted_is_gone_at_all_locations(tmp_path: Path) -> None:
    with corner(tmp_path) as made:
        await opened(made)
        ref = made.listing()["ref"]
        made.carts.control("remove", {"shop": "a", "refs": [ref]})
        await push(made, made.east, full=True)
        for cart in (made.east, made.west):
            assert made.bench.one("SELECT gone_at FROM listing WHERE cart_id = ? AND ref = ?", cart, ref) is not None
            others = made.bench.one("SELECT count(*) FROM listing WHERE cart_id = ? AND gone_at IS NULL", cart)
            assert others == 19


async def test_a_listing_that_cannot_be_read_is_kept_at_all_locations(tmp_path: Path) -> None:
    with corner(tmp_path) as made:
        await opened(made)
        made.carts.faults({"kind": "bad_row", "path": "/shops/a/listings"})
        await push(made, made.east, full=True)
        for cart in (made.east, made.west):
            assert made.bench.one("SELECT count(*) FROM listing WHERE cart_id = ? AND gone_at IS NULL", cart) == 20
            assert made.bench.one("SELECT count(*) FROM listing WHERE cart_id = ? AND skip = 'BAD_ROW'", cart) == 1


async def test_a_location_that_the_shop_does_not_have_costs_the_others_nothing(tmp_path: Path) -> None:
    with corner(tmp_path) as made:
        await opened(made)
        with made.bench.by_hand() as cx:
            options = json.dumps({"shop": "a", "basis": "on_hand", "orders": "on", "location": "Gone"})
            cx.execute("UPDATE cart SET options = ? WHERE id = ?", (options, made.west))
        kept = made.bench.one("SELECT count(*) FROM listing WHERE cart_id = ? AND gone_at IS NULL", made.west)
        made.level(EAST + 1, WEST)
        await made.pull()
        assert (await push(made, made.east, full=True)).state == "done"
        assert made.sellable() == (EAST + 1, WEST)
        assert made.bench.one("SELECT count(*) FROM listing WHERE cart_id = ? AND gone_at IS NULL", made.west) == kept


async def test_what_our_other_locations_hold_is_not_elsewhere(tmp_path: Path) -> None:
    with corner(tmp_path) as made:
        await opened(made)
        for full in (True, False):
            assert (await push(made, made.east, full=full)).state == "done"
            for cart in (made.east, made.west):
                elsewhere = made.bench.store.read("SELECT DISTINCT elsewhere FROM listing WHERE cart_id = ?", (cart,))
                assert elsewhere == [(None,)]


async def test_their_runs_share_one_lease_and_never_overlap(tmp_path: Path) -> None:
    with corner(tmp_path) as made:
        await opened(made)
        (run,) = request(made, made.west)
        with made.bench.store.reading() as cx:
            row = runs.get(cx, run)
        assert row is not None
        assert row.lease_key == f"push:{made.east}"
        lease = leases.acquire(made.bench.store, f"push:{made.east}", "somebody")
        assert lease is not None
        request(made, made.east)
        lease.release()
        await made.bench.work()
        times = made.bench.store.read(
            "SELECT started_at, ended_at, state FROM run WHERE kind = 'push' ORDER BY id DESC LIMIT 2", ()
        )
        assert [state for *_, state in times] == ["done", "done"]


@pytest.mark.parametrize("order", [("east", "west"), ("west", "east")])
async def test_each_location_has_rules_of_its_own(tmp_path: Path, order: Sequence[str]) -> None:
    with corner(tmp_path) as made:
        await opened(made)
        made.bench.set_cart(made.west, buffer=2)
        made.bench.set_cart(made.east, share_percent=50)
        for name in order:
            assert (await push(made, getattr(made, name))).state == "done"
        assert made.sellable() == (EAST // 2, WEST - 2)


async def test_stock_at_a_location_that_nobody_sets_is_found_although_another_one_is_ours(tmp_path: Path) -> None:
    from invsync_tui.operations.diagnosis import doctor

    with corner(tmp_path, Mode(basis="on_hand", orders=True, places="West/Attic")) as made:
        await opened(made)
        stock = {**made.listing()["places"], "Attic": {"quantity": 4, "allocated": 0}}
        made.carts.edit(made.sku, "a", places=stock)
        assert (await push(made, made.east, full=True)).state == "done"
        checks = {(check.subject, check.id): check for check in doctor.doctor(made.bench.session()).checks}
        for cart in ("Shop", "Shop West"):
            check = checks[cart, "connection.locations"]
            assert check.verdict == "fail"
            assert "4 on hand" in check.evidence
        assert made.sellable() == (EAST, WEST)


async def test_what_a_cart_puts_off_is_put_off_for_all_its_locations(tmp_path: Path) -> None:
    with corner(tmp_path) as made:
        await opened(made)
        made.level(EAST + 5, WEST + 5)
        await made.pull()
        made.carts.faults({"kind": "status", "status": 429, "seconds": 3600, "path": "/stock"})
        assert "60 min" in (await push(made, made.east)).error
        # when the other location comes by its schedule, the cart is not asked
        before = len(made.carts.requests())
        with made.bench.store.transaction() as tx:
            order = RunRequest("push", made.west, made.bench.merchant, "schedule", "schedule")
            number = runs.request(tx, order, clock.seconds()).run_id
        await made.bench.work()
        waits = made.bench.run(number)
        assert (waits.state, len(made.carts.requests()) - before) == ("failed", 0)
        assert "59 min" in waits.error or "60 min" in waits.error
        # and when a person asks for it, it does not wait
        made.carts.faults()
        assert (await push(made, made.west)).state == "done"
        assert made.sellable()[1] == WEST + 5
