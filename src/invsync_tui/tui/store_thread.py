"""The one thread that talks to the gateway. Screens say what they watch and order; facts come back as messages."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from textual.message import Message
from textual.message_pump import MessagePump

from invsync_tui.tui.gateway import Gateway, GatewayError
from invsync_tui.tui.messages import OrderRefused, ReadingFailed

STALE_AFTER = 10.0
"""Seconds after which a screen is read again though nobody committed: a dead worker commits nothing, and ages grow."""
RETRY_AFTER = 5.0
"""Seconds between two attempts to open a store that could not be opened."""

Question = Callable[[Gateway], Message]
"""Runs on the reader thread; its answer is posted to the screen that asked."""


def always() -> bool:
    """Most things stay wanted."""
    return True


@dataclass(frozen=True, slots=True)
class StoreRequest:
    """A question or an order on its way to the reader thread. None as `question` stops it."""

    audience: MessagePump | None
    question: Question | None
    once: bool
    wanted: Callable[[], bool] = always
    """Asked again when its turn comes: who types on no longer wants the answers to earlier keystrokes."""


class StoreThread:
    """Answers orders at once, and what is being watched at most once per interval and only after a change."""

    def __init__(self, gateway: Gateway, interval: float) -> None:
        self.gateway = gateway
        self._interval = interval
        self._asked: queue.SimpleQueue[StoreRequest] = queue.SimpleQueue()
        self._watched: StoreRequest | None = None
        self._read_at = 0.0
        self.commits = 0
        """How often somebody was seen to have committed; for screens whose answers are dear."""
        self._thread = threading.Thread(target=self._serve, name="store-reader", daemon=True)

    def start(self) -> None:
        """Connect and serve; heavy imports happen from here on, in the thread."""
        if not self._thread.is_alive():
            self._thread.start()

    def watch(self, audience: MessagePump, question: Question) -> None:
        """Read this now and after every change, until something else is watched."""
        self._asked.put(StoreRequest(audience, question, once=False))

    def order(self, audience: MessagePump, question: Question, wanted: Callable[[], bool] = always) -> None:
        """Do this once, if it is still wanted by then, and tell what came of it."""
        self._asked.put(StoreRequest(audience, question, once=True, wanted=wanted))

    def stop(self, timeout: float = 2.0) -> None:
        """Finish what is being asked, close the store, end the thread."""
        self._asked.put(StoreRequest(None, None, once=True))
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _serve(self) -> None:
        try:
            if self._connect():
                self._answer_all()
        finally:
            self.gateway.close()

    def _answer_all(self) -> None:
        while (asked := self._next()) is not None:
            if asked.question is None:
                return
            if not asked.once:
                self._watched = asked
            self._answer(asked)

    def _next(self) -> StoreRequest | None:
        """The next thing asked; between questions, what is watched is read again when it changed."""
        while True:
            try:
                return self._asked.get(timeout=self._interval)
            except queue.Empty:
                if self._watched is not None and self._due():
                    return self._watched

    def _due(self) -> bool:
        try:
            changed = self.gateway.changed()
        except Exception:
            # The reading that follows meets the same fault and says it in words.
            changed = True
        self.commits += changed
        return changed or time.monotonic() - self._read_at >= STALE_AFTER

    def _answer(self, asked: StoreRequest) -> None:
        if asked.question is None or asked.audience is None or not asked.wanted():
            return
        if not asked.once:
            self._read_at = time.monotonic()
        asked.audience.post_message(self._told(asked.question, OrderRefused if asked.once else ReadingFailed))

    def _told(self, question: Question, failed: type[OrderRefused] | type[ReadingFailed]) -> Message:
        try:
            return question(self.gateway)
        except Exception as error:
            return failed(in_words(error))

    def _connect(self) -> bool:
        """Open the store, telling the watching screen about each failure; False when asked to stop."""
        while True:
            try:
                self.gateway.connect()
            except Exception as error:
                if not self._wait_for_retry(in_words(error)):
                    return False
            else:
                return True

    def _wait_for_retry(self, failure: str) -> bool:
        until = time.monotonic() + RETRY_AFTER
        waiting: list[StoreRequest] = []
        self._tell(self._watched, failure)
        while (left := until - time.monotonic()) > 0:
            try:
                asked = self._asked.get(timeout=left)
            except queue.Empty:
                break
            if asked.question is None:
                return False
            waiting.append(asked)
            self._tell(asked, failure)
        self._keep(waiting)
        return True

    def _keep(self, waiting: list[StoreRequest]) -> None:
        """What is watched is read once the store opens; orders given meanwhile were refused and are forgotten."""
        for asked in [self._watched, *waiting]:
            if asked is not None and not asked.once:
                self._watched = asked
        if self._watched is not None:
            self._asked.put(self._watched)

    @staticmethod
    def _tell(asked: StoreRequest | None, failure: str) -> None:
        if asked is not None and asked.audience is not None:
            asked.audience.post_message(OrderRefused(failure) if asked.once else ReadingFailed(failure))


def in_words(error: Exception) -> str:
    """A failure for the operator; an unexpected one says that it is one."""
    from invsync_tui.operations.errors import OperationError

    if isinstance(error, GatewayError | OperationError):
        return str(error)
    return f"Unexpected {type(error).__name__}: {error}. This is a fault of invsync; please report it."
