"""Finds in two frames the rows that only moved, which a terminal can move by itself within a scroll region.

DECSTBM, IND and RI are from the VT100; every terminal that is a descendant of it has them. Not here: what is drawn of the
rows that came in (`screen_diff`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import NamedTuple

from textual.strip import Strip

LEAST = 3
"""Rows that have to move together; fewer are drawn as quickly."""
FARTHEST = 12
"""Rows that a region is moved by at most."""


class Scroll(NamedTuple):
    """Rows `top` to `bottom` move up by `by` rows, or down where it is negative."""

    top: int
    bottom: int
    by: int

    def commands(self) -> str:
        """Bytes that move them. What comes in may have the background of the terminal's style; the cursor is anywhere then."""
        row, step = (self.bottom, "\x1bD") if self.by > 0 else (self.top, "\x1bM")
        return f"\x1b[{self.top + 1};{self.bottom + 1}r\x1b[{row + 1};1H{step * abs(self.by)}\x1b[r"

    def moved(self, rows: Sequence[Strip | None]) -> list[Strip | None]:
        """What the terminal shows then; None for the rows that came in."""
        inside = rows[self.top : self.bottom + 1]
        places = range(self.by, len(inside) + self.by)
        return [
            *rows[: self.top],
            *(inside[y] if 0 <= y < len(inside) else None for y in places),
            *rows[self.bottom + 1 :],
        ]


def find(old: Sequence[Strip | None], new: Sequence[Strip]) -> Scroll | None:
    """The move that most rows have in common; None where there is none worth it."""
    changed = [y for y, (before, after) in enumerate(zip(old, new, strict=True)) if before != after]
    if len(changed) < LEAST:
        return None
    before = [None if strip is None else _content(strip) for strip in old]
    after = [_content(strip) for strip in new]
    places = {content: y for y, content in enumerate(before)}
    votes = Counter(places[after[y]] - y for y in changed if after[y] in places)
    for by, number in votes.most_common(1):
        if number >= LEAST and 0 < abs(by) <= FARTHEST:
            first, last = _longest(before, after, by)
            if last - first + 1 >= LEAST:
                return Scroll(first + min(by, 0), last + max(by, 0), by)
    return None


def _content(strip: Strip) -> Hashable:
    """A row but for its last cell, where a scroll bar may stand."""
    first = strip._segments[0].style if strip._segments else None
    return strip.text[:-1], first


def _longest(before: Sequence[Hashable], after: Sequence[Hashable], by: int) -> tuple[int, int]:
    """The longest run of rows that were `by` rows further down."""
    best, start = (0, -1), None
    for y in range(len(after) + 1):
        same = y < len(after) and 0 <= y + by < len(before) and after[y] == before[y + by]
        if same and start is None:
            start = y
        elif not same and start is not None:
            best = max(best, (start, y - 1), key=lambda run: run[1] - run[0])
            start = None
    return best
