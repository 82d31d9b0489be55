"""What a worker does beside its runs: old records go, a little at a time, and what killed processes left is swept."""

from __future__ import annotations

import logging
from collections.abc import Callable

from invsync_tui import clock
from invsync_tui.store import removal, retention
from invsync_tui.store.database import Store
from invsync_tui.store.errors import StoreError
from invsync_tui.store.file import temporary_files
from invsync_tui.store.retention import KINDS, Cursor, Limits
from invsync_tui.sync.deletion_time import deletion_time

log = logging.getLogger(__name__)

ROUND_EVERY = 3600.0
"""Seconds from the end of one round over all kinds of records to the next."""
FIRST_AFTER = 60.0
"""Seconds from the start of a worker to its first round: what waits for it at its start goes first."""
FINISH_MOST = 1.0
"""Seconds that a worker which ends by itself spends on a round."""


CLEARING = 0.004
"""Seconds after which one step of deleting ends; its commit takes several times as long where rows are large. A step is one
of the event loop: all runs wait for it."""
PIECE = 25
"""Rows that are deleted between two looks at the clock. How many rows the last piece had says nothing of the next one: a
row may be a few numbers, or a request with its answer."""
PIECES_MOST = 100
"""Pieces of one step, whatever the clock says."""


class Clearing:
    """Deletes what removed merchants and carts left behind; each call of `step` is one small transaction at most."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def step(self) -> int | None:
        """How many rows were deleted; None where nothing is left."""
        with self._store.reading() as cx:
            if not removal.waiting(cx):
                return None
        deleted = 0
        with self._store.transaction() as tx:
            until = clock.elapsed() + CLEARING
            for _ in range(PIECES_MOST):
                number = removal.step(tx, PIECE)
                deleted += number or 0
                if number is None or clock.elapsed() >= until:
                    break
        return deleted


LimitsNow = Callable[[], Limits | None]
"""How long records are kept as it is configured by now; None where that cannot be read."""


class Upkeep:
    """Ask `step` often; each call is one small transaction at most. A round deletes by what is configured when it begins, and
    nothing where that cannot be read."""

    def __init__(self, store: Store, limits: Limits, limits_now: LimitsNow | None = None) -> None:
        self._store = store
        self._limits = limits
        self._limits_now = limits_now
        self._kinds: list[str] = []
        self._cursor: Cursor = ()
        self._begun = (clock.seconds(), clock.elapsed())
        self._next = clock.elapsed() + FIRST_AFTER
        self.removed = 0
        self.clearing = Clearing(store)

    def step(self) -> bool:
        """Go on with the present round, or begin one when it is time; True while a round is under way."""
        if not self._kinds:
            if clock.elapsed() < self._next:
                return False
            self._begin()
            if not self._kinds:
                return False
        with self._store.transaction() as tx:
            now = deletion_time(tx, self._now())
            removed, cursor = retention.step(tx, self._kinds[0], self._limits, now, self._cursor)
        self.removed += removed
        self._cursor = cursor or ()
        if cursor is None:
            self._kinds.pop(0)
        if not self._kinds:
            self._next = clock.elapsed() + ROUND_EVERY
        return bool(self._kinds)

    def finish(self) -> None:
        """A round at the end of a worker that does not live long enough for one; as much as can be done in FINISH_MOST."""
        self._next = 0.0
        deadline = clock.elapsed() + FINISH_MOST
        try:
            while self.step() and clock.elapsed() < deadline:
                pass
            while self.clearing.step() is not None and clock.elapsed() < deadline:
                pass
        except StoreError as error:
            log.warning("%s", error)

    def _now(self) -> int:
        """The time of day, without what the clock was set ahead by meanwhile."""
        wall, elapsed = self._begun
        return min(clock.seconds(), wall + round(clock.elapsed() - elapsed))

    def _begin(self) -> None:
        if self._limits_now is not None:
            limits = self._limits_now()
            if limits is None:
                self._next = clock.elapsed() + ROUND_EVERY
                return
            self._limits = limits
        self._kinds = list(KINDS)
        self._cursor = ()
        for path in temporary_files.sweep(self._store.path):
            log.info("removed %s, which a killed process left", path)
