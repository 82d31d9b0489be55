"""An event loop whose time passes only when everybody waits, and clocks that go by it."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any

import pytest

from invsync_tui import clock


class _NoWaiting(selectors.DefaultSelector):  # type: ignore[misc,valid-type]
    """Looks whether something is ready; in the place of waiting, time passes."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready and timeout:
            self.passed += timeout
        return ready


class VirtualTime:
    """`start`: the time of day at which it begins; `set_clock` sets the time of day, elapsed time goes on."""

    def __init__(self, patch: pytest.MonkeyPatch, start: int) -> None:
        self._selector = _NoWaiting()
        self.loop = asyncio.SelectorEventLoop(self._selector)
        self.loop.time = lambda: self._selector.passed  # type: ignore[method-assign]
        self._start = start
        self._ahead = 0.0
        patch.setattr(clock, "now", lambda: self._start + self.passed + self._ahead)
        patch.setattr(clock, "elapsed", lambda: self.passed)

    @property
    def passed(self) -> float:
        """Seconds since the beginning."""
        return self._selector.passed

    def set_clock(self, ahead: float) -> None:
        """From now on the time of day is so many seconds ahead of what it should be."""
        self._ahead = ahead

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Until the work is done."""
        try:
            self.loop.run_until_complete(work)
        finally:
            self.loop.close()
