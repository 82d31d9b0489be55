"""What was sent and answered, told to whoever listens, with nothing in it that opens a door.

Headers are never told: logins and tokens travel in them. Of an address, a body and an answer, known secrets and the
values of fields with a telling name are blacked out before anybody sees them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple, Protocol
from urllib.parse import unquote_plus, urlsplit, urlunsplit

from invsync_tui import clock
from invsync_tui.rules.redaction import BLACK, SHORTEST, Redacted, Redactor, forms_of

BODY_MOST = 64 * 1024
"""Bytes of a body that are told."""
MARGIN = 8 * 1024
"""Bytes beyond, which are looked at too: a secret that stands across the cut must not be told by half."""
HTTP_FAILED = 400
VENDOR_ID_HEADERS = (
    "x-request-id",
    "x-shopify-request-id",
    "x-amzn-requestid",
    "x-correlation-id",
    "cf-ray",
    "x-trace-id",
)
"""Where the other side names the request, the most specific first."""
VENDOR_ID_MOST = 200
URL_MOST = 8 * 1024
"""Characters of an address that are told, and looked through."""
SHORT_FORMS_MOST = 200


class Exchange(NamedTuple):
    """One request and its answer, redacted. `at_ms` epoch milliseconds; status None where none came."""

    batch_id: str
    at_ms: int
    took_ms: int
    method: str
    url: Redacted
    status: int | None
    vendor_id: Redacted
    request: bytes
    answer: bytes
    error: Redacted


class Listener(Protocol):
    """Who is told of exchanges with the other side and decides how much of each is kept."""

    def wants(self, *, writes: bool, failed: bool) -> int:
        """Bytes of body that are kept of such an exchange; 0 to leave it out, which costs nothing."""
        ...

    def tell(self, exchange: Exchange) -> None: ...


_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)
_batch: ContextVar[str] = ContextVar("batch", default="")
gate = Redactor()
"""The one gate of this process, with the secrets that it has in hand."""
_secrets = gate.known


class _ShortSecrets:
    """Short secrets in the forms they may be written in, of one run with all its tasks."""

    __slots__ = ("forms",)

    def __init__(self, forms: tuple[str, ...] = ()) -> None:
        self.forms = forms

    def add(self, secret: str) -> None:
        if secret not in self.forms:
            self.forms = (*self.forms, *forms_of(secret))[-SHORT_FORMS_MOST:]


SHORT = 8
"""Characters. A shorter secret is a common word or number: it is hidden in the texts of its own run alone."""
_short: ContextVar[_ShortSecrets | None] = ContextVar("short", default=None)


@contextmanager
def log_http_to(listener: Listener) -> Iterator[None]:
    """Within it every exchange of this task and its children is told to `listener`."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


@contextmanager
def own_short_secrets() -> Iterator[None]:
    """Within it short secrets that this task and its children resolve are hidden in the texts of all of them.

    Those that are known outside stay known; outside nothing is learned of those within.
    """
    token = _short.set(_ShortSecrets(_short_forms()))
    try:
        yield
    finally:
        _short.reset(token)


def _short_forms() -> tuple[str, ...]:
    held = _short.get()
    return held.forms if held is not None else ()


@contextmanager
def tag_batch(batch_id: str) -> Iterator[None]:
    """Within it exchanges belong to a push batch."""
    token = _batch.set(batch_id)
    try:
        yield
    finally:
        _batch.reset(token)


def remember_secret(value: str, owner: str = "") -> None:
    """A secret that this process has resolved or was given at a login: wherever it turns up, it is blacked out.

    Of one `owner` (a reference, a connection's session) the last few are remembered.
    """
    if SHORTEST <= len(value) < SHORT:
        held = _short.get()
        if held is None:
            _short.set(held := _ShortSecrets())
        held.add(value)
    else:
        gate.known.remember(value, owner)


def forget_secrets() -> None:
    """As if no secret had been resolved yet, here and in the present context."""
    gate.clear()
    _short.set(None)


def redacted(text: str) -> Redacted:
    """A text without the secrets that this process knows and without the values of fields with a telling name."""
    return gate(text, _short_forms())


def redacted_url(url: str) -> Redacted:
    """The first URL_MOST characters of an address, without login and the values of parameters with a telling name."""
    cut, url = len(url) > URL_MOST, url[:URL_MOST]
    try:
        parts = urlsplit(url)
    except ValueError:
        return redacted(url)
    if cut and parts.netloc and not (parts.path or parts.query or parts.fragment):
        parts = parts._replace(netloc=BLACK)  # the "@" that tells a login may have been cut off
    query = "&".join(_parameter(part) for part in parts.query.split("&")) if parts.query else ""
    return redacted(urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=query, fragment="")))


def _parameter(part: str) -> str:
    name, equals, value = part.partition("=")
    return f"{name}{equals}{BLACK}" if value and gate.tells(unquote_plus(name)) else part


class TimedRequest:
    """Times one request; `end` tells the listener, if there is one."""

    __slots__ = ("_at", "_began", "_listener", "_method", "_request", "_url", "_writes")

    def __init__(self, method: str, url: str, request: bytes | None, *, writes: bool) -> None:
        self._listener = _listener.get()
        self._method, self._url, self._request, self._writes = method, url, request or b"", writes
        self._at, self._began = clock.now(), clock.elapsed()

    def wants(self, status: int | None) -> int:
        """Bytes of body that the listener keeps of this exchange; asked once, when the answer is there."""
        failed = status is None or status >= HTTP_FAILED
        return self._listener.wants(writes=self._writes, failed=failed) if self._listener else 0

    def size(self, answer: bytes, error: str, most: int) -> int:
        """Bytes that `end` looks through, about: of the request, the address and the answer alike."""
        looked = (
            (len(self._request), BODY_MOST),
            (len(answer), most),
            (len(self._url), URL_MOST),
            (len(error), BODY_MOST),
        )
        return sum(min(length, limit) for length, limit in looked)

    def end(self, status: int | None, headers: Mapping[str, str], answer: bytes, error: str = "", *, most: int) -> None:
        """The answer came, or will not come; `most` is what `wants` said."""
        if self._listener is None or not most:
            return
        vendor_id = next((headers[name] for name in VENDOR_ID_HEADERS if headers.get(name)), "")
        took = clock.elapsed() - self._began
        self._listener.tell(
            Exchange(
                _batch.get(), int(self._at * 1000), int(took * 1000), self._method, redacted_url(self._url), status,
                redacted(vendor_id[:VENDOR_ID_MOST]), _loggable_body(self._request, BODY_MOST), _loggable_body(answer, most),
                redacted(error[: BODY_MOST]),
            )
        )  # fmt: skip


def _loggable_body(body: bytes, most: int) -> bytes:
    return redacted(body[: most + MARGIN].decode("utf-8", "replace")).encode()[:most]
