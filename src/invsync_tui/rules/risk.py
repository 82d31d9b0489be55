"""How much a change of a listing's quantity may hurt: what an operator should look at first in a plan."""

from __future__ import annotations

from enum import StrEnum

from invsync_tui.rules.safety import Group, group

SMALL_UNITS = 1
SMALL_PERCENT = 5
"""A change of at most so many units, or of at most this share of what is shown, is small."""
JUMP_FACTOR = 10
"""A quantity that grows or shrinks by more than this factor is a jump, where the cart does not say otherwise."""


class Risk(StrEnum):
    """From the worst. Each change of a plan has exactly one."""

    SELLS_OUT = "sells-out"
    """Shows stock now and would show none: lost sales if it is wrong."""
    JUMP = "jump"
    """Grows or shrinks by more than the cart's factor: often a wrong unit or a wrong match."""
    FALL = "fall"
    """Would show less than now: where the stock says so, more can be sold than exists until it is sent."""
    RISE = "rise"
    """Would show more than now, or shows nothing known yet."""
    SMALL = "small"
    """A unit or a few percent up or down."""


RANKS = {risk: rank for rank, risk in enumerate(Risk)}


def risk(before: int | None, after: int, jump_factor: int = JUMP_FACTOR) -> Risk:
    """The risk of showing `after` instead of `before` (None: unknown), in sellable units. Factor 0 knows no jumps."""
    if before is None:
        return Risk.RISE if after else Risk.SMALL
    of = group(before, after, jump_factor)
    if of is not Group.REST:
        return Risk.SELLS_OUT if of is Group.ZERO else Risk.JUMP
    if abs(after - before) <= max(SMALL_UNITS, before * SMALL_PERCENT // 100):
        return Risk.SMALL
    return Risk.FALL if after < before else Risk.RISE
