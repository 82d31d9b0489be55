"""A proxy on loopback between a connector and its server that counts requests and lets things go wrong on the way.

It forwards one request per connection and speaks HTTP/1.1 without pipelining, which is all that the connectors do.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Protocol
from urllib.parse import urlsplit


class Fault(StrEnum):
    """What happens to a request. All but the last six happen instead of the work."""

    UNAVAILABLE = "a 503"
    HTML = "an HTML page instead of JSON"
    LONG_ERROR = "an error page of 70 kB"
    THROTTLED = "a 429 with Retry-After"
    BUSY = "a 429 of a web server in front, which is a page and names no time"
    HOUR = "a 429 that asks for an hour"
    TOO_LARGE = "a 413"
    LONG_WAIT = "a 429 that asks to wait for an hour"
    NOTHING = "an answer without content"
    EMPTY_OBJECT = "an answer that is an empty object"
    NO_ANSWER = "an answer that does not come"
    UNAUTHORIZED = "a 401"
    FORBIDDEN = "a 403"
    ECHO = "an error page that repeats the request"
    REDIRECT = "a redirect to another host"
    CONTROLS = "an error text with control characters"
    CLOSED = "a closed connection"
    NO_QUERY = "parameters in the address that are ignored"
    SUNSET = "an answer that says when the interface ends"
    CUT_HEADERS = "an answer that is cut in its headers"
    CUT_BODY = "an answer that is cut in its body"
    LOST = "work that is done and an answer that is lost"
    SLOW = "work that is done and an answer that comes too late"


OF_HTTP = frozenset({
    Fault.BUSY, Fault.LONG_WAIT, Fault.TOO_LARGE, Fault.NOTHING, Fault.EMPTY_OBJECT, Fault.NO_ANSWER,
    Fault.NO_QUERY, Fault.SUNSET, Fault.SLOW,
})  # fmt: skip
"""Faults that only HTTP has a word for."""


class Between(Protocol):
    """What counts requests and lets things go wrong between a connector and its server: `Proxy` for one that speaks HTTP.

    A server that is spoken to in another way has one of its own, see `servers`.
    """

    url: str
    """Leads to the server, from `start` on."""
    nobody: str
    """An address of the same kind at which nobody answers."""
    fault: Fault | None
    times: int | None
    requests: list[tuple[str, str]]
    elsewhere: list[bytes]

    @property
    def faults(self) -> frozenset[Fault]:
        """Those that it can make. Checks that need another one are skipped."""
        ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def clear(self) -> None: ...

    def let(
        self, fault: Fault, *, times: int | None = None, wanted: Callable[[str, str], bool] | None = None
    ) -> None: ...


@dataclass(slots=True)
class Proxy:
    """Between `start` and `stop`. `wanted` says which requests (method, path) meet the fault, `times` how many of them."""

    faults: ClassVar[frozenset[Fault]] = frozenset(Fault)
    target: str
    fault: Fault | None = None
    times: int | None = None
    wanted: Callable[[str, str], bool] = lambda method, path: True
    requests: list[tuple[str, str]] = field(default_factory=list)
    """(method, path with query) of all that came."""
    request: bytes = b""
    """The one in hand, as it came: `wanted` may look into it."""
    late: float = 0.0
    """Seconds after which the answer comes that is SLOW: more than the connection's deadline."""
    elsewhere: list[bytes] = field(default_factory=list)
    """What came to the other host that a redirect names: it has to stay empty."""
    url: str = ""
    nobody: str = "http://127.0.0.1:9"
    other: str = ""
    _waiting: asyncio.Event = field(default_factory=asyncio.Event)
    """Set to let go of requests that get no answer."""
    _servers: list[asyncio.Server] = field(default_factory=list)
    _open: dict[asyncio.Task[None], asyncio.StreamWriter] = field(default_factory=dict)
    """What is being answered, with the connection that it is answered on."""

    async def start(self) -> None:
        """Listen on two free ports of this machine."""
        for handle in (self._serve, self._other_host):
            self._servers.append(await asyncio.start_server(handle, "127.0.0.1", 0))
        own, other = (server.sockets[0].getsockname()[1] for server in self._servers)
        self.url, self.other = f"http://127.0.0.1:{own}", f"http://127.0.0.1:{other}"

    async def stop(self) -> None:
        """Close the listening socket and all connections."""
        self._waiting.set()
        for server in self._servers:
            server.close()
        for writer in self._open.values():
            writer.close()
        await asyncio.gather(*self._open, return_exceptions=True)

    def clear(self) -> None:
        """No fault from now on, and no request counted yet."""
        self.fault, self.times, self.wanted = None, None, lambda method, path: True
        self.requests.clear()
        self._waiting.set()
        self._waiting = asyncio.Event()

    def let(self, fault: Fault, *, times: int | None = None, wanted: Callable[[str, str], bool] | None = None) -> None:
        """Let something go wrong with the next requests, all of them for None."""
        self.clear()
        self.fault, self.times = fault, times
        if wanted is not None:
            self.wanted = wanted

    async def _other_host(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.elsewhere.append(await reader.read(65536))
        writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._open[task] = writer
            task.add_done_callback(self._open.pop)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while (request := await _message(reader)) is not None:
                if not await self._answered(request, writer):
                    break
        writer.close()

    async def _answered(self, request: bytes, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; False ends the connection."""
        method, path, *_ = request.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        self.requests.append((method, path))
        self.request = request
        fault = self._meets(method, path)
        if fault is None:
            writer.write(await self._forwarded(request))
        elif fault in _INSTEAD:
            writer.write(_INSTEAD[fault](request, self.other))
        elif fault is Fault.NO_ANSWER:
            await self._waiting.wait()
        elif fault is Fault.NO_QUERY:
            writer.write(await self._forwarded(re.sub(rb"^(\S+ [^ ?]*)\?\S*", rb"\1", request)))
        elif fault is Fault.SUNSET:
            writer.write((await self._forwarded(request)).replace(b"\r\n", _END_OF_INTERFACE, 1))
        elif fault is not Fault.CLOSED:
            answer = await self._forwarded(request)
            if fault is Fault.SLOW:
                await asyncio.sleep(self.late)
                writer.write(answer)
            elif fault is not Fault.LOST:
                writer.write(answer[: 20 if fault is Fault.CUT_HEADERS else -max(1, len(answer) // 4)])
        await writer.drain()
        return fault in (None, Fault.NO_QUERY, Fault.SUNSET) or fault in _INSTEAD

    def _meets(self, method: str, path: str) -> Fault | None:
        if self.fault is None or self.times == 0 or not self.wanted(method, path):
            return None
        if self.times is not None:
            self.times -= 1
        return self.fault

    async def _forwarded(self, request: bytes) -> bytes:
        parts = urlsplit(self.target)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            writer.write(
                re.sub(rb"(?i)\r\nconnection:[^\r]*", b"", request).replace(b"\r\n", b"\r\nconnection: close\r\n", 1)
            )
            await writer.drain()
            answer = await _message(reader)
        finally:
            writer.close()
        if answer is None:
            raise ConnectionResetError
        return answer


async def _message(reader: asyncio.StreamReader) -> bytes | None:
    """A request or an answer, whole; None at the end of the stream."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    if length := re.search(rb"(?i)\r\ncontent-length: *(\d+)", head):
        return head + await reader.readexactly(int(length[1]))
    if re.search(rb"(?i)\r\ntransfer-encoding: *chunked", head):
        body = b""
        while not body.endswith(b"0\r\n\r\n"):
            body += await reader.readuntil(b"\r\n")
        return head + body
    return head if head.split(b" ", 1)[0] in _METHODS else head + await reader.read()


SUNSET = 4_070_908_800
"""When the interface ends by Fault.SUNSET: 2099-01-01 00:00 UTC."""
_END_OF_INTERFACE = b"\r\ndeprecation: true\r\nsunset: Thu, 01 Jan 2099 00:00:00 GMT\r\n"
_METHODS = frozenset({b"GET", b"POST", b"PUT", b"PATCH", b"DELETE", b"HEAD", b"OPTIONS"})


def _reply(status: str, body: bytes, *headers: str, kind: str = "application/json") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"content-type: {kind}", f"content-length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


CONTROL_TEXT = "\x1b[2J\x1b]52;c;aGk=\x07 broken"
_INSTEAD: dict[Fault, Callable[[bytes, str], bytes]] = {
    Fault.UNAVAILABLE: lambda request, other: _reply("503 Service Unavailable", b'{"error": "try later"}'),
    Fault.HTML: lambda request, other: _reply("200 OK", b"<html><body>Maintenance</body></html>", kind="text/html"),
    Fault.LONG_ERROR: lambda request, other: _reply(
        "500 Internal Server Error", b'{"error": "' + b"x" * 70_000 + b'"}'
    ),
    Fault.THROTTLED: lambda request, other: _reply("429 Too Many Requests", b"{}", "retry-after: 0"),
    Fault.BUSY: lambda request, other: _reply(
        "429 Too Many Requests", b"<html><body><h1>429 Too Many Requests</h1></body></html>", kind="text/html"
    ),
    Fault.HOUR: lambda request, other: _reply("429 Too Many Requests", b"{}", "retry-after: 3600"),
    Fault.TOO_LARGE: lambda request, other: _reply(
        "413 Payload Too Large", b"<html><body><h1>413 Request Entity Too Large</h1></body></html>", kind="text/html"
    ),
    Fault.LONG_WAIT: lambda request, other: _reply("429 Too Many Requests", b"{}", "retry-after: 3600"),
    Fault.NOTHING: lambda request, other: _reply("200 OK", b""),
    Fault.EMPTY_OBJECT: lambda request, other: _reply("200 OK", b"{}"),
    Fault.UNAUTHORIZED: lambda request, other: _reply("401 Unauthorized", b'{"error": "login"}'),
    Fault.FORBIDDEN: lambda request, other: _reply("403 Forbidden", b'{"error": "not allowed"}'),
    Fault.ECHO: lambda request, other: _reply("500 Internal Server Error", request, kind="text/plain"),
    Fault.REDIRECT: lambda request, other: _reply("302 Found", b"", f"location: {other}/elsewhere"),
    Fault.CONTROLS: lambda request, other: _reply(
        "500 Internal Server Error", CONTROL_TEXT.encode(), kind="text/plain; charset=utf-8"
    ),
}
