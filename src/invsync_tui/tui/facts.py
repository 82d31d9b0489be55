"""Messages from the thread of a connection's test to its screen: facts in the past tense."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from invsync_tui.operations.connections import Step


class StepTaken(Message, bubble=False):
    """A step of a connection test ended."""

    def __init__(self, attempt: int, step: Step) -> None:
        super().__init__()
        self.attempt = attempt
        self.step = step


class TestEnded(Message, bubble=False):
    """The test is over; `failure` is what broke it off, or ''."""

    __test__ = False

    def __init__(self, attempt: int, failure: str) -> None:
        super().__init__()
        self.attempt = attempt
        self.failure = failure
