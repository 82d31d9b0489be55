"""A proxy in front of a real WMS that spoils its answers: what the server itself never says, and a broken one might."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import threading
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from invsync_tui.kit.proxy import Proxy

Rows = list[dict[str, Any]]
_FRAMING = re.compile(rb"(?i)\r\n(content-length|content-encoding|transfer-encoding):[^\r]*")


@dataclass(slots=True)
class SpoilingProxy(Proxy):
    """`spoil` gets each request and the records of its answer (JSON, bare or as `result`), and gives those that come instead."""

    spoil: Callable[[bytes, Rows], Rows] | None = None

    async def _forwarded(self, request: bytes) -> bytes:
        answer = await Proxy._forwarded(self, request)
        if self.spoil is None:
            return answer
        head, _, body = answer.partition(b"\r\n\r\n")
        try:
            document = json.loads(_plain(head, body))
        except ValueError:
            return answer
        rows = document.get("result") if isinstance(document, dict) else document
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            return answer
        spoiled = self.spoil(request, rows)
        body = json.dumps({**document, "result": spoiled} if isinstance(document, dict) else spoiled).encode()
        return _FRAMING.sub(b"", head) + b"\r\ncontent-length: %d\r\n\r\n" % len(body) + body


def _plain(head: bytes, body: bytes) -> bytes:
    """A body without its chunks and unpacked."""
    fields = {match[0].strip().lower().replace(b" ", b"") for match in _FRAMING.finditer(head)}
    if b"transfer-encoding:chunked" in fields:
        whole, rest = b"", body
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            length = int(size, 16)
            whole, rest = whole + rest[:length], rest[length + 2 :] if length else b""
        body = whole
    return gzip.decompress(body) if b"content-encoding:gzip" in fields else body


class SpoilingThread:
    """A spoiling proxy with a loop of its own, for checks that each have another one."""

    def __init__(self, target: str) -> None:
        self.proxy = SpoilingProxy(target)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._run(self.proxy.start())

    @property
    def url(self) -> str:
        return self.proxy.url

    def set_value(self, applies: Callable[[bytes], bool], ref: str, fields: Sequence[str], value: object) -> None:
        """Let fields of one record have a value, in the answers to some requests that have the first of these fields."""

        def spoil(request: bytes, rows: Rows) -> Rows:
            if not applies(request):
                return rows
            odd = dict.fromkeys(fields, value)
            return [{**row, **odd} if str(row.get("id")) == ref and fields[0] in row else row for row in rows]

        self.proxy.spoil = spoil

    def clear(self) -> None:
        """Answers come as they are."""
        self.proxy.spoil = None

    def close(self) -> None:
        """End it."""
        self._run(self.proxy.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)
