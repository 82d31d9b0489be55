"""HTTP/1.1 with keep-alive over asyncio streams: requests in, replies out, and ways to break off on purpose.

Not here: what is answered (`service`, `wms`, `cart`). A request that was read completely is handled to its end even
if the client has gone meanwhile: handlers are never cancelled by a disconnect.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

HEAD_MOST = 64 * 1024
"""Bytes of a request's head."""
BODY_MOST = 32 * 1024 * 1024


class Ending(Enum):
    """How a reply leaves the server."""

    WHOLE = "whole"
    CUT = "cut"
    """The full length is promised, half is sent, the connection is closed."""
    NONE = "none"
    """Nothing is sent, the connection is closed."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request; header names in lower case, the last value of a repeated query key wins."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON; ValueError where it is none."""
        return json.loads(self.body or b"{}")


@dataclass(slots=True)
class Reply:
    """An HTTP answer of the sandbox, and how its connection ends."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    ending: Ending = Ending.WHOLE

    def encode(self) -> bytes:
        """The bytes on the wire, half of the body for Ending.CUT."""
        fields = {"content-type": "application/json", "content-length": str(len(self.body)), **self.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        head = f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}\r\n{lines}\r\n"
        body = self.body[: len(self.body) // 2] if self.ending is Ending.CUT else self.body
        return head.encode("latin-1") + body


Handler = Callable[[Request], Awaitable[Reply]]


def encoded(value: object) -> bytes:
    """Compact JSON in UTF-8."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def ok(value: object) -> Reply:
    """An answer with status 200 and this value as JSON."""
    return Reply(200, encoded(value))


def refusal(status: int, text: str, **more: object) -> Reply:
    """An error answer with a sentence."""
    return Reply(status, encoded({"error": text, **more}))


def _head(raw: bytes) -> tuple[str, str, dict[str, str]]:
    first, *rest = raw.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    pairs = (line.partition(":") for line in rest if line)
    return method, target, {name.strip().lower(): value.strip() for name, _, value in pairs}


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """The next request; None when the client has closed. ValueError for what is no HTTP."""
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
        method, target, headers = _head(raw)
        length = int(headers.get("content-length", "0"))
        if not 0 <= length <= BODY_MOST:
            raise ValueError(f"a body of {length} bytes")
        body = await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    url = urlsplit(target)
    query = dict(parse_qsl(url.query, keep_blank_values=True))
    return Request(method, unquote(url.path), query, headers, body)


async def _answered(handler: Handler, request: Request) -> Reply:
    try:
        return await handler(request)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        return refusal(400, f"The request cannot be read: {type(error).__name__} {error}")


async def _converse(handler: Handler, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve one connection until the client closes it or a reply breaks it off."""
    while (request := await read_request(reader)) is not None:
        reply = await _answered(handler, request)
        if reply.ending is not Ending.NONE:
            writer.write(reply.encode())
            await writer.drain()
        if reply.ending is not Ending.WHOLE or request.headers.get("connection", "").lower() == "close":
            return


async def listen(handler: Handler, port: int) -> tuple[asyncio.Server, int]:
    """Listen on 127.0.0.1; returns the server and the port that was given for 0."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _converse(handler, reader, writer)
        except (ConnectionError, ValueError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass  # the client has gone, talks no HTTP, or the server is ending: nobody is left to tell
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port, limit=HEAD_MOST)
    return server, int(server.sockets[0].getsockname()[1])
