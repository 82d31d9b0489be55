"""Answers a monitor over HTTP: `/metrics` for Prometheus, and `/health`.

It has a thread, a loop and a connection to the store of its own: whatever a monitor does, and however long its numbers take,
the loop that executes runs does not wait for it. Everything is bounded: connections, bytes and seconds of a request, and how
often the numbers are read. It changes nothing, and its answers hold no secrets.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

from invsync_tui import clock
from invsync_tui.operations.errors import OperationError
from invsync_tui.operations.service import metrics
from invsync_tui.operations.service.hooks import LOOPBACK, Listening
from invsync_tui.operations.session import Session

log = logging.getLogger("invsync.service")

HEAD_MOST = 8 * 1024
"""Bytes of a request."""
CONNECTIONS_MOST = 16
"""Connections at a time; one more is closed at once."""
REQUEST_MOST = 5.0
"""Seconds from the first byte of a request to the last of its answer, without the time that the numbers take."""
FRESH = 2.0
"""Seconds for which numbers are used again, so that several monitors cost as much as one."""
END_MOST = 5.0
"""Seconds that the end of the service waits for this thread."""
TEXT = "text/plain; version=0.0.4; charset=utf-8"
UP = "invsync_service_up 1"


class MetricsServer:
    """Serves a listening socket in a thread of its own until it is closed."""

    def __init__(self, store: Path, listening: Listening) -> None:
        self._store = store
        self._listening = listening
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._ready = threading.Event()
        self._open: set[asyncio.Task[None]] = set()
        self._session: Session | None = None
        self._text = ""
        self._read_at = 0.0
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="metrics", daemon=True)
        self._thread.start()
        self._ready.wait(END_MOST)

    def close(self) -> None:
        """End; waits a moment for the thread, which ends with the process anyway."""
        if self._loop is not None and self._stopping is not None:
            with contextlib.suppress(RuntimeError):  # its loop has ended already
                self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(END_MOST)

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._take, sock=self._listening.socket, limit=HEAD_MOST)
        self._ready.set()
        await self._stopping.wait()
        server.close()
        for task in tuple(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        self._drop_session()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request and its answer. Nothing that a client does ends anything but its connection."""
        task = asyncio.current_task()
        try:
            if task is None or len(self._open) >= CONNECTIONS_MOST:
                return
            self._open.add(task)
            async with asyncio.timeout(REQUEST_MOST):
                head = await reader.readuntil(b"\r\n\r\n")
            answer = self._answer(head)
            async with asyncio.timeout(REQUEST_MOST):
                writer.write(answer)
                writer.close()
                await writer.wait_closed()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return
        finally:
            if task is not None:
                self._open.discard(task)
            writer.transport.abort()

    def _answer(self, head: bytes) -> bytes:
        """The whole answer to a request with this head."""
        method, _, rest = head.decode("latin-1").partition("\r\n")[0].partition(" ")
        path = rest.partition(" ")[0].partition("?")[0]
        if path not in ("/metrics", "/health"):
            return _response(HTTPStatus.NOT_FOUND, "There are /metrics and /health.\n")
        if method not in ("GET", "HEAD"):
            return _response(HTTPStatus.METHOD_NOT_ALLOWED, "GET or HEAD\n")
        try:
            text = self._numbers()
        except OperationError as error:
            log.warning("metrics: the store could not be read: %s", error, extra={"event": "metrics_failed"})
            return _response(HTTPStatus.SERVICE_UNAVAILABLE, "The store cannot be read; the log says why.\n")
        except Exception:
            log.exception("metrics: a request could not be answered", extra={"event": "metrics_failed"})
            return _response(HTTPStatus.INTERNAL_SERVER_ERROR, "A defect of invsync; the log says more.\n")
        if path == "/metrics":
            return _response(HTTPStatus.OK, text, only_head=method == "HEAD")
        works = UP in text.splitlines()
        status, word = (HTTPStatus.OK, "ok\n") if works else (HTTPStatus.SERVICE_UNAVAILABLE, "no service works\n")
        return _response(status, word, only_head=method == "HEAD")

    def _numbers(self) -> str:
        """The text of `invsync metrics`, at most `FRESH` seconds old. OperationError where the store cannot be read."""
        if not self._text or clock.elapsed() - self._read_at >= FRESH:
            self._text = ""
            try:
                if self._session is None:
                    self._session = Session.open(self._store, read_only=True)
                self._text = "".join(f"{line}\n" for line in metrics.exposition(metrics.samples(self._session)))
            except Exception:
                self._drop_session()
                raise
            self._read_at = clock.elapsed()
        return self._text

    def _drop_session(self) -> None:
        if self._session is not None:
            self._session.close()
        self._session = None


def _response(status: HTTPStatus, text: str, *, only_head: bool = False) -> bytes:
    body = text.encode("utf-8")
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {TEXT}\r\nContent-Length: {len(body)}\r\n"
        "Cache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    return head.encode("ascii") + (b"" if only_head else body)


@contextlib.contextmanager
def serving(store: Path, listening: Listening | None) -> Iterator[None]:
    """Answer a monitor within the block; nothing where nobody listens."""
    if listening is None:
        yield
        return
    server = MetricsServer(store, listening)
    log.info("metrics on http://%s/metrics", listening.place, extra={"event": "metrics"})
    if not listening.place.is_loopback:
        log.warning(
            "metrics: %s is reached from other machines without TLS or a login; listen on %s behind a proxy",
            listening.place, LOOPBACK, extra={"event": "metrics_open"},
        )  # fmt: skip
    try:
        yield
    finally:
        server.close()
