"""A token bucket that believes the server: one per connection, since one worker holds a connection at a time."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable

from invsync_tui.connectors.base import Budget

PAUSE_MOST = 7 * 86400.0
"""Seconds; whatever a server asks for, the connection is looked at again after a week."""
PER_SECOND_LEAST = 1e-3
LIMIT_MOST = 1e6
MOMENT = 1e-6
"""Seconds: less is what rounding leaves over."""


class RateLimiter:
    """Lets `capacity` requests through at once and `per_second` of them in the long run.

    `observe` replaces the estimate by what the server reports; `pause` stops everything for the time that a 429 asks.
    `clock` gives seconds that never go back, `sleep` waits; both are the event loop's unless a test brings its own.
    """

    def __init__(
        self,
        capacity: float,
        per_second: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._capacity = max(1.0, capacity)
        self._per_second = max(PER_SECOND_LEAST, per_second)
        self._tokens = self._capacity
        self._at = clock()
        self._paused_until = -math.inf
        self._from_server = False
        self._waited = 0.0
        self._turn = asyncio.Lock()

    def _refill(self) -> None:
        now = self._clock()
        since = max(self._at, self._paused_until)  # nothing is earned during a pause
        self._tokens = min(self._capacity, self._tokens + max(0.0, now - since) * self._per_second)
        self._at = now

    def wait_for(self, cost: float = 1.0) -> float:
        """Seconds until `cost` tokens are there, if nobody else takes any; 0 for now."""
        self._refill()
        short = max(0.0, min(cost, self._capacity) - self._tokens) / self._per_second
        return short + max(0.0, self._paused_until - self._clock())

    async def take(self, cost: float = 1.0) -> float:
        """Wait for `cost` tokens, first come first served; returns the seconds waited."""
        started = self._clock()
        async with self._turn:
            while (wait := self.wait_for(cost)) > MOMENT:
                await self._sleep(wait)
            self._tokens -= cost
        waited = self._clock() - started
        self._waited += waited
        return waited

    def observe(self, available: float, *, limit: float | None = None, per_second: float | None = None) -> None:
        """Believe the server: `available` tokens now, of `limit`, refilled at `per_second`. Nonsense is not believed."""
        numbers = [number for number in (available, limit, per_second) if number is not None]
        if not all(map(math.isfinite, numbers)):
            return
        self._refill()
        self._capacity = min(max(1.0, limit if limit is not None else self._capacity), LIMIT_MOST)
        self._per_second = max(PER_SECOND_LEAST, per_second if per_second is not None else self._per_second)
        # Not below what a minute's wait gives back: a server that says -1000000 must not stop the connection for ever.
        self._tokens = max(min(available, self._capacity), -60.0 * self._per_second)
        self._from_server = True

    def pause(self, seconds: float) -> None:
        """Let nothing through for `seconds`; a shorter pause never shortens a longer one."""
        if math.isnan(seconds) or seconds <= 0:
            return
        self._refill()
        self._paused_until = max(self._paused_until, self._clock() + min(seconds, PAUSE_MOST))
        self._tokens = min(self._tokens, 1.0)

    def budget(self) -> Budget:
        """What is left now."""
        self._refill()
        return Budget(max(0.0, self._tokens), self._capacity, self._per_second, self._from_server, self._waited)
