"""The question before an order. Cancel has the focus, and where a reason is asked for, nothing happens without one."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from invsync_tui.tui.text.glyphs import Glyphs
from invsync_tui.tui.text.sanitize import clean
from invsync_tui.tui.verbs import Ask


class ConfirmScreen(ModalScreen[str | None]):
    """Dismissed with the reason ('' where none is asked for), or None when the operator thought better of it."""

    AUTO_FOCUS: ClassVar[str | None] = "#cancel"
    DEFAULT_CSS = """
    ConfirmScreen { align: center middle; }
    ConfirmScreen > Vertical {
        width: 64; max-width: 100%; height: auto; padding: 1 2;
        border: round $warning; background: $surface;
    }
    ConfirmScreen:ansi > Vertical { background: ansi_default; }
    ConfirmScreen.-plain > Vertical { border: ascii $warning; }
    ConfirmScreen #question { text-style: bold; }
    ConfirmScreen Static { height: auto; }
    ConfirmScreen #subject { color: $text-muted; margin-bottom: 1; }
    ConfirmScreen #reason { margin-top: 1; background: $panel; }
    ConfirmScreen:ansi #reason { background: ansi_default; text-style: underline; }
    ConfirmScreen #buttons { height: 1; margin-top: 1; align-horizontal: right; }
    ConfirmScreen Button {
        margin-left: 2; padding: 0 2; min-width: 8; width: auto;
        background: $panel; color: $foreground; text-style: none;
    }
    ConfirmScreen #confirm { color: $warning; }
    ConfirmScreen #buttons Button:focus { background: $foreground; color: $background; text-style: bold; }
    ConfirmScreen:ansi Button { background: ansi_default; }
    ConfirmScreen:ansi #buttons Button:focus { background: ansi_default; color: ansi_default; text-style: reverse bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "think_better", "Cancel", id="confirm.cancel"),
        Binding("left,up", "app.focus_previous", "Previous", show=False, id="confirm.previous"),
        Binding("right,down", "app.focus_next", "Next", show=False, id="confirm.next"),
    ]

    def __init__(self, ask: Ask, subject: str, glyphs: Glyphs) -> None:
        super().__init__()
        self._ask = ask
        self._subject = clean(subject)
        self.set_class(glyphs.arrow.isascii(), "-plain")

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(self._ask.question, id="question", markup=False)
            yield Static(self._subject, id="subject", markup=False)
            yield Static(self._ask.consequence, markup=False)
            if self._ask.needs_reason:
                yield self._reason_input()
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="cancel", compact=True)
                yield Button(self._ask.confirm, id="confirm", compact=True)

    @staticmethod
    def _reason_input() -> Input:
        reason = Input(placeholder="Reason, kept in the audit trail (required)", id="reason", compact=True)
        reason.cursor_blink = False
        reason.select_on_focus = False
        return reason

    def on_key(self, event: events.Key) -> None:
        """Cancel has the focus, but whoever starts to type means the reason."""
        if not self._ask.needs_reason or isinstance(self.focused, Input) or not event.is_printable:
            return
        reason = self.query_one("#reason", Input)
        reason.focus()
        reason.insert_text_at_cursor(event.character or "")
        event.stop()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "confirm":
            self._confirm()
        else:
            self.action_think_better()

    def on_input_submitted(self) -> None:
        """Enter in the reason leads to the buttons, with the safe one first; it confirms nothing."""
        self.query_one("#cancel").focus()

    def _confirm(self) -> None:
        if not self._ask.needs_reason:
            self.dismiss("")
            return
        reason = self.query_one("#reason", Input)
        if given := clean(reason.value).strip():
            self.dismiss(given)
        else:
            reason.focus()

    def action_think_better(self) -> None:
        self.dismiss(None)
