"""Whether anybody executes runs, and whether a run that is under way moves."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from invsync_tui import clock
from invsync_tui.operations.errors import as_operation_error
from invsync_tui.operations.session import Session
from invsync_tui.operations.views import ServiceState, ServiceView, Stall, WorkerView
from invsync_tui.rules.worker_health import BEAT_EVERY, NO_PROGRESS_AFTER, Process, Signs, WorkerState, span, state_of
from invsync_tui.store.runs import workers as rows
from invsync_tui.store.runs.records import RunRow
from invsync_tui.store.runs.workers import WorkerRow
from invsync_tui.sync import uptime
from invsync_tui.sync.runs.leases import holder_alive, worker_alive

UNDER_WAY = ("running", "cancelling")
GOES_ON = "The next worker continues it: invsync serve"
GOES_ON_KEY = (
    "Press s on the run's own screen, or on the merchants screen: the worker that it starts continues this run."
)
START = "Start one with: invsync serve"


def service(session: Session) -> ServiceView:
    """All workers of the store, and whether requests and schedules are executed."""
    with as_operation_error(), session.store.reading() as cx:
        return load(session, cx).service


def log_path(store: Path) -> Path:
    """Where the detached workers of a store write their log."""
    return store.with_name(store.name + ".worker.log")


@dataclass(frozen=True, slots=True)
class Health:
    """The workers of a store as read at one moment; answers for each run what it says about it."""

    session: Session
    now: int
    service: ServiceView
    holders: dict[str, str] = field(default_factory=dict)

    def stall(self, run: RunRow) -> Stall | None:
        """Why a run is stalled; None if it moves, and for runs that are not under way."""
        if run.state not in UNDER_WAY:
            return None
        worker = next((view for view in self.service.workers if view.id == self.holders.get(run.lease_key)), None)
        if worker is None or worker.here:
            held = holder_alive(self.session.path, run.lease_key)
            if not held:
                # Between taking over and starting lies a moment without a lock; whoever responds takes it at once.
                return None if self._just_begun(run) else self._gone(run)
        if worker is None or worker.state is WorkerState.RESPONDING:
            return self._no_progress(run)
        since = self.now - worker.silent_for if worker.silent_for is not None else None
        text = f"{_capital(worker.text)}; nothing of this run moves."
        return Stall(worker.state.value, since, text, worker.advice)

    def stalls(self, runs: Iterable[RunRow]) -> dict[int, Stall]:
        """By run number, those that stall."""
        return {run.id: stall for run in runs if (stall := self.stall(run)) is not None}

    def _just_begun(self, run: RunRow) -> bool:
        return self.service.works and clock.within(run.heartbeat_at or run.started_at, 3, self.now)

    def _gone(self, run: RunRow) -> Stall:
        what = "Its worker is gone."
        if self.service.works:
            return Stall("gone", run.heartbeat_at, f"{what} Another one takes over in a moment.", "Nothing to do.")
        if self.service.state is ServiceState.NOT_RESPONDING:
            return Stall("gone", run.heartbeat_at, f"{what} The other one does not respond.", self.service.advice)
        return Stall("gone", run.heartbeat_at, f"{what} Nobody works on this run.", GOES_ON, GOES_ON_KEY)

    def _no_progress(self, run: RunRow) -> Stall | None:
        since = run.heartbeat_at or run.started_at
        if since is None or clock.within(since, NO_PROGRESS_AFTER, self.now):
            return None
        known = clock.age(since, self.now) is not None
        how_long = f"for {span(self.now - since)}" if known else "since the clock was set back"
        since = since if known else None
        text = f"No progress {how_long}. Its worker responds; it may be waiting for an answer."
        advice = f"See its last events: invsync runs {run.id}. Stop it: invsync cancel {run.id}"
        return Stall("no_progress", since, text, advice, "Its own screen has its last events; c there stops it.")


def load(session: Session, cx: sqlite3.Connection) -> Health:
    """Read the workers and who holds which lease, within a reading."""
    now = clock.seconds()
    views = [_view(row, now) for row in rows.listed(cx)]
    alive = worker_alive(session.path)
    present = tuple(view for view in views if alive or not view.here or view.state is WorkerState.GONE)
    # Nobody holds the lock of this machine: whoever was here is gone, whatever else has its number.
    gone = tuple(_gone_now(view) for view in views if view not in present)
    return Health(session, now, _service(session.path, (*present, *gone), alive), rows.holders(cx))


def stalls(session: Session, cx: sqlite3.Connection, runs: Sequence[RunRow]) -> dict[int, Stall]:
    """By run number, those that stall; costs nothing where no run is under way."""
    if not any(run.state in UNDER_WAY for run in runs):
        return {}
    return load(session, cx).stalls(runs)


def _view(row: WorkerRow, now: int) -> WorkerView:
    here = row.host == socket.gethostname()
    boot = uptime.boot_id()
    same_clock = bool(boot) and row.boot == boot
    silent = uptime.uptime() - row.uptime if same_clock else now - row.heartbeat_at
    process = _process(row, here, boot, same_clock)
    state = state_of(Signs(silent, process, same_clock))
    known = silent if state is not WorkerState.UNKNOWN and silent >= 0 else None
    text, advice = _words(row, state, process, silent, here)
    return WorkerView(
        row.id, row.kind, row.pid, row.host, here, row.started_at, row.heartbeat_at, state, known, text, advice
    )


def _process(row: WorkerRow, here: bool, boot: str, same_clock: bool) -> Process:
    if not here:
        return Process.ELSEWHERE
    if boot and row.boot and not same_clock:
        return Process.GONE  # this machine was started anew since
    return uptime.process(row.pid, row.uptime if same_clock else None)


def _gone_now(worker: WorkerView) -> WorkerView:
    text, advice = f"{_named(worker.kind, worker.pid, worker.host, worker.here)} is gone", START
    return WorkerView(
        worker.id, worker.kind, worker.pid, worker.host, worker.here, worker.started_at, worker.heartbeat_at,
        WorkerState.GONE, worker.silent_for, text, advice,
    )  # fmt: skip


def _named(kind: str, pid: int, host: str, here: bool) -> str:
    name = "service" if kind == "serve" else "detached worker"
    return f"{name} (process {pid})" if here else f"{name} on {host} (process {pid})"


def _words(row: WorkerRow, state: WorkerState, process: Process, silent: int, here: bool) -> tuple[str, str]:
    """What is wrong with a worker and what to do; ('', '') if nothing is."""
    name = _named(row.kind, row.pid, row.host, here)
    if state is WorkerState.RESPONDING:
        return "", ""
    if state is WorkerState.GONE:
        return f"{name} is gone", START
    if state is WorkerState.UNKNOWN:
        text = f"the clock of {row.host} is {span(-silent)} ahead: whether the {name} responds is not known"
        return text, f"Set the clocks right (NTP), or look on {row.host}: invsync status"
    if process is Process.STOPPED:
        text = f"{name} is suspended" + (f" and not responding for {span(silent)}" if silent >= BEAT_EVERY else "")
        return (
            text,
            f"Resume it with: kill -CONT {row.pid}. Or end it with: kill -9 {row.pid}; the next worker continues its runs.",
        )
    text = f"{name} not responding for {span(silent)}"
    where = "" if here else f"On {row.host}: "
    clocks = "" if here else " (by the clock of this machine)"
    return (
        text + clocks,
        f"{where}End it with: kill -9 {row.pid}. Then start another, which continues its runs: invsync serve",
    )


def _service(store: Path, workers: tuple[WorkerView, ...], alive: bool) -> ServiceView:
    log = log_path(store)
    log_file = str(log) if log.exists() else ""

    def of(state: ServiceState, text: str, advice: str = "") -> ServiceView:
        return ServiceView(state, text, advice, workers, log_file)

    by_state = {state: [worker for worker in workers if worker.state is state] for state in WorkerState}
    working = by_state[WorkerState.RESPONDING]
    silent = by_state[WorkerState.NOT_RESPONDING]
    advice = silent[0].advice if silent else ""
    beside = f"; {silent[0].text}" if silent else ""
    serving = [worker for worker in working if worker.kind == "serve"]
    if serving:
        here = next((worker for worker in serving if worker.here), None)
        return of(ServiceState.RUNNING, _running(here or serving[0]) + beside, advice)
    if working:
        return of(ServiceState.DETACHED, "detached worker running, ends by itself" + beside, advice)
    if silent:
        return of(ServiceState.NOT_RESPONDING, silent[0].text, advice)
    if unknown := by_state[WorkerState.UNKNOWN]:
        return of(ServiceState.UNKNOWN, unknown[0].text, unknown[0].advice)
    if alive:  # it has the lock and is about to enter itself, or the store was too full for that
        return of(ServiceState.DETACHED, "a worker is starting")
    return of(ServiceState.NONE, "no service", START)


def _running(worker: WorkerView) -> str:
    return "service running" if worker.here else f"service running on {worker.host}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
