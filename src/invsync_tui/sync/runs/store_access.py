"""Waits until the store can be written, without keeping the event loop from turning: another program may write it for
seconds, and SQLite's own waiting would stop every run of this worker, and what carts and hooks send meanwhile."""

from __future__ import annotations

import asyncio

from invsync_tui import clock
from invsync_tui.store.connection import BUSY_TIMEOUT_MS
from invsync_tui.store.database import Store
from invsync_tui.store.errors import busy

LOOK_EVERY = 0.02
"""Seconds between looks at whether the other program is done."""


async def writable(store: Store, *, in_hand: bool = False) -> None:
    """Return once nobody else writes the store, at once where that is so. StoreBusyError where it takes longer than
    a transaction would wait.

    To be awaited after an answer of a WMS or a cart, and before what is written then. `in_hand`: the answer would be lost
    with a cancellation, so that one ends the waiting here and is delivered at the next wait.
    """
    if store.is_free():
        return
    give_up = clock.elapsed() + BUSY_TIMEOUT_MS / 1000
    while clock.elapsed() < give_up:
        try:
            await asyncio.sleep(LOOK_EVERY)
        except asyncio.CancelledError:
            if not in_hand:
                raise
            _put_off_cancellation()
            return
        if store.is_free():
            return
    raise busy(store.path)


def _put_off_cancellation() -> None:
    """The present task is cancelled at its next wait, as often as it was."""
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()
        task.cancel()


async def turn(store: Store) -> None:
    """Between two pieces of work: let others of the loop go on, and wait while another program writes the store."""
    await asyncio.sleep(0)
    await writable(store)
