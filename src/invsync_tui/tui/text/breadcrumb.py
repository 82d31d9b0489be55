"""Where one is: the places from the merchants on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from invsync_tui.tui.text.glyphs import Glyphs
from invsync_tui.tui.text.styled import Line, Span, Tone, line


def breadcrumb(trail: Sequence[str], glyphs: Glyphs) -> Callable[[int], Line]:
    """The trail in the room that there is, in cells."""
    return partial(_fitted, tuple(trail), glyphs)


def _fitted(trail: Sequence[str], glyphs: Glyphs, room: int) -> Line:
    """Where it does not fit, the places farthest away are left out first."""
    *before, here = trail
    gap = f" {glyphs.crumb} "
    crumbs = [(f"{name}{gap}", Tone.FAINT) for name in before]
    left_out: list[Span] = []
    while crumbs and line(*left_out, *crumbs, here).width > room:
        del crumbs[0]
        left_out = [(f"{glyphs.more}{gap}", Tone.FAINT)]
    return line(*left_out, *crumbs, (here, Tone.STRONG))
