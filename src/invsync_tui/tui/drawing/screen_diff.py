"""What the terminal shows, and what has to be sent so that it shows a new frame: only cells that differ.

Textual sends regions that widgets called dirty. A widget cannot know what of that was really sent, so the difference is
made here, against the frame that was sent last. Not here: which lines are drawn anew (`widgets.diff_canvas`), what is
sent of a line that changed (`line_strokes`), and which rows only moved (`scrolling`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.color import ColorSystem
from rich.console import Console
from textual._ansi_sequences import SYNC_END, SYNC_START
from textual._compositor import CompositorUpdate
from textual.strip import Strip

from invsync_tui.tui.drawing import scrolling
from invsync_tui.tui.drawing.cells import Cells, Palette, harmless
from invsync_tui.tui.drawing.line_strokes import LineStrokes, Place, Stroke
from invsync_tui.tui.drawing.pen import PLAIN, Look, plain
from invsync_tui.tui.text.sanitize import is_doubtful, width_of

SMALL = 1000
"""Characters of a frame that a terminal gets in one piece and so shows at once."""
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
        return f"{SYNC_START}{sent}{SYNC_END}" if self.diff.holds_back and len(sent) > SMALL else sent


class Painter:
    """Draws what differs between two frames in the colors of a console."""

    def __init__(self, console: Console, *, erases: bool) -> None:
        self._erases = erases
        self._palette = Palette(console._color_system or ColorSystem.TRUECOLOR)

    def drawn(self, known: Sequence[Strip | None], frame: Sequence[Strip]) -> str:
        """What makes a terminal that shows `known` show `frame`; it is left with the plain style."""
        parts: list[str] = []
        place, pen = Place(), PLAIN
        for y, (old, new) in enumerate(zip(known, frame, strict=True)):
            text, pen = self._line(y, old, new, place, pen)
            if text:
                parts.append(text)
                place = Place(y)
        return "".join([*parts, plain(pen)])

    def _line(self, y: int, old: Strip | None, new: Strip, place: Place, pen: Look) -> Stroke:
        if old is not None and old == new:
            return Stroke("", pen)
        old, new = None if old is None else harmless(old), harmless(new)
        strokes = LineStrokes(y, self._palette.cells(new), erases=self._erases)
        if is_doubtful(new.text) or (old is not None and is_doubtful(old.text)):
            return self._placed(strokes, new.text, place, pen)
        return strokes.over(None if old is None else self._palette.cells(old), place, pen)

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
