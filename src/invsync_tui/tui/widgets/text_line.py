"""One line with a left and a right part; a status message wrapped to a few rows."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.strip import Strip

from invsync_tui.tui.text.sanitize import clean, wrap
from invsync_tui.tui.text.styled import BLANK, Line, Tone, ends, line, room_left_of
from invsync_tui.tui.widgets.diff_canvas import Canvas

MOST_ROWS = 6
"""A message longer than this is cut, so that it cannot push the facts off the screen."""


class StatusMessage(Canvas, can_focus=False):
    """One row while there is little to say; it stays until the next notice, and never moves by itself."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._toned_text = ("", Tone.PLAIN)
        self._rows: list[str] = [""]

    @property
    def text(self) -> str:
        return self._toned_text[0]

    def show(self, text: str, tone: Tone) -> None:
        """Say this instead of what is there."""
        if (clean(text), tone) != self._toned_text:
            self._toned_text = (clean(text), tone)
            self._arrange()

    def strip_at(self, y: int) -> Strip:
        row = line((self._rows[y], self._toned_text[1])) if y < len(self._rows) else BLANK
        return self.strip_of(row, self.size.width)

    def on_resize(self, event: events.Resize) -> None:
        self._arrange()

    def _arrange(self) -> None:
        if not self.size:
            return
        self._rows = wrap(self._toned_text[0], self.size.width)[:MOST_ROWS]
        if len(self._rows) != self.size.height:
            self.styles.height = len(self._rows)
        self.repaint()


class TextLine(Canvas, can_focus=False):
    """One row of text. Where both ends do not fit, the left one is cut with a mark.

    A left end that chooses what to leave out is given as a function of its room in cells, and asked at every paint:
    what was chosen for another size would stay after the last of several resizes.
    """

    def __init__(self, more: str, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._more = more
        self._left: Line | Callable[[int], Line] = BLANK
        self._right = BLANK

    @property
    def text(self) -> str:
        return f"{self._left_in(self.size.width).text} {self._right.text}".strip()

    def show(self, left: Line | Callable[[int], Line], right: Line = BLANK) -> None:
        """Put these in place of what is there."""
        if (left, right) != (self._left, self._right):
            self._left, self._right = left, right
            self.repaint()

    def _left_in(self, width: int) -> Line:
        return self._left if isinstance(self._left, Line) else self._left(max(room_left_of(self._right, width), 0))

    def strip_at(self, y: int) -> Strip:
        width = self.size.width
        if y:
            return self.strip_of(BLANK, width)
        return self.strip_of(ends(self._left_in(width), self._right, width, self._more), width)
