"""A line of toned text: what screens write and `widgets.diff_canvas` draws. Every text is cleaned on its way in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from invsync_tui.tui.text.sanitize import clean, fit, width_of, wrap


class Tone(StrEnum):
    """What a text means; the theme says how that looks. Never the only carrier of a meaning."""

    PLAIN = "plain"
    FAINT = "faint"
    STRONG = "strong"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    ACCENT = "accent"
    KEY = "key"


Span = tuple[str, Tone]

INDENT = 4
"""Cells before what continues a line."""


class Line(NamedTuple):
    """Spans from left to right, none of them empty."""

    spans: tuple[Span, ...] = ()

    @property
    def width(self) -> int:
        return sum(width_of(text) for text, _ in self.spans)

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self.spans)


BLANK = Line()


def line(*parts: str | Span) -> Line:
    """A line from texts and (text, tone) pairs."""
    pairs = ((part, Tone.PLAIN) if isinstance(part, str) else part for part in parts)
    return Line(tuple((clean(text), tone) for text, tone in pairs if text))


def joined(parts: Iterable[Line], gap: str) -> Line:
    """Lines side by side."""
    spans: list[Span] = []
    for part in parts:
        if spans and part.spans:
            spans.append((gap, Tone.FAINT))
        spans.extend(part.spans)
    return Line(tuple(spans))


def room_left_of(right: Line, width: int) -> int:
    """Cells that the left end of a row has; negative where even the right end does not fit."""
    return width - right.width - (2 if right.spans else 0)


def ends(left: Line, right: Line, width: int, more: str = "…") -> Line:
    """Left and right of one row; where both do not fit, the left one gives way."""
    left = cut(left, max(room_left_of(right, width), 0), more)
    gap = max(width - left.width - right.width, 0)
    return Line((*left.spans, (" " * gap, Tone.PLAIN), *right.spans) if gap else (*left.spans, *right.spans))


def cut(whole: Line, width: int, more: str = "…") -> Line:
    """The line in at most `width` cells, with a mark where something is missing."""
    if whole.width <= width:
        return whole
    spans: list[Span] = []
    room = width
    for text, tone in whole.spans:
        cells = width_of(text)
        if cells >= room:
            # The mark also stands in for the spans that follow, even when this one would just fit.
            spans.append((fit(text + " ", room, more), tone))
            break
        spans.append((text, tone))
        room -= cells
    return Line(tuple((text, tone) for text, tone in spans if text))


STOP, GAP = 8, 2
"""Cells from one column in which an item may begin to the next, and before an item at least: what follows an item that is
a little longer or shorter than in the line before stands where it stood, and is not sent anew."""


def flowed(items: Iterable[Line], width: int) -> list[Line]:
    """Items in as many rows as they need, each of them whole; one that is wider than a row is wrapped."""
    rows: list[Line] = []
    for item in items:
        used = rows[-1].width if rows else 0
        gap = " " * (-(-(used + GAP) // STOP) * STOP - used)
        joint = Line((*rows[-1].spans, (gap, Tone.PLAIN), *item.spans)) if rows else item
        if rows and joint.width <= width:
            rows[-1] = joint
        else:
            rows += [item] if item.width <= width else packed(item.spans, width)
    return rows


def packed(spans: Sequence[Span], width: int) -> list[Line]:
    """Spans in as many lines as they need, never cut; one that is wider than a line is wrapped."""
    lines: list[list[Span]] = [[]]
    room = width
    for text, tone in spans:
        rows = [text] if width_of(text) <= max(room, width - INDENT) else wrap(text, width - INDENT)
        for row in rows:
            if width_of(row) > room and lines[-1]:
                lines.append([(" " * INDENT, Tone.PLAIN)])
                room = width - INDENT
            lines[-1].append((row, tone))
            room -= width_of(row)
    return [Line(tuple(each)) for each in lines]


def fitted_tabs(
    tabs: Sequence[Sequence[Span]], present: int, width: int, more: str = "…", empty: Collection[int] = ()
) -> Line:
    """All tabs in a row of `width` cells. Where they do not fit, the `empty` ones are left out, then those at the right,
    then those at the left: the present one is whole, and `more` stands at a side on which there are others."""
    if (whole := _row(tabs)).width <= width:
        return whole
    candidates = [tab for tab in range(len(tabs)) if tab == present or tab not in empty]
    at = candidates.index(present)
    for first in range(at + 1):
        for end in range(len(candidates), at, -1):
            if (row := _marked(tabs, candidates[first:end], present, more)).width <= width:
                return row
    return _marked(tabs, [present], present, more)


def _marked(tabs: Sequence[Sequence[Span]], some: Sequence[int], present: int, more: str) -> Line:
    """Some tabs, with a mark at each side of the present one on which others are left out."""
    before, behind = ([tab for tab in some if tab < present], [tab for tab in some if tab > present])
    lead = [] if len(before) == present else [(f"{more} ", Tone.FAINT)]
    tail = [] if len(behind) == len(tabs) - 1 - present else [(more, Tone.FAINT)]
    return line(*lead, *(span for tab in some for span in tabs[tab]), *tail)


def _row(tabs: Sequence[Sequence[Span]]) -> Line:
    return line(*(span for tab in tabs for span in tab))
