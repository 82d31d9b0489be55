"""A quantity over time as one row of characters of one colour: a few bytes, and readable without colour."""

from __future__ import annotations

from collections.abc import Sequence

from invsync_tui.operations.list_views import Point
from invsync_tui.tui.text.glyphs import Glyphs


def spark(points: Sequence[Point], begin: int, end: int, width: int, top: int, glyphs: Glyphs) -> str:
    """One character per span of time: the quantity that held at its end, as a share of `top`; blank before the first."""
    return "".join(_level(held_at(points, moment), top, glyphs) for moment in ends(begin, end, width))


def ends(begin: int, end: int, width: int) -> list[float]:
    """The ends of so many spans of the same length."""
    span = max(end - begin, 1) / width
    return [begin + span * (number + 1) for number in range(width)]


def held_at(points: Sequence[Point], moment: float) -> int | None:
    """A quantity holds until the next one."""
    held = None
    for point in points:
        if point.at > moment:
            break
        held = point.value
    return held


def _level(value: int | None, top: int, glyphs: Glyphs) -> str:
    if value is None:
        return " "
    steps = glyphs.levels
    return steps[min(max(value, 0) * (len(steps) - 1) // max(top, 1), len(steps) - 1)]
