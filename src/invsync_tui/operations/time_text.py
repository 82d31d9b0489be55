"""Points in time as operators type them, and ages in words."""

from __future__ import annotations

import re
from datetime import datetime

from invsync_tui.operations.errors import InvalidError

_UNITS = ((86400, "day", "days"), (3600, "h", "h"), (60, "min", "min"), (1, "s", "s"))


def ago(at: int, now: int) -> str:
    """How long ago a moment was, such as `4 min ago`."""
    passed = max(0, now - at)
    for size, singular, many in _UNITS:
        if passed >= size:
            count = passed // size
            return f"{count} {singular if count == 1 else many} ago"
    return "just now"


_SIZES = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_WORDS = {
    "sec": "s", "secs": "s", "second": "s", "seconds": "s", "min": "m", "mins": "m", "minute": "m", "minutes": "m",
    "hour": "h", "hours": "h", "day": "d", "days": "d", "week": "w", "weeks": "w",
}  # fmt: skip
_AGO = re.compile(r"(?:-\s*([0-9]{1,9})\s*([a-z]+)|([0-9]{1,9})\s*([a-z]+)(?:\s+ago)?)", re.ASCII)
EPOCH_DIGITS = 9
"""A number of so many digits or more is seconds since 1970: since 1973, and never a year."""


def moment(field: str, text: str, now: int) -> int:
    """Epoch seconds. A time without an offset is local; a date alone is its midnight. Not in the future."""
    read = _read(text.strip())
    if read is None:
        allowed = "2026-11-23, 2026-11-23T14:05, 2026-11-23T14:05:00Z, -2h, '2 hours ago', or seconds since 1970"
        raise InvalidError(field, f"{text!r} is not a time; give one like {allowed}.")
    at = now + read if read < 0 else read
    if at > now:
        raise InvalidError(field, f"{text!r} is in the future; nothing is known of it.")
    return at


def _read(text: str) -> int | None:
    """Epoch seconds, or seconds before now as a negative number."""
    if text.isascii() and text.isdigit() and len(text) >= EPOCH_DIGITS:
        return int(text) if len(text) <= 12 else None
    match = _AGO.fullmatch(text.lower())
    if match is not None:
        count, unit = (group for group in match.groups() if group is not None)
        size = _SIZES.get(_WORDS.get(unit, unit))
        return None if size is None else -max(int(count) * size, 1)
    try:
        return int(datetime.fromisoformat(text).timestamp())
    except (ValueError, OverflowError, OSError):
        return None
