"""What is told of a request: enough for support, and nothing that opens a door."""

from __future__ import annotations

import contextlib
import json
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invsync_tui import clock
from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.errors import ConnectorError, UnavailableError
from invsync_tui.connectors.http import HttpConnection
from invsync_tui.connectors.network import http_log
from invsync_tui.connectors.network.http_log import (
    BLACK,
    Exchange,
    log_http_to,
    redacted,
    redacted_url,
    remember_secret,
    tag_batch,
)
from tests.support.clocks.loop_watch import watching
from tests.support.servers.http_stub import Answer, stub_server

SECRET = "s3cr3t&value/with=signs"


class Ear:
    """Keeps everything."""

    def __init__(self, most: int = 1000) -> None:
        self.heard: list[Exchange] = []
        self.most = most

    def wants(self, *, writes: bool, failed: bool) -> int:
        return self.most

    def tell(self, exchange: Exchange) -> None:
        self.heard.append(exchange)


@pytest.mark.parametrize(
    "text",
    [
        '{"password": "hunter22", "sku": "A-1"}',
        '{"accessToken":"hunter22","sku":"A-1"}',
        '{"a": {"X-Api-Key" : "hunter22"}, "sku": "A-1"}',
        '{"clientSecret": "hunter\\"22", "sku": "A-1"}',
        'mutation { login(password: "hunter22") } A-1',
        "grant=x&client_secret=hunter22&sku=A-1",
        '{"session_id": 4711220022, "sku": "A-1"}',
        r'{"query": "mutation { login(password: \"hunter22\") { id } }", "sku": "A-1"}',
        r'{"options": "{\"token\": \"hunter\\\"22\", \"other\": 1}", "sku": "A-1"}',
        "{'api_key': 'hunter22', 'sku': 'A-1'}",
        '{"password": "hunter\\\\", "sku": "A-1", "x": "y"} A-1',
    ],
)
def test_values_of_telling_fields_are_blacked_out_and_the_rest_is_told(text: str) -> None:
    found = redacted(text)
    assert "hunter" not in found and "4711220022" not in found
    assert BLACK in found and "A-1" in found


@given(st.text(min_size=6, max_size=40).filter(str.strip), st.text(max_size=30), st.text(max_size=30))
def test_a_secret_that_is_known_is_nowhere(secret: str, before: str, after: str) -> None:
    remember_secret(secret)
    assert secret not in redacted(f"{before}{secret}{after}") or secret in BLACK


def test_an_address_is_told_without_login_and_without_telling_parameters() -> None:
    found = redacted_url("https://user:hunter22@wms.example/api/levels?page=2&api_key=hunter22#x")
    assert found == f"https://wms.example/api/levels?page=2&api_key={BLACK}"


async def test_requests_and_answers_are_told_with_the_vendors_id_and_without_headers() -> None:
    # given
    ear = Ear()
    remember_secret(SECRET)
    answers = [Answer(200, b'{"ok": true}', {"x-request-id": "req-77"}), Answer(503, b"busy")]
    with stub_server(answers) as server:
        http = HttpConnection(Connection("demo", "stub", server.url, deadline=5))
        http.headers["authorization"] = f"Bearer {SECRET}"
        # when
        with log_http_to(ear):
            with tag_batch("batch-1"):
                await http.write("POST", "/stock", content=json.dumps({"sku": "A-1", "token": SECRET}).encode())
            await http.write("POST", "/stock", content=b"{}")
        await http.close()
    # then
    first, second = ear.heard
    assert (first.batch_id, first.status, first.vendor_id, first.answer) == ("batch-1", 200, "req-77", b'{"ok": true}')
    assert b"A-1" in first.request and SECRET.encode() not in first.request
    assert (second.batch_id, second.status, second.answer) == ("", 503, b"busy")
    assert SECRET not in repr(ear.heard)


async def test_a_request_without_an_answer_is_told_too() -> None:
    ear = Ear()
    http = HttpConnection(Connection("demo", "stub", "http://127.0.0.1:9", deadline=2))
    with log_http_to(ear), pytest.raises(UnavailableError):
        await http.write("POST", "/stock", content=b"{}")
    await http.close()
    assert ear.heard[0].status is None
    assert ear.heard[0].error


@pytest.mark.parametrize(
    ("status", "failed"), [(200, False), (399, False), (400, True), (404, True), (500, True), (None, True)]
)
def test_an_answer_from_400_on_counts_as_failed_and_none_at_all_too(status: int | None, failed: bool) -> None:
    asked: list[bool] = []

    class Asking(Ear):
        def wants(self, *, writes: bool, failed: bool) -> int:
            asked.append(failed)
            return super().wants(writes=writes, failed=failed)

    with log_http_to(Asking()):
        http_log.TimedRequest("GET", "http://cart.test/", None, writes=False).wants(status)
    assert asked == [failed]


@pytest.mark.parametrize("set_by", [0, 86_400, -86_400])
def test_the_time_of_a_request_and_how_long_it_took_are_told_in_milliseconds(
    monkeypatch: pytest.MonkeyPatch, set_by: int
) -> None:
    ear, times = Ear(), [1_760_000_000.25, 100.0]
    monkeypatch.setattr(clock, "now", lambda: times[0])
    monkeypatch.setattr(clock, "elapsed", lambda: times[1])
    with log_http_to(ear):
        heard = http_log.TimedRequest("GET", "http://cart.test/", None, writes=False)
        times[:] = [1_760_000_001.75 + set_by, 101.5]
        heard.end(200, {}, b"", most=10)
    assert ear.heard[0][1:3] == (1_760_000_000_250, 1500)


@pytest.mark.parametrize("answered", [True, False])
async def test_a_large_request_is_redacted_in_a_thread_however_small_the_answer(
    monkeypatch: pytest.MonkeyPatch, answered: bool
) -> None:
    # given: as many secrets as a large installation has, and a request as large as one that is told whole
    for number in range(600):
        remember_secret(f"{number:04}-zebra-of-town", f"connection {number}")
    where: list[bool] = []

    class Placed(Ear):
        def tell(self, exchange: Exchange) -> None:
            where.append(threading.current_thread() is threading.main_thread())
            super().tell(exchange)

    ear = Placed(http_log.BODY_MOST)
    with stub_server([Answer(200, b'{"ok": 10}')] * 2) as server:
        http = HttpConnection(Connection("demo", "stub", server.url if answered else "http://127.0.0.1:9", deadline=5))
        await http.read("GET", "/") if answered else None
        # when
        with log_http_to(ear):
            for _ in watching(monkeypatch, everything=True):
                with contextlib.nullcontext() if answered else pytest.raises(UnavailableError):
                    await http.write("POST", "/stock", content=b"0007-zebra-of-town " + b"0123-456-78 " * 5450)
        await http.close()
    # then
    assert ear.heard[0].request.startswith(BLACK.encode() + b" 0123-456-78 ")
    assert where == [False]


async def test_a_long_address_costs_no_more_than_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    began = time.thread_time()
    found = redacted_url("https://wms.example/" + "a/password=b&" * 200_000)
    assert time.thread_time() - began < 0.05
    assert found.startswith("https://wms.example/a/") and len(found) <= 2 * http_log.URL_MOST
    # what tells a login may have been cut off
    assert "hunter" not in redacted_url("https://bot:hunter22" + "x" * http_log.URL_MOST + "@wms.example/")
    http = HttpConnection(Connection("demo", "stub", "http://127.0.0.1:9", deadline=2))
    for _ in watching(monkeypatch, everything=True):
        with pytest.raises(ConnectorError):
            await http.read("GET", "/a" * 1_000_000)
    await http.close()
