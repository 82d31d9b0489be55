"""Keys that arrive before the input that they are meant for: on a slow line, `:` and the words behind it come in one burst.

Without this the words would be taken for orders of the screen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from textual import events

if TYPE_CHECKING:
    from textual.widgets import Input


@runtime_checkable
class TakesText(Protocol):
    """An input, or a form whose field is being edited."""

    def insert_text_at_cursor(self, text: str) -> None:
        """As if it were typed."""


class TypeAhead:
    """Keeps keys until the input has the focus, then gives them to it in their order."""

    def __init__(self) -> None:
        self._keys: list[events.Key] = []

    def catch(self, event: events.Key, focused: object) -> bool:
        """Whether this key, which nobody else used, was meant for an input that is on its way or has come meanwhile."""
        if not isinstance(focused, TakesText):
            self._keys.append(event)
            return True
        if event.is_printable and event.character is not None:
            focused.insert_text_at_cursor(event.character)
            return True
        return False

    def give(self, to: Input) -> None:
        """The input is there."""
        keys, self._keys = self._keys, []
        for event in keys:
            if event.is_printable and event.character is not None:
                to.insert_text_at_cursor(event.character)
            elif event.key == "backspace":
                to.action_delete_left()
            elif event.key == "enter":
                to.call_later(to.action_submit)
                return

    def forget(self) -> None:
        """The input is gone."""
        self._keys.clear()
