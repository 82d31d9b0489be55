"""Durations, rates and ages of a run do not jump with the clock."""

from __future__ import annotations

import time
from typing import Any

import pytest

from invsync_tui import clock
from invsync_tui.operations.runs import runs as operations_runs
from invsync_tui.store.runs import runs
from invsync_tui.sync.runs import leases
from invsync_tui.sync.runs.run_progress import Phase, RunProgress
from invsync_tui.sync.worker import Worker
from tests.support.runs.sandbox_world import Town
from tests.support.stores.neighbors import remember

DAY = 86_400


class Clocks:
    """Both clocks go on, and one may be set."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.passed, self.ahead, self.start = 0.0, 0.0, time.time()
        base = clock.elapsed()
        patch.setattr(clock, "now", lambda: self.start + self.passed + self.ahead)
        patch.setattr(clock, "elapsed", lambda: base + self.passed)


@pytest.mark.parametrize("by", [0, DAY, -DAY])
async def test_a_run_keeps_its_rate_its_times_and_its_health_when_the_clock_is_set(
    synced: Town, monkeypatch: pytest.MonkeyPatch, by: int
) -> None:
    # given: 300 of 1,000 done in 30 s, and a worker that executes it
    bench, clocks = synced.bench, Clocks(monkeypatch)
    worker = Worker(bench.store)
    number = bench.request("pull", bench.merchant)
    key = f"pull:{bench.merchant}"
    lease = leases.acquire(bench.store, key, worker.id)
    assert lease is not None
    tasks: dict[str, Any] = {key: None}
    monkeypatch.setattr(worker, "_tasks", tasks)
    worker._register()
    presence = leases.WorkerPresence(bench.store.path)
    worker._beaten = -1e9
    with bench.store.transaction() as tx:
        runs.start(tx, number, lease.epoch, clock.seconds())
    progress = RunProgress(bench.store, lease, number, [Phase("levels")])
    progress.enter("levels", 1000)
    clocks.passed += 30
    progress.advance(300)
    progress.write()
    # when: the clock is set, and the run goes on for as long
    clocks.ahead = by
    worker._schedule()
    remember(bench.store.path)  # what everybody had dated ahead was put back
    started = bench.one("SELECT started_at FROM our_run WHERE id = ?", number)
    heartbeat = bench.one("SELECT heartbeat_at FROM our_run WHERE id = ?", number)
    # then
    assert started == pytest.approx(clocks.start + by, abs=1 + clock.TOLERANCE)
    assert heartbeat == pytest.approx(clock.now(), abs=1 + clock.TOLERANCE)
    clocks.passed += 30
    progress.advance(300)
    progress.write()
    worker._beat(clock.elapsed())
    detail = operations_runs.detail(bench.session(), number)
    assert detail.run.stall is None
    assert detail.per_second == pytest.approx(10)
    assert detail.eta == 40
    # and at its end
    progress.leave("done")
    with bench.store.transaction() as tx:
        runs.finish(tx, number, "done", "", clock.seconds())
    done = operations_runs.detail(bench.session(), number)
    assert done.run.took == pytest.approx(60, abs=1)
    phase = done.phases[0]
    assert phase.started_at is not None and phase.ended_at is not None
    assert phase.ended_at - phase.started_at == pytest.approx(60)
    lease.release()
    presence.close()


@pytest.mark.parametrize("by", [DAY, -DAY])
def test_a_run_that_began_after_the_clock_was_set_stays_as_it_is(synced: Town, by: int) -> None:
    number, now = synced.bench.request("pull", synced.bench.merchant), int(time.time())
    with synced.bench.store.transaction() as tx:
        runs.start(tx, number, 1, now)
        runs.clock_was_set(tx, number, by, now + 5)
    assert synced.bench.one("SELECT started_at FROM our_run WHERE id = ?", number) == now


def test_a_duration_that_the_clock_made_negative_is_none(synced: Town) -> None:
    with synced.bench.by_hand() as tx:
        tx.execute("UPDATE run SET ended_at = started_at - ?", (DAY,))
    number = synced.bench.one("SELECT max(id) FROM our_run")
    assert operations_runs.detail(synced.bench.session(), number).run.took is None
