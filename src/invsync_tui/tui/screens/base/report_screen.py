"""Screens about something that can be bundled for support: `B` asks where to, and says where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from invsync_tui.tui.screens.base.base_screen import ControlScreen
from invsync_tui.tui.text.styled import Tone

if TYPE_CHECKING:
    from textual.widgets import Input

BUNDLE = "bundle"


class BundlingScreen(ControlScreen):
    """A subclass says what the bundle is about."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "B", "bundle", "Bundle", show=False, tooltip="Write a zip for support, with no secret in it", id="bundle"
        ),
    ]

    @property
    def bundled(self) -> int | str:
        """The number of a run, or a SKU."""
        raise NotImplementedError

    def action_bundle(self) -> None:
        self.open_prompt("Bundle to: ", BUNDLE, "a folder", value=".")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.input.id != BUNDLE:
            return
        self.close_prompt()
        folder, subject = event.value.strip() or ".", self.bundled
        self.notice("Writing a bundle", Tone.FAINT)
        self.ask_patiently(
            lambda gateway: gateway.bundle(subject, folder), lambda path: self.notice(f"Written: {path}", Tone.GOOD)
        )
