"""One run in the hands of a worker: the store, the lease that entitles it to write, and its report."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from invsync_tui.store.database import Store
from invsync_tui.store.runs import runs
from invsync_tui.store.runs.records import RunRow
from invsync_tui.sync.runs import store_access
from invsync_tui.sync.runs.cancellation import stop_if_worker_ends
from invsync_tui.sync.runs.leases import Lease
from invsync_tui.sync.runs.run_progress import RunProgress


class RunCancelled(Exception):  # noqa: N818 (a wish, not an error)
    """Somebody asked the run to stop; raised between pages and batches only."""


class RunHeld(Exception):  # noqa: N818 (a safeguard, not an error)
    """Safety rules stopped the run before anything was sent."""


class SwitchedOff(Exception):  # noqa: N818 (a setting, not an error)
    """The merchant's switch is off, so there is nothing to pull."""


@dataclass(slots=True)
class RunContext:
    """A run that this worker executes."""

    store: Store
    run: RunRow
    lease: Lease
    report: RunProgress

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A write that a successor's takeover refuses: FencedError instead of an older value over a newer one."""
        with self.lease.transaction(self.store) as tx:
            yield tx

    async def writable(self, *, in_hand: bool = False) -> None:
        """Wait, without blocking, while another program writes the store; see `store_access.writable`."""
        await store_access.writable(self.store, in_hand=in_hand)

    async def turn(self) -> None:
        """Between two pieces of work: let others of the loop go on, and wait while another program writes the store."""
        await store_access.turn(self.store)

    def cancel_wanted(self) -> bool:
        """Whether somebody asked the run to stop."""
        with self.store.reading() as cx:
            return runs.cancel_requested(cx, self.run.id)

    def stop_if_cancelled(self) -> None:
        """To be called between pages and between batches: the safe points."""
        stop_if_worker_ends()
        if self.cancel_wanted():
            raise RunCancelled

    def released(self) -> dict[str, int]:
        """By safety rule, the measure that an operator has accepted."""
        return dict(json.loads(self.run.released))

    def plan_until(self, seq: int) -> None:
        """Remember up to which write batch the plan looked."""
        with self.transaction() as tx:
            runs.plan_until(tx, self.run.id, seq)
