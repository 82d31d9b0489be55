"""A row of tabs."""

from __future__ import annotations

from collections.abc import Sequence

from invsync_tui.tui.text.styled import Line, Span, line


def fitted(tabs: Sequence[Sequence[Span]], present: int, width: int) -> Line:
    """All tabs in a row of `width` cells; where they do not fit, those at the left give way to the present one."""
    first = 0
    while first < present and _row(tabs[first:]).width > width:
        first += 1
    return _row(tabs[first:])


def _row(tabs: Sequence[Sequence[Span]]) -> Line:
    return line(*(span for tab in tabs for span in tab))
