"""Turns due schedules into requests, and ended pulls into pushes.

A clock that is set makes nobody wait longer than a period, and nobody run more than once for it: something is due when
its time of day has come, or when as much time has passed in this process as it had to wait.
"""

from __future__ import annotations

import random
import sqlite3
from typing import NamedTuple

from invsync_tui import clock
from invsync_tui.store.runs import runs
from invsync_tui.store.runs.records import RunRequest, RunRow
from invsync_tui.store.settings import carts, schedule
from invsync_tui.store.settings.schedule import ScheduleRow

BACKOFF_MOST = 8
"""A key whose runs keep failing is tried at most so many times less often."""
ON_TIME = 60
"""Seconds: who comes no later than this keeps the rhythm; who comes later begins a new one."""
CLOCK_SET = 5.0
"""Seconds by which the time of day has to leave elapsed time to count as set."""


def _period(entry: ScheduleRow) -> int:
    """Seconds between two runs, without jitter: longer while they fail."""
    return entry.every * min(BACKOFF_MOST, 1 << min(entry.failures, 10))


def _longest(entry: ScheduleRow) -> int:
    """Seconds that an entry can have to wait from now on."""
    return _period(entry) + entry.jitter


def _next(entry: ScheduleRow, now: int) -> int:
    wait = _period(entry) + (random.randrange(entry.jitter) if entry.jitter else 0)
    late = now - entry.next_at
    return (entry.next_at if 0 <= late <= min(ON_TIME, entry.every // 2) else now) + wait


class _Awaited(NamedTuple):
    """An entry as this process knows it: its time of day, and the elapsed time by which it is due at the latest."""

    next_at: int
    by: float


class Timetable:
    """What one process has seen of the schedule. `once`: each entry at most once, for a worker that is to end by itself."""

    def __init__(self, *, once: bool = False) -> None:
        self._once = once
        self._taken: set[tuple[str, int]] = set()
        self._awaited: dict[tuple[str, int], _Awaited] = {}
        self._offset = clock.now() - clock.elapsed()

    def due(self, entries: list[ScheduleRow], now: int) -> list[ScheduleRow]:
        """Those of the schedule that have to run now."""
        passed = clock.elapsed()
        mine = [entry for entry in entries if (entry.kind, entry.key) not in self._taken]
        return [entry for entry in mine if now >= entry.next_at or passed >= self._latest(entry, now, passed)]

    def too_far(self, entries: list[ScheduleRow], now: int) -> list[tuple[ScheduleRow, int]]:
        """Entries that were put off by a clock that was ahead, with the time of day at which they are really due."""
        passed = clock.elapsed()
        due_times = [(entry, now + round(self._latest(entry, now, passed) - passed)) for entry in entries]
        return [(entry, at) for entry, at in due_times if entry.next_at > now + _longest(entry) and at < entry.next_at]

    def _latest(self, entry: ScheduleRow, now: int, passed: float) -> float:
        key = entry.kind, entry.key
        known = self._awaited.get(key)
        if known is None or known.next_at != entry.next_at:
            known = _Awaited(entry.next_at, passed + clock.left(entry.next_at, _longest(entry), now))
            self._awaited[key] = known
        return known.by

    def moved(self, entry: ScheduleRow, next_at: int) -> None:
        """Only the time of day of an entry was put right: what it has waited counts."""
        key = entry.kind, entry.key
        self._awaited[key] = self._awaited[key]._replace(next_at=next_at)

    def taken(self, entry: ScheduleRow) -> None:
        """A run of it was asked for."""
        if self._once:
            self._taken.add((entry.kind, entry.key))

    def clock_set(self) -> float:
        """Seconds by which the time of day was set since the last call; 0 for no more than a clock is corrected."""
        offset = clock.now() - clock.elapsed()
        by = offset - self._offset
        if abs(by) < CLOCK_SET:
            return 0.0
        self._offset = offset
        return by


def wants_attention(cx: sqlite3.Connection, now: int, timetable: Timetable) -> bool:
    """Whether `request_due` has something to do."""
    entries = schedule.active(cx)
    return bool(timetable.due(entries, now) or timetable.too_far(entries, now))


def request_due(tx: sqlite3.Connection, now: int, timetable: Timetable | None = None) -> int:
    """Ask for every run whose time has come; returns how many were due.

    A refused login is not tried again by itself: that locks accounts out. A run that somebody starts ends the pause, and
    so does a change of the connection.
    """
    seen = timetable or Timetable()
    entries = schedule.active(tx)
    due = seen.due(entries, now)
    for entry in due:
        if not runs.login_refused(tx, entry.kind, entry.key):
            request = RunRequest(
                entry.kind, entry.key, entry.merchant_id, "schedule", "schedule", pushes=entry.kind == "pull"
            )
            runs.request(tx, request, now)
        seen.taken(entry)
        schedule.move(tx, entry.kind, entry.key, _next(entry, now))
    for entry, at in seen.too_far([other for other in entries if other not in due], now):
        schedule.move(tx, entry.kind, entry.key, at)
        seen.moved(entry, at)
    return len(due)


def request_pushes_after(tx: sqlite3.Connection, pull: RunRow, now: int) -> list[int]:
    """After a good scheduled pull: a push of each cart of the merchant that is switched on and has no period of its own."""
    orders = [
        RunRequest("push", cart, pull.merchant_id, "after pull", pull.requested_by)
        for cart in carts.pushed_after_pull(tx, pull.merchant_id)
        if not runs.login_refused(tx, "push", cart)
    ]
    return [runs.request(tx, order, now).run_id for order in orders]
