"""One drift check on a store alone: in which order it reads, what it leaves of the rate limit, and what makes it end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from invsync_tui import clock
from invsync_tui.connectors.base import Budget, ListingRow
from invsync_tui.store.runs import runs
from invsync_tui.store.runs.records import RunRequest
from invsync_tui.sync.listings import drift_check
from invsync_tui.sync.listings.drift_check import ENDED, SLICE, DriftCheck
from invsync_tui.sync.runs.run_context import RunCancelled
from tests.support.runs.quiet_cart import QuietCart, can, job_of, settings_of
from tests.support.stores.merchant_store import NOW
from tests.support.stores.products_store import Shelf, shelf


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    monkeypatch.setattr(clock, "now", lambda: float(NOW))
    our_shelf = shelf(tmp_path)
    yield our_shelf
    our_shelf.bench.store.close()


@dataclass
class Limited(QuietCart):
    """A cart with a rate limit, each of whose requests takes `takes` seconds of the elapsed time."""

    left: list[Budget | None] = field(default_factory=lambda: [None])
    takes: float = 0.0
    passed: list[float] = field(default_factory=lambda: [0.0])

    def budget(self) -> Budget | None:  # type: ignore[override]
        return self.left.pop(0) if len(self.left) > 1 else self.left[0]

    async def read(self, refs: Sequence[str]) -> list[ListingRow]:
        self.passed[0] += self.takes
        return await super().read(refs)


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits of a run, which take no time."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return waits


def five(acme: Shelf) -> list[str]:
    """References of five listings, last read in another order than that of their numbers; one was never read."""
    numbers = acme.list("ABCDE")
    for number, at in zip(numbers, (NOW - 50, NOW - 300, None, NOW - 100, NOW - 200), strict=True):
        acme.set(number, observed_at=at, observed=3, acked=3, shown=3)
    return ["L-C", "L-B", "L-E", "L-D", "L-A"]


def radar(acme: Shelf, cart: QuietCart) -> DriftCheck:
    cart.answer = [ListingRow(f"L-{sku}", sku, tracked=True, quantity=3) for sku in "ABCDE"]
    return DriftCheck(job_of(acme, "radar"), cart, settings_of(acme))  # type: ignore[arg-type]


async def test_all_listings_are_read_once_the_one_unseen_for_longest_first(acme: Shelf, slept: list[float]) -> None:
    order, cart = five(acme), QuietCart(can(read_batch=2))
    assert await radar(acme, cart).run() == ""
    assert cart.asked == [order[:2], order[2:4], order[4:]]
    assert acme.bench.store.read("SELECT DISTINCT observed_at FROM listing WHERE cart_id = ?", (acme.cart,)) == [(NOW,)]
    assert len(slept) == 3 and max(slept) <= 1


async def test_a_listing_with_a_batch_that_is_not_answered_is_left_alone(acme: Shelf, slept: list[float]) -> None:
    order, cart = five(acme), QuietCart(can(read_batch=10))
    with acme.bench.store.transaction() as tx:
        tx.execute("UPDATE listing SET inflight = 'b-1' WHERE cart_id = ? AND ref = 'L-E'", (acme.cart,))
        tx.execute("UPDATE listing SET gone_at = ? WHERE cart_id = ? AND ref = 'L-B'", (NOW - 9, acme.cart))
    await radar(acme, cart).run()
    assert cart.asked == [[ref for ref in order if ref not in ("L-E", "L-B")]]


async def test_a_run_ends_at_its_most_listings(
    acme: Shelf, slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    order, cart = five(acme), QuietCart(can(read_batch=2))
    monkeypatch.setattr(drift_check, "ROWS_MOST", 4)
    assert await radar(acme, cart).run() == ""
    assert cart.asked == [order[:2], order[2:4]]


@pytest.mark.parametrize(("takes", "reads"), [(149.0, 3), (150.0, 2), (300.0, 1)])
async def test_a_run_ends_after_five_minutes(
    acme: Shelf, slept: list[float], monkeypatch: pytest.MonkeyPatch, takes: float, reads: int
) -> None:
    order, cart = five(acme), Limited(can(read_batch=2), takes=takes)
    monkeypatch.setattr(clock, "elapsed", lambda: 1000.0 + cart.passed[0])
    assert await radar(acme, cart).run() == ""
    assert cart.asked == [order[:2], order[2:4], order[4:]][:reads]


async def test_a_run_ends_for_a_push_before_its_next_request(acme: Shelf, slept: list[float]) -> None:
    five(acme)
    cart = QuietCart(can(read_batch=2))
    our_radar = radar(acme, cart)
    with acme.bench.store.transaction() as tx:
        runs.request(tx, RunRequest("push", acme.cart, acme.merchant, "manual", "tester"), NOW)
    assert await our_radar.run() == ENDED
    assert cart.asked == []


@pytest.mark.parametrize(
    ("budget", "seconds"),
    [
        (None, 0.0),
        (Budget(51.0, 100.0, 2.0, from_server=True), 0.0),  # half of it and one request
        (Budget(50.0, 100.0, 2.0, from_server=True), 0.5),
        (Budget(1.0, 100.0, 2.0, from_server=True), 25.0),
        (Budget(0.0, 1.0, 0.5, from_server=True), 2.0),  # one at a time: more than all is never there
        (Budget(0.0, 1.0, 0.0, from_server=True), 1000.0),
    ],
)
def test_a_request_waits_until_half_of_the_allowance_is_left_for_pushes(
    acme: Shelf, budget: Budget | None, seconds: float
) -> None:
    assert radar(acme, Limited(left=[budget]))._short() == pytest.approx(seconds)


async def test_a_wait_for_the_allowance_is_in_slices(acme: Shelf, slept: list[float]) -> None:
    budgets = [Budget(available, 100.0, 1.0, from_server=True) for available in (20.0, 50.9, 51.0)]
    assert await radar(acme, Limited(left=[*budgets]))._spare() is True
    assert slept == [SLICE, pytest.approx(0.1)]


async def test_a_wait_for_the_allowance_ends_for_a_push(acme: Shelf, slept: list[float]) -> None:
    our_radar = radar(acme, Limited(left=[Budget(0.0, 100.0, 0.01, from_server=True)]))
    with acme.bench.store.transaction() as tx:
        runs.request(tx, RunRequest("push", acme.cart, acme.merchant, "manual", "tester"), NOW)
    assert await our_radar._spare() is False
    assert slept == [SLICE]


async def test_a_wait_for_the_allowance_ends_for_a_cancel(acme: Shelf, slept: list[float]) -> None:
    our_radar = radar(acme, Limited(left=[Budget(0.0, 100.0, 0.01, from_server=True)]))
    with acme.bench.store.transaction() as tx:
        runs.cancel(tx, our_radar.job.run.id, NOW)
    with pytest.raises(RunCancelled):
        await our_radar._spare()
    assert slept == [SLICE]
    with pytest.raises(RunCancelled):
        await our_radar.run()
