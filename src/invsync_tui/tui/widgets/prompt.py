"""One-row inputs: for `:`, `/`, the search and fields. Imported when first opened: an input is costly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.suggester import Suggester, SuggestFromList
from textual.widgets import Input


class LineInput(Input):
    """An input of one row. The cursor does not blink, since a blink is 1.8 KB/s over SSH."""

    def __init__(
        self,
        value: str,
        placeholder: str = "",
        suggester: Suggester | None = None,
        *,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(value, placeholder, suggester=suggester, id=id, compact=True, select_on_focus=False)
        self.cursor_blink = False


class Prompt(LineInput):
    """Esc leaves it, Tab completes, Enter submits."""

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
        super().__init__(value, placeholder, suggester, id=id)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "complete" or self.suggester is not None

    def action_complete(self) -> None:
        """Take what is suggested."""
        self.action_cursor_right()

    def action_leave(self) -> None:
        self.post_message(self.Left(self))


class CommandLine(Prompt):
    """The prompt behind `:`; Up and Down go through what was typed before."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "former(-1)", "Before", tooltip="The command that was typed before", id="command.before"),
        Binding("down", "former(1)", "After", tooltip="The command that was typed after it", id="command.after"),
    ]

    def __init__(self, placeholder: str, completions: Sequence[str], former: Sequence[str], *, id: str) -> None:  # noqa: A002
        super().__init__(placeholder, completions, id=id)
        self._former = [*former, ""]
        """Commands, the latest last, and what is being typed."""
        self._at = len(former)

    def action_former(self, by: int) -> None:
        """Show another command; what was typed is there again behind the latest."""
        if self._at == len(self._former) - 1:
            self._former[-1] = self.value
        self._at = max(0, min(self._at + by, len(self._former) - 1))
        self.value = self._former[self._at]
        self.cursor_position = len(self.value)


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
