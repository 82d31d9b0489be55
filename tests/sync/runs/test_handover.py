"""A worker that ends, a run that cannot be ended, and who asks whether anybody works: nothing is lost and nothing spins."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.rules.outcomes import Outcome, Reason
from invsync_tui.store.runs import runs
from invsync_tui.store.runs.records import RunRequest
from invsync_tui.store.settings import schedule
from invsync_tui.sync import executor, worker
from invsync_tui.sync.runs import leases
from invsync_tui.sync.runs.run_context import RunContext
from invsync_tui.sync.worker import Worker
from tests.support.stores.schedule_store import Field, field, runs_end_at_once

NOW = 1_760_000_000


@pytest.fixture
def our_field(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Field:
    """A merchant with a cart, whose runs end well at once."""
    runs_end_at_once(monkeypatch)
    return field(tmp_path, merchants=1, carts=1)


def _ask(our_field: Field) -> int:
    with our_field.store.transaction() as tx:
        return runs.request(tx, RunRequest("pull", 1, 1, "manual", "operator"), NOW).run_id


async def test_a_request_at_any_moment_of_a_workers_end_is_executed_or_finds_nobody(
    our_field: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: somebody asks in each of the last steps of a worker, as `operations.sync` does: request first, then look
    seen: list[tuple[int, bool]] = []

    def asks(step: Any) -> Any:
        def stepping(*arguments: Any) -> Any:
            if len(seen) < 20:
                number = _ask(our_field)
                seen.append((number, leases.worker_alive(our_field.store.path)))
            return step(*arguments)

        return stepping

    monkeypatch.setattr(leases.WorkerPresence, "close", asks(leases.WorkerPresence.close))
    monkeypatch.setattr(Worker, "_unregister", asks(Worker._unregister))
    # when
    await Worker(our_field.store, "detached", scheduled=False).run_until_idle(0.0)
    # then: who saw a worker was served; who was not served saw none, and starts one
    assert len(seen) >= 2
    for number, alive in seen:
        assert our_field.bench.run(number).state == "done" or not alive


async def test_nobody_is_there_once_a_worker_begins_to_end(our_field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    seen: list[bool] = []
    real = Worker._unregister

    def unregister(self: Worker) -> None:
        seen.append(leases.worker_alive(our_field.store.path))
        real(self)

    monkeypatch.setattr(Worker, "_unregister", unregister)
    runner = Worker(our_field.store, scheduled=False)
    # when
    asyncio.get_running_loop().call_later(0.05, runner.stop)
    await runner.run_forever()
    # then
    assert seen == [False]


async def test_a_detached_worker_ends_although_the_schedule_goes_on(our_field: Field) -> None:
    # given: a download every second
    with our_field.store.transaction() as tx:
        schedule.put(tx, "pull", 1, 1, 0, 0)
    # when
    await asyncio.wait_for(Worker(our_field.store, "detached").run_until_idle(0.5), 20)
    # then: what was due was done once
    assert our_field.bench.one("SELECT count(*) FROM our_run WHERE kind = 'pull'") == 1
    assert our_field.bench.one("SELECT count(*) FROM our_run WHERE state = 'done' AND kind = 'push'") == 1


def test_many_who_ask_at_once_do_not_take_each_other_for_a_worker(our_field: Field) -> None:
    # given: a lock file, and nobody who holds it
    leases.WorkerPresence(our_field.store.path).close()
    answers: list[bool] = []

    def ask() -> None:
        answers.extend(leases.worker_alive(our_field.store.path) for _ in range(300))

    askers = [threading.Thread(target=ask) for _ in range(4)]
    # when
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    # then
    assert len(answers) == 1200
    assert not any(answers)


def test_who_asks_keeps_nobody_from_working(our_field: Field) -> None:
    # given
    stop, got = threading.Event(), 0

    def ask() -> None:
        while not stop.is_set():
            leases.holder_alive(our_field.store.path, "push:1")

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for asker in askers:
        asker.start()
    # when
    for _ in range(50):
        lease = leases.acquire(our_field.store, "push:1", "me")
        got += lease is not None
        if lease is not None:
            lease.release()
    stop.set()
    for asker in askers:
        asker.join()
    # then
    assert got == 50


def test_a_worker_is_seen_with_others_beside_it(our_field: Field) -> None:
    # given
    path = our_field.store.path
    assert not leases.worker_alive(path)
    first, second = leases.WorkerPresence(path), leases.WorkerPresence(path)
    # then
    assert leases.worker_alive(path)
    first.close()
    assert leases.worker_alive(path)
    second.close()
    second.close()
    assert not leases.worker_alive(path)
    # and a key
    lease = leases.acquire(our_field.store, "push:1", "me")
    assert lease is not None
    assert leases.holder_alive(path, "push:1")
    assert not leases.holder_alive(path, "push:2")
    lease.release()
    assert not leases.holder_alive(path, "push:1")


@pytest.mark.parametrize("kind", ["pull", "push"])
async def test_a_defect_at_the_very_end_of_a_run_ends_it_as_failed_with_the_reason(
    our_field: Field, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    # given
    looks: list[int] = []

    def defect(*_: Any) -> None:
        looks.append(1)
        raise ZeroDivisionError("at the end")

    monkeypatch.setattr(executor.run_findings, "record", defect)
    with our_field.store.transaction() as tx:
        schedule.put(tx, kind, 1, 600, 0, NOW * 2)
        number = runs.request(tx, RunRequest(kind, 1, 1, "manual", "operator"), NOW).run_id
    # when
    await asyncio.wait_for(Worker(our_field.store, scheduled=False).run_until_idle(0.3), 20)
    # then
    run = our_field.bench.run(number)
    assert run.state == "failed"
    assert "ZeroDivisionError: at the end" in run.error
    assert any("ZeroDivisionError" in text for text in our_field.bench.events(number))
    assert our_field.bench.one("SELECT failures FROM our_schedule") == 1
    assert len(looks) <= 2


async def test_a_run_that_cannot_be_ended_at_all_is_taken_up_ever_more_rarely(
    our_field: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    taken: list[float] = []

    def finish(*_: Any) -> None:
        raise ZeroDivisionError("no end")

    monkeypatch.setattr(executor.runs, "finish", finish)
    monkeypatch.setattr(executor, "_KINDS", {**executor._KINDS, "pull": _ends_badly(taken)})
    monkeypatch.setattr(worker, "SET_BACK_FIRST", 0.2)
    _ask(our_field)
    runner = Worker(our_field.store, scheduled=False)
    # when
    asyncio.get_running_loop().call_later(3.0, runner.stop)
    await runner.run_forever()
    # then: 0.2, 0.4, 0.8, 1.6 seconds apart
    assert 2 <= len(taken) <= 5
    assert our_field.bench.one("SELECT count(*) FROM our_run") == 1


def _ends_badly(taken: list[float]) -> Any:
    async def run(job: RunContext) -> None:
        taken.append(time.monotonic())
        executor._end(job, "done", Outcome.FAILED, Reason.BAD_ROW, "")

    return run


async def test_a_defect_of_the_look_for_work_does_not_end_the_service(
    our_field: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: the first look fails
    real, calls = runs.requested, []

    def requested(cx: Any, now: int) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise ZeroDivisionError("once")
        return real(cx, now)

    monkeypatch.setattr(worker.runs, "requested", requested)
    monkeypatch.setattr(worker, "FULL_DISK_WAIT", 0.1)
    number = _ask(our_field)
    # when
    await asyncio.wait_for(Worker(our_field.store, scheduled=False).run_until_idle(0.3), 20)
    # then
    assert our_field.bench.run(number).state == "done"
