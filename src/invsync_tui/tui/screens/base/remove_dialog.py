"""The question before something is removed: what goes, and its name to be typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.widgets import Input

from invsync_tui.tui.actions import Confirmation
from invsync_tui.tui.screens.base.dialogs import ConfirmDialog
from invsync_tui.tui.text.glyphs import Glyphs
from invsync_tui.tui.text.sanitize import clean

if TYPE_CHECKING:
    from invsync_tui.operations.settings.removal import Contents


class RemoveDialog(ConfirmDialog):
    """Dismissed with the name that was typed, or None. Another name removes nothing and is left to be corrected."""

    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, going: Contents, glyphs: Glyphs) -> None:
        what = f"{going.name}, a cart of {going.merchant}" if going.kind == "cart" else going.name
        lines = [f"{glyphs.bullet} {clean(line)}" for line in going.goes]
        consequence = "\n".join(["This is deleted with it:", *lines, "", clean(going.stays)])
        super().__init__(Confirmation(f"Remove this {going.kind}?", consequence, "Remove", True), what, glyphs)
        self._wanted = going.name

    def _reason_input(self) -> Input:
        typed = Input(placeholder=f"Type its name: {clean(self._wanted)}", id="reason", compact=True)
        typed.cursor_blink = False
        typed.select_on_focus = False
        return typed

    def _confirm(self) -> None:
        typed = self.query_one("#reason", Input)
        if typed.value.strip() == self._wanted.strip():
            self.dismiss(self._wanted)
        else:
            typed.focus()
