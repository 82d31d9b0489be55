"""How many listings the next request may have, where a cart refuses larger ones than some size that it does not tell."""

from __future__ import annotations

MORE_AFTER = 7 * 86400
"""Seconds after which twice as many are tried: the limit of a server may have been raised."""


def size_now(declared: int, most: int | None, age: float | None) -> int:
    """Listings of the next request: as declared, or at most `most`, which was found out `age` seconds ago (None: nobody
    knows when)."""
    if most is None:
        return declared
    return min(declared, most * 2 if age is not None and age >= MORE_AFTER else most)


def after_refusal(rows: int) -> int:
    """What is tried after a request of so many was refused for its size."""
    return max(1, rows // 2)
