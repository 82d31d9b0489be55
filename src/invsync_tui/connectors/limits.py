"""A token bucket that believes the server: one per connection, since one worker holds a connection at a time."""

from __future__ import annotations

import asyncio
import time

from invsync_tui.connectors.base import Budget


class RateLimiter:
    """Lets `capacity` requests through at once and `per_second` of them in the long run.

    `observe` replaces the estimate by what the server reports; `pause` stops everything for the time that a 429 asks.
    """

    def __init__(self, capacity: float, per_second: float) -> None:
        self._capacity = capacity
        self._per_second = per_second
        self._tokens = capacity
        self._at = time.monotonic()
        self._paused_until = 0.0
        self._from_server = False
        self._waited = 0.0
        self._turn = asyncio.Lock()

    def _refill(self) -> None:
        now = time.monotonic()
        self._tokens = min(self._capacity, self._tokens + (now - self._at) * self._per_second)
        self._at = now

    def _wait_for(self, cost: float) -> float:
        self._refill()
        short = max(0.0, min(cost, self._capacity) - self._tokens) / self._per_second
        return max(short, self._paused_until - time.monotonic())

    async def take(self, cost: float = 1.0) -> float:
        """Wait for `cost` tokens, first come first served; returns the seconds waited."""
        started = time.monotonic()
        async with self._turn:
            while (wait := self._wait_for(cost)) > 0:  # noqa: ASYNC110 (waits for time, not for an event)
                await asyncio.sleep(wait)
            self._tokens -= cost
        waited = time.monotonic() - started
        self._waited += waited
        return waited

    def observe(self, available: float, *, limit: float | None = None, per_second: float | None = None) -> None:
        """Believe the server: `available` tokens now, of `limit`, refilled at `per_second`."""
        self._refill()
        self._capacity = max(1.0, limit if limit is not None else self._capacity)
        self._per_second = max(1e-3, per_second if per_second is not None else self._per_second)
        self._tokens = min(available, self._capacity)
        self._from_server = True

    def pause(self, seconds: float) -> None:
        """Let nothing through for `seconds`; a shorter pause never shortens a longer one."""
        self._paused_until = max(self._paused_until, time.monotonic() + seconds)
        self._tokens = min(self._tokens, 0.0)

    def budget(self) -> Budget:
        """What is left now."""
        self._refill()
        return Budget(max(0.0, self._tokens), self._capacity, self._per_second, self._from_server, self._waited)
