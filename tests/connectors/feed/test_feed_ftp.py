"""A feed on a real FTP server, with and without TLS."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.checks import reviews
from invsync_tui.connectors.errors import AuthError, ConnectorError, UnavailableError
from invsync_tui.connectors.sources.feed import FeedSource
from invsync_tui.rules.merchant_checks import Verdict
from tests.support.connectors.feed import HEAD, facts, names, stock, write
from tests.support.connectors.feed_files import known
from tests.support.servers.ftp import LOGIN, PASSWORD, FtpServer, ftp_server
from tests.support.stores.merchant_store import Bench

pytestmark = pytest.mark.real
SCHEMES = {False: "ftp", True: "ftps"}


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEED_SECRET", PASSWORD)


@pytest.fixture(params=[False, True], ids=["plain", "tls"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FtpServer]:
    with ftp_server(tmp_path, secure=request.param) as started:
        write(started.folder / "stock_1.csv", HEAD + "A-1,1\n", age=7200)
        write(started.folder / "stock_2.csv", HEAD + "A-1,2\nA-2,7\n", age=3700)
        yield started


def connection(server: FtpServer, path: str = "/", login: str = LOGIN, **options: str) -> Connection:
    scheme = SCHEMES[server.certificate is not None]
    if server.certificate is not None:
        options = {"ca_file": str(server.certificate), **options}
    return Connection("Demo", "feed", f"{scheme}://127.0.0.1:{server.port}{path}", login, "env:FEED_SECRET", options, 5)


async def refusal(target: Connection) -> ConnectorError:
    feed_source = FeedSource(target)
    with pytest.raises(ConnectorError) as caught:
        await feed_source.open()
    await feed_source.close()
    return caught.value


async def test_the_newest_file_is_read_with_its_time(server: FtpServer) -> None:
    feed_source = FeedSource(connection(server, file="stock_*.csv", max_age="2"))
    await feed_source.open()
    assert await stock(feed_source) == {("", "A-1"): 2, ("", "A-2"): 7}
    row = (await feed_source.levels_page((await feed_source.warehouses())[0], None)).rows[0]
    await feed_source.close()
    assert row.read_at is not None and abs(row.read_at - (time.time() - 3700)) < 5


async def test_a_large_file_arrives_whole(server: FtpServer) -> None:
    write(server.folder / "big.csv", HEAD + "".join(f"A-{n},{n}\n" for n in range(60_000)))
    feed_source = FeedSource(connection(server, "/big.csv"))
    await feed_source.open()
    assert (await feed_source.notes())["rows"] == 60_000
    await feed_source.close()


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("without", [(), ("MLSD", "MLST")], ids=["lists", "names-alone"])
async def test_a_file_that_was_read_goes_to_the_archive_and_is_read_from_there(
    tmp_path: Path, *, secure: bool, without: tuple[str, ...]
) -> None:
    with ftp_server(tmp_path, secure=secure, without=without, perm="elradfmw") as server:
        folder = server.folder
        write(folder / "stock_1.csv", HEAD + "A-1,1\n", age=7200)
        write(folder / "stock_2.csv", HEAD + "A-1,2\nA-2,7\n", age=3700)
        write(folder / "stock_2.csv.done", "", age=3700)
        bench = Bench.make(tmp_path)
        bench.add_merchant(connection(server, file="stock_*.csv", archive="done", complete="any"))
        run = await bench.pull()
        assert (run.state, known(bench)) == ("done", {("Default", "A-1"): 2, ("Default", "A-2"): 7}), run.error
        assert names(folder) == ["done"]
        assert names(folder / "done") == ["stock_1.csv", "stock_2.csv", "stock_2.csv.done"]
        assert (await bench.pull()).state == "done"
        write(folder / "stock_1.csv", HEAD + "A-1,100\n", age=60)
        run = await bench.pull()
        assert (run.state, known(bench)[("Default", "A-1")]) == ("done", 2), run.error
        assert names(folder) == ["done"]


async def test_an_archive_that_may_not_be_written_is_a_warning_of_the_run(tmp_path: Path) -> None:
    with ftp_server(tmp_path) as server:
        write(server.folder / "stock.csv", HEAD + "A-1,1\n", age=7200)
        bench = Bench.make(tmp_path)
        bench.add_merchant(connection(server, file="stock.csv", archive="done", complete="any"))
        run = await bench.pull()
        assert (run.state, known(bench)) == ("done", {("Default", "A-1"): 1})
        assert names(server.folder) == ["stock.csv"]


async def test_what_is_wrong_is_told(server: FtpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(await refusal(connection(server, "/none.csv")), UnavailableError)
    assert (
        "too old" not in (old := (await refusal(connection(server, "/stock_1.csv", max_age="1"))).what)
        and "2 hours" in old
    )
    big = write(server.folder / "big.csv", "x" * 1_200_000)
    assert "more than 1 MB" in (await refusal(connection(server, f"/{big.name}", max_size="1"))).what
    monkeypatch.setenv("FEED_SECRET", "a-wrong-password")
    error = await refusal(connection(server, "/stock_1.csv"))
    assert isinstance(error, AuthError) and "wrong-password" not in str(error)


async def test_a_server_without_mlsd_is_asked_file_by_file(tmp_path: Path) -> None:
    with ftp_server(tmp_path, without=("MLSD", "MLST")) as server:
        write(server.folder / "stock_2.csv", HEAD + "A-1,2\n", age=7300)
        assert "2 hours" in (await refusal(connection(server, file="stock_*.csv", max_age="1"))).what
        feed_source = FeedSource(connection(server, file="stock_*.csv"))
        await feed_source.open()
        assert await stock(feed_source) == {("", "A-1"): 2}
        await feed_source.close()
        assert isinstance(await refusal(connection(server, "/none.csv")), UnavailableError)


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    with ftp_server(tmp_path, secure=True) as server:
        error = await refusal(connection(server, "/stock.csv", ca_file=""))
    assert isinstance(error, UnavailableError) and "certificate" in error.what


@pytest.mark.parametrize("scheme", ["ftp", "ftps"])
async def test_a_server_that_says_nothing_is_given_up_in_time(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        began = time.monotonic()
        target = Connection("Demo", "feed", f"{scheme}://127.0.0.1:{listener.getsockname()[1]}/s.csv", deadline=0.3)
        assert isinstance(await refusal(target), UnavailableError)
        assert time.monotonic() - began < 3


async def test_a_canceled_login_does_not_wait_for_the_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        target = Connection("Demo", "feed", f"ftp://127.0.0.1:{listener.getsockname()[1]}/s.csv", deadline=2)
        feed_source = FeedSource(target)
        task = asyncio.ensure_future(feed_source.open())
        await asyncio.sleep(0.2)
        began = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await feed_source.close()
        assert time.monotonic() - began < 1


async def test_a_server_that_hangs_up_ends_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            peer, _ = listener.accept()
            peer.sendall(b"220 hello\r\n")
            peer.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        target = Connection("Demo", "feed", f"ftp://127.0.0.1:{listener.getsockname()[1]}/s.csv", deadline=2)
        assert isinstance(await refusal(target), UnavailableError)
        thread.join(5)


async def test_it_is_downloaded_into_a_store(server: FtpServer, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    bench = Bench.make(home)
    bench.add_merchant(connection(server, file="stock_*.csv"))
    run = await bench.pull()
    assert (run.state, known(bench)) == ("done", {("Default", "A-1"): 2, ("Default", "A-2"): 7}), run.error


def test_the_doctor_says_that_ftp_sends_the_password_in_the_clear() -> None:
    for url, verdict in (("ftp://files.example.com/out", Verdict.FAIL), ("ftps://files.example.com/out", Verdict.PASS)):
        told = facts({})
        target = Connection("Demo", "feed", url)
        found = {review.id: review for review in reviews(type(told)(target, "Demo", "", True, ""))}
        assert found["connection.transport"].verdict is verdict
        assert ("--url ftps://files.example.com/out" in found["connection.transport"].fix) == (verdict is Verdict.FAIL)
