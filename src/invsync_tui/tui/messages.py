"""Messages from worker threads to screens."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual.message import Message

from invsync_tui.tui.text.styled import Tone

if TYPE_CHECKING:
    from invsync_tui.operations.connections import Step
    from invsync_tui.operations.list_views import SkuView
    from invsync_tui.operations.views import Overview, Requested, RunDetail


class OverviewRead(Message, bubble=False):
    """The merchants and the pulse were read."""

    def __init__(self, overview: Overview) -> None:
        super().__init__()
        self.overview = overview

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, OverviewRead)


class RunRead(Message, bubble=False):
    """One run was read, and whether a service is alive."""

    def __init__(self, detail: RunDetail, service_alive: bool) -> None:
        super().__init__()
        self.detail = detail
        self.service_alive = service_alive

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, RunRead) and message.detail.run.id == self.detail.run.id


class AnswerReceived(Message, bubble=False):
    """What a screen asked for was read; `deliver` takes it on the event loop."""

    def __init__(self, deliver: Callable[[Any], None], result: Any) -> None:
        super().__init__()
        self.deliver = deliver
        self.result = result


class Changed(Message, bubble=False):
    """The store is open and somebody may have committed: what is shown is to be read again."""

    def __init__(self, service_alive: bool) -> None:
        super().__init__()
        self.service_alive = service_alive

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, Changed)


class SkuRead(Message, bubble=False):
    """One product was read."""

    def __init__(self, view: SkuView, service_alive: bool) -> None:
        super().__init__()
        self.view = view
        self.service_alive = service_alive

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, SkuRead)


class Exported(Message, bubble=False):
    """An export made progress, or ended."""

    def __init__(self, text: str, tone: Tone, *, ended: bool) -> None:
        super().__init__()
        self.text = text
        self.tone = tone
        self.ended = ended


class ReadingFailed(Message, bubble=False):
    """What the screen watches could not be read; the reader keeps trying."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, ReadingFailed)


class SyncRequested(Message, bubble=False):
    """An order for a sync was taken."""

    def __init__(self, requested: Requested) -> None:
        super().__init__()
        self.requested = requested


class OrderTaken(Message, bubble=False):
    """An order for a run was taken; the text says what becomes of it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class OrderRefused(Message, bubble=False):
    """An order was not carried out, and why."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


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
