"""What the terminal shows, and what has to be sent so that it shows a new frame: only cells that differ.

Textual sends regions that widgets called dirty. A widget cannot know what of that was really sent, so the difference is
made here, against the frame that was sent last. Not here: which lines are drawn anew (`widgets.canvas`), codes of styles
(`pen`), and which rows only moved (`scrolling`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter

from rich.cells import set_cell_size
from rich.color import ColorSystem
from rich.console import Console
from rich.control import Control
from rich.segment import Segment
from rich.style import Style
from textual._compositor import CompositorUpdate
from textual.strip import Strip

from invsync_tui.tui import scrolling
from invsync_tui.tui.pen import Look, Pen, look_of, on_blank
from invsync_tui.tui.text.sanitize import clean, width_of
from invsync_tui.tui.text.width import is_doubtful

Cell = tuple[str, Look | None]
_TAIL = ""
"""Stands in the second cell of a wide character."""
_NO_CELL: Cell = ("\0", None)
NEAR = 5
"""Equal cells of one look between two changes that are sent rather than jumped over: a jump costs as many bytes."""
ERASED, ERASED_WITHIN = 6, 12
"""Blanks that are erased and not written: at the end of a change that costs five bytes, and within one a jump more."""
_GAPS = re.compile(r" {2,}")


class ScreenDiff:
    """Remembers the frame that was sent last.

    `scrolls`: the terminal can move rows by itself. `erases`: it erases cells in the background of its style.
    """

    def __init__(self, *, scrolls: bool = False, erases: bool = False) -> None:
        self.scrolls = scrolls
        self.erases = erases
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
        """Bytes for the terminal: with the rows that moved moved, or all of them drawn, whichever is shorter."""
        painter = Painter(console, erases=self.diff.erases)
        sent = painter.drawn(self.known, self.frame)
        scroll = scrolling.find(self.known, self.frame) if self.diff.scrolls else None
        if scroll is not None:
            moved = scroll.commands() + painter.drawn(scroll.moved(self.known), self.frame)
            sent = min(moved, sent, key=len)
        self.diff.was_sent(self.frame)
        return sent


class Painter:
    """Draws what differs between two frames in the colors of a console."""

    def __init__(self, console: Console, *, erases: bool) -> None:
        self._erases = erases
        self._color_system = console._color_system or ColorSystem.TRUECOLOR
        self._pen = Pen()
        self._looks: dict[Style | None, Look] = {}

    def drawn(self, known: Sequence[Strip | None], frame: Sequence[Strip]) -> str:
        """What makes a terminal that shows `known` show `frame`; it is left with the plain style."""
        parts = [
            part for y, (old, new) in enumerate(zip(known, frame, strict=True)) for part in self._line(y, old, new)
        ]
        return "".join([*parts, self._pen.plain()])

    def _line(self, y: int, old: Strip | None, new: Strip) -> Iterator[str]:
        if old is not None and old == new:
            return
        old, new = old and _harmless(old), _harmless(new)
        cells = self._cells(new)
        if is_doubtful(new.text) or (old is not None and is_doubtful(old.text)):
            yield from self._placed(y, new.text, cells)
        elif old is None or old.cell_length != new.cell_length:
            yield _at(0, y) + self._written(0, cells)
        else:
            for number, (start, end) in enumerate(changed_ranges(self._cells(old), cells)):
                yield (_along(start) if number else _at(start, y)) + self._written(start, cells[start:end])

    def _written(self, x: int, cells: Sequence[Cell]) -> str:
        """Cells from column `x`, where the cursor stands. Where it stands afterwards is not known."""
        parts: list[str] = []
        end = x + len(cells)
        for look, run in groupby(cells, key=itemgetter(1)):
            if look is None:
                continue
            characters = [character for character, _ in run]
            x += len(characters)
            parts.append(self._pen.to(look))
            if self._erases and look.attributes is None and len(characters) >= (ERASED if x == end else ERASED_WITHIN):
                parts.append(f"\x1b[{len(characters)}X" + (_along(x) if x < end else ""))
            else:
                parts += characters
        return "".join(parts)

    def _placed(self, y: int, text: str, cells: Sequence[Cell]) -> Iterator[str]:
        """A line with text of a width that terminals disagree on: what follows a gap is put where it belongs, on blank
        cells."""
        yield _at(0, y) + self._written(0, [(" ", look) for _, look in cells])
        starts = sorted({0, *(width_of(text[: gap.end()]) for gap in _GAPS.finditer(text))})
        for start, end in zip(starts, [*starts[1:], len(cells)], strict=True):
            if end > start:
                yield _at(start, y) + self._written(start, cells[start:end])

    def _cells(self, strip: Strip) -> list[Cell]:
        """A character and its look for each cell; marks that take no cell belong to the one before."""
        cells: list[Cell] = []
        for text, style, _ in strip:
            look = self._looks.get(style)
            if look is None:
                look = self._looks[style] = look_of(style, self._color_system)
            blank = on_blank(look)
            for cell in text if text.isascii() else _characters(text):
                cells.append((cell, blank if cell == " " else look))
                cells.extend((_TAIL, look) for _ in range(width_of(cell[0]) - 1 if not cell.isascii() else 0))
        return cells


def _characters(text: str) -> Iterator[str]:
    """Each character with the marks that take no cell behind it."""
    cell = ""
    for char in text:
        if width_of(char):
            if cell:
                yield cell
            cell = char
        else:
            cell += char
    if cell:
        yield cell


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


def _at(x: int, y: int) -> str:
    return Control.move_to(x, y).segment.text


def _along(x: int) -> str:
    """To another column of the row."""
    return f"\x1b[{x + 1}G"


def changed_ranges(old: Sequence[Cell], new: Sequence[Cell]) -> list[tuple[int, int]]:
    """The cells that differ between two lines, near ones together; no wide character is cut."""
    width = max(len(old), len(new))
    before = [*old, *[_NO_CELL] * (width - len(old))]
    after = [*new, *[_NO_CELL] * (width - len(new))]
    result: list[tuple[int, int]] = []
    for x in range(width):
        if before[x] == after[x]:
            continue
        start, end = _whole(x, x + 1, before, after)
        if result and _worth_sending(after, result[-1][1], start):
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def _worth_sending(cells: Sequence[Cell], end: int, start: int) -> bool:
    """Whether the equal cells from one change to the next cost less than a jump over them."""
    if start - end > NEAR:
        return False
    return start <= end or all(_alike(cells[x][1], cells[end - 1][1]) for x in range(end, start))


def _alike(look: Look | None, before: Look | None) -> bool:
    """Whether a cell can follow another without codes between them, as a blank can wherever its background goes on."""
    if look is None or before is None:
        return look is before
    return look == before or (look.attributes is None and look.back == before.back)


def _whole(start: int, end: int, before: Sequence[Cell], after: Sequence[Cell]) -> tuple[int, int]:
    """The range widened so that it cuts no wide character in either line."""
    while start > 0 and _TAIL in (before[start][0], after[start][0]):
        start -= 1
    while end < len(before) and _TAIL in (before[end][0], after[end][0]):
        end += 1
    return start, end
