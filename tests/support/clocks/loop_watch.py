"""Fails a test in which one step of the event loop kept the others waiting, by working or by waiting itself.

What counts is the CPU of its own thread, and the time in which that thread waited for something else than a CPU: a file, a
lock, another program. Waiting for a CPU that others have is the machine's fault, and the kernel tells it apart. So is the
time in which the store waits for the disk, or for its own lock, which others hold: `Store.transaction` is meant to be used
in the loop, and is bounded by its own patience.
"""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.store.database import Store
from invsync_tui.sync.worker import Worker

STEP_MOST = 0.05
"""Seconds of CPU of one step. A busy machine makes a step longer, and costs it no more of its own time."""

BLOCKED_MOST = 0.25
"""Seconds in which one step waits for anything but a CPU or the store. More than STEP_MOST: reading a file may be slow too."""
OTHERS_MOST = 0.005
"""Seconds of CPU of this process's other threads during a step, beyond which it may have waited for Python's own lock."""
_thread = threading.local()


def waited_for_cpu() -> float:
    """Seconds that this thread was ready to run and no CPU was free; infinite where the kernel does not tell."""
    if not hasattr(_thread, "statistics"):
        try:
            _thread.statistics = Path("/proc/thread-self/schedstat").open("rb", buffering=0)  # noqa: SIM115 (as long as its thread)
        except OSError:
            _thread.statistics = None
    if _thread.statistics is None:
        return float("inf")
    return int(os.pread(_thread.statistics.fileno(), 100, 0).split()[1]) / 1e9


def _sleeps() -> int:
    """How often this thread gave its CPU up by itself, as who waits for something does; a machine that stands still does not."""
    return resource.getrusage(getattr(resource, "RUSAGE_THREAD", resource.RUSAGE_SELF)).ru_nvcsw


def _stored() -> float:
    """Seconds, CPU not counted, in which transactions of the store began and ended in this thread."""
    return getattr(_thread, "stored", 0.0)


class _Timed(AbstractContextManager[sqlite3.Connection]):
    """`Store.transaction`, with a look at how long its begin and its end take."""

    def __init__(self, store: Store) -> None:
        self._whole = _transaction(store)

    def __enter__(self) -> sqlite3.Connection:
        with self._timed():
            return self._whole.__enter__()

    def __exit__(self, *raised: Any) -> bool | None:
        with self._timed():
            return self._whole.__exit__(*raised)

    @contextmanager
    def _timed(self) -> Iterator[None]:
        started, began = time.monotonic(), time.thread_time()
        try:
            yield
        finally:
            _thread.stored = _stored() + time.monotonic() - started - (time.thread_time() - began)


_transaction = Store.transaction


def _timed_transaction(store: Store) -> _Timed:
    """A function, since a class does not become a method."""
    return _Timed(store)


_watched: ContextVar[str] = ContextVar("watched", default="")


@dataclass
class LoopWatch:
    """The steps that took too long; with `everything` also those of the test itself."""

    everything: bool = False
    slow: list[str] = field(default_factory=list)
    collecting: float = 0.0
    """CPU seconds of the garbage collector: how much it finds depends on all that the tests have made before."""
    _began: float = 0.0

    def collector(self, phase: str, _: Any) -> None:
        """For `gc.callbacks`."""
        if phase == "start":
            self._began = time.thread_time()
        else:
            self.collecting += time.thread_time() - self._began

    def run(self, step: Any, handle: asyncio.Handle) -> None:
        """Run one step of the loop and look at what it took."""
        whose = handle._context.get(_watched, "") or ("the test" if self.everything else "")  # type: ignore[attr-defined]
        if not whose:
            step(handle)
            return
        collected, queued, everybody = self.collecting, waited_for_cpu(), time.process_time()
        slept, stored = _sleeps(), _stored()
        started, began = time.monotonic(), time.thread_time()
        step(handle)
        cpu, lasted = time.thread_time() - began, time.monotonic() - started
        took = cpu - (self.collecting - collected)
        if took > STEP_MOST:
            self.slow.append(f"{whose}: {took * 1000:.0f} ms in {handle!r}")
        if lasted > BLOCKED_MOST and _sleeps() > slept and time.process_time() - everybody - cpu < OTHERS_MOST:
            blocked = lasted - cpu - (waited_for_cpu() - queued) - (_stored() - stored)
            if blocked > BLOCKED_MOST:
                self.slow.append(f"{whose}: waited {blocked * 1000:.0f} ms in {handle!r}")


def watching(patch: pytest.MonkeyPatch, *, everything: bool = False) -> Iterator[LoopWatch]:
    """Watch the steps of all runs, of what they start, and with `everything` of the whole loop."""
    watch = LoopWatch(everything)
    step, execute = asyncio.Handle._run, Worker._execute  # type: ignore[attr-defined]

    @wraps(execute)
    async def watched(runner: Worker, run: Any, lease: Any) -> None:
        _watched.set(f"{run.kind} of {run.lease_key}")
        await execute(runner, run, lease)

    patch.setattr(Worker, "_execute", watched)
    patch.setattr(Store, "transaction", _timed_transaction)
    patch.setattr(asyncio.Handle, "_run", lambda handle: watch.run(step, handle))
    gc.callbacks.append(watch.collector)
    try:
        yield watch
    finally:
        gc.callbacks.remove(watch.collector)
    assert watch.slow == [], "; ".join(watch.slow)
