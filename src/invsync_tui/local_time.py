"""Times as people read them: in the zone of who reads them, and with its name where they stand by themselves.

Every time on a screen or in a line of a command is written here; documents, files and logs have RFC 3339 in UTC instead.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

__all__ = ["clock", "day", "day_of", "stamp", "with_offset", "zone"]


def day_of(at: float) -> tuple[int, int, int]:
    """The local year, month and day of a moment, to compare two."""
    there = time.localtime(at)
    return there.tm_year, there.tm_mon, there.tm_mday


def clock(at: float, *, seconds: bool = False) -> str:
    """The time of day: `14:05`."""
    return time.strftime("%H:%M:%S" if seconds else "%H:%M", time.localtime(at))


def day(at: float) -> str:
    """The day without its year, five or six cells: `Nov 27`."""
    return time.strftime("%b %d", time.localtime(at))


def zone(at: float) -> str:
    """The name of the zone at a moment: `CET`; '' where the system has none."""
    return time.strftime("%Z", time.localtime(at)).strip()


def stamp(at: float, *, seconds: bool = False) -> str:
    """Date, time and zone: `2026-11-27 14:05 CET`."""
    date = time.strftime("%Y-%m-%d", time.localtime(at))
    return f"{date} {clock(at, seconds=seconds)} {zone(at)}".rstrip()


def with_offset(at: float) -> str:
    """Date and time to the second with the offset of the zone, as commands read it back: `2026-11-27T14:05:09+01:00`."""
    return datetime.fromtimestamp(at, UTC).astimezone().isoformat(timespec="seconds")
