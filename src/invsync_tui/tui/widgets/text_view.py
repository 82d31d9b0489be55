"""A sheet some lines of which lead somewhere: the cursor goes from one to the next, and Enter follows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from invsync_tui.tui.widgets.paper import Paper


class LeadingPaper(Paper, inherit_bindings=True):
    """Up and down go to the next line that leads somewhere while one is in view, else they scroll."""

    DEFAULT_CSS = """
    LeadingPaper > .paper--cursor {
        color: $block-cursor-foreground; background: $block-cursor-background; text-style: $block-cursor-text-style;
    }
    LeadingPaper:ansi > .paper--cursor { text-style: reverse; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"paper--cursor"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter",
            "lead",
            "Go there",
            tooltip="To the setting or the listings that the line is about",
            id="paper.lead",
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
    def jumps(self) -> Mapping[int, Any]:
        """By line, where it leads."""
        return getattr(self._lines, "jumps", {})

    def strip_at(self, y: int) -> Strip:
        row = y + self.scroll_offset.y
        strip = super().strip_at(y)
        if row != self._at or row not in self.jumps:
            return strip
        over = self.get_component_rich_style("paper--cursor", partial=True)
        return Strip([Segment(text, (style or over) + over) for text, style, _ in strip], strip.cell_length).simplify()

    def _rewrite(self) -> None:
        super()._rewrite()
        if self._at not in self.jumps:
            self._at = next(iter(sorted(self.jumps)), None)
            self.repaint()

    def action_roll(self, by: int) -> None:
        top, height = self.scroll_offset.y, max(self.size.height, 1)
        at = -1 if self._at is None else self._at
        ahead = [
            row for row in sorted(self.jumps) if (row > at if by > 0 else row < at) and top - 1 <= row <= top + height
        ]
        if abs(by) == 1 and ahead:
            self._at = ahead[0] if by > 0 else ahead[-1]
            if not top <= self._at < top + height:
                super().action_roll(by)
            self.repaint()
        else:
            super().action_roll(by)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "lead" or self._at in self.jumps

    def action_lead(self) -> None:
        if self._at is not None and (to := self.jumps.get(self._at)) is not None:
            self.post_message(self.Followed(to))
