"""The thread that owns a session of the store. Screens ask it questions and watch things; answers are messages."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from textual.message import Message
from textual.message_pump import MessagePump

from invsync_tui.config import ConfigError
from invsync_tui.tui.messages import AnswerReceived, QuestionFailed
from invsync_tui.tui.store_connection import StoreConnection
from invsync_tui.tui.text.advice import of_keys

if TYPE_CHECKING:
    from invsync_tui.operations.session import Session

STALE_AFTER = 10.0
"""Seconds after which what is watched is read again though nobody committed: a dead worker commits nothing, and ages grow."""
RETRY_AFTER = 5.0
"""Seconds between two attempts to open a store that could not be opened."""

T = TypeVar("T")
Question = Callable[["Session"], T]
"""Calls an operation, or several, with the open session. Runs on the store thread.

It imports the operation itself, so that heavy libraries are imported after the first frame and by this thread.
"""


def always() -> bool:
    """Most questions stay wanted."""
    return True


class StoreRequest(NamedTuple):
    """A question on its way to the store thread."""

    screen: MessagePump
    question: Question[Any]
    deliver: Callable[[Any], None]
    watched: bool = False
    """Asked again after every change of the store, until the screen watches something else."""
    wanted: Callable[[], bool] = always
    """Checked when its turn comes: answers to earlier keystrokes are not wanted by then."""


class StoreThread:
    """Answers questions at once, and what is watched at most once per `interval` seconds and only after a change."""

    def __init__(self, connection: StoreConnection, interval: float) -> None:
        self.connection = connection
        self._interval = interval
        self._requests: queue.SimpleQueue[StoreRequest | None] = queue.SimpleQueue()
        """None ends the thread."""
        self._watched: StoreRequest | None = None
        self._read_at = 0.0
        self.commits = 0
        """How often somebody was seen to have committed; for screens whose questions take long."""
        self._thread = threading.Thread(target=self._serve, name="store", daemon=True)

    def start(self) -> None:
        """Connect and serve; heavy imports happen from here on, in the thread."""
        if not self._thread.is_alive():
            self._thread.start()

    def watch(self, screen: MessagePump, question: Question[T], deliver: Callable[[T], None]) -> None:
        """Ask this now and after every change of the store, until something else is watched."""
        self._requests.put(StoreRequest(screen, question, deliver, watched=True))

    def ask(
        self,
        screen: MessagePump,
        question: Question[T],
        deliver: Callable[[T], None],
        wanted: Callable[[], bool] = always,
    ) -> None:
        """Ask this once, if it is still wanted when its turn comes."""
        self._requests.put(StoreRequest(screen, question, deliver, wanted=wanted))

    def stop(self, timeout: float = 2.0) -> None:
        """Answer what was asked before, close the store, end the thread."""
        self._requests.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _serve(self) -> None:
        try:
            if self._connect():
                self._answer_all()
        finally:
            self.connection.close()

    def _answer_all(self) -> None:
        while (request := self._next()) is not None:
            if request.watched:
                self._watched = request
            if request.wanted():
                request.screen.post_message(self._answer(request))

    def _next(self) -> StoreRequest | None:
        """The next question; between questions, what is watched is asked again when the store changed."""
        while True:
            try:
                return self._requests.get(timeout=self._interval)
            except queue.Empty:
                if self._watched is not None and self._due():
                    return self._watched

    def _due(self) -> bool:
        try:
            changed = self.connection.changed()
        except Exception:
            # The reading that follows meets the same fault and says it in words.
            changed = True
        self.commits += changed
        return changed or time.monotonic() - self._read_at >= STALE_AFTER

    def _answer(self, request: StoreRequest) -> Message:
        try:
            if request.watched:
                self._read_at = time.monotonic()
                self.connection.read_service()
            answer = request.question(self.connection.session)
        except Exception as error:
            return QuestionFailed(in_words(error), watched=request.watched)
        return AnswerReceived(request.deliver, answer, watched=request.watched)

    def _connect(self) -> bool:
        """Open the store, telling the watching screen about each failure; False when asked to stop."""
        while True:
            try:
                self.connection.connect()
            except Exception as error:
                if not self._wait_for_retry(in_words(error)):
                    return False
            else:
                return True

    def _wait_for_retry(self, failure: str) -> bool:
        until = time.monotonic() + RETRY_AFTER
        waiting: list[StoreRequest] = []
        if self._watched is not None:
            _refuse(self._watched, failure)
        while (left := until - time.monotonic()) > 0:
            try:
                request = self._requests.get(timeout=left)
            except queue.Empty:
                break
            if request is None:
                return False
            waiting.append(request)
            _refuse(request, failure)
        self._keep_watched(waiting)
        return True

    def _keep_watched(self, waiting: list[StoreRequest]) -> None:
        """What is watched is asked once the store opens; other questions were refused meanwhile and are dropped."""
        for request in waiting:
            if request.watched:
                self._watched = request
        if self._watched is not None:
            self._requests.put(self._watched)


def _refuse(request: StoreRequest, failure: str) -> None:
    request.screen.post_message(QuestionFailed(failure, watched=request.watched))


def in_words(error: Exception) -> str:
    """A failure for the operator; an unexpected one says that it is one."""
    from invsync_tui.operations.errors import OperationError

    if isinstance(error, OperationError | ConfigError):
        return of_keys(str(error)) or str(error)
    return f"Unexpected {type(error).__name__}: {error}. This is a fault of invsync; please report it."
