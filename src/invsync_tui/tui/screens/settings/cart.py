"""Edit Setup of a cart, with a line that counts what the draft would do to its listings while one edits."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from invsync_tui.operations.lists.list_views import Preview
from invsync_tui.tui.context import AppContext
from invsync_tui.tui.screens.settings import text
from invsync_tui.tui.screens.settings.edit_setup import EditSetupScreen
from invsync_tui.tui.text.styled import Tone
from invsync_tui.tui.widgets.text_line import TextLine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from invsync_tui.operations.session import Session


class CartSettingsScreen(EditSetupScreen):
    """The preview counts on another thread, a part at a time; the next keystroke makes it begin anew."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "p", "what_if", "What if", tooltip="Plan the next push with what is not saved yet", id="settings.what-if"
        )
    ]

    def __init__(self, context: AppContext, cart_id: int, cart: str, merchant: str, at: str = "") -> None:
        """`at` is the field that the cursor begins on."""
        super().__init__(context, f"cart:{cart_id}", at)
        self._cart_id = cart_id
        self._cart = cart
        self._merchant = merchant
        self._preview: Preview | None = None

    @property
    def trail(self) -> tuple[str, ...]:
        return "Merchants", self._merchant, self._cart, "Edit Setup"

    @property
    def follows(self) -> str:
        return text.RULES_NOTE

    def above(self) -> Iterator[Widget]:
        yield TextLine(self.context.glyphs.more, id="preview")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "what_if":
            return self.draft is not None and self.draft.dirty
        return super().check_action(action, parameters)

    def action_what_if(self) -> None:
        """The draft stays as it is, and nothing of it is saved."""
        if self.draft is None:
            return
        if (wrong := self.draft.first_problem) is not None:
            self.sheet.go_to(wrong)
            self.notice(f"Not planned: {self.draft.problems[wrong]}", Tone.BAD)
            return
        self.go_to("plan", self._cart_id, self._cart, overlay=dict(self.draft.edits))

    def draft_changed(self) -> None:
        self._preview = None
        self._show_preview()
        if self.unsaved and not self._wrong():
            self._count(self.turn, None)

    def _wrong(self) -> bool:
        return self.draft is not None and bool(self.draft.problems)

    def _count(self, turn: int, after: Preview | None) -> None:
        edits = dict(self.draft.edits) if self.draft is not None else {}
        self.ask_slow(
            partial(_preview, self._cart_id, edits, after),
            partial(self._counted, turn),
            wanted=lambda: turn == self.turn and self.is_running,
        )

    def _counted(self, turn: int, preview: Preview) -> None:
        if turn != self.turn:
            return
        stuck = self._preview is not None and preview.counted <= self._preview.counted
        self._preview = preview
        self._show_preview()
        if preview.counted < preview.total and not stuck:
            self._count(turn, preview)

    def _show_preview(self) -> None:
        preview_line = text.preview_line(self._preview, dirty=self.unsaved, wrong=self._wrong())
        self.text_line("preview").show(preview_line, text.preview_reach(self._preview))


def _preview(cart_id: int, edits: Mapping[str, str], after: Preview | None, session: Session) -> Preview:
    from invsync_tui.operations.settings import forms

    return forms.preview(session, cart_id, edits, after)
