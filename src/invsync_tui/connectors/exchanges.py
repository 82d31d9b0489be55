"""What was sent and answered, told to whoever listens, with nothing in it that opens a door.

Headers are never told: logins and tokens travel in them. Of an address, a body and an answer, known secrets and the
values of fields with a telling name are blacked out before anybody sees them.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple, Protocol
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

BODY_MOST = 64 * 1024
"""Bytes of a body that are told."""
HTTP_FAILED = 400
BLACK = "[redacted]"
VENDOR_ID_HEADERS = (
    "x-request-id",
    "x-shopify-request-id",
    "x-amzn-requestid",
    "x-correlation-id",
    "cf-ray",
    "x-trace-id",
)
"""Where the other side names the request, the most specific first."""

_TELLING = r"pass(?:word|wd|phrase)?|secret|token|authori[sz]ation|api[_-]?key|access[_-]?key|session(?:[_-]?id)?|credential\w*"
_FIELD = re.compile(
    # A name, quoted or not (with backslashes where JSON is inside JSON), then its value: quoted up to the same quotes, or a word.
    rf"""((\\*["'])?[\w.-]*(?:{_TELLING})[\w.-]*(?:\\*["'])?\s*[:=]\s*)"""
    r"""(?:(\\*["'])(?:(?!(?<!\\)\3).)*(?:(?<!\\)\3|$)|[^\s&,;"'(){}\[\]\\]+)""",
    re.IGNORECASE | re.DOTALL,
)
_LOGIN = re.compile(r"://[^/\s@\"']+@")
"""The login in an address."""
_NAME = re.compile(_TELLING, re.IGNORECASE)
_SHORTEST = 4
"""A secret shorter than this would black out half the text without hiding anything."""


class Exchange(NamedTuple):
    """One request and its answer, redacted. `at_ms` epoch milliseconds; status None where none came."""

    batch_id: str
    at_ms: int
    took_ms: int
    method: str
    url: str
    status: int | None
    vendor_id: str
    request: bytes
    answer: bytes
    error: str


class Listener(Protocol):
    """Who keeps exchanges."""

    def wants(self, *, writes: bool, failed: bool) -> int:
        """Bytes of body that are kept of such an exchange; 0 to leave it out, which costs nothing."""
        ...

    def tell(self, exchange: Exchange) -> None: ...


_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)
_batch: ContextVar[str] = ContextVar("batch", default="")
_secrets: set[str] = set()


@contextmanager
def heard_by(listener: Listener) -> Iterator[None]:
    """Within it every exchange of this task and its children is told to `listener`."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


@contextmanager
def of_batch(batch_id: str) -> Iterator[None]:
    """Within it exchanges belong to a push batch."""
    token = _batch.set(batch_id)
    try:
        yield
    finally:
        _batch.reset(token)


def remember_secret(value: str) -> None:
    """A secret that this process has resolved: wherever it turns up from now on, it is blacked out."""
    if len(value) >= _SHORTEST:
        _secrets.add(value)


def redacted(text: str) -> str:
    """A text without the secrets that this process knows and without the values of fields with a telling name."""
    for secret in sorted(_secrets, key=len, reverse=True):
        for written in (secret, json.dumps(secret)[1:-1], quote(secret, safe="")):
            text = text.replace(written, BLACK)
    return _FIELD.sub(_blackened, _LOGIN.sub(f"://{BLACK}@", text))


def _blackened(found: re.Match[str]) -> str:
    quotes = found[3] or found[2] or ""
    return f"{found[1]}{quotes}{BLACK}{quotes}"


def redacted_url(url: str) -> str:
    """An address without login, and without the values of parameters with a telling name."""
    parts = urlsplit(url)
    query = "&".join(
        f"{name}={BLACK if _NAME.search(name) else value}"
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    )
    return redacted(urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=query, fragment="")))


class Heard:
    """Times one request; `end` tells the listener, if there is one."""

    __slots__ = ("_listener", "_method", "_request", "_started", "_url", "_writes")

    def __init__(self, method: str, url: str, request: bytes | None, *, writes: bool) -> None:
        self._listener = _listener.get()
        self._method, self._url, self._request, self._writes = method, url, request or b"", writes
        self._started = time.time()

    def end(self, status: int | None, headers: Mapping[str, str], answer: bytes, error: str = "") -> None:
        """The answer came, or will not come."""
        failed = status is None or status >= HTTP_FAILED
        most = self._listener.wants(writes=self._writes, failed=failed) if self._listener else 0
        if self._listener is None or not most:
            return
        vendor_id = next((headers[name] for name in VENDOR_ID_HEADERS if headers.get(name)), "")
        took = time.time() - self._started
        self._listener.tell(
            Exchange(
                _batch.get(), int(self._started * 1000), int(took * 1000), self._method,
                redacted_url(self._url), status, vendor_id, _told(self._request, BODY_MOST), _told(answer, most), redacted(error),
            )
        )  # fmt: skip


def _told(body: bytes, most: int) -> bytes:
    return redacted(body[:most].decode("utf-8", "replace")).encode()
