"""What the terminal shows, and what has to be sent so that it shows a new frame: only cells that differ.

Textual sends regions that widgets called dirty. A widget cannot know what of that was really sent, so the difference is
made here, against the frame that was sent last. Not here: which lines are drawn anew (`widgets.canvas`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter

from rich.cells import set_cell_size
from rich.console import Console
from rich.control import Control
from rich.segment import Segment
from rich.style import Style
from textual._compositor import CompositorUpdate
from textual.strip import Strip

from invsync_tui.tui.text.sanitize import clean, width_of
from invsync_tui.tui.text.width import is_doubtful

Cell = tuple[str, Style | None]
_TAIL = ""
"""Stands in the second cell of a wide character."""
_NO_CELL: Cell = ("\0", None)
NEAR = 8
"""Equal cells between two changes that are sent rather than jumped over: a jump costs as many bytes."""
_GAPS = re.compile(r" {2,}")


class ScreenDiff:
    """Remembers the frame that was sent last."""

    def __init__(self) -> None:
        self._sent: Sequence[Strip] = ()

    def forget(self) -> None:
        """The terminal may show anything: it was resized, or somebody else wrote to it."""
        self._sent = ()

    def changes(self, frame: Sequence[Strip]) -> CompositorUpdate | None:
        """What makes the terminal show the frame; None where it shows it already."""
        known = self._sent if len(self._sent) == len(frame) else (None,) * len(frame)
        if all(old is not None and old == new for old, new in zip(known, frame, strict=True)):
            return None
        return _Changes(self, known, frame)

    def was_sent(self, frame: Sequence[Strip]) -> None:
        self._sent = frame


class _Changes(CompositorUpdate):
    """Counts as sent as soon as it is rendered, which Textual does in the same breath as the writing."""

    def __init__(self, diff: ScreenDiff, known: Sequence[Strip | None], frame: Sequence[Strip]) -> None:
        self.diff = diff
        self.known = known
        self.frame = frame

    def render_segments(self, console: Console) -> str:
        """Bytes for the terminal."""
        sent = [
            part
            for y, (old, new) in enumerate(zip(self.known, self.frame, strict=True))
            for part in _line(y, old, new, console)
        ]
        self.diff.was_sent(self.frame)
        return "".join(sent)


def _line(y: int, old: Strip | None, new: Strip, console: Console) -> Iterator[str]:
    if old is not None and old == new:
        return
    old, new = old and _harmless(old), _harmless(new)
    if is_doubtful(new.text) or (old is not None and is_doubtful(old.text)):
        yield from _placed(y, new, console)
    elif old is None or old.cell_length != new.cell_length:
        yield _at(0, y) + new.render(console)
    else:
        for start, end in changed_ranges(old, new):
            yield _at(start, y) + _cut(new, start, end).render(console)


def _cut(strip: Strip, start: int, end: int) -> Strip:
    """Some cells of a line, each with its marks; `Strip.crop` leaves those of the last one behind now and then."""
    if strip.text.isascii():
        return strip.crop(start, end)
    cells = list(cells_of(strip))[start:end]
    parts = [Segment("".join(text for text, _ in run), style) for style, run in groupby(cells, key=itemgetter(1))]
    return Strip(parts, end - start)


def _harmless(strip: Strip) -> Strip:
    """The last look at what is sent: an input shows what was pasted into it as it came."""
    if strip.text.isascii() and strip.text.isprintable():
        return strip
    cleaned = [
        Segment(
            text if text.isascii() and text.isprintable() else set_cell_size(clean(_based(text)), width_of(text)), style
        )
        for text, style, _ in strip
    ]
    return Strip(cleaned, strip.cell_length)


def _based(text: str) -> str:
    """Without marks at its beginning: they have no character to stand on, and a terminal gives them to the cell before,
    which may be anything."""
    first = next((n for n, char in enumerate(text) if width_of(char)), len(text))
    return text[first:]


def _placed(y: int, strip: Strip, console: Console) -> Iterator[str]:
    """A line with text of a width that terminals disagree on: what follows a gap is put where it belongs, on blank cells."""
    blank = Strip([Segment(" " * width_of(text), style) for text, style, _ in strip], strip.cell_length)
    yield _at(0, y) + blank.render(console)
    starts = sorted({0, *(width_of(strip.text[: gap.end()]) for gap in _GAPS.finditer(strip.text))})
    for start, end in zip(starts, [*starts[1:], strip.cell_length], strict=True):
        if end > start:
            yield _at(start, y) + strip.crop(start, end).render(console)


def _at(x: int, y: int) -> str:
    return Control.move_to(x, y).segment.text


def changed_ranges(old: Strip, new: Strip) -> list[tuple[int, int]]:
    """The cells that differ between two strips of one length, near ones together; no wide character is cut."""
    before, after = list(cells_of(old)), list(cells_of(new))
    width = max(len(before), len(after))
    before += [_NO_CELL] * (width - len(before))
    after += [_NO_CELL] * (width - len(after))
    result: list[tuple[int, int]] = []
    for x in range(width):
        if before[x] == after[x]:
            continue
        start, end = _whole(x, x + 1, before, after)
        if result and start - result[-1][1] <= NEAR:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def cells_of(strip: Strip) -> Iterator[Cell]:
    """A character and its style for each cell; marks that take no cell belong to the one before."""
    for text, style, _ in strip:
        if text.isascii():
            yield from ((char, style) for char in text)
            continue
        cell = ""
        for char in text:
            if width_of(char):
                if cell:
                    yield from _cell(cell, style)
                cell = char
            else:
                cell += char
        if cell:
            yield from _cell(cell, style)


def _cell(cell: str, style: Style | None) -> Iterator[Cell]:
    yield (cell, style)
    yield from ((_TAIL, style) for _ in range(width_of(cell[0]) - 1))


def _whole(start: int, end: int, before: Sequence[Cell], after: Sequence[Cell]) -> tuple[int, int]:
    """The range widened so that it cuts no wide character in either strip."""
    while start > 0 and _TAIL in (before[start][0], after[start][0]):
        start -= 1
    while end < len(before) and _TAIL in (before[end][0], after[end][0]):
        end += 1
    return start, end
