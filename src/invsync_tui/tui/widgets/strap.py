"""A widget of one row with something at its left and something at its right: header, pulse, notice."""

from __future__ import annotations

from textual.strip import Strip

from invsync_tui.tui.text.styled import BLANK, Line, ends
from invsync_tui.tui.widgets.diff_canvas import Canvas


class Strap(Canvas, can_focus=False):
    """One row of text. Where both ends do not fit, the left one is cut with a mark."""

    DEFAULT_CSS = """
    Strap { height: 1; width: 1fr; }
    """

    def __init__(self, more: str, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._more = more
        self._left = self._right = BLANK

    @property
    def text(self) -> str:
        return f"{self._left.text} {self._right.text}".strip()

    def show(self, left: Line, right: Line = BLANK) -> None:
        """Put these in place of what is there."""
        if (left, right) != (self._left, self._right):
            self._left, self._right = left, right
            self.repaint()

    def strip_at(self, y: int) -> Strip:
        width = self.size.width
        return self.strip_of(ends(self._left, self._right, width, self._more) if y == 0 else BLANK, width)
