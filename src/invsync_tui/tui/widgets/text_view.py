"""Scrolling text, and text with links: Up and Down select one, Enter follows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from invsync_tui.tui.text.styled import BLANK, Line
from invsync_tui.tui.widgets.diff_canvas import Canvas

Writer = Callable[[Size], Sequence[Line]]
"""Writes the sheet for a viewport; lines wider than it are cut."""


FAR = 1_000_000
"""More lines than any sheet has."""


def _nothing(_: Size) -> Sequence[Line]:
    return ()


class TextView(Canvas, can_focus=True, inherit_bindings=False):
    """Scrolls with the keys of the table; a rewrite keeps the place and repaints only what differs."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "roll(-1)", "Scroll up", show=False, id="text.up"),
        Binding("down,j", "roll(1)", "Scroll down", show=False, id="text.down"),
        Binding("pageup", "roll_page(-1)", "Page up", show=False, id="text.page-up"),
        Binding("pagedown,space", "roll_page(1)", "Page down", show=False, id="text.page-down"),
        Binding("home,g", "roll_home", "To the top", show=False, id="text.top"),
        Binding("end,G", "roll_end", "To the end", show=False, id="text.end"),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._write: Writer = _nothing
        self._lines: Sequence[Line] = ()

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self._lines)

    def show(self, write: Writer) -> None:
        """Write with this from now on, and now."""
        self._write = write
        self._rewrite()

    def strip_at(self, y: int) -> Strip:
        row = y + self.scroll_offset.y
        line = self._lines[row] if row < len(self._lines) else BLANK
        return self.strip_of(line, self.scrollable_content_region.width)

    def on_resize(self, event: events.Resize) -> None:
        self._rewrite()

    def action_roll(self, by: int) -> None:
        self.scroll_to(y=self.scroll_offset.y + by, animate=False)

    def action_roll_page(self, pages: int) -> None:
        self.action_roll(pages * max(self.size.height - 1, 1))

    def action_roll_home(self) -> None:
        self.scroll_to(y=0, animate=False)

    def action_roll_end(self) -> None:
        self.scroll_to(y=self.max_scroll_y, animate=False)

    def _rewrite(self) -> None:
        viewport = self.scrollable_content_region.size
        if not viewport:
            return
        self._lines = self._write(viewport)
        # As long as everything fits, the extent is the viewport's, so that a line more or less costs no layout.
        self.set_extent(viewport.width, max(len(self._lines), viewport.height))
        self.repaint()


class LinkedTextView(TextView, inherit_bindings=True):
    """Up and down go to the next line that leads somewhere while one is in view, else they scroll."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"paper--cursor"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter",
            "lead",
            "Go there",
            tooltip="To the setting or the listings that the line is about",
            id="text.lead",
        )
    ]

    class Followed(Message):
        """Enter on a line that leads somewhere."""

        def __init__(self, to: Any) -> None:
            super().__init__()
            self.to = to

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._at: int | None = None

    @property
    def links(self) -> Mapping[int, Any]:
        """By line, where it leads."""
        return getattr(self._lines, "links", {})

    def strip_at(self, y: int) -> Strip:
        row = y + self.scroll_offset.y
        strip = super().strip_at(y)
        if row != self._at or row not in self.links:
            return strip
        over = self.get_component_rich_style("paper--cursor", partial=True)
        return Strip([Segment(text, (style or over) + over) for text, style, _ in strip], strip.cell_length).simplify()

    def _rewrite(self) -> None:
        super()._rewrite()
        if self._at not in self.links:
            self._at = next(iter(sorted(self.links)), None)
            self.repaint()

    def action_roll(self, by: int) -> None:
        top, height = self.scroll_offset.y, max(self.size.height, 1)
        at = -1 if self._at is None else self._at
        ahead = [
            row for row in sorted(self.links) if (row > at if by > 0 else row < at) and top - 1 <= row <= top + height
        ]
        if abs(by) == 1 and ahead:
            self._at = ahead[0] if by > 0 else ahead[-1]
            if not top <= self._at < top + height:
                super().action_roll(by)
            self.repaint()
        else:
            super().action_roll(by)

    @property
    def lines(self) -> Sequence[Line]:
        """What is written."""
        return self._lines

    @property
    def selected(self) -> int:
        """The line under the cursor; -1 where nothing can be selected."""
        return -1 if self._at is None else self._at

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "lead" or (self._at is not None and self.links.get(self._at) is not None)

    def action_lead(self) -> None:
        if self._at is not None and (to := self.links.get(self._at)) is not None:
            self.post_message(self.Followed(to))


class SelectedTextView(LinkedTextView, inherit_bindings=True):
    """A sheet that fits and has one selected line: the keys that scroll ask its screen to select another one.

    The screen marks the line; a bar over all of it would cost each move twice the bytes.
    """

    class Moved(Message):
        """The screen is to select so many further down."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def strip_at(self, y: int) -> Strip:
        return TextView.strip_at(self, y)

    def action_roll(self, by: int) -> None:
        self.post_message(self.Moved(by))

    def action_roll_home(self) -> None:
        self.post_message(self.Moved(-FAR))

    def action_roll_end(self) -> None:
        self.post_message(self.Moved(FAR))

    def action_roll_page(self, pages: int) -> None:
        self.post_message(self.Moved(pages * max(self.size.height // 2, 1)))
