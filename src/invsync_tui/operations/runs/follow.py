"""Follows runs until none of them goes on by itself any more: ended, or held for an operator."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from invsync_tui import clock
from invsync_tui.operations.errors import OperationError
from invsync_tui.operations.runs import runs
from invsync_tui.operations.runs.request import ensure_worker
from invsync_tui.operations.runs.views import find
from invsync_tui.operations.service import workers
from invsync_tui.operations.session import Session, Watch
from invsync_tui.operations.views import RunDetail, RunRow, RunState

POLL = 0.25
"""Seconds between looks at the store."""
LOOK_ANYWAY = 2.0
"""Seconds after which runs are read even if nothing was written: a worker may have died."""
PROGRESS_EVERY = 0.5
"""Seconds between two progress events of a run at least."""
LATER_RUNS = 50
"""Newest runs of the merchant among which the next run of a pull or push is looked for."""
RESTARTS_MOST = 3
"""Workers that are started one after the other before it is given up."""


class Change(StrEnum):
    """What an event is about."""

    STATE = "state"
    PHASE = "phase"
    PROGRESS = "progress"
    LOG = "log"
    WORKER = "worker"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that changed; `detail` is the run as of then. `text`, `level` and `at` are of LOG and WORKER events."""

    change: Change
    detail: RunDetail
    text: str = ""
    level: str = "info"
    at: int | None = None

    @property
    def run(self) -> RunRow:
        """The run that it is about."""
        return self.detail.run


@dataclass(slots=True)
class _ReportedSoFar:
    """What was told of a run so far."""

    state: RunState | None = None
    phase: str = ""
    done: tuple[int, int | None] = (0, None)
    told_at: float = 0.0
    event: int = 0
    stall: str = ""
    """How it was found to stall last."""
    ended: bool = False


@dataclass(slots=True)
class Follower:
    """Follows runs of one session, in its thread. `last` holds the newest reading of each run."""

    session: Session
    runs: Sequence[int]
    sleep: Callable[[float], None] = time.sleep
    last: dict[int, RunDetail] = field(default_factory=dict)
    _seen: dict[int, _ReportedSoFar] = field(default_factory=dict)
    _looked: float = 0.0
    _restarts: int = 0

    def events(self) -> Iterator[Event]:
        """Events in their order; ends when every run has ended or is held."""
        watch = Watch(self.session)
        self._seen = {run: _ReportedSoFar() for run in self.runs}
        while True:
            if watch.changed() or clock.elapsed() - self._looked >= LOOK_ANYWAY:
                self._looked = clock.elapsed()
                yield from self._new_events()
                if all(seen.ended for seen in self._seen.values()):
                    return
                yield from self._worker()
            self.sleep(POLL)

    def _new_events(self) -> Iterator[Event]:
        for number in [run for run, seen in self._seen.items() if not seen.ended]:
            detail = runs.detail(self.session, number)
            self.last[number] = detail
            yield from _changes(detail, self._seen[number])
            if detail.run.state is RunState.REQUESTED:
                yield from self._held_up(detail, self._seen[number])
            if self._seen[number].ended:
                self._follow_next(number)

    def _held_up(self, detail: RunDetail, seen: _ReportedSoFar) -> Iterator[Event]:
        """A run that waits for a held one goes on when an operator has decided, and not before."""
        before = runs.held_before(self.session, detail.run.id)
        if before is not None:
            seen.ended = True
            yield Event(
                Change.LOG, detail, f"Waits for run {before}, which is held for review.", "warning", clock.seconds()
            )
            yield Event(Change.ENDED, detail)

    def _follow_next(self, number: int) -> None:
        """A run that was going on when the sync was asked for runs once more: that one is what was asked for."""
        ended = find(self.session, number)
        if number not in self.runs or not ended.again:
            return
        own = self.last[number].run
        later = runs.recent(self.session, ended.merchant_id, limit=LATER_RUNS)
        same = [run.id for run in later if run.id > number and (run.kind, run.cart_id) == (own.kind, own.cart_id)]
        if same:
            self._seen.setdefault(min(same), _ReportedSoFar())

    def _worker(self) -> Iterator[Event]:
        """Somebody must be there to do the work."""
        if workers.service(self.session).works:
            yield from self._stalled()
            return
        if self._restarts >= RESTARTS_MOST:
            raise OperationError("Workers keep ending. Read the .worker.log beside the store, then run: invsync serve.")
        self._restarts += 1
        if ensure_worker(self.session):
            text = "No worker was running; another one was started and continues."
            yield Event(Change.WORKER, next(reversed(self.last.values())), text, "warning", clock.seconds())

    def _stalled(self) -> Iterator[Event]:
        """A run that is stalled is told once, with what to do; and once more when it is stalled again."""
        for number, detail in self.last.items():
            seen, stall = self._seen[number], detail.run.stall
            state = stall.state if stall is not None else ""
            if stall is not None and state != seen.stall:
                text = f"{stall.text} {stall.advice}"
                yield Event(Change.WORKER, detail, text, "warning", clock.seconds())
            seen.stall = state


def _changes(detail: RunDetail, seen: _ReportedSoFar) -> Iterator[Event]:
    """What is new in a run since it was told of last."""
    run = detail.run
    stopped = run.state.final or run.state is RunState.HELD
    changed, seen.state = run.state is not seen.state, run.state
    if changed and not stopped:
        yield Event(Change.STATE, detail)
    yield from _logged(detail, seen)
    if run.phase != seen.phase:
        seen.phase = run.phase
        yield Event(Change.PHASE, detail)
    yield from _progress(detail, seen)
    if stopped:
        seen.ended = True
        yield Event(Change.STATE, detail)
        yield Event(Change.ENDED, detail)


def _logged(detail: RunDetail, seen: _ReportedSoFar) -> Iterator[Event]:
    for event in detail.events:
        if event.n > seen.event:
            seen.event = event.n
            yield Event(Change.LOG, detail, event.text, event.level, event.at)


def _progress(detail: RunDetail, seen: _ReportedSoFar) -> Iterator[Event]:
    done, now = (detail.run.done, detail.run.total), clock.elapsed()
    if done != seen.done and now - seen.told_at >= PROGRESS_EVERY:
        seen.done, seen.told_at = done, now
        yield Event(Change.PROGRESS, detail)
