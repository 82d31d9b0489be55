"""Whether a control room has done all that was asked of it: no key, question, message or frame is on its way.

Quiet for a while says little on a busy machine, and costs that while after every key.
"""

from __future__ import annotations

import asyncio
import os
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from textual._context import active_app
from textual._wait import SLEEP_GRANULARITY
from textual.app import App

from invsync_tui.tui import store_thread
from invsync_tui.tui.app import ControlRoom
from tests.support.fakes.store import FakeStore

AHEAD = 0.15
"""Seconds: what a timer does as soon as this is waited for; what comes later, as the end of a notice, is not."""
LOOK_AGAIN = 0.002
SLOW = 0.5
"""Seconds after which an answer is slow."""


class CountedRequests:
    """The queue of a store thread, which knows whether anything that was asked is not answered yet."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._answering = False
        self._unanswered = 0
        self._away = True

    @property
    def busy(self) -> bool:
        """Whether something was asked and is not answered, or the thread does anything but wait for the next question."""
        return self._away or self._unanswered > 0

    def put(self, request: object) -> None:
        with self._lock:
            self._unanswered += 1
        self._queue.put(request)

    def get(self, timeout: float | None = None) -> object:
        """Who comes for the next one has answered the one before. Raises queue.Empty."""
        if self._answering:
            self._answering = False
            with self._lock:
                self._unanswered -= 1
        self._away = False
        try:
            request = self._queue.get(timeout=timeout)
            self._answering = True
        finally:
            self._away = True
        return request


def count_all_questions() -> Callable[[], None]:
    """Store threads that are made from now on know what they have not answered; what is returned ends that."""
    before = store_thread.StoreThread.__init__

    def made(thread: store_thread.StoreThread, *args: Any, **options: Any) -> None:
        before(thread, *args, **options)
        count_questions(thread)

    def end() -> None:
        store_thread.StoreThread.__init__ = before  # type: ignore[method-assign]

    store_thread.StoreThread.__init__ = made  # type: ignore[method-assign, assignment]
    return end


def count_questions(thread: store_thread.StoreThread) -> None:
    """The same for one that was made before, and was not asked anything."""
    thread._requests = CountedRequests()  # type: ignore[assignment]


async def at_rest(room: App[Any]) -> None:
    """Wait until there is nothing more to wait for. Needs counted questions, where it asks any."""
    while True:
        # Threads first: an answer is posted to the loop before it counts as given.
        wait = LOOK_AGAIN if _is_busy(room) else _until_next(AHEAD)
        if wait is None:
            return
        await asyncio.sleep(wait)


async def wait_for_idle(min_sleep: float = SLEEP_GRANULARITY, max_sleep: float = 1.0) -> None:
    """Instead of Textual's, which takes the time of a processor that the process uses for a sign, and at least 20 ms.

    An answer that is slow to come is not waited for, there and here, nor one that a fake delays.
    """
    room = active_app.get()
    begun = time.monotonic()
    while (gone := time.monotonic() - begun) < max_sleep:
        busy = gone < SLOW and not _delays(room) and _is_busy(room)
        wait = LOOK_AGAIN if busy else _until_next(SLEEP_GRANULARITY)
        if wait is None:
            return
        await asyncio.sleep(wait)


def _until_next(ahead: float) -> float | None:
    """Seconds until the loop goes on by itself; None if it does not, so far ahead. The caller is what runs now."""
    loop: Any = asyncio.get_running_loop()
    if loop._ready:
        return 0.0
    now = loop.time()
    due = min((handle._when - now for handle in loop._scheduled if not handle._cancelled), default=ahead)
    return max(due, 0.0) if due < ahead else None


def _is_busy(room: App[Any]) -> bool:
    """Whether a worker or a store thread has something to do."""
    if any(not worker.is_finished for worker in room.workers):
        return True
    return isinstance(room, ControlRoom) and _being_read(room)


def _delays(room: App[Any]) -> bool:
    store = room.context.connection if isinstance(room, ControlRoom) else None
    return isinstance(store, FakeStore) and store.delay > 0


def _being_read(room: ControlRoom) -> bool:
    """Whether a store thread is busy, or will find that somebody committed."""
    context = room.context
    threads = [thread for thread in (context.store, context._slow_store, context._filter_store) if thread is not None]
    requests: list[Any] = [thread._requests for thread in threads]
    store = context.connection
    # What was committed first: who takes note of it is busy until it is read.
    return (isinstance(store, FakeStore) and store.uncollected) or any(
        isinstance(counted, CountedRequests) and counted.busy for counted in requests
    )


class RestTeller:
    """Writes a mark behind everything else that went to the terminal, when all keys were handled and all is at rest.

    It is asked by lines of two numbers in a named pipe: that of the question, and how many keys were pressed so far.
    """

    def __init__(self, room: ControlRoom, pipe: str) -> None:
        self._room = room
        self._file = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
        self._rest = b""
        self._handled = 0
        self._one_more = asyncio.Event()
        self._answers: set[asyncio.Task[None]] = set()
        asyncio.get_running_loop().add_reader(self._file, self._read)

    def key_over(self) -> None:
        self._handled += 1
        self._one_more.set()

    def _read(self) -> None:
        *lines, self._rest = (self._rest + os.read(self._file, 4096)).split(b"\n")
        for line in lines:
            number, keys = map(int, line.split())
            answer = asyncio.create_task(self._answer(number, keys))
            self._answers.add(answer)
            answer.add_done_callback(self._answers.discard)

    async def _answer(self, number: int, keys: int) -> None:
        while self._handled < keys:
            self._one_more.clear()
            await self._one_more.wait()
        await at_rest(self._room)
        driver = self._room._driver
        if driver is not None:
            driver.write(mark(number))


def mark(number: int) -> str:
    """What says that a question about rest is answered; no terminal shows it."""
    return f"\x1b]7777;{number}\a"
