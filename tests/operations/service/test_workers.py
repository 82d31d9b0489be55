"""A frozen, dead or far-away worker is told as what it is, wherever somebody looks."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from invsync_tui.operations.diagnosis import doctor
from invsync_tui.operations.errors import OperationError
from invsync_tui.operations.listings import carts as cart_lines
from invsync_tui.operations.merchants import overview as operations_overview
from invsync_tui.operations.runs import history as run_history
from invsync_tui.operations.runs import request as run_request
from invsync_tui.operations.runs import runs
from invsync_tui.operations.service import workers
from invsync_tui.operations.session import Session
from invsync_tui.operations.settings import views as settings_views
from invsync_tui.operations.views import Action, ServiceState
from invsync_tui.store.runs import runs as run_rows
from invsync_tui.store.runs import workers as lease_rows
from invsync_tui.store.runs import workers as worker_rows
from invsync_tui.store.runs.workers import Beat
from invsync_tui.store.settings import schedule
from invsync_tui.sync import uptime
from invsync_tui.sync.runs import leases
from tests.support.processes.worker_processes import HOLDER, stopped
from tests.support.stores.products_store import Shelf

HERE = socket.gethostname()


class Other:
    """Another process that holds the locks of a worker of this store."""

    def __init__(self, shelf: Shelf, key: str) -> None:
        self.shelf, self.key = shelf, key
        store = shelf.bench.store.path
        for name in (leases.WORKERS, key):
            os.close(leases._open(store, name))
        folder = leases._folder(store)
        files = [str(folder / f"{name.replace(':', '-')}.lock") for name in (leases.WORKERS, key)]
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, *files], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None and self.process.stdout.readline() == "held\n"

    def enter(self, *, ago: int = 0, host: str = HERE, kind: str = "serve", boot: str | None = None) -> None:
        """As a worker that beat so many seconds ago and executes the key's run."""
        now = int(time.time())
        beat = Beat(now - ago, uptime.boot_id() if boot is None else boot, uptime.uptime() - ago)
        with self.shelf.bench.store.transaction() as tx:
            worker_rows.register(tx, f"w-{self.process.pid}", kind, self.process.pid, host, beat)
            lease_rows.acquire(tx, self.key, f"w-{self.process.pid}", now + 60)

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def other(acme: Shelf) -> Iterator[Other]:
    made = Other(acme, f"pull:{acme.merchant}")
    yield made
    made.end()


def running(shelf: Shelf, *, progress_ago: int = 0) -> int:
    """A download under way."""
    number = shelf.bench.request("pull", shelf.merchant)
    phases = [
        {
            "name": "levels",
            "state": "running",
            "done": 500,
            "total": 1000,
            "started_at": time.time() - 60,
            "ended_at": None,
            "took": 60.0,
        }
    ]
    with shelf.bench.store.transaction() as tx:
        run_rows.start(tx, number, 1, int(time.time()) - 60)
        done = run_rows.Progress("levels", 500, 1000, phases, {"total": 1000}, {}, None)
        run_rows.progress(tx, number, done, int(time.time()) - progress_ago)
        schedule.put(tx, "pull", shelf.merchant, 300, 0, int(time.time()) + 300)
    return number


def test_a_worker_that_beats_is_told_as_running_with_rate_and_time_left(acme: Shelf, other: Other) -> None:
    other.enter()
    number = running(acme)
    detail = runs.detail(acme.session, number)
    assert detail.run.stall is None and detail.worker_running
    assert detail.per_second is not None and detail.eta is not None
    pulse = operations_overview.overview(acme.session).pulse
    assert (pulse.service.state, pulse.service_running, pulse.stalled) == (ServiceState.RUNNING, True, 0)


@pytest.mark.parametrize("how", ["stopped", "hung"])
def test_a_frozen_worker_is_told_everywhere_and_no_rate_or_time_left_is(acme: Shelf, other: Other, how: str) -> None:
    # given
    other.enter() if how == "stopped" else other.enter(ago=125, boot="")
    number = running(acme)
    if how == "stopped":
        stopped(other.process.pid)
    # when
    detail = runs.detail(acme.session, number)
    overview = operations_overview.overview(acme.session)
    # then: the run
    assert detail.run.stall is not None and detail.run.stall.state == "not_responding"
    assert (detail.per_second, detail.eta, detail.worker_running) == (None, None, False)
    word = "suspended" if how == "stopped" else "not responding for 2 min"
    assert word in detail.run.stall.text and f"{other.process.pid}" in detail.run.stall.advice
    # and the lists
    assert runs.recent(acme.session)[0].stall == detail.run.stall
    assert run_history.runs(acme.session).after(None, 5)[0].stall == detail.run.stall
    assert next(run for run in detail.siblings if run.id == number).stall == detail.run.stall
    # and the merchants
    row = next(merchant for merchant in overview.merchants if merchant.id == acme.merchant)
    assert row.status.startswith("stalled: ") and row.next_run_at is None and row.scheduled
    assert row.not_due == "stalled"
    assert [problem for problem in row.problems if word in problem.text and problem.urgent]
    assert (overview.pulse.service_running, overview.pulse.stalled) == (False, 1)
    assert overview.pulse.service.state is ServiceState.NOT_RESPONDING
    # and the doctor
    failed = {check.id for check in doctor.doctor(acme.session).checks if check.verdict == "fail"}
    assert {"service.running", "service.runs"} <= failed
    # and nothing is promised
    assert settings_views.merchants(acme.session)[0].next_run_at is None


def test_a_suspended_worker_is_well_again_as_soon_as_it_goes_on(acme: Shelf, other: Other) -> None:
    other.enter()
    number = running(acme)
    stopped(other.process.pid)
    assert runs.detail(acme.session, number).run.stall is not None
    os.kill(other.process.pid, signal.SIGCONT)
    deadline = time.monotonic() + 10
    while runs.detail(acme.session, number).run.stall is not None:
        assert time.monotonic() < deadline


def test_a_worker_that_was_killed_is_gone_at_once_though_it_has_just_beaten(acme: Shelf, other: Other) -> None:
    other.enter()
    number = running(acme)
    other.end()
    stall = runs.detail(acme.session, number).run.stall
    assert stall is not None and stall.state == "gone" and "invsync serve" in stall.advice
    assert workers.service(acme.session).state is ServiceState.NONE


def test_the_number_of_a_dead_worker_that_another_process_has_now_is_not_the_worker(acme: Shelf, other: Other) -> None:
    # given: another worker is alive, and this process was started long after the last heartbeat under its number
    other.enter()
    with acme.bench.store.transaction() as tx:
        tx.execute(
            "UPDATE worker SET uptime = uptime - 86400, heartbeat_at = heartbeat_at - 86400 WHERE pid = ?",
            (other.process.pid,),
        )
        worker_rows.register(
            tx, "alive", "serve", os.getpid(), HERE, Beat(int(time.time()), uptime.boot_id(), uptime.uptime())
        )
    found = workers.service(acme.session)
    # then: nobody is advised to kill it
    assert {worker.id: str(worker.state) for worker in found.workers}[f"w-{other.process.pid}"] == "gone"
    assert "kill" not in found.advice and found.state is ServiceState.RUNNING


def test_a_worker_of_an_earlier_boot_is_gone(acme: Shelf, other: Other) -> None:
    other.enter(boot="another-boot")
    (worker,) = workers.service(acme.session).workers
    assert str(worker.state) == "gone"


@pytest.mark.parametrize(
    ("ago", "state", "words"),
    [
        (5, ServiceState.RUNNING, "service running on far-away"),
        (150, ServiceState.NOT_RESPONDING, "far-away (process"),
        (-20, ServiceState.RUNNING, "service running on far-away"),
        (-600, ServiceState.UNKNOWN, "the clock of far-away is 10 min ahead"),
    ],
)
def test_a_worker_of_another_host_is_judged_by_its_heartbeat_and_its_clock(
    acme: Shelf, ago: int, state: ServiceState, words: str
) -> None:
    # given
    now = int(time.time())
    with acme.bench.store.transaction() as tx:
        worker_rows.register(tx, "far", "serve", 4242, "far-away", Beat(now - ago, "its-boot", 77))
        lease_rows.acquire(tx, f"pull:{acme.merchant}", "far", now)
    number = running(acme)
    # then
    found = workers.service(acme.session)
    assert found.state is state and words in found.text
    stall = runs.detail(acme.session, number).run.stall
    assert (stall is None) is (state is ServiceState.RUNNING)
    if stall is not None:
        assert "far-away" in stall.advice


def test_a_clock_that_was_set_back_does_not_bury_a_worker(acme: Shelf, other: Other) -> None:
    other.enter()
    with acme.bench.store.transaction() as tx:
        tx.execute("UPDATE worker SET heartbeat_at = heartbeat_at + 86400")
    assert workers.service(acme.session).state is ServiceState.RUNNING


def test_one_frozen_worker_beside_a_healthy_one_is_still_told(acme: Shelf, other: Other) -> None:
    other.enter(ago=300, boot="")
    number = running(acme)
    now = Beat(int(time.time()), uptime.boot_id(), uptime.uptime())
    with acme.bench.store.transaction() as tx:
        worker_rows.register(tx, "well", "serve", os.getpid(), HERE, now)
    found = workers.service(acme.session)
    assert found.state is ServiceState.RUNNING and "not responding for 5 min" in found.text and found.advice
    stall = runs.detail(acme.session, number).run.stall
    assert stall is not None and stall.state == "not_responding"


def test_a_run_without_progress_has_no_rate_though_its_worker_responds(acme: Shelf, other: Other) -> None:
    other.enter()
    number = running(acme, progress_ago=400)
    detail = runs.detail(acme.session, number)
    assert detail.run.stall is not None and detail.run.stall.state == "no_progress"
    assert "No progress for 6 min" in detail.run.stall.text and detail.worker_running
    assert (detail.per_second, detail.eta) == (None, None)


def test_a_push_that_stands_still_is_told_with_its_cart(acme: Shelf) -> None:
    number = acme.bench.request("push", acme.cart)
    with acme.bench.store.transaction() as tx:
        run_rows.start(tx, number, 1, int(time.time()) - 60)
    line = next(cart for cart in cart_lines.carts(acme.session) if cart.id == acme.cart)
    assert line.status.startswith("stalled: Its worker is gone")


def test_a_detached_worker_promises_no_schedule(acme: Shelf, other: Other) -> None:
    other.enter(kind="detached")
    running(acme)
    found = operations_overview.overview(acme.session)
    assert found.pulse.service.state is ServiceState.DETACHED and found.pulse.service_running
    assert found.merchants[0].next_run_at is None and found.merchants[0].scheduled


def test_a_worker_whose_row_was_lost_enters_itself_again(acme: Shelf) -> None:
    now = Beat(int(time.time()), uptime.boot_id(), uptime.uptime())
    with acme.bench.store.transaction() as tx:
        assert not worker_rows.beat(tx, "nobody", now)


def test_the_state_of_a_process_is_read_whatever_it_is_called(tmp_path: Path) -> None:
    name = tmp_path / "a) T (b"
    name.symlink_to(sys.executable)
    process = subprocess.Popen([name, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    try:
        assert uptime.process(process.pid) is uptime.Process.RUNNING
    finally:
        process.kill()
        process.communicate()
    assert uptime.process(process.pid) is uptime.Process.GONE
    assert uptime.process(0) is uptime.Process.GONE


def test_a_run_without_a_worker_is_resumed_once_and_others_are_not(
    acme: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a run whose worker is gone
    number = running(acme, progress_ago=600)
    started: list[Session] = []
    monkeypatch.setattr(run_request, "ensure_worker", lambda session: started.append(session) or True)
    assert Action.RESUME in runs.detail(acme.session, number).actions
    assert Action.RESUME not in runs.detail(acme.viewer(), number).actions
    # when
    said = runs.resume(acme.session, number)
    # then
    assert started == [acme.session]
    assert str(number) in said
    detail = runs.detail(acme.session, number)
    assert [event.text for event in detail.events if event.text.endswith("started a worker for it.")]
    assert acme.audited()[-1][:2] == ("resume", f"run:{number}")
    # and with a worker there is nothing to resume
    other = Other(acme, f"pull:{acme.merchant}")
    try:
        other.enter()
        assert Action.RESUME not in runs.detail(acme.session, number).actions
        with pytest.raises(OperationError, match="nothing to resume"):
            runs.resume(acme.session, number)
    finally:
        other.end()
    assert len(started) == 1
