"""Progress of a run for its watchers, and its HTTP traffic: all writes, all failures, the first reads."""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from invsync_tui import clock
from invsync_tui.connectors.base import Budget
from invsync_tui.connectors.network.http_log import BODY_MOST, Exchange, redacted
from invsync_tui.rules.outcomes import Counts, Outcome, tally
from invsync_tui.store.database import Store
from invsync_tui.store.listings import listings
from invsync_tui.store.runs import http_log as http_log_rows
from invsync_tui.store.runs import runs
from invsync_tui.store.runs.http_log import ExchangeRow
from invsync_tui.sync.runs.leases import Lease

FIRST_READS = 20
"""Reads that succeeded and are kept all the same: login, permissions, the first pages."""
READ_MOST = 4096
"""Bytes of a good read's answer."""
FAILED_MOST, WRITES_MOST = 200, 2000
"""Of one run; the next ones would say the same."""


class RunHttpLog:
    """Listens to one run; what it heard is written with the next transaction of its work."""

    def __init__(self, run_id: int) -> None:
        self._run_id = run_id
        self._waiting: list[ExchangeRow] = []
        self._reads = self._failed = self._writes = 0

    def wants(self, *, writes: bool, failed: bool) -> int:
        """Bytes of body to keep: of the first failures and the first writes of a run, see `network.http_log.Listener`."""
        if failed:
            self._failed += 1
            return BODY_MOST if self._failed <= FAILED_MOST else 0
        if writes:
            self._writes += 1
            return BODY_MOST if self._writes <= WRITES_MOST else 0
        self._reads += 1
        return READ_MOST if self._reads <= FIRST_READS else 0

    def tell(self, exchange: Exchange) -> None:
        """Remember it for the next transaction."""
        self._waiting.append(ExchangeRow(self._run_id, *exchange))

    def put(self, tx: sqlite3.Connection) -> None:
        """Write what was heard since the last time."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            http_log_rows.keep(tx, waiting)


WRITE_EVERY = 0.2
"""Seconds between writes of progress that no transaction of work carries."""


@dataclass(slots=True)
class Phase:
    """One phase with its progress; `total` None while nobody can know it."""

    name: str
    state: str = "waiting"
    done: int = 0
    total: int | None = None
    started_at: float | None = None
    ended_at: float | None = None
    began: float | None = None
    """When it started, in elapsed time: what is counted from it does not jump with the clock."""

    def took(self) -> float | None:
        """Seconds since it started; None before that."""
        return None if self.began is None else clock.elapsed() - self.began

    def as_dict(self) -> dict[str, Any]:
        """The phase as a JSON object; times in epoch seconds, `took` in seconds up to now while it runs."""
        return {
            "name": self.name, "state": self.state, "done": self.done, "total": self.total,
            "started_at": self.started_at, "ended_at": self.ended_at,
            "took": self.took() if self.state == "running" else None,
        }  # fmt: skip


@dataclass(slots=True)
class RunProgress:
    """The progress of one run. `phases` are known from the start, so that watchers see what is still to come."""

    store: Store
    lease: Lease
    run_id: int
    phases: list[Phase]
    counts: Counts = field(default_factory=Counts)
    reasons: Counter[str] = field(default_factory=Counter)
    budget: Budget | None = None
    hearing: RunHttpLog | None = None
    """What the run said and heard is written with its progress."""
    _current: Phase | None = None
    _written: float = 0.0

    def enter(self, name: str, total: int | None = None) -> None:
        """Begin a phase; the one before ends well."""
        self._end("done")
        phase = next((p for p in self.phases if p.name == name), None)
        if phase is None:
            phase = Phase(name)
            self.phases.append(phase)
        phase.state, phase.total, phase.done = "running", total, 0
        phase.started_at, phase.ended_at, phase.began = clock.now(), None, clock.elapsed()
        self._current = phase
        self.write()

    def leave(self, state: str) -> None:
        """The phase ends here, well (`done`) or not (`failed`); the run goes on either way."""
        self._end(state)
        self.write()

    def _end(self, state: str) -> None:
        if self._current is not None:
            self._current.state = state
            self._current.ended_at = (self._current.started_at or 0.0) + (self._current.took() or 0.0)
            if state == "done" and self._current.total is None and self._current.done:
                self._current.total = self._current.done
            self._current = None

    def advance(self, n: int, total: int | None = None) -> None:
        """So many more items of the phase are done."""
        if self._current is not None:
            self._current.done += n
            self._current.total = total if total is not None else self._current.total

    def recount(self, tx: sqlite3.Connection) -> None:
        """Take the counts of a push from the rows themselves."""
        outcomes = listings.outcomes(tx, self.run_id)
        self.counts = tally((Outcome(outcome), n) for outcome, _, n in outcomes)
        self.reasons.clear()
        for _, reason, n in outcomes:
            if reason is not None:
                self.reasons[reason] += n

    def put(self, tx: sqlite3.Connection) -> None:
        """Write the progress in the transaction of the work."""
        phase = self._current
        rate = None
        if self.budget is not None:
            budget = self.budget
            rate = {
                "available": round(budget.available, 1), "limit": budget.limit, "per_second": budget.per_second,
                "from_server": budget.from_server, "waited": round(budget.waited, 2),
            }  # fmt: skip
        progress = runs.Progress(
            phase.name if phase else "", phase.done if phase else 0, phase.total if phase else None,
            [p.as_dict() for p in self.phases], self.counts.as_dict(), dict(self.reasons), rate,
        )  # fmt: skip
        runs.progress(tx, self.run_id, progress, clock.seconds())
        if self.hearing is not None:
            self.hearing.put(tx)
        self._written = clock.elapsed()

    def put_if_due(self, tx: sqlite3.Connection) -> None:
        """`put`, unless that was done a moment ago: small pages come faster than anybody can read."""
        if clock.elapsed() - self._written >= WRITE_EVERY:
            self.put(tx)

    def write(self) -> None:
        """Write the progress now."""
        with self.lease.transaction(self.store) as tx:
            self.put(tx)

    def tick(self) -> None:
        """Write the progress unless that was done a moment ago."""
        if clock.elapsed() - self._written >= WRITE_EVERY:
            self.write()

    def event(self, level: str, text: str) -> None:
        """Tell watchers something in words. `level` is info, warning or error."""
        with self.lease.transaction(self.store) as tx:
            runs.add_event(tx, self.run_id, clock.seconds(), level, redacted(text))

    def close(self, state: str) -> None:
        """The last phase ends: `done`, or `failed` with the rest skipped."""
        self._end(state)
        for phase in self.phases:
            if phase.state == "waiting":
                phase.state = "skipped"
