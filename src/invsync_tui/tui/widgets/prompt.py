"""The one-row input for `:` and `/`. Imported when it is first opened: an input is the costliest widget there is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widgets import Input


class Prompt(Input):
    """Esc leaves it, Tab completes, Enter submits. The cursor does not blink, since a blink is 1.8 KB/s over SSH."""

    DEFAULT_CSS = """
    Prompt, Prompt:focus { background: $background; background-tint: $background 0%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave", id="prompt.leave"),
        Binding("tab", "complete", "Complete", id="prompt.complete", priority=True),
    ]

    class Left(Message):
        """The prompt was left without an answer."""

        def __init__(self, prompt: Prompt) -> None:
            super().__init__()
            self.prompt = prompt

    def __init__(self, placeholder: str, completions: Sequence[str] = (), value: str = "", *, id: str) -> None:  # noqa: A002
        suggester = SuggestFromList(completions, case_sensitive=False) if completions else None
        super().__init__(
            value=value, placeholder=placeholder, suggester=suggester, id=id, compact=True, select_on_focus=False
        )
        self.cursor_blink = False

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "complete" or self.suggester is not None

    def action_complete(self) -> None:
        """Take what is suggested."""
        self.action_cursor_right()

    def action_leave(self) -> None:
        self.post_message(self.Left(self))
