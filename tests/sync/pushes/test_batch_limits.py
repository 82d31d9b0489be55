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
def made(tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path, products=24, mode=Mode(max_batch=TAKES), deadline=0.5) as started:
        (options,) = started.bench.store.read("SELECT options FROM cart WHERE id = ?", (started.cart_id,))[0]
        declared = json.dumps({**json.loads(options), "max_batch": "100"})
        started.bench.set_cart(started.cart_id, options=declared)
        yield started


def limit(made: Town) -> Any:
    return made.bench.store.read("SELECT batch_most FROM cart WHERE id = ?", (made.cart_id,))[0][0]


def refused(made: Town) -> int:
    return sum(entry["status"] == 413 for entry in made.writes())


def shows_the_stock(made: Town) -> bool:
    shown, stock = made.shown(), made.stock()
    return all(shown[sku] == stock[sku] for sku in made.in_stock())


def change(made: Town, units: int) -> None:
    for sku in made.in_stock():
        made.wms.set_level(sku, "EAST", units)


async def test_halves_are_sent_until_the_cart_takes_them_and_the_size_is_remembered(made: Town) -> None:
    # when
    await made.bench.pull()
    run = await made.bench.push(made.cart_id)
    # then
    assert (run.state, made.bench.counts(run)["failed"]) == ("done", 0)
    assert shows_the_stock(made) and made.bench.sums_hold()
    assert 1 <= limit(made) <= TAKES
    before = refused(made)
    assert 1 <= before <= 6
    # and the next run refuses nothing
    change(made, 40)
    await made.bench.pull()
    assert (await made.bench.push(made.cart_id)).state == "done"
    assert refused(made) == before and shows_the_stock(made)
    # and the doctor says so
    (check,) = [check for check in doctor(made.bench.session()).checks if check.id == "cart.batch_size"]
    assert f"takes {limit(made)} listings in one request" in check.evidence
    # and so does the connection test
    steps = [
        step async for step in connections.test(connections.target_of(made.bench.session(), f"cart:{made.cart_id}"))
    ]
    assert all(step.ok for step in steps)
    assert steps[-1].detail.startswith(f"Takes {limit(made)} listings in one request")


async def test_a_run_that_is_cut_after_a_refusal_goes_on_with_what_was_found_out(made: Town) -> None:
    # given a server that is gone after two refusals
    await made.bench.pull()
    made.cart.faults({"kind": "status", "status": 503, "path": "/stock", "after": 2})
    assert (await made.bench.push(made.cart_id)).state == "failed"
    found, before = limit(made), refused(made)
    assert found is not None and before == 2
    # when it works again
    made.cart.faults()
    await made.bench.push(made.cart_id)
    # then it goes on from the size that was found, and nothing is sent twice
    assert shows_the_stock(made)
    applied = [(row["ref"], row["quantity"]) for row in made.cart.log()]
    assert len(applied) == len(set(applied))
    assert made.writes()[before]["status"] == 503


async def test_more_is_tried_after_a_week_and_what_was_found_is_forgotten_with_the_address(made: Town) -> None:
    # given a size that was found out a week ago, and is the largest that the server takes
    await made.bench.pull()
    await made.bench.push(made.cart_id)
    before = refused(made)
    with made.bench.store.transaction() as tx:
        tx.execute(
            "UPDATE cart SET batch_most = ?, batch_most_at = batch_most_at - ? WHERE id = ?",
            (TAKES, MORE_AFTER, made.cart_id),
        )
    # when
    change(made, 40)
    await made.bench.pull()
    await made.bench.push(made.cart_id)
    # then twice as many were tried once, and refused
    assert (limit(made), refused(made)) == (TAKES, before + 1)
    assert shows_the_stock(made)
    # and another address begins anew
    made.bench.set_cart(made.cart_id, url="https://other.example.com")
    assert limit(made) is None


async def test_a_cart_that_takes_more_by_now_is_sent_more(made: Town) -> None:
    await made.bench.pull()
    await made.bench.push(made.cart_id)
    with made.bench.store.transaction() as tx:
        tx.execute("UPDATE cart SET batch_most = 1, batch_most_at = 0 WHERE id = ?", (made.cart_id,))
    change(made, 40)
    await made.bench.pull()
    await made.bench.push(made.cart_id)
    assert limit(made) == 2 and shows_the_stock(made)
