"""The one seam to the HTTP client: one long-lived client per connection, explicit timeouts, a total deadline.

It never repeats a write. It repeats a read a few times with back-off, and says in its error whether a write may have
been applied although no answer came.
"""

from __future__ import annotations

import asyncio
import email.utils
import json
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import httpx

from invsync_tui import clock
from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.clock import ServerClock
from invsync_tui.connectors.errors import ConnectorError, ContractError, ThrottledError, UnavailableError
from invsync_tui.connectors.exchanges import Heard
from invsync_tui.connectors.json_text import decoded
from invsync_tui.connectors.limits import RateLimiter

CONNECT_TIMEOUT = 5.0
READ_ATTEMPTS = 4
BACKOFF_FIRST = 0.2
"""Seconds before the first repeat of a read; doubled each time, with jitter."""
BACKOFF_MOST = 8.0
MAX_BODY = 64 * 1024 * 1024
THROTTLE_PAUSE = 1.0
"""Seconds to pause after a 429 that names no time."""
RETRY_AFTER_MOST = 300.0


_leave_by: ContextVar[float | None] = ContextVar("leave_by", default=None)


@contextmanager
def leaving_by(elapsed: float) -> Iterator[None]:
    """Within it no byte of a write leaves after `elapsed` (see `clock.elapsed`), whatever has held this process up.

    A process may be stopped (SIGSTOP, a suspended machine) between recording a batch and sending it, and go on when
    a successor has long sent newer quantities. So the time is looked at again right before the bytes are written.
    """
    token = _leave_by.set(elapsed)
    try:
        yield
    finally:
        _leave_by.reset(token)


def _last_look(leave_by: float, where: str) -> Callable[[str, Mapping[str, Any]], Awaitable[None]]:
    """A callback for the HTTP client's own steps; without its body a request has no effect, so both are looked at."""

    async def look(step: str, _: Mapping[str, Any]) -> None:
        if step in _SENDING and clock.elapsed() > leave_by:
            raise UnavailableError("The request was held up for longer than its deadline and not sent.", where=where)

    return look


_SENDING = frozenset(
    f"{version}.send_request_{part}.started" for version in ("http11", "http2") for part in ("headers", "body")
)


@dataclass(frozen=True, slots=True)
class Response:
    """Status, lower-case headers and body of an answer of any status; the connector judges it."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    where: str

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON, see `json_text`; ContractError where it is none (half an answer, an HTML page)."""
        try:
            return decoded(self.body)
        except ValueError as error:
            raise ContractError(f"The answer is not JSON: {self.text[:120]!r}.", where=self.where) from error


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds from a Retry-After header, given as seconds or as a date; None if absent or unreadable."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(value).timestamp() - time.time()
        except (TypeError, ValueError):
            return None
    return min(max(0.0, seconds), RETRY_AFTER_MOST)


def backoff(attempt: int) -> float:
    """Seconds before repeat number `attempt` (0, 1, ...): exponential with full jitter, bounded."""
    most: float = min(BACKOFF_MOST, BACKOFF_FIRST * 2.0**attempt)
    return random.uniform(0.5, 1.0) * most


class HttpConnection:
    """The HTTP side of one connection. Use it from one event loop; close it when the run is over."""

    def __init__(self, connection: Connection, limiter: RateLimiter | None = None) -> None:
        self.connection = connection
        self.limiter = limiter or RateLimiter(capacity=20, per_second=20)
        self.headers: dict[str, str] = {"user-agent": "invsync"}
        self.clock = ServerClock()
        self._client: httpx.AsyncClient | None = None

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            deadline = self.connection.deadline
            self._client = httpx.AsyncClient(
                base_url=self.connection.url,
                timeout=httpx.Timeout(deadline, connect=min(CONNECT_TIMEOUT, deadline)),
                limits=httpx.Limits(max_connections=4, max_keepalive_connections=4, keepalive_expiry=30),
                follow_redirects=False,
                # Certificates are always verified; without TLS there is none, and loading them takes 40 ms.
                verify=not self.connection.url.startswith("http://"),
            )
        return self._client

    async def close(self) -> None:
        """Close the client; a later request opens a new one."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def _where(self, method: str, path: str) -> str:
        return f"{self.connection.name} {method} {path.partition('?')[0]}"

    async def read(self, method: str, path: str, **request: Any) -> Response:
        """A request that changes nothing: repeated on 5xx, 429 and broken connections, up to READ_ATTEMPTS times."""
        for attempt in range(READ_ATTEMPTS):
            last = attempt == READ_ATTEMPTS - 1
            try:
                response = await self._once(method, path, writes=False, **request)
            except ThrottledError:
                if last:
                    raise
                continue  # the limiter holds the pause
            except UnavailableError:
                if last:
                    raise
            else:
                if response.status < 500 or last:
                    return response
            await asyncio.sleep(backoff(attempt))
        raise AssertionError("unreachable")

    async def write(self, method: str, path: str, **request: Any) -> Response:
        """A request that may change something: sent exactly once. ThrottledError means that nothing was applied."""
        return await self._once(method, path, writes=True, **request)

    async def _once(
        self,
        method: str,
        path: str,
        *,
        writes: bool,
        json_body: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        cost: float = 1.0,
        deadline: float | None = None,
    ) -> Response:
        await self.limiter.take(cost)
        where = self._where(method, path)
        leave_by = _leave_by.get() if writes else None
        steps = {"trace": _last_look(leave_by, where)} if leave_by is not None else None
        sent = {**self.headers, **(headers or {})}
        if json_body is not None:
            content = json.dumps(json_body).encode()
        if content is not None:
            sent.setdefault("content-type", "application/json")
        heard = Heard(method, f"{self.connection.url}{path}", content, writes=writes)
        began = time.monotonic()
        try:
            async with asyncio.timeout(deadline or self.connection.deadline):
                answer = await self._opened().request(
                    method, path, content=content, headers=sent, timeout=self._timeout(deadline), extensions=steps
                )
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            heard.end(None, {}, b"", str(error) or type(error).__name__)
            raise self._no_answer(error, where, writes=writes) from error
        heard.end(answer.status_code, answer.headers, answer.content)
        self.clock.note(answer.headers, time.monotonic() - began)
        return self._answered(answer, where)

    def _timeout(self, deadline: float | None) -> httpx.Timeout:
        seconds = deadline or self.connection.deadline
        return httpx.Timeout(seconds, connect=min(CONNECT_TIMEOUT, seconds))

    def _no_answer(self, error: Exception, where: str, *, writes: bool) -> ConnectorError:
        if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol):
            return ContractError(f"{self.connection.url!r} is not an address: {error}.", where=where)
        refused = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
        what = str(error) or type(error).__name__
        return UnavailableError(f"No answer: {what}.", where=where, may_have_applied=writes and not refused)

    def _answered(self, answer: httpx.Response, where: str) -> Response:
        headers = {k.lower(): v for k, v in answer.headers.items()}
        if len(answer.content) > MAX_BODY:
            raise ContractError(f"The answer has {len(answer.content)} bytes, more than {MAX_BODY}.", where=where)
        if answer.status_code == 429:
            seconds = retry_after(headers)
            self.limiter.pause(seconds if seconds is not None else THROTTLE_PAUSE)
            raise ThrottledError("Too many requests (429).", where=where, retry_after=seconds)
        return Response(answer.status_code, headers, answer.content, where)
