"""A feed on a web server, over a real connection on loopback."""

from __future__ import annotations

import time
from base64 import b64encode
from email.utils import formatdate
from pathlib import Path

import pytest

from invsync_tui.connectors import http
from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.errors import (
    AuthError,
    ConnectorError,
    ContractError,
    NotConfiguredError,
    PermissionDeniedError,
    UnavailableError,
)
from invsync_tui.connectors.sources.feed import FeedSource
from tests.support.connectors.feed import stock
from tests.support.connectors.feed_files import known
from tests.support.servers.http_stub import Answer, Request, stub_server
from tests.support.stores.merchant_store import Bench

FILE = b"SKU,Available\nA-1,5\n"


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "BACKOFF_MOST", 0.001)
    monkeypatch.setenv("FEED_SECRET", "the-secret-of-the-feed")


def source(url: str, login: str = "", secret: str = "", **options: str) -> FeedSource:
    return FeedSource(Connection("Demo", "feed", url, login, secret, options=options, deadline=2))


async def refusal(answer: Answer, **options: str) -> ConnectorError:
    with stub_server([answer] * 9) as server:
        feed_source = source(f"{server.url}/out/stock.csv", **options)
        with pytest.raises(ConnectorError) as caught:
            await feed_source.open()
        await feed_source.close()
    return caught.value


async def test_a_file_is_fetched_from_its_address_or_from_a_folder(tmp_path: Path) -> None:
    with stub_server([Answer(200, FILE), Answer(200, FILE), Answer(200, b"SKU,EAN\nA-1,1\n")]) as server:
        server.script[1], server.script[2] = server.script[2], server.script[1]
        for url, options in (
            (f"{server.url}/out/my stock.csv", {}),
            (f"{server.url}/out/", {"file": "stock.csv", "products_file": "products.csv"}),
        ):
            feed_source = source(url, **options)
            await feed_source.open()
            assert await stock(feed_source) == {("", "A-1"): 5}
            await feed_source.close()
    assert [request.path for request in server.requests] == [
        "/out/my%20stock.csv", "/out/products.csv", "/out/stock.csv",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("login", "header"),
    [("bot", "Basic " + b64encode(b"bot:the-secret-of-the-feed").decode()), ("", "Bearer the-secret-of-the-feed")],
)
async def test_a_login_is_sent_as_basic_and_a_secret_alone_as_a_token(login: str, header: str) -> None:
    with stub_server([Answer(200, FILE)]) as server:
        feed_source = source(f"{server.url}/stock.csv", login, "env:FEED_SECRET")
        await feed_source.open()
        await feed_source.close()
    assert server.requests[0].headers["authorization"] == header


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (Answer(401), AuthError, "refused the login"),
        (Answer(403), PermissionDeniedError, "may not be read"),
        (Answer(404), UnavailableError, "There is no stock.csv"),
        (Answer(500), UnavailableError, "failed"),
        (Answer(302, b"", {"Location": "/login"}), ContractError, "moved to"),
        (Answer(200, b"<html><body>Please log in</body></html>"), ContractError, "web page"),
        (Answer(200, b""), UnavailableError, "empty"),
        (Answer(204), ContractError, "204"),
        (Answer(200, FILE + b"A-2,", {"Content-Length": "9000"}), UnavailableError, ""),
    ],
)
async def test_an_answer_that_is_not_the_file_ends_in_words(
    answer: Answer, error: type[ConnectorError], words: str
) -> None:
    found = await refusal(answer)
    assert isinstance(found, error) and words in found.what


async def test_a_pattern_and_an_archive_are_refused(tmp_path: Path) -> None:
    for options in ({"file": "*.csv"}, {"archive": "done"}):
        with pytest.raises(NotConfiguredError):
            await source(
                "https://files.example.com/out/",
                file="stock.csv" if "archive" in options else "*.csv",
                archive=options.get("archive", ""),
            ).open()


async def test_the_age_of_a_file_is_told_by_the_servers_own_clock() -> None:
    now = time.time() + 86_400  # its clock is a day ahead
    headers = {"Date": formatdate(now, usegmt=True), "Last-Modified": formatdate(now - 7300, usegmt=True)}
    assert "2 hours ago" in (await refusal(Answer(200, FILE, headers), max_age="2")).what
    with stub_server([Answer(200, FILE, headers)]) as server:
        feed_source = source(f"{server.url}/stock.csv", max_age="3")
        await feed_source.open()
        row = (await feed_source.levels_page((await feed_source.warehouses())[0], None)).rows[0]
        offset = await feed_source.clock_offset()
        notes = await feed_source.notes()
        await feed_source.close()
    assert row.read_at is not None and offset is not None
    assert abs(row.read_at - offset - (time.time() - 7300)) < 5
    assert abs(notes["file_time"] - (time.time() - 7300)) < 5, "by our own clock"


async def test_a_marker_is_looked_for() -> None:
    def answering(request: Request) -> Answer:
        return Answer(200, FILE) if request.path == "/stock.csv" or done else Answer(404)

    for done in (False, True):
        with stub_server() as server:
            server.answering = answering
            feed_source = source(f"{server.url}/stock.csv", complete="marker")
            if done:
                await feed_source.open()
            else:
                with pytest.raises(UnavailableError, match="marker"):
                    await feed_source.open()
            await feed_source.close()


async def test_it_is_downloaded_into_a_store_and_going_back_is_refused(tmp_path: Path) -> None:
    def answer(age: float, units: int) -> Answer:
        return Answer(
            200, b"SKU,Available\nA-1,%d\n" % units, {"Last-Modified": formatdate(time.time() - age, usegmt=True)}
        )

    with stub_server([answer(900, 5), answer(600, 6), answer(1200, 9)]) as server:
        bench = Bench.make(tmp_path)
        bench.add_merchant(Connection("Demo", "feed", f"{server.url}/stock.csv", deadline=5))
        states = [(await bench.pull()).state for _ in range(3)]
    assert states == ["done", "done", "failed"]
    assert known(bench) == {("Default", "A-1"): 6}
