"""Messages from other threads to screens: an answer, or why there is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.message import Message


class AnswerReceived(Message, bubble=False):
    """The answer to a question; `deliver` takes it on the event loop."""

    def __init__(self, deliver: Callable[[Any], None], value: Any, *, watched: bool = False) -> None:
        super().__init__()
        self.deliver = deliver
        self.value = value
        self.watched = watched
        """Whether the store was read for what the screen watches: of several such answers the last one is enough."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, AnswerReceived) and self.watched and message.watched


class QuestionFailed(Message, bubble=False):
    """A question has no answer, or a change was not made; the text says why and what to do."""

    def __init__(self, text: str, *, watched: bool = False) -> None:
        super().__init__()
        self.text = text
        self.watched = watched
        """Whether it is what the screen watches that could not be read; it is read again by itself."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, QuestionFailed) and self.watched and message.watched
