"""What just happened, in as many rows as it needs: an error that is cut off advises nobody."""

from __future__ import annotations

from textual import events
from textual.strip import Strip

from invsync_tui.tui.text.sanitize import clean, wrap
from invsync_tui.tui.text.styled import BLANK, Tone, line
from invsync_tui.tui.widgets.diff_canvas import Canvas

MOST_ROWS = 6
"""A message longer than this is cut, so that it cannot push the facts off the screen."""


class Notice(Canvas, can_focus=False):
    """One row while there is little to say; it stays until the next notice, and never moves by itself."""

    DEFAULT_CSS = """
    Notice { height: 1; width: 1fr; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._said = ("", Tone.PLAIN)
        self._rows: list[str] = [""]

    @property
    def text(self) -> str:
        return self._said[0]

    def show(self, text: str, tone: Tone) -> None:
        """Say this instead of what is there."""
        if (clean(text), tone) != self._said:
            self._said = (clean(text), tone)
            self._arrange()

    def strip_at(self, y: int) -> Strip:
        row = line((self._rows[y], self._said[1])) if y < len(self._rows) else BLANK
        return self.strip_of(row, self.size.width)

    def on_resize(self, event: events.Resize) -> None:
        self._arrange()

    def _arrange(self) -> None:
        if not self.size:
            return
        self._rows = wrap(self._said[0], self.size.width)[:MOST_ROWS]
        if len(self._rows) != self.size.height:
            self.styles.height = len(self._rows)
        self.repaint()
