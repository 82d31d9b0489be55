"""Fails a test in which one step of the event loop kept the others waiting: the time of its own thread's CPU counts."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

import pytest

from invsync_tui.sync.worker import Worker

STEP_MOST = 0.05
"""Seconds of CPU of one step. A busy machine makes a step longer, and costs it no more of its own time."""

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
        began, collected = time.thread_time(), self.collecting
        step(handle)
        took = time.thread_time() - began - (self.collecting - collected)
        if took > STEP_MOST:
            self.slow.append(f"{whose}: {took * 1000:.0f} ms in {handle!r}")


def watching(patch: pytest.MonkeyPatch, *, everything: bool = False) -> Iterator[LoopWatch]:
    """Watch the steps of all runs, of what they start, and with `everything` of the whole loop."""
    watch = LoopWatch(everything)
    step, execute = asyncio.Handle._run, Worker._execute  # type: ignore[attr-defined]

    @wraps(execute)
    async def watched(runner: Worker, run: Any, lease: Any) -> None:
        _watched.set(f"{run.kind} of {run.lease_key}")
        await execute(runner, run, lease)

    patch.setattr(Worker, "_execute", watched)
    patch.setattr(asyncio.Handle, "_run", lambda handle: watch.run(step, handle))
    gc.callbacks.append(watch.collector)
    try:
        yield watch
    finally:
        gc.callbacks.remove(watch.collector)
    assert watch.slow == [], "; ".join(watch.slow)
