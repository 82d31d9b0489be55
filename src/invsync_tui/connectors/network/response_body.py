"""Reads the body of an answer within bounds: bytes on the way, bytes unpacked, and what JSON makes of them."""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

from invsync_tui.connectors.errors import ContractError

BODY_MOST = 16 * 1024 * 1024
"""Bytes of an answer, packed as well as unpacked. A page of a thousand records has a fiftieth of it."""
DEPTH_MOST = 64
"""Lists and records inside each other."""
VALUES_MOST = 1_000_000
"""Values in one JSON answer, at some 60 bytes of memory each."""
ACCEPTED = "gzip, deflate"
PIECE = 256 * 1024
"""Bytes unpacked at a time; others get their turn in between."""


async def read(chunks: AsyncIterator[bytes], headers: Mapping[str, str], where: str) -> bytes:
    """The body, unpacked; ContractError where it is too long, or packed in a way that was not asked for."""
    announced = headers.get("content-length", "")
    if announced.isdecimal() and (len(announced) > 12 or int(announced) > BODY_MOST):
        raise ContractError(f"The answer has {announced[:20]} bytes, more than {BODY_MOST}.", where=where)
    coding = headers.get("content-encoding", "").strip().lower()
    if coding in ("", "identity"):
        return await _plain(chunks, where)
    if coding not in ("gzip", "x-gzip", "deflate"):
        raise ContractError(f"The answer is packed as {coding[:40]!r}, which was not asked for.", where=where)
    try:
        return await _unpacked(chunks, coding, where)
    except zlib.error as error:
        raise ContractError(f"The answer cannot be unpacked: {error}.", where=where) from error


async def _plain(chunks: AsyncIterator[bytes], where: str) -> bytes:
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        _check(len(body), where)
    return bytes(body)


def _check(size: int, where: str) -> None:
    if size > BODY_MOST:
        raise ContractError(f"The answer has more than {BODY_MOST} bytes.", where=where)


async def _unpacked(chunks: AsyncIterator[bytes], coding: str, where: str) -> bytes:
    body, came = bytearray(), 0
    unpacker = _Unpacker(coding)
    async for chunk in chunks:
        came += len(chunk)
        _check(came, where)
        unpacker.feed(chunk)
        while piece := unpacker.piece():
            body += piece
            _check(len(body), where)
            await asyncio.sleep(0)
    if not unpacker.ended:
        raise ContractError("The answer ends in the middle of what was packed.", where=where)
    return bytes(body)


class _Unpacker:
    """Unpacks piece by piece, so that no input makes more than PIECE bytes at once."""

    def __init__(self, coding: str) -> None:
        self._deflate = coding == "deflate"
        self._inner = self._new()
        self._rest = b""
        self._fresh = True

    def _new(self) -> Any:
        # 47: gzip or zlib, whichever it is; "deflate" is in practice either zlib or raw.
        return zlib.decompressobj(47)

    @property
    def ended(self) -> bool:
        """Whether what was packed came to its end."""
        return self._inner.eof or self._fresh

    def feed(self, data: bytes) -> None:
        """Take in more compressed bytes."""
        self._rest += data

    def piece(self) -> bytes:
        """The next piece; b'' where more input is needed."""
        while self._rest or self._inner.unconsumed_tail:
            if self._inner.eof:
                self._rest = self._rest.lstrip(b"\0")  # padding after the end
                if not self._rest:
                    return b""
                self._inner = self._new()
            piece: bytes = self._step()
            if piece:
                return piece
            if not self._rest:
                return b""
        return b""

    def _step(self) -> bytes:
        data, self._rest = self._rest, b""
        try:
            piece: bytes = self._inner.decompress(data, PIECE)
        except zlib.error:
            if not (self._fresh and self._deflate):
                raise
            self._inner = zlib.decompressobj(-zlib.MAX_WBITS)
            piece = self._inner.decompress(data, PIECE)
        self._fresh = False
        self._rest = self._inner.unused_data if self._inner.eof else self._inner.unconsumed_tail
        return piece


_NO_BRACKETS = bytes(c for c in range(256) if c not in b"[]{}")
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)


def too_much(body: bytes) -> str:
    """What a JSON text has too much of to be read, in words; '' for nothing. Costs a few passes over the bytes."""
    if body.count(b",") + body.count(b"[") + body.count(b"{") > VALUES_MOST:
        return f"more than {VALUES_MOST} values"
    if _is_deep(body) and _is_deep(_TEXT.sub(b"", body)):  # brackets in texts do not count
        return f"more than {DEPTH_MOST} levels"
    return ""


def _is_deep(body: bytes) -> bool:
    """Whether pairs of brackets are left when the innermost were taken away DEPTH_MOST times."""
    left = body.translate(None, _NO_BRACKETS)
    for _ in range(DEPTH_MOST):
        if len(left) <= DEPTH_MOST:
            return False
        left = left.replace(b"[]", b"").replace(b"{}", b"")
    return len(left) > DEPTH_MOST and not left[: DEPTH_MOST + 1].translate(None, b"[{")
