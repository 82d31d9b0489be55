"""A token bucket that believes the server: one per connection, which all runs of a process share.

Several locations of a cart are pushed one after the other: each goes on with what the one before has left.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from weakref import WeakKeyDictionary

from invsync_tui.connectors.base import Budget

PAUSE_MOST = 7 * 86400.0
"""Seconds; whatever a server asks for, the connection is looked at again after a week."""
PER_SECOND_LEAST = 1e-3
LIMIT_MOST = 1e6
MOMENT = 1e-6
"""Seconds: less is what rounding leaves over."""


class _Bucket:
    """What is left of a limit. `at` and `paused_until` are seconds of the clock of those who share it."""

    def __init__(self, capacity: float, per_second: float, at: float) -> None:
        self.declared = (capacity, per_second)
        self.capacity = max(1.0, capacity)
        self.per_second = max(PER_SECOND_LEAST, per_second)
        self.tokens = self.capacity
        self.at = at
        self.paused_until = -math.inf
        self.from_server = False
        self.turn = asyncio.Lock()


_shared: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[object, ...], _Bucket]] = WeakKeyDictionary()
"""By event loop, since those who wait for their turn wait in one, and by connection with the limit that is declared."""
_waits_are_over: ContextVar[bool] = ContextVar("waits_are_over", default=False)


@contextmanager
def long_waits_lifted(lifted: bool) -> Iterator[None]:
    """Connections that are made within try at once what a server has put off for long: a person asked, or it is time."""
    token = _waits_are_over.set(lifted)
    try:
        yield
    finally:
        _waits_are_over.reset(token)


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
        self._bucket = _Bucket(capacity, per_second, clock())
        self._waited = 0.0

    def share(self, connection: str, longest: float) -> None:
        """Go on with what other limiters of the same connection, and of the same declared limit, have left.

        `longest`: seconds; a longer wait is lifted where `long_waits_lifted` says so. Outside an event loop nothing is
        shared, and nothing under an empty name.
        """
        if not connection:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        key = (connection, *self._bucket.declared)
        self._bucket = _shared.setdefault(loop, {}).setdefault(key, self._bucket)
        if _waits_are_over.get() and self.wait_for() > longest:
            self._bucket.paused_until = -math.inf
            self._bucket.tokens = max(self._bucket.tokens, 1.0)

    def _refill(self) -> None:
        now, bucket = self._clock(), self._bucket
        since = max(bucket.at, bucket.paused_until)  # nothing is earned during a pause
        bucket.tokens = min(bucket.capacity, bucket.tokens + max(0.0, now - since) * bucket.per_second)
        bucket.at = now

    def wait_for(self, cost: float = 1.0) -> float:
        """Seconds until `cost` tokens are there, if nobody else takes any; 0 for now."""
        self._refill()
        short = max(0.0, min(cost, self._bucket.capacity) - self._bucket.tokens) / self._bucket.per_second
        return short + max(0.0, self._bucket.paused_until - self._clock())

    async def take(self, cost: float = 1.0) -> float:
        """Wait for `cost` tokens, first come first served; returns the seconds waited."""
        started = self._clock()
        async with self._bucket.turn:
            while (wait := self.wait_for(cost)) > MOMENT:
                await self._sleep(wait)
            self._bucket.tokens -= cost
        waited = self._clock() - started
        self._waited += waited
        return waited

    def observe(self, available: float, *, limit: float | None = None, per_second: float | None = None) -> None:
        """Believe the server: `available` tokens now, of `limit`, refilled at `per_second`. Nonsense is not believed."""
        numbers = [number for number in (available, limit, per_second) if number is not None]
        if not all(map(math.isfinite, numbers)):
            return
        self._refill()
        bucket = self._bucket
        bucket.capacity = min(max(1.0, limit if limit is not None else bucket.capacity), LIMIT_MOST)
        bucket.per_second = max(PER_SECOND_LEAST, per_second if per_second is not None else bucket.per_second)
        # Not below what a minute's wait gives back: a server that says -1000000 must not stop the connection for ever.
        bucket.tokens = max(min(available, bucket.capacity), -60.0 * bucket.per_second)
        bucket.from_server = True

    def pause(self, seconds: float) -> None:
        """Let nothing through for `seconds`; a shorter pause never shortens a longer one."""
        if math.isnan(seconds) or seconds <= 0:
            return
        self._refill()
        self._bucket.paused_until = max(self._bucket.paused_until, self._clock() + min(seconds, PAUSE_MOST))
        self._bucket.tokens = min(self._bucket.tokens, 1.0)

    def budget(self) -> Budget:
        """What is left now."""
        self._refill()
        left = self._bucket
        return Budget(max(0.0, left.tokens), left.capacity, left.per_second, left.from_server, self._waited)
