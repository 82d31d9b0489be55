"""Keys that arrive before the input that they are meant for: on a slow line, `:` and the words behind it come in one burst.

Without this the words would be taken for keys of the screen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from textual import events

if TYPE_CHECKING:
    from textual.widgets import Input

KEPT_MOST = 5.0
"""Seconds that a key waits for rows that do not come; then it counts as pressed on what is there."""
NEEDS_NO_ROW = frozenset({"colon", "slash", "question_mark", "q", "tab", "shift+tab"})
"""Keys that mean the same with and without rows."""
MOVES = frozenset({"up", "down", "j", "k", "pageup", "pagedown", "home", "end", "g", "G", "left", "right"})
"""Keys that need to know how many rows there are, and not what is in them."""


@runtime_checkable
class TakesText(Protocol):
    """An input, without importing what it is."""

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


class EarlyKeys:
    """Keys for what is on its way, such as the row under the cursor: they are pressed again when it is there.

    `pass_by` are keys that need not wait unless another one does.
    """

    def __init__(self, pass_by: frozenset[str] = NEEDS_NO_ROW) -> None:
        self._keys: list[events.Key] = []
        self._pass_by = pass_by
        self._given_up = False

    @property
    def waiting(self) -> bool:
        """Whether any key waits."""
        return bool(self._keys)

    def keep(self, event: events.Key) -> bool:
        """Whether the key waits for the rows. Escape takes back what waits."""
        if event.key == "escape" or event.key.startswith("ctrl+"):
            self._keys.clear()
            return False
        if self._given_up or (not self._keys and event.key in self._pass_by):
            return False
        self._keys.append(event)
        return True

    def arrived(self) -> None:
        """What keys waited for is there: they wait again for what comes next."""
        self._given_up = False

    def take(self, *, give_up: bool = False) -> list[events.Key]:
        """What waited, in its order; after `give_up` nothing waits until what was waited for has come after all."""
        keys, self._keys = self._keys, []
        self._given_up = give_up
        return [events.Key(event.key, event.character) for event in keys]
