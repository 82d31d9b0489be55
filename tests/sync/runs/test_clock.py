"""A clock that is set by a day, either way: nothing stored makes anybody wait for it, run for ever, or look away."""

from __future__ import annotations

import asyncio
import itertools
import time
from pathlib import Path
from typing import Any

import pytest

from invsync_tui import clock
from invsync_tui.rules import safety
from invsync_tui.sandbox.shop import Mode
from invsync_tui.store.catalog import pull_progress
from invsync_tui.store.database import Store
from invsync_tui.store.listings import drift
from invsync_tui.store.listings.push_batches import Batch
from invsync_tui.store.runs import runs
from invsync_tui.store.runs.records import RunRequest
from invsync_tui.store.settings import schedule
from invsync_tui.sync import schedule as due
from invsync_tui.sync.pushes.batch_delivery import BatchDelivery
from invsync_tui.sync.schedule import Timetable
from invsync_tui.sync.worker import Worker
from tests.support.clocks.set_clocks import NOW, Clocks
from tests.support.runs.sandbox_world import Town, town
from tests.support.stores.schedule_store import Field, field

DAY = 86_400
EVERY = 600


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    return Clocks(monkeypatch)


@pytest.fixture
def our_field(tmp_path: Path) -> Field:
    """Two merchants with two carts each."""
    return field(tmp_path, merchants=2, carts=2)


def _asked(store: Store, clocks: Clocks, timetable: Timetable, until: float, step: float = 10) -> list[float]:
    """When something was due, in true seconds."""
    times = []
    while clocks.passed < until:
        with store.transaction() as tx:
            if due.request_due(tx, clock.seconds(), timetable):
                times.append(clocks.passed)
        clocks.passed += step
    return times


@pytest.mark.parametrize("ahead", [DAY, -DAY, 1800, -1800, -200])
def test_a_clock_that_is_set_for_a_while_delays_nothing_by_more_than_a_period(
    our_field: Field, clocks: Clocks, ahead: int
) -> None:
    # given
    with our_field.store.transaction() as tx:
        schedule.put(tx, "push", our_field.carts[1], EVERY, 0, NOW)
    timetable = Timetable()
    # when
    times = _asked(our_field.store, clocks, timetable, 1000)
    clocks.ahead = ahead
    times += _asked(our_field.store, clocks, timetable, 1500)
    clocks.ahead = 0
    times += _asked(our_field.store, clocks, timetable, 10_000)
    # then: at most one more for each time that the clock went forward
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert max(gaps) <= EVERY + 10
    assert len(times) <= 10_000 / EVERY + 3


@pytest.mark.parametrize("ahead", [DAY, -DAY])
def test_a_new_process_after_a_clock_was_set_waits_a_period_at_most(
    our_field: Field, clocks: Clocks, ahead: int
) -> None:
    # given: a service that worked while the clock was wrong
    with our_field.store.transaction() as tx:
        schedule.put(tx, "pull", our_field.merchants[1], EVERY, 0, NOW)
    clocks.ahead = ahead
    before = _asked(our_field.store, clocks, Timetable(), 100)
    # when
    clocks.ahead = 0
    times = _asked(our_field.store, clocks, Timetable(), 5000)
    # then
    assert times[0] - max(before, default=0) <= EVERY + 100
    assert 5000 / EVERY - 2 <= len(times) <= 5000 / EVERY + 2
    assert our_field.store.one("SELECT next_at FROM our_schedule")[0] <= clock.seconds() + EVERY


def test_the_back_off_bounds_what_a_set_clock_can_do(our_field: Field, clocks: Clocks) -> None:
    # given: a cart that failed four times
    with our_field.store.transaction() as tx:
        schedule.put(tx, "push", our_field.carts[0], EVERY, 0, NOW + 50 * DAY)
        for _ in range(4):
            schedule.record_result(tx, "push", our_field.carts[0], "failed", NOW)
    # when
    times = _asked(our_field.store, clocks, Timetable(), 3 * 8 * EVERY)
    # then
    assert times[0] == pytest.approx(8 * EVERY, abs=10)
    assert times[1] - times[0] == pytest.approx(8 * EVERY, abs=10)


def test_a_good_run_ends_the_longer_wait_and_a_cancelled_one_does_not(our_field: Field) -> None:
    # given
    with our_field.store.transaction() as tx:
        for cart in our_field.carts[:2]:
            schedule.put(tx, "push", cart, EVERY, 0, NOW + 8 * EVERY)
            schedule.record_result(tx, "push", cart, "failed", NOW)
        # when
        schedule.record_result(tx, "push", our_field.carts[0], "done", NOW)
        schedule.record_result(tx, "push", our_field.carts[1], "cancelled", NOW)
    # then
    rows = our_field.store.read("SELECT failures, next_at FROM our_schedule ORDER BY key")
    assert rows == [(0, NOW + EVERY), (1, NOW + 8 * EVERY)]


async def test_the_service_says_that_the_clock_was_set(
    our_field: Field, clocks: Clocks, caplog: pytest.LogCaptureFixture
) -> None:
    # given
    with our_field.store.transaction() as tx:
        tx.execute("UPDATE source SET confirmed_at = ? WHERE merchant_id = 1", (NOW + DAY - 60,))
        tx.execute("UPDATE source SET confirmed_at = ? WHERE merchant_id = 2", (NOW - 60,))
    clocks.ahead = DAY
    runner = Worker(our_field.store)
    # when
    clocks.ahead = 0
    runner._schedule()
    runner._schedule()
    # then: once, and what was dated meanwhile is dated as it should have been
    audited = our_field.store.read("SELECT action, after FROM our_audit")
    assert audited == [("clock set", f"The system clock was set back by {DAY} s.")]
    assert [record.levelname for record in caplog.records if "clock was set" in record.getMessage()] == ["WARNING"]
    assert [row[0] for row in our_field.store.read("SELECT confirmed_at FROM our_source ORDER BY merchant_id")] == [
        NOW - 60
    ] * 2


@pytest.mark.parametrize(("answer_by", "most"), [(DAY, 5.0), (-DAY, 0.0), (2.0, 2.0)])
def test_nobody_waits_longer_for_a_lost_batch_than_it_had(synced_push: Any, answer_by: float, most: float) -> None:
    # given: a batch with five seconds, left open by another process, and a clock that was set since
    batch = synced_push.batch._replace(answer_by_ms=int((time.time() + answer_by) * 1000), within_ms=5000)
    # then
    assert synced_push.delivery.left_on_its_way(batch) == pytest.approx(most, abs=0.5)


@pytest.fixture
def synced_push() -> Any:
    class Made:
        batch = Batch("b", 1, 1, 1, (), b"", "intent", 1, 0)
        delivery = object.__new__(BatchDelivery)

    Made.delivery._leave_by, Made.delivery.deadline = {}, 30.0
    return Made


async def test_the_next_push_after_the_clock_went_back_finds_out_what_became_of_an_open_batch(tmp_path: Path) -> None:
    # given: a cart that is read back, and a batch that seems to be on its way for a day
    with town(tmp_path, mode=Mode(idempotency=False), deadline=0.5) as our_town:
        await our_town.bench.pull()
        await our_town.bench.push(our_town.cart_id)
        number, ref = our_town.bench.store.one("SELECT id, ref FROM our_listing LIMIT 1")
        with our_town.bench.store.transaction() as tx:
            tx.execute(
                "INSERT INTO push_batch (id, cart_id, run_id, epoch, items, body, state, attempts, created_at, answer_by_ms, "
                "within_ms) VALUES ('b', ?, 1, 1, json_array(json_array(?, ?, 1, 1, 0)), x'', 'intent', 1, 0, ?, 500)",
                (our_town.cart_id, number, ref, int((time.time() + DAY) * 1000)),
            )
            tx.execute("UPDATE listing SET inflight = 'b' WHERE id = ?", (number,))
        # when
        run = await asyncio.wait_for(our_town.bench.push(our_town.cart_id, release=False), 20)
        # then
        assert run.state == "done"
        assert our_town.bench.one("SELECT count(*) FROM our_listing WHERE inflight IS NOT NULL") == 0
        assert our_town.shown() == our_town.stock()


@pytest.mark.parametrize(("began", "goes_on"), [(-60, True), (-7200, False), (DAY, False)])
async def test_an_interrupted_download_goes_on_only_where_its_age_is_known(
    synced: Town, began: int, goes_on: bool
) -> None:
    # given: a generation that another worker left open
    run_id = synced.bench.request("pull", synced.bench.merchant)
    now = int(time.time())
    with synced.bench.store.transaction() as tx:
        pull_progress.start(tx, synced.bench.merchant, run_id, "full", "", "products", now + began)
    # when
    await synced.bench.work()
    # then
    assert synced.bench.run(run_id).state == "done"
    assert any("Continuing" in text for text in synced.bench.events(run_id)) is goes_on


@pytest.mark.parametrize(("last", "full"), [(-60, False), (DAY, True), (-3 * DAY, True)])
async def test_a_complete_download_is_not_put_off_by_one_from_the_future(synced: Town, last: int, full: bool) -> None:
    # given
    with synced.bench.by_hand() as tx:
        tx.execute("UPDATE source SET last_full_at = ?, full_every = 3600", (int(time.time()) + last,))
    # when
    run = await synced.bench.pull()
    # then
    kind = synced.bench.one("SELECT kind FROM our_pull_generation WHERE run_id = ?", run.id)
    assert (kind == "full") is full


@pytest.mark.parametrize("column", ["listed_at", "observed_at"])
async def test_a_look_at_a_cart_is_not_put_off_by_one_from_the_future(synced: Town, column: str) -> None:
    # given
    with synced.bench.by_hand() as tx:
        tx.execute(f"UPDATE cart SET {column} = ?", (int(time.time()) + DAY,))
    before = len(synced.cart.requests())
    # when
    await synced.bench.push(synced.cart_id)
    # then
    assert any("/listings" in entry["path"] for entry in synced.cart.requests()[before:])
    assert synced.bench.one(f"SELECT {column} FROM our_cart") <= time.time() + 1


async def test_what_was_read_while_the_clock_was_ahead_is_verified_again(synced: Town) -> None:
    # given
    with synced.bench.by_hand() as tx:
        tx.execute("UPDATE listing SET observed_at = ?", (int(time.time()) + DAY,))
    # when
    run_id = synced.bench.request("radar", synced.cart_id)
    await synced.bench.work()
    # then
    assert synced.bench.counts(synced.bench.run(run_id))["total"] == len(synced.shown())


async def test_a_verification_ends_when_everything_was_read_though_the_clock_goes_back_meanwhile(
    synced: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: each look at the clock is a day earlier
    looks: list[int] = []
    real = clock.now

    def earlier() -> float:
        looks.append(1)
        return real() - len(looks) * DAY

    monkeypatch.setattr(clock, "now", earlier)
    # when
    run_id = synced.bench.request("radar", synced.cart_id)
    await asyncio.wait_for(synced.bench.work(), 20)
    # then
    assert synced.bench.counts(synced.bench.run(run_id))["total"] <= len(synced.shown())


def test_times_ahead_of_another_cart_stay(our_field: Field) -> None:
    # given
    with our_field.store.transaction() as tx:
        for cart in our_field.carts[:2]:
            tx.execute(
                "INSERT INTO listing (cart_id, ref, sku, key, observed_at, seq) VALUES (?, 'r', 's', 's', ?, 1)",
                (cart, NOW + DAY),
            )
        # when, then
        assert drift.forget_times_ahead(tx, our_field.carts[0], NOW) == 1
    assert our_field.store.read("SELECT observed_at FROM our_listing ORDER BY cart_id") == [(None,), (NOW + DAY,)]


def test_a_safety_rule_does_not_look_away_for_a_push_that_is_dated_ahead(our_field: Field) -> None:
    # given: a good push, and one while the clock was ahead
    with our_field.store.transaction() as tx:
        for at in (NOW - 100, NOW + DAY):
            run_id = runs.request(tx, RunRequest("push", 1, 1, "manual", "x"), NOW).run_id
            runs.start(tx, run_id, 1, at)
            runs.finish(tx, run_id, "done", "", at)
        # when, then
        assert runs.last_good_start(tx, "push", 1, NOW) == NOW - 100
        assert runs.last_good_start(tx, "push", 2, NOW) == 0


@pytest.mark.parametrize(("age", "held"), [(-DAY, True), (-3, False), (0, False), (601, True)])
def test_a_reading_from_the_future_is_held_as_a_stale_one(age: int, held: bool) -> None:
    # given
    facts = safety.PlanFacts(
        5, 0, 100, first_push=False, rules_changed=False, products_before=100, products_now=100, reading_age=age
    )
    limits = safety.Limits(zero_count=25, zero_percent=5, shrink_percent=5, stale_after=600)
    # then
    tripped = [trip.rule for trip in safety.check(facts, limits, {})]
    assert (safety.SafetyRule.STALE_READING in tripped) is held


@pytest.mark.parametrize("jitter", [1, 60, 300])
def test_jitter_makes_nobody_wait_less_than_a_period_or_more_than_both(
    our_field: Field, clocks: Clocks, jitter: int
) -> None:
    with our_field.store.transaction() as tx:
        schedule.put(tx, "push", our_field.carts[0], EVERY, jitter, NOW)
    times = _asked(our_field.store, clocks, Timetable(), 50 * EVERY, step=5)
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert len(gaps) > 25
    assert min(gaps) >= EVERY - 5 and max(gaps) <= EVERY + jitter + 5


def test_a_period_that_is_changed_counts_from_then_on(our_field: Field, clocks: Clocks) -> None:
    with our_field.store.transaction() as tx:
        schedule.put(tx, "push", our_field.carts[0], EVERY, 0, NOW)
    timetable = Timetable()
    before = _asked(our_field.store, clocks, timetable, 3000)
    with our_field.store.transaction() as tx:
        schedule.put(tx, "push", our_field.carts[0], 100, 0, clock.seconds() + 100)
    after = _asked(our_field.store, clocks, timetable, 6000)
    assert before == [0, 600, 1200, 1800, 2400]
    assert after == [3100.0 + 100 * n for n in range(29)]
