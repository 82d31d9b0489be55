"""Ends a run early: by cancel wherever it waits, or at its next safe point when its worker ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar

from invsync_tui.store.errors import StoreError

_wanted: ContextVar[Callable[[], bool] | None] = ContextVar("worker is to end", default=None)


class RunStopped(Exception):  # noqa: N818 (a wish, not an error)
    """The worker ends; the next one goes on with the run."""


def runs_stop_when(should_stop: Callable[[], bool]) -> None:
    """Runs that this task starts from now on stop at their next safe point once `should_stop` is true."""
    _wanted.set(should_stop)


def stop_if_worker_ends() -> None:
    """To be called at safe points; raises RunStopped."""
    should_stop = _wanted.get()
    if should_stop is not None and should_stop():
        raise RunStopped


LOOK_EVERY = 0.25
"""Seconds between looks at whether a run is to stop."""
GRACE = 0.75
"""Seconds that a run has to come to a safe point by itself."""


class Interrupted(Exception):  # noqa: N818 (a wish, not an error)
    """Somebody asked the run to stop, and it was waiting; raised out of `interruptible` only."""


@asynccontextmanager
async def interruptible(should_stop: Callable[[], bool]) -> AsyncIterator[None]:
    """Within it any wait of the present task ends within LOOK_EVERY + GRACE seconds of `should_stop` being true.

    The end is an `Interrupted` for the caller; a task that is cancelled from outside stays cancelled.
    """
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("only a task can be interrupted")
    before, interrupted = task.cancelling(), asyncio.Event()
    watcher = asyncio.create_task(_interrupt(task, should_stop, interrupted), name="cancel watcher")
    try:
        yield
    except asyncio.CancelledError:
        if interrupted.is_set() and task.uncancel() <= before:
            raise Interrupted from None
        raise
    finally:
        watcher.cancel()
        if interrupted.is_set() and task.cancelling() > before:
            await _take_back(task, before)


async def _take_back(task: asyncio.Task[object], before: int) -> None:
    """The work ended in the very moment in which it was to be interrupted: the interruption is not to hit what follows."""
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.sleep(0)
    if task.uncancel() > before:
        raise asyncio.CancelledError  # somebody else cancelled it too


async def _interrupt(task: asyncio.Task[object], should_stop: Callable[[], bool], interrupted: asyncio.Event) -> None:
    while not _is(should_stop):  # noqa: ASYNC110 (another process sets it)
        await asyncio.sleep(LOOK_EVERY)
    await asyncio.sleep(GRACE)
    interrupted.set()
    task.cancel()


def _is(should_stop: Callable[[], bool]) -> bool:
    try:
        return should_stop()
    except StoreError:  # busy or full for a moment: the next look tells
        return False
