"""A small HTTP server for webhooks on the worker's own loop: POST only, one request for each connection.

Everything is bounded: connections at a time and by the second, the size of heads and bodies, and the time of a request. What
is beyond waits in the kernel, so that a flood costs this process no more than the bounds. A request to a path that nobody
has is answered before its body is read. TLS is the business of a proxy in front of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

import h11

from invsync_tui import clock

log = logging.getLogger("invsync.hooks")

HEAD_MOST = 16 * 1024
"""Bytes of a request line with its headers."""
BODY_MOST = 1024 * 1024
"""Bytes of a body."""
CONNECTIONS_MOST = 32
"""Connections at a time."""
PER_SECOND, BURST = 100.0, 200.0
"""Connections that are taken by the second, and at once after a pause."""
REQUEST_MOST = 10.0
"""Seconds from the first byte to the last of a request, whatever arrives in between."""
ANSWER_MOST = 4.0
"""Seconds until it is answered: Shopify waits for 5."""
LINGER_MOST, LINGER_BYTES = 1.0, 256 * 1024
"""Seconds and bytes that are read of a client that is still sending when it is answered, so that it gets the answer."""
PIECE = 16 * 1024
"""Bytes that are read at once."""
BACKLOG = 128
"""Connections that wait in the kernel."""
ACCEPT_AGAIN = 1.0
"""Seconds until connections are taken again where the system has no room for one more."""

DEFECT_EVERY = 60.0
"""Seconds between two lines in the log about a defect of this program."""


class Endpoint(Protocol):
    """Who takes what came to one path."""

    async def receive(self, headers: Mapping[str, str], body: bytes) -> HTTPStatus:
        """Take a request; what is answered. Names of headers are in lower case."""
        ...


class Endpoints(Protocol):
    """The paths that there are."""

    def at(self, path: str) -> Endpoint | None:
        """Who takes what comes to a path; None for a path that there is not."""
        ...


class _RefusedError(Exception):
    """A request that is answered with an error before its body is read."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


@dataclass(slots=True)
class _Pace:
    """A bucket of connections that may be taken."""

    left: float = BURST
    at: float = 0.0

    def wait(self) -> float:
        """Take one; seconds to wait before that."""
        now = clock.elapsed()
        self.left = min(BURST, self.left + (now - self.at) * PER_SECOND) - 1.0
        self.at = now
        return max(0.0, -self.left / PER_SECOND)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; OSError where it cannot. Port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(BACKLOG)
        listening.setblocking(False)
    except BaseException:
        listening.close()
        raise
    return listening


class HookServer:
    """Serves a listening socket until it is closed."""

    def __init__(self, listening: socket.socket, endpoints: Endpoints) -> None:
        self._listening = listening
        self._endpoints = endpoints
        self._open: set[asyncio.Task[None]] = set()
        self._next_defect = 0.0
        self._room = asyncio.Semaphore(CONNECTIONS_MOST)
        self._accepting = asyncio.create_task(self._accept(), name="webhooks")

    async def close(self) -> None:
        """Take no more, and give those that are open a moment to be answered."""
        self._accepting.cancel()
        await asyncio.gather(self._accepting, return_exceptions=True)
        self._listening.close()
        if self._open:
            await asyncio.wait(self._open, timeout=LINGER_MOST)
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _accept(self) -> None:
        loop, pace = asyncio.get_running_loop(), _Pace(at=clock.elapsed())
        while True:
            await self._room.acquire()
            if seconds := pace.wait():
                await asyncio.sleep(seconds)
            try:
                client, _ = await loop.sock_accept(self._listening)
            except OSError as error:  # no more file descriptors, or a client that has gone already
                self._room.release()
                log.debug("a connection could not be taken: %s", error.strerror)
                await asyncio.sleep(ACCEPT_AGAIN)
                continue
            except BaseException:
                self._room.release()
                raise
            task = asyncio.create_task(self._serve(client), name="webhook")
            self._open.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._open.discard(task)
        self._room.release()

    async def _serve(self, client: socket.socket) -> None:
        """One request and its answer. Nothing that a client does ends anything but its connection."""
        try:
            with client:
                client.setblocking(False)
                await self._answer(client, h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_MOST))
        except (OSError, TimeoutError, h11.ProtocolError):
            return
        except Exception:
            if clock.elapsed() >= self._next_defect:
                self._next_defect = clock.elapsed() + DEFECT_EVERY
                log.exception("a webhook could not be answered")

    async def _answer(self, client: socket.socket, connection: h11.Connection) -> None:
        try:
            async with asyncio.timeout(REQUEST_MOST):
                endpoint, headers = await self._head(client, connection)
                body = await _body(client, connection)
            async with asyncio.timeout(ANSWER_MOST):
                status = await endpoint.receive(headers, body)
        except _RefusedError as refused:
            status = refused.status
        except TimeoutError:
            late = connection.their_state is h11.DONE
            status = HTTPStatus.SERVICE_UNAVAILABLE if late else HTTPStatus.REQUEST_TIMEOUT
        except h11.RemoteProtocolError as error:
            status = HTTPStatus(error.error_status_hint)
        if connection.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            async with asyncio.timeout(LINGER_MOST):
                await _send(client, connection, status)

    async def _head(self, client: socket.socket, connection: h11.Connection) -> tuple[Endpoint, Mapping[str, str]]:
        event = await _next(client, connection)
        if not isinstance(event, h11.Request):
            raise ConnectionError("it was closed before a request came")
        endpoint = self._endpoints.at(event.target.decode("ascii", "replace").partition("?")[0])
        if endpoint is None:
            raise _RefusedError(HTTPStatus.NOT_FOUND)
        if event.method != b"POST":
            raise _RefusedError(HTTPStatus.METHOD_NOT_ALLOWED)
        headers = {name.decode("ascii"): value.decode("latin-1") for name, value in event.headers}
        # h11 has refused one that is no number.
        if int(headers.get("content-length", "0")) > BODY_MOST:
            raise _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return endpoint, headers


async def _body(client: socket.socket, connection: h11.Connection) -> bytes:
    if connection.they_are_waiting_for_100_continue:
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(client, connection.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
    body = bytearray()
    while True:
        event = await _next(client, connection)
        if isinstance(event, h11.EndOfMessage):
            return bytes(body)
        if not isinstance(event, h11.Data):
            raise ConnectionError("it was closed in the middle of a request")
        body += event.data
        if len(body) > BODY_MOST:
            raise _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


async def _next(client: socket.socket, connection: h11.Connection) -> h11.Event | type[h11.PAUSED]:
    while (event := connection.next_event()) is h11.NEED_DATA:
        connection.receive_data(await asyncio.get_running_loop().sock_recv(client, PIECE))
    return event  # type: ignore[return-value] # NEED_DATA is not among them any more


async def _send(client: socket.socket, connection: h11.Connection, status: HTTPStatus) -> None:
    text = f"{status.phrase}\n".encode()
    headers = [("content-type", "text/plain"), ("content-length", str(len(text))), ("connection", "close")]
    if status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
        headers.append(("retry-after", "30"))
    events = h11.Response(status_code=status, headers=headers), h11.Data(data=text), h11.EndOfMessage()
    answer = b"".join(connection.send(event) or b"" for event in events)
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(client, answer)
    with contextlib.suppress(OSError):
        client.shutdown(socket.SHUT_WR)
    left = LINGER_BYTES
    while left > 0 and (piece := await loop.sock_recv(client, PIECE)):
        left -= len(piece)
