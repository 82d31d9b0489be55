"""What is made of each answer, how often a request is sent, and what it carries: over a transport that is no network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from invsync_tui.connectors import http as http_module
from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.errors import (
    ConnectorError,
    ContractError,
    DeferredError,
    NotConfiguredError,
    UnavailableError,
)
from invsync_tui.connectors.http import HttpConnection, Response
from invsync_tui.connectors.rate_limit import RateLimiter

OK = httpx.Response(200, content=b"fine")


class Limits(RateLimiter):
    """Writes down what is taken and how long is paused, and waits for nothing."""

    def __init__(self) -> None:
        super().__init__(20, 20)
        self.taken: list[float] = []
        self.paused: list[float] = []
        self.wait = 0.0

    def wait_for(self, cost: float) -> float:
        return self.wait

    async def take(self, cost: float = 1.0) -> None:
        self.taken.append(cost)

    def pause(self, seconds: float) -> None:
        self.paused.append(seconds)


class _Pieces(httpx.AsyncByteStream):
    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body


class Line:
    """A connection whose other side answers by a list; the last answer is for all that follow."""

    def __init__(self, *answers: httpx.Response | Exception, url: str = "https://shop.test/api", deadline: float = 7.0):
        self.limits = Limits()
        self.http = HttpConnection(Connection("demo", "stub", url, deadline=deadline), self.limits)
        self.http.limiter = self.limits
        self.asked: list[httpx.Request] = []
        self._answers = list(answers)
        self.http._client = httpx.AsyncClient(base_url=url, transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self._answers[min(len(self.asked), len(self._answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, stream=_Pieces(answer.content))

    async def ended(self, work: Callable[[HttpConnection], Any]) -> Any:
        """What the work returned, or the error that it raised."""
        try:
            return await work(self.http)
        except ConnectorError as error:
            return error
        finally:
            await self.http.close()


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between attempts, none of which is made."""
    made: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        if seconds:
            made.append(seconds)
        await real(0)

    monkeypatch.setattr("invsync_tui.connectors.http.asyncio.sleep", sleep)
    return made


def answer(status: int, body: bytes = b"", **headers: str) -> httpx.Response:
    return httpx.Response(
        status, headers={name.replace("_", "-"): text for name, text in headers.items()}, content=body
    )


TLS_WANTED = b"<h1>The plain HTTP request was sent to HTTPS port</h1>"
ANSWERS: dict[str, tuple[str, httpx.Response, str, list[float]]] = {
    "a good one": ("https://a.test", answer(200, b"x"), "200", []),
    "one that is not found": ("https://a.test", answer(404, b"x"), "404", []),
    "one that tells of a port with TLS, at such a port": ("https://a.test", answer(400, TLS_WANTED), "400", []),
    "a port with TLS, without it": (
        "http://a.test", answer(400, TLS_WANTED), "NotConfiguredError The server expects https at this port", [],
    ),
    "words about TLS in a good answer": ("http://a.test", answer(200, TLS_WANTED), "200", []),
    "words about TLS in another refusal": ("http://a.test", answer(404, TLS_WANTED), "404", []),
    "a refusal without such words": ("http://a.test", answer(400, b"bad field"), "400", []),
    "a redirect": ("https://a.test", answer(302, location="https://b.test/y"), "ContractError The server answered 302", []),
    "a redirect to nowhere": ("https://a.test", answer(301), "ContractError The server answered 301, moved to nowhere", []),
    "what is not changed since": ("https://a.test", answer(304), "304", []),
    "too many, without a time": ("https://a.test", answer(429), "ThrottledError Too many requests (429).", [1.0]),
    "too many, for a while": ("https://a.test", answer(429, retry_after="9"), "ThrottledError Too many requests (429).", [9.0]),
    "too many, for no time": ("https://a.test", answer(429, retry_after="0"), "ThrottledError Too many requests (429).", [0.2]),
    "too many, for as long as a run waits": (
        "https://a.test", answer(429, retry_after="60"), "ThrottledError Too many", [60.0],
    ),
    "too many, for longer than a run waits": (
        "https://a.test", answer(429, retry_after="61"), "DeferredError", [61.0],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
async def test_an_answer_means(name: str) -> None:
    url, given, words, paused = ANSWERS[name]
    line = Line(given, url=url)
    ended = await line.ended(lambda http: http.write("POST", "/x"))
    said = str(ended.status) if isinstance(ended, Response) else f"{type(ended).__name__} {ended.what}"
    assert said.startswith(words)
    assert line.limits.paused == paused
    assert len(line.asked) == 1


MOST = http_module.READ_ATTEMPTS
READS: dict[str, tuple[list[httpx.Response | Exception], str, int, int]] = {
    "answered at once": ([OK], "200", 1, 0),
    "refused": ([answer(404), OK], "404", 1, 0),
    "a sick server, then a good one": ([answer(503), OK], "200", 2, 1),
    "a server that just fails": ([answer(500)], "500", MOST, MOST - 1),
    "a status below": ([answer(499), OK], "499", 1, 0),
    "down for longer than a run waits": ([answer(503, retry_after="100000"), OK], "503", 1, 0),
    "down for a while": ([answer(503, retry_after="3"), OK], "200", 2, 1),
    "too many, then good": ([answer(429), OK], "200", 2, 0),
    "too many for ever": ([answer(429)], "ThrottledError", MOST, 0),
    "too many for longer than a run waits": ([answer(429, retry_after="100000")], "DeferredError", 1, 0),
    "no connection, then good": ([httpx.ConnectError("x"), OK], "200", 2, 1),
    "never a connection": ([httpx.ConnectError("x")], "UnavailableError", MOST, MOST - 1),
    "another certificate": ([httpx.UnsupportedProtocol("x")], "NotConfiguredError", 1, 0),
}  # fmt: skip
"""The answers, the end, how often is asked, and the pauses between."""


@pytest.mark.parametrize("name", READS)
async def test_a_read_is_repeated(name: str, pauses: list[float]) -> None:
    answers, words, times, waits = READS[name]
    line = Line(*answers)
    ended = await line.ended(lambda http: http.read("GET", "/x"))
    assert (str(ended.status) if isinstance(ended, Response) else type(ended).__name__) == words
    assert (len(line.asked), len(pauses)) == (times, waits)
    assert not getattr(ended, "may_have_applied", False)


@pytest.mark.parametrize("name", READS)
async def test_a_download_is_repeated_alike(name: str, tmp_path: Path, pauses: list[float]) -> None:
    answers, words, times, _ = READS[name]
    line = Line(*answers)
    ended = await line.ended(lambda http: http.download("/x", tmp_path / "file", 100))
    assert (str(ended.status) if isinstance(ended, Response) else type(ended).__name__) == words
    assert len(line.asked) == times
    assert (tmp_path / "file").exists() == (words == "200")
    assert {request.headers["accept-encoding"] for request in line.asked} == {"identity"}


@pytest.mark.parametrize(("most", "good"), [(5, True), (4, False)])
async def test_a_file_may_have_as_many_bytes_as_the_limit(tmp_path: Path, most: int, good: bool) -> None:
    line = Line(answer(200, b"12345"))
    ended = await line.ended(lambda http: http.download("/x", tmp_path / "file", most, headers={"if-match": "y"}))
    assert isinstance(ended, Response if good else NotConfiguredError)
    assert not good or (tmp_path / "file").read_bytes() == b"12345"
    assert line.asked[0].headers["if-match"] == "y"


@pytest.mark.parametrize(
    ("error", "doubt"),
    [
        (httpx.ConnectError("x"), False),
        (httpx.ConnectTimeout("x"), False),
        (httpx.PoolTimeout("x"), False),
        (httpx.ProxyError("x"), False),
        (httpx.ReadTimeout("x"), True),
        (httpx.WriteTimeout("x"), True),
        (httpx.ReadError("x"), True),
        (httpx.WriteError("x"), True),
        (httpx.RemoteProtocolError("x"), True),
        (TimeoutError(), True),
        (OSError("x"), True),
    ],
)
async def test_a_write_without_an_answer_is_sent_once_and_in_doubt_once_it_may_have_left(
    error: Exception, doubt: bool
) -> None:
    written, read = Line(error), Line(error)
    failure = await written.ended(lambda http: http.write("POST", "/x"))
    assert (isinstance(failure, UnavailableError), failure.may_have_applied) == (True, doubt)
    assert len(written.asked) == 1
    assert not (await read.ended(lambda http: http.read("GET", "/x"))).may_have_applied


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({}, (None, b"", 1.0, 7.0, 5.0)),
        ({"json_body": {"a": 1}}, ("application/json", b'{"a": 1}', 1.0, 7.0, 5.0)),
        ({"json_body": {}}, ("application/json", b"{}", 1.0, 7.0, 5.0)),
        ({"content": b"<a/>"}, ("application/json", b"<a/>", 1.0, 7.0, 5.0)),
        ({"content": b"x", "headers": {"content-type": "text/csv"}}, ("text/csv", b"x", 1.0, 7.0, 5.0)),
        ({"cost": 4.0, "deadline": 3.0}, (None, b"", 4.0, 3.0, 3.0)),
        ({"deadline": 90.0}, (None, b"", 1.0, 90.0, 5.0)),
    ],
)
async def test_what_a_request_carries(given: Mapping[str, Any], sent: tuple[Any, ...]) -> None:
    line = Line(OK)
    line.http.headers["authorization"] = "Bearer x"
    await line.ended(lambda http: http.write("POST", "/x", **given))
    (request,) = line.asked
    times = request.extensions["timeout"]
    found = (request.headers.get("content-type"), request.content, *line.limits.taken, times["read"], times["connect"])
    assert found == sent
    assert (request.headers["authorization"], request.headers["user-agent"]) == ("Bearer x", "invsync")


@pytest.mark.parametrize(("wait", "asked"), [(http_module.WAIT_MOST, 1), (http_module.WAIT_MOST + 0.5, 0)])
async def test_a_request_waits_for_its_turn_for_so_long(wait: float, asked: int, tmp_path: Path) -> None:
    for work in (
        lambda http: http.write("POST", "/x"),
        lambda http: http.read("GET", "/x"),
        lambda http: http.download("/x", tmp_path / "file", 100),
    ):
        line = Line(OK)
        line.limits.wait = wait
        ended = await line.ended(work)
        assert isinstance(ended, Response if asked else DeferredError)
        assert len(line.asked) == asked


@pytest.mark.parametrize("late", [False, True])
async def test_a_write_that_was_held_up_does_not_leave(monkeypatch: pytest.MonkeyPatch, late: bool) -> None:
    monkeypatch.setattr("invsync_tui.clock.elapsed", lambda: 100.5 if late else 100.0)
    look = http_module._abort_if_late(100.0, "demo")
    for step in ("http11.send_request_headers.started", "http2.send_request_body.started"):
        if late:
            with pytest.raises(UnavailableError):
                await look(step, {})
        else:
            await look(step, {})
    await look("http11.receive_response_headers.started", {})


def test_an_excerpt_is_the_beginning() -> None:
    assert Response(200, {}, b"x" * 5000, "demo").excerpt == "x" * 4096
    assert Response(200, {}, b"caf\xc3\xa9 \xff", "demo").text == "café \ufffd"


@pytest.mark.parametrize(("token", "hidden"), [("seven77", False), ("eight888", True)])
def test_a_token_that_is_long_enough_is_hidden(token: str, hidden: bool) -> None:
    Line().http.remember(token)
    assert (token not in Response(200, {}, f"it is {token}".encode(), "demo").excerpt) == hidden


@pytest.mark.parametrize(
    ("path", "good"),
    [
        ("/x", True),
        ("https://shop.test/other", True),
        ("https://shop.test:443/other", True),
        ("http://shop.test/other", False),
        ("https://shop.test:8443/other", False),
        ("https://shop.test.evil.test/other", False),
    ],
)
async def test_a_request_goes_to_the_address_of_its_connection_alone(path: str, good: bool) -> None:
    line = Line(OK)
    ended = await line.ended(lambda http: http.read("GET", path))
    assert (isinstance(ended, Response), len(line.asked)) == ((True, 1) if good else (False, 0))
    assert good or isinstance(ended, ContractError)


@pytest.mark.parametrize(("attempt", "least", "most"), [(0, 0.1, 0.2), (1, 0.2, 0.4), (3, 0.8, 1.6), (60, 4.0, 8.0)])
def test_pauses_grow_and_are_bounded(attempt: int, least: float, most: float) -> None:
    for _ in range(30):
        assert least <= http_module.backoff(attempt) <= most
