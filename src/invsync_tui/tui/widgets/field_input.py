"""The input over the value of a field that is edited. Imported when first opened: an input is costly."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Region

from invsync_tui.tui.widgets.prompt import LineInput

if TYPE_CHECKING:
    from invsync_tui.tui.widgets.form import FormView

LONGEST = 1000
"""Characters in one field."""


class FieldInput(LineInput):
    """Tells the form what is typed, and when it is over. The form says where it is (`place`)."""

    BINDING_GROUP_TITLE = "The field"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,tab", "submit", "OK", tooltip="Take what was typed", id="form.accept"),
        Binding("escape", "give_up", "Undo", tooltip="Forget what was typed", id="form.give-up"),
        Binding("up", "move(-1)", "Field up", show=False, id="form.up"),
        Binding("down", "move(1)", "Field down", show=False, id="form.down"),
        Binding("pageup", "move(-8)", "Page up", show=False, id="form.page-up"),
        Binding("pagedown", "move(8)", "Page down", show=False, id="form.page-down"),
    ]

    def __init__(self, form: FormView, text: str) -> None:
        self._form = form
        self._placed: Region | None = None
        super().__init__(text)

    def place(self, region: Region) -> None:
        """Cover these cells of the screen; none of them where the region is empty."""
        if region != self._placed:  # each placing costs a layout
            self._placed = region
            self.absolute_offset = region.offset
            self.styles.width, self.styles.height = region.size
            self.refresh(layout=True)

    def on_resize(self) -> None:
        """The cursor stays in sight."""
        self.scroll_to_region(Region(self._cursor_offset, 0, 1, 1), force=True, animate=False)

    def replace(self, text: str, start: int, end: int) -> None:
        """Only the first line, without what no terminal should get, and no more than there is room for."""
        room = LONGEST - len(self.value) + len(self.value[min(start, end) : max(start, end)])
        line = text.splitlines()[0] if text else ""
        accepted = "".join(char for char in line if char.isprintable())[: max(room, 0)]
        if accepted or not text:
            super().replace(accepted, start, end)

    def watch_value(self, value: str) -> None:
        self._form.typed(value)

    def on_blur(self) -> None:
        """Another part of the screen has the focus. None has it while the terminal's window has not."""
        if self.screen.focused not in (self, None):
            self._form.accept()

    async def action_submit(self) -> None:
        self._form.accept()

    def action_give_up(self) -> None:
        self._form.give_up()

    def action_move(self, by: int) -> None:
        self._form.action_move(by)
