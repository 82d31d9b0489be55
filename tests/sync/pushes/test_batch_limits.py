"""A cart that refuses a batch for its size is sent halves; the size is remembered, tried again later, and forgotten."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.operations.connections import connections
from invsync_tui.operations.diagnosis.doctor import doctor
from invsync_tui.rules.batch_limits import MORE_AFTER, after_refusal, size_now
from invsync_tui.sandbox.shop import Mode
from tests.support.runs.sandbox_world import Town, town

TAKES = 4
"""Listings of one request that the server takes; the connection declares 100."""


@pytest.mark.parametrize(
    ("declared", "most", "age", "size"),
    [
        (100, None, None, 100), (100, 3, 0, 3), (100, 3, MORE_AFTER - 1, 3), (100, 3, MORE_AFTER, 6), (5, 3, MORE_AFTER, 5),
        (2, 3, 0, 2), (100, 3, None, 3), (100, 1, MORE_AFTER, 2),
    ],
)  # fmt: skip
def test_the_size_of_the_next_request(declared: int, most: int | None, age: float | None, size: int) -> None:
    assert size_now(declared, most, age) == size


def test_after_a_refusal_half_is_tried_and_never_none() -> None:
    assert [after_refusal(rows) for rows in (100, 5, 2, 1)] == [50, 2, 1, 1]


@pytest.fixture
def our_town(tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path, products=24, mode=Mode(max_batch=TAKES), deadline=0.5) as started:
        (options,) = started.bench.store.read("SELECT options FROM cart WHERE id = ?", (started.cart_id,))[0]
        declared = json.dumps({**json.loads(options), "max_batch": "100"})
        started.bench.set_cart(started.cart_id, options=declared)
        yield started


def limit(our_town: Town) -> Any:
    return our_town.bench.store.read("SELECT batch_most FROM cart WHERE id = ?", (our_town.cart_id,))[0][0]


def refused(our_town: Town) -> int:
    return sum(entry["status"] == 413 for entry in our_town.writes())


def shows_the_stock(our_town: Town) -> bool:
    shown, stock = our_town.shown(), our_town.stock()
    return all(shown[sku] == stock[sku] for sku in our_town.in_stock())


def change(our_town: Town, units: int) -> None:
    for sku in our_town.in_stock():
        our_town.wms.set_level(sku, "EAST", units)


async def test_halves_are_sent_until_the_cart_takes_them_and_the_size_is_remembered(our_town: Town) -> None:
    # when
    await our_town.bench.pull()
    run = await our_town.bench.push(our_town.cart_id)
    # then
    assert (run.state, our_town.bench.counts(run)["failed"]) == ("done", 0)
    assert shows_the_stock(our_town) and our_town.bench.sums_hold()
    assert 1 <= limit(our_town) <= TAKES
    before = refused(our_town)
    assert 1 <= before <= 6
    # and the next run refuses nothing
    change(our_town, 40)
    await our_town.bench.pull()
    assert (await our_town.bench.push(our_town.cart_id)).state == "done"
    assert refused(our_town) == before and shows_the_stock(our_town)
    # and the doctor says so
    (check,) = [check for check in doctor(our_town.bench.session()).checks if check.id == "cart.batch_size"]
    assert f"takes {limit(our_town)} listings in one request" in check.evidence
    # and so does the connection test
    steps = [
        step
        async for step in connections.test(connections.target_of(our_town.bench.session(), f"cart:{our_town.cart_id}"))
    ]
    assert all(step.ok for step in steps)
    assert steps[-1].detail.startswith(f"Takes {limit(our_town)} listings in one request")


async def test_a_run_that_is_cut_after_a_refusal_goes_on_with_what_was_found_out(our_town: Town) -> None:
    # given a server that is gone after two refusals
    await our_town.bench.pull()
    our_town.cart.faults({"kind": "status", "status": 503, "path": "/stock", "after": 2})
    assert (await our_town.bench.push(our_town.cart_id)).state == "failed"
    most, before = limit(our_town), refused(our_town)
    assert most is not None and before == 2
    # when it works again
    our_town.cart.faults()
    await our_town.bench.push(our_town.cart_id)
    # then it goes on from the size that was found, and nothing is sent twice
    assert shows_the_stock(our_town)
    applied = [(row["ref"], row["quantity"]) for row in our_town.cart.log()]
    assert len(applied) == len(set(applied))
    assert our_town.writes()[before]["status"] == 503


async def test_more_is_tried_after_a_week_and_what_was_found_is_forgotten_with_the_address(our_town: Town) -> None:
    # given a size that was found out a week ago, and is the largest that the server takes
    await our_town.bench.pull()
    await our_town.bench.push(our_town.cart_id)
    before = refused(our_town)
    with our_town.bench.store.transaction() as tx:
        tx.execute(
            "UPDATE cart SET batch_most = ?, batch_most_at = batch_most_at - ? WHERE id = ?",
            (TAKES, MORE_AFTER, our_town.cart_id),
        )
    # when
    change(our_town, 40)
    await our_town.bench.pull()
    await our_town.bench.push(our_town.cart_id)
    # then twice as many were tried once, and refused
    assert (limit(our_town), refused(our_town)) == (TAKES, before + 1)
    assert shows_the_stock(our_town)
    # and another address begins anew
    our_town.bench.set_cart(our_town.cart_id, url="https://other.example.com")
    assert limit(our_town) is None


async def test_a_cart_that_takes_more_by_now_is_sent_more(our_town: Town) -> None:
    await our_town.bench.pull()
    await our_town.bench.push(our_town.cart_id)
    with our_town.bench.store.transaction() as tx:
        tx.execute("UPDATE cart SET batch_most = 1, batch_most_at = 0 WHERE id = ?", (our_town.cart_id,))
    change(our_town, 40)
    await our_town.bench.pull()
    await our_town.bench.push(our_town.cart_id)
    assert limit(our_town) == 2 and shows_the_stock(our_town)
