"""The two clocks: the time of day, which may be set at any moment, and elapsed time, which only goes on.

What is stored for people or compared across processes is a time of day. What a process waits for is elapsed time. A
stored time of day is compared through `age` and `left`, which bound what a clock that was set can do.
"""

from __future__ import annotations

import time

TOLERANCE = 5.0
"""Seconds: a time that lies no further ahead than this is now. A later one was written by a clock that was ahead."""


def now() -> float:
    """The time of day, in epoch seconds. It may jump either way."""
    return time.time()


def seconds() -> int:
    """The time of day in whole epoch seconds, as the store keeps it."""
    return int(now())


def elapsed() -> float:
    """Seconds that only go on, from an arbitrary start; the time that the machine was suspended counts."""
    return time.monotonic() + _suspended()


def _suspended() -> float:
    if not hasattr(time, "CLOCK_BOOTTIME"):  # only Linux tells
        return 0.0
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)


def age(then: float, at: float) -> float | None:
    """Seconds from a stored time to `at`, never below 0; None for a time to come, of which no age is known."""
    if then > at + TOLERANCE:
        return None
    return max(0.0, at - then)


def within(then: float | None, span: float, at: float) -> bool:
    """Whether a stored time lies less than `span` seconds before `at`. False for none, and for a time to come."""
    if then is None:
        return False
    old = age(then, at)
    return old is not None and old < span


def left(until: float, most: float, at: float) -> float:
    """Seconds until a stored time, from 0 to `most`: it cannot lie further away than the wait it was made for."""
    return min(max(0.0, until - at), most)
