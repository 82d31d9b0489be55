"""One key after another: a key is looked at when what the key before it asked for has been done.

Textual hands each key to the widget that has the focus, and acts when the key has come back up to the application. Of
keys in one burst, as a slow line sends them, the second would reach the old focus while the first still moves it: `:`
and the words behind it would be taken for commands of the screen.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from functools import partial

from textual import events
from textual.app import App
from textual.message import Message
from textual.widget import Widget

ROUNDS = 2
"""The first follows the key, the second follows what the key's action posted to the widget that has the focus then."""
LOST_AFTER = 0.5
"""Seconds after which a key is over though nothing was heard of it: its widget was removed with the key in its queue."""
SLOW_MOST = 10.0
"""Seconds that a key may take where its widget is there: on a busy machine, the first Enter in a form loads its input."""


class KeyDone(Message):
    """Sent behind a key on the same way up; where it arrives, the key has been."""

    def __init__(self, number: int, rounds: int = ROUNDS) -> None:
        super().__init__()
        self.number = number
        self.rounds = rounds


class KeysInOrder(App[int]):
    """An application that hands on a key, or a pasted text, when the one before it is over."""

    def __init__(self, **more: object) -> None:
        super().__init__(**more)  # type: ignore[arg-type]
        self._keys: deque[events.Key | events.Paste] = deque()
        self._key_number = 0
        self._key_under_way = False
        self._key_went_to: Widget | None = None
        self._key_sent_at = 0.0

    def put_off(self, event: events.Key) -> bool:
        """For subclasses: whether a key is kept for later instead of being handed on now."""
        return False

    def key_over(self) -> None:
        """A key was handled, or put off."""

    async def on_event(self, event: events.Event) -> None:
        if not isinstance(event, events.Key | events.Paste) or event.is_forwarded:
            await super().on_event(event)
            return
        self._keys.append(event)
        if not self._key_under_way:
            await self._press_waiting()
        elif len(self._keys) == 1:
            self.set_timer(LOST_AFTER, partial(self._key_lost, self._key_number))

    def press_first(self, keys: Sequence[events.Key]) -> None:
        """Press keys that came earlier, before all that were typed since and were not looked at yet."""
        self._keys.extendleft(reversed(keys))
        if self._key_under_way:
            self.set_timer(LOST_AFTER, partial(self._key_lost, self._key_number))
        else:
            self.call_later(self._press_waiting)

    async def _press_waiting(self) -> None:
        while self._keys and not self._key_under_way:
            await self._press(self._keys.popleft())

    async def _press(self, event: events.Key | events.Paste) -> None:
        target = self._key_target()
        if target is None:
            return  # the program ends
        if isinstance(event, events.Key) and self.put_off(event):
            self.key_over()
            return
        self._key_number += 1
        self._key_under_way = True
        self._key_went_to, self._key_sent_at = target, time.monotonic()
        await super().on_event(event)
        if not target.post_message(KeyDone(self._key_number)):
            self._end_key()

    async def on_key_done(self, fact: KeyDone) -> None:
        fact.stop()
        if fact.number != self._key_number or not self._key_under_way:
            return
        target = self._key_target()
        if fact.rounds > 1 and target is not None and target.post_message(KeyDone(fact.number, fact.rounds - 1)):
            return
        self._end_key()
        await self._press_waiting()

    async def _key_lost(self, number: int) -> None:
        if number == self._key_number and self._key_under_way and not self._is_worked_on():
            self._end_key()
            await self._press_waiting()
        elif self._keys:
            self.set_timer(LOST_AFTER, partial(self._key_lost, self._key_number))

    def _is_worked_on(self) -> bool:
        """Whether the widget that the key went to is there and may still be at it."""
        widget = self._key_went_to
        there = widget is not None and widget.is_attached and widget.is_running
        return there and time.monotonic() - self._key_sent_at < SLOW_MOST

    def _key_target(self) -> Widget | None:
        """The widget that a key goes to; None while there is no screen, at the very end."""
        return (self.focused or self.screen) if self._screen_stack else None

    def _end_key(self) -> None:
        self._key_under_way = False
        self._key_went_to = None
        self.key_over()
