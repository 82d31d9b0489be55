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
def one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Field:
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
    made = Elapsed()
    monkeypatch.setattr(clock, "elapsed", made)
    # The real periods, which tests of whole runs shorten.
    monkeypatch.setattr(worker, "FULL_DISK_WAIT", FULL_DISK_WAIT)
    monkeypatch.setattr(worker, "LOOK_ANYWAY", LOOK_ANYWAY)
    return made


def ask(made: Field, kind: str = "pull", key: int = 1, after: int | None = None) -> int:
    with made.store.transaction() as tx:
        return runs.request(tx, RunRequest(kind, key, 1, "manual", "operator", after), NOW).run_id


def put(made: Field, number: int, **values: Any) -> None:
    names = ", ".join(f"{name} = ?" for name in values)
    with made.store.transaction() as tx:
        tx.execute(f"UPDATE run SET {names} WHERE id = ?", (*values.values(), number))


def messages(caplog: pytest.LogCaptureFixture, level: int = logging.ERROR) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno >= level and one.name == worker.log.name]


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
    one: Field, before: str, may: bool, state: str
) -> None:
    pull = ask(one)
    push = ask(one, "push", after=pull)
    other = ask(one, "push", 2)
    put(one, pull, state=before, error="no route" if before == "failed" else "")
    assert Worker(one.store)._may_start(one.bench.run(push)) is may
    ended = one.bench.run(push)
    assert (ended.state, ended.ended_at is None) == (state, state != "cancelled")
    if state == "cancelled":
        assert ended.error == f"Run {pull} before it ended {before}" + (": no route" if before == "failed" else "")
    assert one.bench.run(other).state == "requested"


def test_a_push_that_waits_for_nothing_or_is_bound_to_a_plan_starts_at_once(one: Field) -> None:
    pull = ask(one)
    assert Worker(one.store)._may_start(one.bench.run(pull))
    push = ask(one, "push", after=pull)
    with one.store.transaction() as tx:
        plan = tx.execute(
            "INSERT INTO plan (cart_id, kind, made_at, made_by, rules_rev, seq, n, rows) "
            "VALUES (1, 'rules', 1, 'a', 1, 1, 0, x'')"
        ).lastrowid
        tx.execute("UPDATE run SET plan_id = ? WHERE id = ?", (plan, push))
    assert Worker(one.store)._may_start(one.bench.run(push))
    # a download whose record was removed long ago keeps nobody waiting
    put(one, push, plan_id=None, after_run=987_654)
    assert Worker(one.store)._may_start(one.bench.run(push))


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
    one: Field,
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
    runner = Worker(one.store)
    assert runner._start_runs() is True
    assert runner._paused_until == (elapsed.now + FULL_DISK_WAIT if pauses else 0.0)
    assert messages(caplog) == logged


def test_a_store_that_is_broken_or_replaced_ends_the_worker(one: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise StoreBrokenError("/x/store.db", "It is broken.", "Restore it.")

    monkeypatch.setattr(worker.runs, "underway", fails)
    with pytest.raises(StoreBrokenError):
        Worker(one.store)._start_runs()


@pytest.mark.parametrize(
    ("state", "asked"), [("requested", True), ("running", True), ("cancelling", True), ("done", False), ("held", False)]
)
def test_a_worker_ends_only_when_nothing_is_requested_or_under_way(one: Field, state: str, asked: bool) -> None:
    put(one, ask(one), state=state)
    assert Worker(one.store)._anything_asked() is asked


def test_a_store_that_is_busy_may_have_work(one: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy() -> Any:
        raise StoreBusyError("/x/store.db", "It is busy.", "Wait.")

    runner = Worker(one.store)
    monkeypatch.setattr(one.store, "reading", busy)
    assert runner._anything_asked() is True


async def test_a_look_starts_each_key_once_and_no_more_than_fit(one: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    # given: a run of each key, and room for two
    begun: list[int] = []
    free = asyncio.Event()

    async def waits(_: Any, run: Any, lease: Any) -> None:
        begun.append(run.id)
        await free.wait()

    monkeypatch.setattr(worker, "execute", waits)
    monkeypatch.setattr(worker, "CONCURRENT", 2)
    first, second, third = ask(one), ask(one, "push", 1), ask(one, "push", 2)
    runner = Worker(one.store, scheduled=False)
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
    put(one, first, state="done")
    put(one, second, state="done")
    assert runner._start_runs()
    await asyncio.gather(*list(runner._tasks.values()))
    assert begun == [first, second, third]


@pytest.mark.parametrize("scheduled", [True, False])
def test_a_look_asks_for_what_is_due_and_gives_a_sign_of_life(one: Field, scheduled: bool) -> None:
    with one.store.transaction() as tx:
        schedule.put(tx, "pull", 1, 600, 0, clock.seconds() - 1)
    runner = Worker(one.store, scheduled=scheduled)
    runner._try_start = lambda _: None  # type: ignore[method-assign]
    assert runner._start_runs() is scheduled
    assert one.bench.one("SELECT count(*) FROM run WHERE kind = 'pull' AND trigger = 'schedule'") == scheduled
    assert one.bench.store.read("SELECT id, kind FROM worker") == [(runner.id, "serve")]


async def test_a_sleep_ends_early_when_the_worker_is_told_to_stop(one: Field) -> None:
    runner = Worker(one.store)
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
    one: Field, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, elapsed: Elapsed, name: str
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
    number, other = ask(one), ask(one, "push", 2)
    put(one, number, state="running")
    runner = Worker(one.store)
    lease = leases.acquire(one.store, "pull:1", "test")
    assert lease is not None
    # when
    with caplog.at_level(logging.WARNING):
        await runner._execute(one.bench.run(number), lease)
    # then: the worker's pause and the run's
    assert runner._paused_until == (elapsed.now + FULL_DISK_WAIT if pauses else 0.0)
    assert runner._set_back == ({number: (SET_BACK_FIRST, elapsed.now + SET_BACK_FIRST)} if put_off else {})
    # the run
    ended = one.bench.run(number)
    assert ended.state == ("failed" if name == "defect" else "running")
    assert bool(ended.error) is (name in ("full", "defect"))
    assert (one.bench.run(other).state, one.bench.run(other).error) == ("requested", "")
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
    assert not leases.holder_alive(one.store.path, "pull:1")


async def test_a_run_that_ended_well_is_no_longer_left_alone(one: Field) -> None:
    number = ask(one)
    runner = Worker(one.store)
    runner._put_off(one.bench.run(number))
    lease = leases.acquire(one.store, "pull:1", "test")
    assert lease is not None
    await runner._execute(one.bench.run(number), lease)
    assert runner._set_back == {}
    assert one.bench.run(number).state == "done"


async def test_what_cannot_be_ended_at_all_is_logged_with_its_number(
    one: Field, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("no end")

    monkeypatch.setattr(worker, "execute", broken)
    monkeypatch.setattr(worker, "end_plainly", broken)
    number = ask(one)
    lease = leases.acquire(one.store, "pull:1", "test")
    assert lease is not None
    await Worker(one.store)._execute(one.bench.run(number), lease)
    assert f"run {number} could not be ended at all" in messages(caplog)


def test_a_disk_too_full_for_the_runs_error_has_it_in_the_log(
    one: Field, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    number = ask(one)

    def full() -> Any:
        raise StoreFullError("/x/store.db", "It is full.", "Make room.")

    runner, run = Worker(one.store), one.bench.run(number)
    monkeypatch.setattr(one.store, "transaction", full)
    runner._say_full(run, "no space left")
    assert messages(caplog) == [f"run {number}: no space left"]


def test_rows_that_cannot_be_counted_do_not_keep_a_run_from_ending(
    one: Field, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # given
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("token=hunter2")

    monkeypatch.setattr(executor.listings, "end_planned", broken)
    number = ask(one, "push")
    lease = leases.acquire(one.store, "push:1", "test")
    assert lease is not None
    with one.store.transaction() as tx:
        run = runs.start(tx, number, lease.epoch, NOW)
    # when
    with caplog.at_level(logging.ERROR):
        executor.end_plainly(one.store, run, lease, "ended by a defect")
    # then
    ended = one.bench.run(number)
    assert (ended.state, ended.error, one.bench.counts(ended)) == ("failed", "ended by a defect", {})
    assert one.bench.events(number) == ["ended by a defect"]
    (logged,) = (record.getMessage() for record in caplog.records)
    assert logged.startswith(f"run {number}: ") and "ZeroDivisionError" in logged and "Traceback" in logged
    assert "hunter2" not in logged


# --- times -------------------------------------------------------------------------------------------------------------


def test_a_run_is_taken_up_again_after_1_2_4_seconds_up_to_5_minutes(one: Field, elapsed: Elapsed) -> None:
    run = one.bench.run(ask(one))
    runner = Worker(one.store)
    waits = []
    for _ in range(11):
        runner._put_off(run)
        wait, until = runner._set_back[run.id]
        assert until == elapsed.now + wait
        waits.append(wait)
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    assert SET_BACK_MOST == 300


async def test_a_run_that_is_left_alone_begins_exactly_when_its_time_has_come(one: Field, elapsed: Elapsed) -> None:
    number, other = ask(one), ask(one, "push", 2)
    runner = Worker(one.store)
    runner._set_back[number] = (4.0, elapsed.now + 4.0)
    runner._try_start(one.bench.run(other))
    elapsed.now += 3.9
    runner._try_start(one.bench.run(number))
    assert list(runner._tasks) == ["push:2"]
    elapsed.now += 0.1
    runner._try_start(one.bench.run(number))
    assert list(runner._tasks) == ["push:2", "pull:1"]
    await asyncio.gather(*runner._tasks.values())
    assert [one.bench.run(each).state for each in (number, other)] == ["done", "done"]
    assert runner.underway == 0


def test_a_pause_lasts_exactly_its_time(one: Field, elapsed: Elapsed, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[float] = []
    monkeypatch.setattr(Worker, "_look_once", lambda _, now: looks.append(now))
    runner = Worker(one.store)
    runner._pause("the disk is full")
    began = elapsed.now
    for passed in (0.0, FULL_DISK_WAIT - 0.5, FULL_DISK_WAIT, FULL_DISK_WAIT + 1):
        elapsed.now = began + passed
        assert runner._start_runs() in (True, None)
    assert looks == [began + FULL_DISK_WAIT, began + FULL_DISK_WAIT + 1]


def test_the_tables_are_read_when_somebody_wrote_and_otherwise_every_two_seconds(
    one: Field, elapsed: Elapsed, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[float] = []
    monkeypatch.setattr(worker.runs, "underway", lambda _: reads.append(elapsed.now) or [])
    runner = Worker(one.store, scheduled=False)
    monkeypatch.setattr(runner, "_beat", lambda _: None)
    began = elapsed.now
    assert not runner._start_runs()
    elapsed.now = began + LOOK_ANYWAY - 0.5
    assert not runner._start_runs()
    assert reads == [began]
    elapsed.now = began + LOOK_ANYWAY
    assert not runner._start_runs()
    other = sqlite3.connect(one.store.path)
    with other:
        other.execute("UPDATE merchant SET name = 'Other'")
    other.close()
    elapsed.now += 0.1
    runner._start_runs()
    assert reads == [began, began + LOOK_ANYWAY, elapsed.now]


@pytest.mark.parametrize("by", [-7200.0, 7200.0])
def test_a_clock_that_was_set_is_told_with_its_direction_and_only_back_moves_times(
    one: Field, caplog: pytest.LogCaptureFixture, by: float
) -> None:
    ahead = clock.seconds() + 3600
    with one.store.transaction() as tx:
        tx.execute("UPDATE source SET confirmed_at = ?", (ahead,))
    with caplog.at_level(logging.WARNING):
        Worker(one.store)._tell_clock(by)
    way = "back" if by < 0 else "forward"
    (logged,) = messages(caplog, logging.WARNING)
    assert f"was set {way} by 7200 s" in logged
    assert f"was set {way} by 7200 s" in one.bench.one("SELECT after FROM audit WHERE action = 'clock set'")
    assert (one.bench.one("SELECT confirmed_at FROM source") < ahead) is (by < 0)


def test_a_clock_that_runs_on_is_not_told(one: Field, caplog: pytest.LogCaptureFixture) -> None:
    Worker(one.store)._tell_clock(0.0)
    assert messages(caplog, logging.WARNING) == []
    assert one.bench.one("SELECT count(*) FROM audit WHERE action = 'clock set'") == 0


def test_a_sign_of_life_is_given_every_ten_seconds_and_again_where_the_row_was_lost(
    one: Field, elapsed: Elapsed
) -> None:
    runner = Worker(one.store)
    runner._register()

    def beaten() -> bool:
        """Whether the next look gives a sign of life."""
        with one.store.transaction() as tx:
            tx.execute("UPDATE worker SET heartbeat_at = 1")
        runner._beat(elapsed.now)
        return bool(one.bench.one("SELECT heartbeat_at FROM worker") > 1)

    assert beaten()
    elapsed.now += 9.5
    assert not beaten()
    elapsed.now += 0.5
    assert beaten()
    elapsed.now += 10
    with one.store.transaction() as tx:
        tx.execute("DELETE FROM worker")
    runner._beat(elapsed.now)
    assert one.bench.store.read("SELECT id FROM worker") == [(runner.id,)]
    runner._unregister()
    assert one.bench.store.read("SELECT id FROM worker") == []


def test_a_store_that_cannot_be_written_keeps_no_worker_from_beginning_and_ending(
    one: Field, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full() -> Any:
        raise StoreFullError("/x/store.db", "It is full.", "Make room.")

    runner = Worker(one.store)
    monkeypatch.setattr(one.store, "transaction", full)
    runner._register()
    runner._unregister()
    assert messages(caplog, logging.WARNING) == ["/x/store.db: It is full. Make room."] * 2


@pytest.mark.parametrize("error", [StoreBusyError, StoreFullError])
def test_each_look_goes_on_with_removing_old_records_whatever_keeps_them_from_going(
    one: Field, monkeypatch: pytest.MonkeyPatch, error: type[StoreError]
) -> None:
    steps: list[int] = []

    def step(_: maintenance.Upkeep) -> bool:
        steps.append(1)
        raise error("/x/store.db", "Not now.", "Wait.")

    monkeypatch.setattr(maintenance.Upkeep, "step", step)
    assert not Worker(one.store)._start_runs()
    assert steps == [1]


# --- the end of a worker -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "left"), [("detached", 0), ("serve", 1)])
async def test_only_a_detached_worker_removes_old_records_when_it_ends(one: Field, kind: str, left: int) -> None:
    # given: a request to a cart of half a year ago, and one of today
    number, today = ask(one), clock.seconds()
    put(one, number, state="done", ended_at=today)
    sql = "INSERT INTO exchange (run_id, at_ms, took_ms, method, url, request, answer) VALUES (?, ?, 1, 'GET', ?, x'', x'')"
    with one.store.transaction() as tx:
        tx.executemany(sql, [(number, (today - 180 * 86400) * 1000, "old"), (number, today * 1000, "new")])
    # when it finds nothing to do
    await Worker(one.store, kind, scheduled=False).run_until_idle(0.0)
    # then
    assert maintenance.FIRST_AFTER > 1
    assert one.bench.one("SELECT count(*) FROM exchange WHERE url = 'old'") == left
    assert one.bench.one("SELECT count(*) FROM exchange WHERE url = 'new'") == 1
