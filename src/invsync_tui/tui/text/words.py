"""Times and numbers in words. Ages are in minutes, so that an idle screen stays the same and sends nothing."""

from __future__ import annotations

import time

MINUTE, HOUR, DAY = 60, 3600, 86400

NEVER = "N/A"
"""CartRover's word for an inventory run that has never been."""


def age(at: float, now: float) -> str:
    """How long ago, coarse: `just now`, `4 min ago`, `3 h ago`, `2 d ago`."""
    passed = int(now - at)
    return "just now" if passed < MINUTE else f"{_span(passed)} ago"


def until(at: float, now: float) -> str:
    """When something is due: `due`, `in 5 min`."""
    left = int(at - now)
    return "due" if left <= 0 else f"in {_span(left + MINUTE - 1)}"


def _span(seconds: int) -> str:
    if seconds < HOUR:
        return f"{seconds // MINUTE} min"
    return f"{seconds // HOUR} h" if seconds < 2 * DAY else f"{seconds // DAY} d"


def moment(at: float | None, now: float) -> str:
    """Clock (or date) and age of a past moment; N/A is never."""
    return NEVER if at is None else f"{clock(at, now)}, {age(at, now)}"


def clock(at: float, now: float) -> str:
    """Local time of day without seconds; the date where it was another day."""
    there = time.localtime(at)
    if there[:3] == time.localtime(now)[:3]:
        return time.strftime("%H:%M", there)
    return time.strftime("%b %d", there)


def duration(seconds: float) -> str:
    """How long something took or will take: `8 s`, `2 min 05 s`, `1 h 10 min`."""
    whole = int(seconds)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE:02} s"
    return f"{whole // HOUR} h {whole % HOUR // MINUTE:02} min"


def about_left(seconds: int) -> str:
    """Time left, rounded so that it does not flicker with every reading."""
    step = 5 if seconds < MINUTE else 10 if seconds < 10 * MINUTE else MINUTE
    rounded = (seconds + step - 1) // step * step
    return f"about {duration(rounded).removesuffix(' 00 s')} left"


def amount(number: float) -> str:
    """A whole number, or one decimal where it matters."""
    return f"{number:.1f}" if 0 < number < 10 and number != int(number) else f"{number:.0f}"
