"""A proxy in front of a real WMS that spoils its answers: what the server itself never says, and a broken one might."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
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
