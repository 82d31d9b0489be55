"""Requests that join a run lose nothing that either side wanted: a complete read, pushes that follow, their own condition."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from invsync_tui.store.listings import plans
from invsync_tui.store.runs import runs
from invsync_tui.store.runs.records import RunRequest, RunRow
from invsync_tui.sync import executor
from invsync_tui.sync.runs import leases
from invsync_tui.sync.runs.run_context import RunContext
from invsync_tui.sync.worker import Worker
from tests.support.stores.schedule_store import Field, field, runs_end_at_once

NOW = 1_760_000_000


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Field:
    """Two merchants with two carts each, whose runs end well at once."""
    runs_end_at_once(monkeypatch)
    return field(tmp_path, merchants=2, carts=2)


def _ask(our_field: Field, kind: str, key: int, trigger: str = "manual", **more: Any) -> int:
    merchant = key if kind == "pull" else 1 if key in (1, 2) else 2
    with our_field.store.transaction() as tx:
        return runs.request(tx, RunRequest(kind, key, merchant, trigger, f"by {trigger}", **more), NOW).run_id


def _run(our_field: Field, run_id: int) -> RunRow:
    return our_field.bench.run(run_id)


def _start(our_field: Field, run_id: int) -> None:
    with our_field.store.transaction() as tx:
        runs.start(tx, run_id, 1, NOW)


def _end(our_field: Field, run_id: int, state: str = "done") -> None:
    with our_field.store.transaction() as tx:
        runs.finish(tx, run_id, state, "", NOW)


async def _work(our_field: Field) -> None:
    await Worker(our_field.store, scheduled=False).run_until_idle(0.0)


def _pushed(our_field: Field) -> list[int]:
    """Carts by the pushes that ended well, in order."""
    return [
        row[0]
        for row in our_field.store.read("SELECT key FROM our_run WHERE kind = 'push' AND state = 'done' ORDER BY id")
    ]


async def test_a_scheduled_download_that_joins_a_manual_one_is_followed_by_its_pushes(two: Field) -> None:
    # given: somebody syncs one cart
    pull = _ask(two, "pull", 1)
    _ask(two, "push", 1, after_run=pull)
    # when
    assert _ask(two, "pull", 1, "schedule", pushes=True) == pull
    await _work(two)
    # then
    assert sorted(set(_pushed(two))) == [1, 2]
    assert len(_pushed(two)) == 2
    assert {row[0] for row in two.store.read("SELECT merchant_id FROM our_run")} == {1}


async def test_a_scheduled_download_that_comes_while_a_manual_one_runs_is_followed_by_its_pushes(two: Field) -> None:
    # given
    pull = _ask(two, "pull", 1)
    _start(two, pull)
    # when
    _ask(two, "pull", 1, "schedule", pushes=True)
    await _work(two)
    # then
    pulls = two.store.read("SELECT trigger, then_push, state FROM our_run WHERE kind = 'pull' ORDER BY id")
    assert pulls == [("manual", 0, "done"), ("again", 1, "done")]
    assert _pushed(two) == [1, 2]


async def test_a_push_that_is_asked_for_while_a_download_runs_comes_after_the_next_one(two: Field) -> None:
    # given
    pull = _ask(two, "pull", 1, "schedule", pushes=True)
    _start(two, pull)
    # when: somebody syncs one cart, whose stock the running download may have passed already
    assert _ask(two, "pull", 1) == pull
    push = _ask(two, "push", 2, after_run=pull)
    _end(two, pull)
    # then
    successor = two.bench.one("SELECT id FROM our_run WHERE kind = 'pull' AND state = 'requested'")
    assert (_run(two, push).after_run, _run(two, push).after_again) == (successor, 0)
    # and when
    await _work(two)
    # then
    ended = two.store.read("SELECT id FROM our_run WHERE state = 'done' ORDER BY id")
    assert (push,) in ended
    assert (successor,) in ended


@pytest.mark.parametrize("running", [False, True])
@pytest.mark.parametrize("first_full", [False, True])
def test_a_complete_read_is_not_lost_and_not_added(two: Field, running: bool, first_full: bool) -> None:
    # given
    pull = _ask(two, "pull", 1, full=first_full)
    if running:
        _start(two, pull)
    # when
    _ask(two, "pull", 1, "schedule", full=not first_full, pushes=True)
    # then
    assert bool(_run(two, pull).full) is (first_full if running else True)
    if running:
        _end(two, pull)
        (successor,) = two.store.one("SELECT id FROM our_run WHERE state = 'requested'")
        assert bool(_run(two, successor).full) is not first_full


def test_a_request_that_comes_between_the_look_and_the_start_of_a_run_counts_for_it(two: Field) -> None:
    # given: a worker has read the request
    pull = _ask(two, "pull", 1)
    # when
    _ask(two, "pull", 1, "schedule", full=True, pushes=True)
    with two.store.transaction() as tx:
        started = runs.start(tx, pull, 1, NOW)
    # then
    assert (started.full, started.then_push) == (1, 1)


async def test_a_push_that_waits_for_nothing_does_not_wait_for_whom_it_joins(two: Field) -> None:
    # given: a push that waits for a download which fails
    pull = _ask(two, "pull", 1)
    push = _ask(two, "push", 1, after_run=pull)
    # when
    assert _ask(two, "push", 1, "schedule") == push
    # then
    assert _run(two, push).after_run is None
    _end(two, pull, "failed")
    await _work(two)
    states = two.store.read("SELECT trigger, state FROM our_run WHERE kind = 'push' ORDER BY id")
    assert states == [("schedule", "done"), ("again", "cancelled")]


async def test_a_push_after_a_download_that_ended_well_already_is_one_with_a_push_at_once(two: Field) -> None:
    # given
    pull = _ask(two, "pull", 1)
    push = _ask(two, "push", 1, after_run=pull)
    _end(two, pull)
    # when
    _ask(two, "push", 1, "after pull")
    await _work(two)
    # then
    assert _pushed(two) == [1]
    assert _run(two, push).state == "done"


def test_who_joined_is_told(two: Field) -> None:
    # given
    pull = _ask(two, "pull", 1, "schedule", pushes=True)
    # when
    _ask(two, "pull", 1)
    _ask(two, "pull", 1)
    # then: a person is named before the schedule, and both are told once
    assert (_run(two, pull).trigger, _run(two, pull).requested_by) == ("manual", "by manual")
    assert len(two.bench.events(pull)) == 1
    _start(two, pull)
    _ask(two, "pull", 1, "schedule")
    _end(two, pull)
    (successor,) = two.store.one("SELECT id FROM our_run WHERE state = 'requested'")
    assert two.bench.events(successor) == [f"Requested by by schedule (schedule) while run {pull} was under way."]


def test_what_a_run_was_asked_for_before_a_plan_was_bound_to_it_is_done_afterwards(two: Field) -> None:
    # given
    pull = _ask(two, "pull", 1)
    push = _ask(two, "push", 1, after_run=pull, full=True)
    # when: an operator applies a plan, and another asks once more
    with two.store.transaction() as tx:
        plans.bind(tx, push, 7, "{}", NOW)
    _ask(two, "push", 1, "schedule")
    _end(two, push)
    # then
    (successor,) = two.store.one("SELECT id FROM our_run WHERE kind = 'push' AND state = 'requested'")
    assert (_run(two, successor).after_run, _run(two, successor).full) == (None, 0)
    _end(two, successor)
    (last,) = two.store.one("SELECT id FROM our_run WHERE kind = 'push' AND state = 'requested'")
    assert (_run(two, last).after_run, _run(two, last).full) == (pull, 1)


async def test_the_pushes_after_a_download_are_there_in_the_moment_of_its_end(two: Field) -> None:
    # given: the worker dies right after the run has ended
    pull = _ask(two, "pull", 1, "schedule", pushes=True)
    lease = leases.acquire(two.store, "pull:1", "worker")
    assert lease is not None
    # when
    await executor.execute(two.store, _run(two, pull), lease)
    # then
    requested = two.store.read(
        "SELECT key, trigger FROM our_run WHERE kind = 'push' AND state = 'requested' ORDER BY key"
    )
    assert requested == [(1, "after pull"), (2, "after pull")]
    lease.release()


async def test_a_download_that_did_not_end_well_is_followed_by_no_push(
    two: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    async def fails(_: RunContext) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setitem(executor._KINDS, "pull", fails)
    _ask(two, "pull", 1, "schedule", pushes=True)
    # when
    await _work(two)
    # then
    assert two.bench.one("SELECT count(*) FROM our_run WHERE kind = 'push'") == 0
