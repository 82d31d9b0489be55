"""What a worker decides at each look and at each end of a run: when it begins, waits, pauses, and what it logs."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from invsync_tui import clock
from invsync_tui.store.errors import StoreBrokenError, StoreBusyError, StoreError, StoreFullError
from invsync_tui.store.runs import runs
from invsync_tui.store.runs.records import RunRequest
from invsync_tui.store.runs.workers import FencedError
from invsync_tui.store.settings import schedule
from invsync_tui.sync import executor, maintenance, worker
from invsync_tui.sync.runs import leases
from invsync_tui.sync.worker import FULL_DISK_WAIT, LOOK_ANYWAY, SET_BACK_FIRST, SET_BACK_MOST, Worker
from tests.support.stores.schedule_store import Field, field, runs_end_at_once

NOW = 1_760_000_000


@pytest.fixture
def our_field(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Field:
    """A merchant with two carts, whose runs end well at once."""
    runs_end_at_once(monkeypatch)
    return field(tmp_path, merchants=1, carts=2)


class Elapsed:
    """Elapsed time that goes on when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def elapsed(monkeypatch: pytest.MonkeyPatch) -> Elapsed:
    elapsed = Elapsed()
    monkeypatch.setattr(clock, "elapsed", elapsed)
    # The real periods, which tests of whole runs shorten.
    monkeypatch.setattr(worker, "FULL_DISK_WAIT", FULL_DISK_WAIT)
    monkeypatch.setattr(worker, "LOOK_ANYWAY", LOOK_ANYWAY)
    return elapsed


def ask(our_field: Field, kind: str = "pull", key: int = 1, after: int | None = None) -> int:
    with our_field.store.transaction() as tx:
        return runs.request(tx, RunRequest(kind, key, 1, "manual", "operator", after), NOW).run_id


def put(our_field: Field, number: int, **values: Any) -> None:
    names = ", ".join(f"{name} = ?" for name in values)
    with our_field.store.transaction() as tx:
        tx.execute(f"UPDATE run SET {names} WHERE id = ?", (*values.values(), number))


def messages(caplog: pytest.LogCaptureFixture, level: int = logging.ERROR) -> list[str]:
    return [
        record.getMessage() for record in caplog.records if record.levelno >= level and record.name == worker.log.name
    ]


# --- a run that waits for another --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "may", "state"),
    [
        ("requested", False, "requested"),
        ("running", False, "requested"),
        ("cancelling", False, "requested"),
        ("held", False, "requested"),
        ("done", True, "requested"),
        ("failed", False, "cancelled"),
        ("cancelled", False, "cancelled"),
    ],
)
def test_a_push_waits_for_its_download_and_ends_with_one_that_did_not_end_well(
    our_field: Field, before: str, may: bool, state: str
) -> None:
    pull = ask(our_field)
    push = ask(our_field, "push", after=pull)
    other = ask(our_field, "push", 2)
    put(our_field, pull, state=before, error="no route" if before == "failed" else "")
    assert Worker(our_field.store)._may_start(our_field.bench.run(push)) is may
    ended = our_field.bench.run(push)
    assert (ended.state, ended.ended_at is None) == (state, state != "cancelled")
    if state == "cancelled":
        assert ended.error == f"Run {pull} before it ended {before}" + (": no route" if before == "failed" else "")
    assert our_field.bench.run(other).state == "requested"


def test_a_push_that_waits_for_nothing_or_is_bound_to_a_plan_starts_at_once(our_field: Field) -> None:
    pull = ask(our_field)
    assert Worker(our_field.store)._may_start(our_field.bench.run(pull))
    push = ask(our_field, "push", after=pull)
    with our_field.store.transaction() as tx:
        plan = tx.execute(
            "INSERT INTO plan (cart_id, kind, made_at, made_by, rules_rev, seq, n, rows) "
            "VALUES (1, 'rules', 1, 'a', 1, 1, 0, x'')"
        ).lastrowid
        tx.execute("UPDATE run SET plan_id = ? WHERE id = ?", (plan, push))
    assert Worker(our_field.store)._may_start(our_field.bench.run(push))
    # a download whose record was removed long ago keeps nobody waiting
    put(our_field, push, plan_id=None, after_run=987_654)
    assert Worker(our_field.store)._may_start(our_field.bench.run(push))


# --- a look for work -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "pauses", "logged"),
    [
        (StoreBusyError("/x/store.db", "It is busy.", "Wait."), False, []),
        (StoreFullError("/x/store.db", "It is full.", "Wait."), True, ["pausing: /x/store.db: It is full. Wait."]),
        (
            ZeroDivisionError("once"),
            True,
            ["looking for work", "pausing: a defect of this program; it is written above"],
        ),
    ],
    ids=["busy", "full", "defect"],
)
def test_a_look_that_fails_is_repeated_and_may_have_left_work(
    our_field: Field,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    elapsed: Elapsed,
    error: Exception,
    pauses: bool,
    logged: list[str],
) -> None:
    def fails(*_: Any) -> None:
        raise error

    monkeypatch.setattr(worker.runs, "underway", fails)
    runner = Worker(our_field.store)
    assert runner._start_runs() is True
    assert runner._paused_until == (elapsed.now + FULL_DISK_WAIT if pauses else 0.0)
    assert messages(caplog) == logged


def test_a_store_that_is_broken_or_replaced_ends_the_worker(our_field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise StoreBrokenError("/x/store.db", "It is broken.", "Restore it.")

    monkeypatch.setattr(worker.runs, "underway", fails)
    with pytest.raises(StoreBrokenError):
        Worker(our_field.store)._start_runs()


@pytest.mark.parametrize(
    ("state", "asked"), [("requested", True), ("running", True), ("cancelling", True), ("done", False), ("held", False)]
)
def test_a_worker_ends_only_when_nothing_is_requested_or_under_way(our_field: Field, state: str, asked: bool) -> None:
    put(our_field, ask(our_field), state=state)
    assert Worker(our_field.store)._anything_asked() is asked


def test_a_store_that_is_busy_may_have_work(our_field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy() -> Any:
        raise StoreBusyError("/x/store.db", "It is busy.", "Wait.")

    runner = Worker(our_field.store)
    monkeypatch.setattr(our_field.store, "reading", busy)
    assert runner._anything_asked() is True


async def test_a_look_starts_each_key_once_and_no_more_than_fit(
    our_field: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: a run of each key, and room for two
    begun: list[int] = []
    free = asyncio.Event()

    async def waits(_: Any, run: Any, lease: Any) -> None:
        begun.append(run.id)
        await free.wait()

    monkeypatch.setattr(worker, "execute", waits)
    monkeypatch.setattr(worker, "CONCURRENT", 2)
    first, second, third = ask(our_field), ask(our_field, "push", 1), ask(our_field, "push", 2)
    runner = Worker(our_field.store, scheduled=False)
    # when it looks again and again
    for _ in range(3):
        runner._version = -1
        assert runner._start_runs()
        await asyncio.sleep(0)
    # then
    assert begun == [first, second]
    assert runner.underway == 2
    free.set()
    await asyncio.gather(*list(runner._tasks.values()))
    put(our_field, first, state="done")
    put(our_field, second, state="done")
    assert runner._start_runs()
    await asyncio.gather(*list(runner._tasks.values()))
    assert begun == [first, second, third]


@pytest.mark.parametrize("scheduled", [True, False])
def test_a_look_asks_for_what_is_due_and_gives_a_sign_of_life(our_field: Field, scheduled: bool) -> None:
    with our_field.store.transaction() as tx:
        schedule.put(tx, "pull", 1, 600, 0, clock.seconds() - 1)
    runner = Worker(our_field.store, scheduled=scheduled)
    runner._try_start = lambda _: None  # type: ignore[method-assign]
    assert runner._start_runs() is scheduled
    assert our_field.bench.one("SELECT count(*) FROM run WHERE kind = 'pull' AND trigger = 'schedule'") == scheduled
    assert our_field.bench.store.read("SELECT id, kind FROM worker") == [(runner.id, "serve")]


async def test_a_sleep_ends_early_when_the_worker_is_told_to_stop(our_field: Field) -> None:
    runner = Worker(our_field.store)
    began = clock.elapsed()
    await runner._sleep(0.05)
    assert clock.elapsed() - began >= 0.04
    runner.stop()
    began = clock.elapsed()
    await runner._sleep(30)
    assert clock.elapsed() - began < 5


# --- errors at the end of a run ----------------------------------------------------------------------------------------


ERRORS = {
    "busy": (StoreBusyError, True, False),
    "full": (StoreFullError, True, False),
    "broken": (StoreBrokenError, True, True),
    "fenced": (None, False, False),
    "defect": (ZeroDivisionError, False, True),
}
"""By name: the class, whether the worker pauses, and whether the run is left alone for a while."""


@pytest.mark.parametrize("name", ERRORS)
async def test_each_kind_of_error_has_its_own_end(
    our_field: Field, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, elapsed: Elapsed, name: str
) -> None:
    # given: a run that raises, and another one that must not be touched
    kind, pauses, put_off = ERRORS[name]
    if kind is None:
        error: Exception = FencedError("the lease is another's")
    elif issubclass(kind, StoreError):
        error = kind("/x/store.db", f"It is {name}.", "Wait.")
    else:
        error = kind(name)

    async def raises(*_: Any) -> None:
        raise error

    monkeypatch.setattr(worker, "execute", raises)
    number, other = ask(our_field), ask(our_field, "push", 2)
    put(our_field, number, state="running")
    runner = Worker(our_field.store)
    lease = leases.acquire(our_field.store, "pull:1", "test")
    assert lease is not None
    # when
    with caplog.at_level(logging.WARNING):
        await runner._execute(our_field.bench.run(number), lease)
    # then: the worker's pause and the run's
    assert runner._paused_until == (elapsed.now + FULL_DISK_WAIT if pauses else 0.0)
    assert runner._set_back == ({number: (SET_BACK_FIRST, elapsed.now + SET_BACK_FIRST)} if put_off else {})
    # the run
    ended = our_field.bench.run(number)
    assert ended.state == ("failed" if name == "defect" else "running")
    assert bool(ended.error) is (name in ("full", "defect"))
    assert (our_field.bench.run(other).state, our_field.bench.run(other).error) == ("requested", "")
    # the log
    logged = messages(caplog, logging.WARNING)
    expected = {
        "busy": [f"run {number}: {error}", f"pausing: {error}"],
        "full": [f"pausing: {error}"],
        "broken": [f"run {number}: {error}", f"pausing: {error}"],
        "fenced": [f"{error}"],
        "defect": [f"run {number} could not be ended"],
    }[name]
    assert logged == expected
    # and whoever takes the run up next gets its lease
    assert not leases.holder_alive(our_field.store.path, "pull:1")


async def test_a_run_that_ended_well_is_no_longer_left_alone(our_field: Field) -> None:
    number = ask(our_field)
    runner = Worker(our_field.store)
    runner._put_off(our_field.bench.run(number))
    lease = leases.acquire(our_field.store, "pull:1", "test")
    assert lease is not None
    await runner._execute(our_field.bench.run(number), lease)
    assert runner._set_back == {}
    assert our_field.bench.run(number).state == "done"


async def test_what_cannot_be_ended_at_all_is_logged_with_its_number(
    our_field: Field, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("no end")

    monkeypatch.setattr(worker, "execute", broken)
    monkeypatch.setattr(worker, "end_plainly", broken)
    number = ask(our_field)
    lease = leases.acquire(our_field.store, "pull:1", "test")
    assert lease is not None
    await Worker(our_field.store)._execute(our_field.bench.run(number), lease)
    assert f"run {number} could not be ended at all" in messages(caplog)


def test_a_disk_too_full_for_the_runs_error_has_it_in_the_log(
    our_field: Field, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    number = ask(our_field)

    def full() -> Any:
        raise StoreFullError("/x/store.db", "It is full.", "Make room.")

    runner, run = Worker(our_field.store), our_field.bench.run(number)
    monkeypatch.setattr(our_field.store, "transaction", full)
    runner._say_full(run, "no space left")
    assert messages(caplog) == [f"run {number}: no space left"]


def test_rows_that_cannot_be_counted_do_not_keep_a_run_from_ending(
    our_field: Field, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # given
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("token=hunter2")

    monkeypatch.setattr(executor.listings, "end_planned", broken)
    number = ask(our_field, "push")
    lease = leases.acquire(our_field.store, "push:1", "test")
    assert lease is not None
    with our_field.store.transaction() as tx:
        run = runs.start(tx, number, lease.epoch, NOW)
    # when
    with caplog.at_level(logging.ERROR):
        executor.end_plainly(our_field.store, run, lease, "ended by a defect")
    # then
    ended = our_field.bench.run(number)
    assert (ended.state, ended.error, our_field.bench.counts(ended)) == ("failed", "ended by a defect", {})
    assert our_field.bench.events(number) == ["ended by a defect"]
    (logged,) = (record.getMessage() for record in caplog.records)
    assert logged.startswith(f"run {number}: ") and "ZeroDivisionError" in logged and "Traceback" in logged
    assert "hunter2" not in logged


# --- times -------------------------------------------------------------------------------------------------------------


def test_a_run_is_taken_up_again_after_1_2_4_seconds_up_to_5_minutes(our_field: Field, elapsed: Elapsed) -> None:
    run = our_field.bench.run(ask(our_field))
    runner = Worker(our_field.store)
    waits = []
    for _ in range(11):
        runner._put_off(run)
        wait, until = runner._set_back[run.id]
        assert until == elapsed.now + wait
        waits.append(wait)
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    assert SET_BACK_MOST == 300


async def test_a_run_that_is_left_alone_begins_exactly_when_its_time_has_come(
    our_field: Field, elapsed: Elapsed
) -> None:
    number, other = ask(our_field), ask(our_field, "push", 2)
    runner = Worker(our_field.store)
    runner._set_back[number] = (4.0, elapsed.now + 4.0)
    runner._try_start(our_field.bench.run(other))
    elapsed.now += 3.9
    runner._try_start(our_field.bench.run(number))
    assert list(runner._tasks) == ["push:2"]
    elapsed.now += 0.1
    runner._try_start(our_field.bench.run(number))
    assert list(runner._tasks) == ["push:2", "pull:1"]
    await asyncio.gather(*runner._tasks.values())
    assert [our_field.bench.run(each).state for each in (number, other)] == ["done", "done"]
    assert runner.underway == 0


def test_a_pause_lasts_exactly_its_time(our_field: Field, elapsed: Elapsed, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[float] = []
    monkeypatch.setattr(Worker, "_look_once", lambda _, now: looks.append(now))
    runner = Worker(our_field.store)
    runner._pause("the disk is full")
    began = elapsed.now
    for passed in (0.0, FULL_DISK_WAIT - 0.5, FULL_DISK_WAIT, FULL_DISK_WAIT + 1):
        elapsed.now = began + passed
        assert runner._start_runs() in (True, None)
    assert looks == [began + FULL_DISK_WAIT, began + FULL_DISK_WAIT + 1]


def test_the_tables_are_read_when_somebody_wrote_and_otherwise_every_two_seconds(
    our_field: Field, elapsed: Elapsed, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[float] = []
    monkeypatch.setattr(worker.runs, "underway", lambda _: reads.append(elapsed.now) or [])
    runner = Worker(our_field.store, scheduled=False)
    monkeypatch.setattr(runner, "_beat", lambda _: None)
    began = elapsed.now
    assert not runner._start_runs()
    elapsed.now = began + LOOK_ANYWAY - 0.5
    assert not runner._start_runs()
    assert reads == [began]
    elapsed.now = began + LOOK_ANYWAY
    assert not runner._start_runs()
    other = sqlite3.connect(our_field.store.path)
    with other:
        other.execute("UPDATE merchant SET name = 'Other'")
    other.close()
    elapsed.now += 0.1
    runner._start_runs()
    assert reads == [began, began + LOOK_ANYWAY, elapsed.now]


@pytest.mark.parametrize("by", [-7200.0, 7200.0])
def test_a_clock_that_was_set_is_told_with_its_direction_and_only_back_moves_times(
    our_field: Field, caplog: pytest.LogCaptureFixture, by: float
) -> None:
    ahead = clock.seconds() + 3600
    with our_field.store.transaction() as tx:
        tx.execute("UPDATE source SET confirmed_at = ?", (ahead,))
    with caplog.at_level(logging.WARNING):
        Worker(our_field.store)._tell_clock(by)
    way = "back" if by < 0 else "forward"
    (logged,) = messages(caplog, logging.WARNING)
    assert f"was set {way} by 7200 s" in logged
    assert f"was set {way} by 7200 s" in our_field.bench.one("SELECT after FROM audit WHERE action = 'clock set'")
    assert (our_field.bench.one("SELECT confirmed_at FROM source") < ahead) is (by < 0)


def test_a_clock_that_runs_on_is_not_told(our_field: Field, caplog: pytest.LogCaptureFixture) -> None:
    Worker(our_field.store)._tell_clock(0.0)
    assert messages(caplog, logging.WARNING) == []
    assert our_field.bench.one("SELECT count(*) FROM audit WHERE action = 'clock set'") == 0


def test_a_sign_of_life_is_given_every_ten_seconds_and_again_where_the_row_was_lost(
    our_field: Field, elapsed: Elapsed
) -> None:
    runner = Worker(our_field.store)
    runner._register()

    def beaten() -> bool:
        """Whether the next look gives a sign of life."""
        with our_field.store.transaction() as tx:
            tx.execute("UPDATE worker SET heartbeat_at = 1")
        runner._beat(elapsed.now)
        return bool(our_field.bench.one("SELECT heartbeat_at FROM worker") > 1)

    assert beaten()
    elapsed.now += 9.5
    assert not beaten()
    elapsed.now += 0.5
    assert beaten()
    elapsed.now += 10
    with our_field.store.transaction() as tx:
        tx.execute("DELETE FROM worker")
    runner._beat(elapsed.now)
    assert our_field.bench.store.read("SELECT id FROM worker") == [(runner.id,)]
    runner._unregister()
    assert our_field.bench.store.read("SELECT id FROM worker") == []


def test_a_store_that_cannot_be_written_keeps_no_worker_from_beginning_and_ending(
    our_field: Field, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full() -> Any:
        raise StoreFullError("/x/store.db", "It is full.", "Make room.")

    runner = Worker(our_field.store)
    monkeypatch.setattr(our_field.store, "transaction", full)
    runner._register()
    runner._unregister()
    assert messages(caplog, logging.WARNING) == ["/x/store.db: It is full. Make room."] * 2


@pytest.mark.parametrize("error", [StoreBusyError, StoreFullError])
def test_each_look_goes_on_with_removing_old_records_whatever_keeps_them_from_going(
    our_field: Field, monkeypatch: pytest.MonkeyPatch, error: type[StoreError]
) -> None:
    steps: list[int] = []

    def step(_: maintenance.Upkeep) -> bool:
        steps.append(1)
        raise error("/x/store.db", "Not now.", "Wait.")

    monkeypatch.setattr(maintenance.Upkeep, "step", step)
    assert not Worker(our_field.store)._start_runs()
    assert steps == [1]


# --- the end of a worker -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "left"), [("detached", 0), ("serve", 1)])
async def test_only_a_detached_worker_removes_old_records_when_it_ends(our_field: Field, kind: str, left: int) -> None:
    # given: a request to a cart of half a year ago, and one of today
    number, today = ask(our_field), clock.seconds()
    put(our_field, number, state="done", ended_at=today)
    sql = "INSERT INTO exchange (run_id, at_ms, took_ms, method, url, request, answer) VALUES (?, ?, 1, 'GET', ?, x'', x'')"
    with our_field.store.transaction() as tx:
        tx.executemany(sql, [(number, (today - 180 * 86400) * 1000, "old"), (number, today * 1000, "new")])
    # when it finds nothing to do
    await Worker(our_field.store, kind, scheduled=False).run_until_idle(0.0)
    # then
    assert maintenance.FIRST_AFTER > 1
    assert our_field.bench.one("SELECT count(*) FROM exchange WHERE url = 'old'") == left
    assert our_field.bench.one("SELECT count(*) FROM exchange WHERE url = 'new'") == 1
