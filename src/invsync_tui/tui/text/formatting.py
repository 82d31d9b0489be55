"""Times, numbers, switches and outcomes as text. Ages are in minutes, so that an idle screen sends nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeVar

from invsync_tui import local_time
from invsync_tui.plain_text import grouped
from invsync_tui.tui.text.styled import Span, Tone
from invsync_tui.tui.widgets.columns import UNKNOWN, Field, RenderContext

MINUTE, HOUR, DAY = 60, 3600, 86400

NEVER = "N/A"
"""CartRover's word for an inventory run that has never been."""
ON_REQUEST, AFTER_DOWNLOAD = "on request", "after run"
"""When a download and a push come next that have no schedule: a push follows each scheduled download."""


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
    return local_time.clock(at) if local_time.day_of(at) == local_time.day_of(now) else local_time.day(at)


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
    return f"{number:.1f}" if 0 < number < 10 and number != int(number) else f"{number:,.0f}"


L = TypeVar("L")
NEVER_SPAN: Span = ("Never", Tone.WARN)
"""CartRover's word for a listing that was never synced."""


def moment_field(
    title: str, width: int, at: Callable[[L], int | None], *, sort: str = "", room: int = 0, missing: Span = UNKNOWN
) -> Field[L]:
    """A column of past moments: clock and age."""

    def show(line: L, rendering: RenderContext) -> Span:
        timestamp = at(line)
        return missing if timestamp is None else (moment(timestamp, rendering.now), Tone.PLAIN)

    return Field(title, width, at, show, sort=sort, room=room)


def age_field(
    title: str, width: int, at: Callable[[L], int | None], *, sort: str = "", room: int = 0, missing: Span = UNKNOWN
) -> Field[L]:
    """A narrow column of past moments: the age alone."""

    def show(line: L, rendering: RenderContext) -> Span:
        timestamp = at(line)
        return missing if timestamp is None else (age(timestamp, rendering.now), Tone.PLAIN)

    return Field(title, width, at, show, sort=sort, room=room)


def quantity_span(quantity: int | None) -> Span:
    return UNKNOWN if quantity is None else (grouped(quantity), Tone.PLAIN)


_WORD = re.compile(r'(?:(\w+):)?(?:"([^"]*)"?|(\S+))')


def filter_words(text: str) -> Iterator[tuple[str, str]]:
    """What each word is about, as it was typed, and the word; about is '' for a bare one."""
    for about, quoted, plain in _WORD.findall(text):
        yield about, quoted or plain
