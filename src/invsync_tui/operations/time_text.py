"""How long ago something was, in the words of verdicts."""

from __future__ import annotations

_UNITS = ((86400, "day", "days"), (3600, "h", "h"), (60, "min", "min"), (1, "s", "s"))


def ago(at: int, now: int) -> str:
    """`4 min ago`."""
    passed = max(0, now - at)
    for size, one, many in _UNITS:
        if passed >= size:
            count = passed // size
            return f"{count} {one if count == 1 else many} ago"
    return "just now"
