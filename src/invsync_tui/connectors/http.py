"""The one seam to the HTTP client: one long-lived client per connection, explicit timeouts, a total deadline.

It never repeats a write. It repeats a read a few times with back-off, and says in its error whether a write may have
been applied although no answer came. What a connection sends goes to its own origin alone, and what comes back is
bounded while it is read, packed and unpacked.
"""

from __future__ import annotations

import asyncio
import email.utils
import functools
import json
import random
import re
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from invsync_tui import clock
from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.errors import (
    ConnectorError,
    ContractError,
    DeferredError,
    NotConfiguredError,
    ThrottledError,
    UnavailableError,
)
from invsync_tui.connectors.network import api_notices, call_log, not_json, response_body, tls
from invsync_tui.connectors.network.http_log import TimedRequest, redacted, redacted_url, remember_secret
from invsync_tui.connectors.network.json_text import decoded
from invsync_tui.connectors.network.network_errors import Route, explain, route_to
from invsync_tui.connectors.network.quotas import NamedLimit, NamedLimits, QuotaStore
from invsync_tui.connectors.network.server_clock import ServerClock
from invsync_tui.connectors.rate_limit import RateLimiter
from invsync_tui.rules.redaction import Redacted

if "sniffio" not in sys.modules and find_spec("sniffio") is None:
    # httpcore 1.0.9 imports it several times for each request, and Python searches every folder again for what is missing.
    sys.modules["sniffio"] = None  # type: ignore[assignment]

CONNECT_TIMEOUT = 5.0
READ_ATTEMPTS = 4
BACKOFF_FIRST = 0.2
"""Seconds before the first repeat of a read; doubled each time, with jitter."""
BACKOFF_MOST = 8.0
THROTTLE_PAUSE = 1.0
"""Seconds to pause after a 429 that names no time."""
RETRY_AFTER_MOST = 7 * 86400.0
WAIT_MOST = 60.0
"""Seconds that a request waits for the rate limit; a longer wait ends the run, which goes on when it is over."""
IN_THREAD = 64 * 1024
"""Bytes above which an answer is read as JSON, and redacted, in a thread of its own: others must not wait for it."""
DOWNLOAD_PIECE = 256 * 1024
"""Bytes of a file that are written at a time."""
DOWNLOAD_SLOWEST = 10_000
"""Bytes per second below which a download is given up after the deadline."""
EXCERPT = 4096
"""Bytes of an answer that may be quoted in an error."""
TOKEN_LEAST = 8
"""Characters; what is shorter is no token that a server made, and hiding it would make sentences unreadable."""
REDIRECTS = frozenset({301, 302, 303, 307, 308})


_leave_by: ContextVar[float | None] = ContextVar("leave_by", default=None)


@contextmanager
def send_deadline(elapsed: float) -> Iterator[None]:
    """Within it no byte of a write leaves after `elapsed` (see `clock.elapsed`), whatever has held this process up.

    A process may be stopped (SIGSTOP, a suspended machine) between recording a batch and sending it, and go on when
    a successor has long sent newer quantities. So the time is looked at again right before the bytes are written.
    """
    token = _leave_by.set(elapsed)
    try:
        yield
    finally:
        _leave_by.reset(token)


def _abort_if_late(leave_by: float, where: str) -> Callable[[str, Mapping[str, Any]], Awaitable[None]]:
    """A callback for the HTTP client's own steps; without its body a request has no effect, so both are looked at."""

    async def look(step: str, _: Mapping[str, Any]) -> None:
        if step in _SENDING and clock.elapsed() > leave_by:
            raise UnavailableError("The request was held up for longer than its deadline and not sent.", where=where)

    return look


_SENDING = frozenset(
    f"{version}.send_request_{part}.started" for version in ("http11", "http2") for part in ("headers", "body")
)
_NOT_READ = object()


@dataclass(slots=True)
class Response:
    """Status, lower-case headers and body of an answer of any status; the connector judges it."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    where: str
    _read: Any = field(default=_NOT_READ, repr=False, compare=False)

    @property
    def text(self) -> str:
        """The body as it came, to be parsed. A message quotes `excerpt` instead."""
        return self.body.decode("utf-8", "replace")

    @property
    def excerpt(self) -> Redacted:
        """The beginning of the body for a message, without secrets."""
        return redacted(self.body[:EXCERPT].decode("utf-8", "replace"))

    def json(self) -> Any:
        """The body as JSON, see `json_text`; ContractError where it is none (half an answer, an HTML page)."""
        if self._read is _NOT_READ:
            self._read = self._as_json()
        if isinstance(self._read, ContractError):
            raise self._read
        call_log.note_document(self._read, self.where)
        return self._read

    def _as_json(self) -> Any:
        if why := response_body.too_much(self.body):
            raise ContractError(f"The answer is JSON with {why}.", where=self.where)
        try:
            return decoded(self.body)
        except (ValueError, RecursionError) as error:
            what, advice = not_json.explained(str(self.excerpt))
            raise ContractError(what, where=self.where, advice=advice) from error

    async def read_ahead(self) -> None:
        """Read a large body as JSON in a thread, for `json`, whatever it says that it is; `json` says what is wrong."""
        if len(self.body) > IN_THREAD:
            try:
                self._read = await asyncio.to_thread(self._as_json)
            except ContractError as error:
                self._read = error


class Throttle(NamedTuple):
    """An answer that means: too many requests, nothing was done. `seconds` to wait, None where it does not say."""

    seconds: float | None


def throttled_by_status(answer: Response) -> Throttle | None:
    """The standard's way: status 429, with or without Retry-After."""
    return Throttle(retry_after(answer.headers)) if answer.status == 429 else None


_SECONDS = re.compile(r"[+-]?\d{1,15}(?:\.\d*)?")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds from a Retry-After header, given as seconds or as a date; None if absent or unreadable.

    At least 0 and at most RETRY_AFTER_MOST. A date is compared with the server's own Date, where there is one.
    """
    value = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        seconds = float(value)
    else:
        until = _epoch(value)
        if until is None:
            return None
        seconds = until - (_epoch(headers.get("date", "")) or time.time())
    return min(max(0.0, seconds), RETRY_AFTER_MOST)


def _epoch(value: str) -> float | None:
    """Epoch seconds of a date in a header; one without a zone is in UTC."""
    try:
        moment = email.utils.parsedate_to_datetime(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, OverflowError, IndexError):
        return None


def backoff(attempt: int) -> float:
    """Seconds before repeat number `attempt` (0, 1, ...): exponential with full jitter, bounded."""
    most: float = min(BACKOFF_MOST, BACKOFF_FIRST * 2.0**attempt)
    return random.uniform(0.5, 1.0) * most


@functools.cache
def _import_the_rest() -> None:
    """Import what httpx would on the first request of a process: in the event loop that holds up all carts for 100 ms."""
    import anyio
    import httpcore  # noqa: F401

    anyio.run(anyio.sleep, 0)


class HttpConnection:
    """The HTTP side of one connection. Use it from one event loop; close it when the run is over."""

    def __init__(
        self,
        connection: Connection,
        limiter: RateLimiter | None = None,
        throttled: Callable[[Response], Throttle | None] | None = None,
    ) -> None:
        """`throttled` says which answers mean too many requests, where the vendor says it otherwise than by a 429."""
        self.connection = connection
        self._throttled = throttled or throttled_by_status
        self.limit_by(limiter or RateLimiter(capacity=20, per_second=20))
        self.limit_also()
        self.headers: dict[str, str] = {"user-agent": "invsync", "accept-encoding": response_body.ACCEPTED}
        self.clock = ServerClock()
        self._client: httpx.AsyncClient | None = None
        self._opening = asyncio.Lock()
        self._route: Route | None = None

    def limit_by(self, limiter: RateLimiter) -> None:
        """Keep this limit from now on, with what other runs on the same connection have left of it."""
        limiter.share(self.connection.limit_key, WAIT_MOST)
        self.limiter = limiter

    def limit_also(self, *limits: NamedLimit) -> None:
        """Keep these limits of hours and days as well; what was spent of them is known from run to run."""
        self.quotas = NamedLimits(self.connection.quotas or QuotaStore(), limits)

    def remember(self, token: str) -> None:
        """A token or session that the server gave us: it is hidden from now on wherever it turns up."""
        if len(token) >= TOKEN_LEAST:
            remember_secret(token, f"session of {self.connection.system} {self.connection.url} {self.connection.login}")

    async def _opened(self) -> httpx.AsyncClient:
        async with self._opening:
            if self._client is None:
                self._client = await self._open()
            return self._client

    async def _open(self) -> httpx.AsyncClient:
        deadline, url = self.connection.deadline, self.connection.url
        self._route = route_to(url, self.connection.name)
        # Certificates are always verified; without TLS there is none.
        context = await tls.context(self.connection) if not url.startswith("http://") else False
        await asyncio.to_thread(_import_the_rest)
        try:
            return httpx.AsyncClient(
                base_url=url,
                timeout=httpx.Timeout(deadline, connect=min(CONNECT_TIMEOUT, deadline)),
                limits=httpx.Limits(max_connections=4, max_keepalive_connections=4, keepalive_expiry=30),
                follow_redirects=False,
                trust_env=False,
                proxy=self._route.proxy or None,
                verify=context,
            )
        except (ImportError, ValueError, httpx.InvalidURL) as error:
            raise explain(error, self._told_route(), self.connection.name) from error

    def _told_route(self) -> Route:
        return self._route or Route(self.connection.url)

    async def close(self) -> None:
        """Close the client; a later request opens a new one."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def _where(self, method: str, path: str) -> str:
        return f"{self.connection.name} {method} {redacted_url(path.partition('?')[0])}"

    async def read(self, method: str, path: str, **request: Any) -> Response:
        """A request that changes nothing: repeated on 5xx, 429 and broken connections, up to READ_ATTEMPTS times."""
        for attempt in range(READ_ATTEMPTS):
            last = attempt == READ_ATTEMPTS - 1
            try:
                response = await self._once(method, path, writes=False, **request)
            except DeferredError:
                raise
            except ThrottledError:
                if last:
                    raise
                continue  # the limiter holds the pause
            except UnavailableError:
                if last:
                    raise
            else:
                if response.status < 500 or last or not self._may_wait(response):
                    return response
            await asyncio.sleep(backoff(attempt))
        raise AssertionError("unreachable")

    async def write(self, method: str, path: str, **request: Any) -> Response:
        """A request that may change something: sent exactly once. ThrottledError means that nothing was applied."""
        return await self._once(method, path, writes=True, **request)

    async def download(self, path: str, into: Path, most: int, *, headers: Mapping[str, str] | None = None) -> Response:
        """GET a file into `into`, piece by piece, as the server sends it: still packed where it is packed.

        The answer has no body; it is written for status 200 only. As for every request, an address elsewhere is refused
        before anything is sent. NotConfiguredError for more than `most` bytes; UnavailableError for a server that sends
        less than DOWNLOAD_SLOWEST for longer than the deadline, after READ_ATTEMPTS attempts.
        """
        where = self._where("GET", path)
        sent = {**self.headers, "accept-encoding": "identity", **(headers or {})}
        for attempt in range(READ_ATTEMPTS):
            last = attempt == READ_ATTEMPTS - 1
            await self._turn(1.0, where, "GET", path)
            client = await self._opened()
            request = self._request(client, "GET", path, content=None, headers=sent, extensions=None)
            heard = TimedRequest("GET", str(request.url), None, writes=False)
            try:
                async with asyncio.timeout(None) as limit:
                    response = await self._received(client, request, into, most, limit, where)
                api_notices.note(response.headers, where)
                await self._tell(heard, response.status, response.headers, b"")
                response = self._answered(response)
                if response.status < 500 or last or not self._may_wait(response):
                    return response
            except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
                failure = self._no_answer(error, where, self.connection.deadline, writes=False)
                await self._tell(heard, None, {}, b"", failure.what)
                if last or not isinstance(failure, UnavailableError):
                    raise failure from error
            except DeferredError:
                raise
            except ThrottledError:
                if last:
                    raise
            await asyncio.sleep(backoff(attempt))
        raise AssertionError("unreachable")

    async def _received(
        self,
        client: httpx.AsyncClient,
        request: httpx.Request,
        into: Path,
        most: int,
        limit: asyncio.Timeout,
        where: str,
    ) -> Response:
        """One attempt at a download. `limit` moves on with every piece that came fast enough."""
        now = asyncio.get_running_loop().time
        began = now()
        limit.reschedule(began + self.connection.deadline)
        answer = await client.send(request, stream=True)
        try:
            headers = {name.lower(): value for name, value in answer.headers.items()}
            self.clock.note(headers, now() - began)
            if answer.status_code != 200:
                return Response(
                    answer.status_code, headers, await response_body.read(answer.aiter_raw(), headers, where), where
                )
            size = 0
            with await asyncio.to_thread(into.open, "wb") as file:
                async for piece in answer.aiter_raw(DOWNLOAD_PIECE):
                    size += len(piece)
                    if size > most:
                        raise NotConfiguredError(
                            f"The file has more than {most} bytes.", where=where, advice="Raise the limit of its size."
                        )
                    await asyncio.to_thread(file.write, piece)
                    limit.reschedule(began + self.connection.deadline + size / DOWNLOAD_SLOWEST)
            return Response(200, headers, b"", where)
        finally:
            await answer.aclose()

    def _may_wait(self, answer: Response) -> bool:
        """A server that is down for maintenance says for how long; False where that is longer than a run waits."""
        seconds = retry_after(answer.headers) or 0.0
        if seconds > WAIT_MOST:
            return False
        self.limiter.pause(seconds)
        return True

    async def _turn(self, cost: float, where: str, method: str, path: str) -> None:
        """Wait for the rate limits; DeferredError where that takes longer than a run waits."""
        while (spent := await self.quotas.wait_for(method, path))[0]:
            if spent[0] > WAIT_MOST:
                raise DeferredError(spent[0], where=where, limit=spent[1])
            await asyncio.sleep(spent[0])
        if (wait := self.limiter.wait_for(cost)) > WAIT_MOST:
            raise DeferredError(wait, where=where)
        await self.limiter.take(cost)

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
        where = self._where(method, path)
        await self._turn(cost, where, method, path)
        leave_by = _leave_by.get() if writes else None
        steps = {"trace": _abort_if_late(leave_by, where)} if leave_by is not None else None
        content = json.dumps(json_body).encode() if json_body is not None else content
        client = await self._opened()
        sent = self._sent_headers(headers or {}, content)
        request = self._request(client, method, path, content=content, headers=sent, extensions=steps)
        heard = TimedRequest(method, str(request.url), content, writes=writes)
        seconds = deadline or self.connection.deadline
        request.extensions["timeout"] = httpx.Timeout(seconds, connect=min(CONNECT_TIMEOUT, seconds)).as_dict()
        began = time.monotonic()
        try:
            async with asyncio.timeout(seconds):
                status, got, body = await self._exchange(client, request, where)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError, ContractError) as error:
            failure = (
                error if isinstance(error, ContractError) else self._no_answer(error, where, seconds, writes=writes)
            )
            await self._tell(heard, None, {}, b"", failure.what)
            raise failure from error
        self.clock.note(got, time.monotonic() - began)
        api_notices.note(got, where)
        await self._tell(heard, status, got, body)
        call_log.note_answer(len(body), where)
        response = self._answered(Response(status, got, body, where))
        await response.read_ahead()
        return response

    def _sent_headers(self, headers: Mapping[str, str], content: bytes | None) -> dict[str, str]:
        """Those of every request with those of this one; a body is JSON where nothing else is said of it."""
        sent = {**self.headers, **headers}
        if content is not None:
            sent.setdefault("content-type", "application/json")
        return sent

    def _request(self, client: httpx.AsyncClient, method: str, path: str, **rest: Any) -> httpx.Request:
        """The request, if it goes to the connection's own origin: logins and what is sent are for nobody else."""
        extensions = dict(rest.pop("extensions") or {})
        where = self._where(method, path)
        try:
            request = client.build_request(method, path, extensions=extensions, **rest)
            own = _origin_of(self.connection.url)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, ValueError, TypeError) as error:
            raise explain(error, self._told_route(), where) from error
        if _origin(request.url) != own:
            place = httpx.URL(self.connection.url)
            raise ContractError(
                f"The address {redacted_url(str(request.url))} is not at {place.scheme}://{place.netloc.decode()}: "
                "nothing was sent.",
                where=self.connection.name,
                advice="If the system has moved, set its new address on the connection.",
            )
        return request

    async def _exchange(
        self, client: httpx.AsyncClient, request: httpx.Request, where: str
    ) -> tuple[int, Mapping[str, str], bytes]:
        answer = await client.send(request, stream=True)
        try:
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return answer.status_code, headers, await response_body.read(answer.aiter_raw(), headers, where)
        finally:
            await answer.aclose()

    async def _tell(
        self, heard: TimedRequest, status: int | None, headers: Mapping[str, str], body: bytes, error: str = ""
    ) -> None:
        most = heard.wants(status)
        if not most:
            return
        if heard.size(body, error, most) > IN_THREAD // 8:
            await asyncio.to_thread(heard.end, status, headers, body, error, most=most)
        else:
            heard.end(status, headers, body, error, most=most)

    def _no_answer(self, error: Exception, where: str, seconds: float, *, writes: bool) -> ConnectorError:
        failure = explain(error, self._told_route(), where, seconds)
        if isinstance(failure, UnavailableError):
            # Before a connection stood, nothing can have been applied.
            not_sent = isinstance(
                error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | httpx.ProxyError
            )
            failure.may_have_applied = writes and not not_sent
        return failure

    def _answered(self, answer: Response) -> Response:
        throttle = self._throttled(answer)
        if throttle is not None:
            seconds = throttle.seconds
            self.limiter.pause(max(seconds if seconds is not None else THROTTLE_PAUSE, BACKOFF_FIRST))
            if seconds is not None and seconds > WAIT_MOST:
                raise DeferredError(seconds, where=answer.where)
            raise ThrottledError(f"Too many requests ({answer.status}).", where=answer.where, retry_after=seconds)
        if answer.status in REDIRECTS:
            raise _moved(answer)
        if (
            answer.status == 400
            and self.connection.url.startswith("http://")
            and _WANTS_TLS.search(answer.body[:EXCERPT])
        ):
            raise NotConfiguredError(
                "The server expects https at this port, and the address says http.",
                where=answer.where,
                advice=f"Change the address to https://{self.connection.url.removeprefix('http://')}",
            )
        return answer


def _moved(answer: Response) -> ContractError:
    target = redacted_url(answer.headers.get("location", "")[:EXCERPT]) or "nowhere"
    return ContractError(
        f"The server answered {answer.status}, moved to {target}. "
        "It was not followed, since a login goes to the connection's own address alone.",
        where=answer.where,
        advice="If that address is the right one, set it on the connection: --url ADDRESS",
    )


_WANTS_TLS = re.compile(rb"HTTPS (?:port|server|scheme)|to an? (?:HTTPS|TLS|SSL)|SSL-enabled", re.IGNORECASE)


@functools.lru_cache(maxsize=100)
def _origin_of(address: str) -> tuple[str, str, int | None]:
    """Of a connection's own address, which is taken apart once and not for each request."""
    return _origin(httpx.URL(address))


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or {"http": 80, "https": 443}.get(url.scheme)
