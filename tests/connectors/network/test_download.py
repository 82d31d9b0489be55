"""Files by HTTP: streamed to a file, bounded in size and time, with what is sent going to the connection's own host."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from invsync_tui.connectors import http
from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.errors import ContractError, NotConfiguredError, ThrottledError, UnavailableError
from invsync_tui.connectors.http import HttpConnection
from tests.support.servers.http_stub import Answer, stub_server

TOKEN = {"authorization": "Bearer the-token-of-the-feed"}


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "BACKOFF_MOST", 0.001)
    monkeypatch.setattr(http, "THROTTLE_PAUSE", 0.001)


async def fetched(
    url: str, target: Path, path: str = "/stock.csv", most: int = 10_000_000, deadline: float = 5.0
) -> int:
    """The status of a download."""
    client = HttpConnection(Connection("demo", "feed", url, deadline=deadline))
    try:
        return (await client.download(path, target, most, headers=TOKEN)).status
    finally:
        await client.close()


async def test_a_large_file_arrives_as_it_is_and_unpacked_by_nobody(tmp_path: Path) -> None:
    data = bytes(range(256)) * 12_000
    with stub_server([Answer(200, data, {"Content-Encoding": "gzip"})]) as server:
        assert await fetched(server.url, tmp_path / "f") == 200
    assert (tmp_path / "f").read_bytes() == data
    assert server.requests[0].headers["authorization"] == TOKEN["authorization"]
    assert server.requests[0].headers["accept-encoding"] == "identity"


async def test_another_host_gets_nothing(tmp_path: Path) -> None:
    with stub_server() as own, stub_server() as other:
        with pytest.raises(ContractError, match="nothing was sent"):
            await fetched(own.url, tmp_path / "f", f"{other.url}/stock.csv")
        with pytest.raises(ContractError, match="moved to"):
            own.script.append(Answer(302, b"", {"Location": f"{other.url}/stock.csv"}))
            await fetched(own.url, tmp_path / "f")
        assert (len(own.requests), other.requests) == (1, [])


async def test_a_file_over_the_limit_is_given_up(tmp_path: Path) -> None:
    with (
        stub_server([Answer(200, b"x" * 3_000_000)]) as server,
        pytest.raises(NotConfiguredError, match="1000000 bytes"),
    ):
        await fetched(server.url, tmp_path / "f", most=1_000_000)
    assert (tmp_path / "f").stat().st_size <= 1_000_000


async def test_a_file_that_is_cut_is_asked_for_again_and_is_never_half(tmp_path: Path) -> None:
    cut = Answer(200, b"half", {"Content-Length": "100"})
    with stub_server([cut, Answer(503), Answer(200, b"whole")]) as server:
        assert await fetched(server.url, tmp_path / "f", deadline=0.5) == 200
    assert (tmp_path / "f").read_bytes() == b"whole"
    with stub_server([cut] * 9) as server, pytest.raises(UnavailableError):
        await fetched(server.url, tmp_path / "f", deadline=0.2)
    assert len(server.requests) == http.READ_ATTEMPTS


async def test_too_many_requests_and_a_missing_file_are_told_as_such(tmp_path: Path) -> None:
    with stub_server([Answer(404, b"no such file")]) as server:
        assert await fetched(server.url, tmp_path / "f") == 404
    with stub_server([Answer(429, b"", {"Retry-After": "0"})] * 9) as server, pytest.raises(ThrottledError):
        await fetched(server.url, tmp_path / "f")
    assert not (tmp_path / "f").exists()


async def test_a_server_that_trickles_is_given_up_and_a_slow_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "READ_ATTEMPTS", 1)
    monkeypatch.setattr(http, "DOWNLOAD_PIECE", 1)
    for slowest, ends_well in ((1_000_000, False), (1, True)):
        monkeypatch.setattr(http, "DOWNLOAD_SLOWEST", slowest)
        stop = threading.Event()
        with _trickling(stop) as url:
            began = time.monotonic()
            if ends_well:
                assert await fetched(url, tmp_path / "f", deadline=0.4) == 200
            else:
                with pytest.raises(UnavailableError):
                    await fetched(url, tmp_path / "f", deadline=0.4)
                assert time.monotonic() - began < 2


def _trickling(stop: threading.Event):  # type: ignore[no-untyped-def]
    """A server that sends a byte every 0.1 s, ten of them."""
    import socket
    from contextlib import contextmanager

    def serve(listener: socket.socket) -> None:
        peer, _ = listener.accept()
        with peer:
            peer.recv(4096)
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
            for _ in range(10):
                if stop.wait(0.1):
                    return
                try:
                    peer.sendall(b"x")
                except OSError:
                    return

    @contextmanager
    def running():  # type: ignore[no-untyped-def]
        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=serve, args=(listener,), daemon=True)
            thread.start()
            try:
                yield f"http://127.0.0.1:{listener.getsockname()[1]}"
            finally:
                stop.set()
                thread.join(5)

    return running()
