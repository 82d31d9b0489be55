"""What the terminal shows, and what has to be sent so that it shows a new frame: only cells that differ.

Textual sends regions that widgets called dirty. A widget cannot know what of that was really sent, so the difference is
made here, against the frame that was sent last. Not here: which lines are drawn anew (`widgets.diff_canvas`), what is
sent of a line that changed (`line_strokes`), and which rows only moved (`scrolling`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from rich.color import ColorSystem
from rich.console import Console
from textual._ansi_sequences import SYNC_END, SYNC_START
from textual._compositor import CompositorUpdate
from textual.strip import Strip

from invsync_tui.tui.drawing import scrolling
from invsync_tui.tui.drawing.cells import Cells, Palette, harmless
from invsync_tui.tui.drawing.line_strokes import LineStrokes, Place, Stroke
from invsync_tui.tui.drawing.pen import PLAIN, Look
from invsync_tui.tui.text.sanitize import is_doubtful, width_of

SMALL = 1000
"""Characters of a frame that a terminal gets in one piece and so shows at once."""
FEW = 8
"""Rows up to which another order is tried: more is no move of a cursor, and takes its time."""
AS_BEFORE_ALL = "\x1b[m"
"""Ends every style that somebody else left the terminal in."""
_GAPS = re.compile(r" {2,}")


class ScreenDiff:
    """Remembers the frame that was sent last.

    `scrolls`: the terminal can move rows by itself. `erases`: it erases cells in the background of its style.
    `holds_back`: it shows what is between two marks only when it has all of it.
    """

    def __init__(self, *, scrolls: bool = False, erases: bool = False, holds_back: bool = False) -> None:
        self.scrolls = scrolls
        self.erases = erases
        self.holds_back = holds_back
        self._sent: Sequence[Strip] = ()
        self._painter: Painter | None = None
        self.pen: Look | None = PLAIN
        """The style that the terminal writes in since the last frame; None where somebody else may have changed it."""

    def forget(self) -> None:
        """The terminal may show anything: it was resized, or somebody else wrote to it."""
        self._sent = ()
        self.pen = None

    def changes(self, frame: Sequence[Strip]) -> CompositorUpdate | None:
        """What makes the terminal show the frame; None where it shows it already."""
        known = self._sent if len(self._sent) == len(frame) else (None,) * len(frame)
        # Rows that stay are the same objects, of which the cells are known.
        frame = [old if old is not None and old == new else new for old, new in zip(known, frame, strict=True)]
        if all(old is new for old, new in zip(known, frame, strict=True)):
            return None
        return _Changes(self, known, frame)

    def painter(self, console: Console) -> Painter:
        """The one that drew the last frame, which knows its cells, unless the console has other colors now."""
        colors = console._color_system or ColorSystem.TRUECOLOR
        if self._painter is None or self._painter.colors != colors:
            self._painter = Painter(colors, erases=self.erases)
        return self._painter

    def was_sent(self, frame: Sequence[Strip], pen: Look) -> None:
        self._sent = frame
        self.pen = pen
        if self._painter is not None:
            self._painter.keep(frame)


class _Changes(CompositorUpdate):
    """Counts as sent as soon as it is rendered, which Textual does in the same breath as the writing."""

    def __init__(self, diff: ScreenDiff, known: Sequence[Strip | None], frame: Sequence[Strip]) -> None:
        self.diff = diff
        self.known = known
        self.frame = frame

    def render_segments(self, console: Console) -> str:
        """Bytes for the terminal: with the rows that moved moved, or all of them drawn, whichever is shorter."""
        painter = self.diff.painter(console)
        begun, pen = ("", self.diff.pen) if self.diff.pen is not None else (AS_BEFORE_ALL, PLAIN)
        sent = painter.drawn(self.known, self.frame, pen)
        scroll = scrolling.find(self.known, self.frame) if self.diff.scrolls else None
        if scroll is not None:
            # The row that comes in may be erased in the style of then or not: it is drawn whole.
            rest = painter.drawn(scroll.moved(self.known), self.frame, pen)
            moved = Stroke(scroll.commands() + rest.text, rest.pen)
            sent = min(moved, sent, key=lambda way: len(way.text))
        self.diff.was_sent(self.frame, sent.pen)
        text = begun + sent.text
        return f"{SYNC_START}{text}{SYNC_END}" if self.diff.holds_back and len(text) > SMALL else text


class Row(NamedTuple):
    """A row that differs: what the terminal shows of it, None for anything, and what it is to show."""

    y: int
    old: Strip | None
    new: Strip


class KnownStrip(NamedTuple):
    """A strip, its text as it may be sent, and its cells."""

    strip: Strip
    """Kept, so that no other one has its id."""
    text: str
    cells: Cells


class Painter:
    """Draws what differs between two frames in some colors."""

    def __init__(self, colors: ColorSystem, *, erases: bool) -> None:
        self.colors = colors
        self._erases = erases
        self._palette = Palette(colors)
        self._known: dict[int, KnownStrip] = {}
        """By the id of a strip: each is worked out once, however many ways to draw it are tried and frames it stays."""

    def keep(self, frame: Sequence[Strip]) -> None:
        """Know the strips of this frame from now on, and no others."""
        known = ((id(strip), self._known.get(id(strip))) for strip in frame)
        self._known = {number: strip for number, strip in known if strip is not None}

    def drawn(self, known: Sequence[Strip | None], frame: Sequence[Strip], pen: Look) -> Stroke:
        """What makes a terminal that shows `known` and writes in the style `pen` show `frame`, and its style then."""
        rows = [
            Row(y, old, new)
            for y, (old, new) in enumerate(zip(known, frame, strict=True))
            if old is not new and (old is None or old != new)
        ]
        return self._rows(self._in_order(rows, pen), pen)

    def _in_order(self, rows: Sequence[Row], pen: Look) -> Sequence[Row]:
        """A cursor has a background of its own: the row that it enters or leaves comes first or last, where that saves the
        codes of a change. Many rows are no move of a cursor."""
        if not 1 < len(rows) <= FEW:
            return rows
        backs = dict.fromkeys(self._back(row) for row in rows)
        ways = [rows, *(sorted(rows, key=lambda row: self._back(row) != back) for back in backs)]
        return min(ways, key=lambda way: self._changes_of_back(way, pen))

    def _changes_of_back(self, rows: Sequence[Row], pen: Look) -> int:
        backs = [pen.back, *(self._back(row) for row in rows)]
        return sum(before != after for before, after in pairwise(backs))

    def _known_strip(self, strip: Strip) -> KnownStrip:
        known = self._known.get(id(strip))
        if known is None:
            sent = harmless(strip)
            known = self._known[id(strip)] = KnownStrip(strip, sent.text, self._palette.cells(sent))
        return known

    def _back(self, row: Row) -> str:
        looks = self._known_strip(row.new).cells.looks
        return looks[0].back if looks else ""

    def _rows(self, rows: Sequence[Row], pen: Look) -> Stroke:
        """Rows one after the other."""
        parts: list[str] = []
        place = Place()
        for row in rows:
            text, pen = self._row(row, place, pen)
            if text:
                parts.append(text)
                place = Place(row.y)
        return Stroke("".join(parts), pen)

    def _row(self, row: Row, place: Place, pen: Look) -> Stroke:
        new, old = self._known_strip(row.new), None if row.old is None else self._known_strip(row.old)
        strokes = LineStrokes(row.y, new.cells, erases=self._erases)
        if is_doubtful(new.text) or (old is not None and is_doubtful(old.text)):
            return self._placed(strokes, new.text, place, pen)
        return strokes.over(old and old.cells, place, pen)

    def _placed(self, strokes: LineStrokes, text: str, place: Place, pen: Look) -> Stroke:
        """A line with text of a width that terminals disagree on: what follows a gap is put where it belongs, on blank
        cells."""
        looks = strokes.new.looks
        blanks = LineStrokes(strokes.y, Cells(" " * len(looks), looks), erases=self._erases)
        done, pen = blanks.over(None, place, pen)
        starts = sorted({0, *(width_of(text[: gap.end()]) for gap in _GAPS.finditer(text))})
        for start, end in zip(starts, [*starts[1:], len(looks)], strict=True):
            if end > start:
                piece = strokes.cells(start, end, pen)
                done, pen = done + Place(strokes.y).to(start, strokes.y) + piece.text, piece.pen
        return Stroke(done, pen)
