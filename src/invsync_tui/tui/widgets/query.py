"""The input of the search screen: it stays, Enter opens what was found, and Esc leads back."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from invsync_tui.tui.widgets.prompt import Prompt


class Query(Prompt):
    """A prompt that says what its keys do there."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Open", tooltip="Open the selected SKU", id="query.open"),
        Binding("escape", "leave", "Back", id="query.back"),
        Binding("down", "screen.move(1)", "Next", tooltip="To the next SKU", id="query.down"),
        Binding("up", "screen.move(-1)", "Previous", show=False, tooltip="To the SKU before", id="query.up"),
        Binding("pagedown", "screen.page(1)", "Page down", show=False, id="query.page-down"),
        Binding("pageup", "screen.page(-1)", "Page up", show=False, id="query.page-up"),
    ]

    def __init__(self, text: str = "") -> None:
        super().__init__("SKU, alias or name", (), text, id="query")
