"""`serve --metrics`: the same text as `invsync metrics` over HTTP, whatever monitors do to it."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest

from invsync_tui import clock
from invsync_tui.operations.errors import InvalidError, OperationError
from invsync_tui.operations.service import hooks, metrics, metrics_server
from invsync_tui.operations.service.hooks import ListenAddress
from tests.support.stores.products_store import Shelf, shelf


@pytest.fixture
def made(tmp_path: object) -> Iterator[Shelf]:
    store = shelf(tmp_path)  # type: ignore[arg-type]
    yield store
    store.bench.store.close()


@pytest.fixture
def place(made: Shelf) -> Iterator[ListenAddress]:
    """Where a server answers for the shelf's store."""
    listening = hooks.listen(ListenAddress("127.0.0.1", 0))
    with metrics_server.serving(made.bench.store.path, listening):
        yield listening.place


def ask(place: ListenAddress, method: str = "GET", path: str = "/metrics") -> tuple[int, str, str]:
    """The status, the type and the text of an answer."""
    with closing(http.client.HTTPConnection(place.host, place.port, timeout=60)) as connection:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read().decode()


def without_ages(lines: list[str]) -> list[str]:
    return [line for line in lines if not line.startswith("invsync_stock_age_seconds")]


def test_it_is_the_text_of_the_command(made: Shelf, place: ListenAddress) -> None:
    status, kind, text = ask(place)
    assert status == 200 and kind.startswith("text/plain; version=0.0.4")
    assert without_ages(text.splitlines()) == without_ages(metrics.exposition(metrics.samples(made.session)))
    assert ask(place, "HEAD") == (200, kind, "")


def test_health_is_a_status(place: ListenAddress) -> None:
    assert ask(place, path="/health")[::2] == (503, "no service works\n")


def test_other_paths_and_methods_are_refused(place: ListenAddress) -> None:
    assert ask(place, path="/")[0] == 404
    assert ask(place, "POST")[0] == 405


def test_monitors_that_hang_are_dropped_and_others_are_answered(
    place: ListenAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics_server, "REQUEST_MOST", 0.5)
    hanging = [socket.create_connection((place.host, place.port), timeout=60) for _ in range(40)]
    try:
        for client in hanging[::2]:
            client.sendall(b"GET /metrics HTTP/1.1\r\n")
        for client in hanging:
            with suppress(ConnectionResetError):
                assert client.recv(1) == b"", "it is closed without an answer"
        assert ask(place)[0] == 200
    finally:
        for client in hanging:
            client.close()


def test_a_request_without_an_end_is_dropped(place: ListenAddress) -> None:
    connected = socket.create_connection((place.host, place.port), timeout=60)
    with closing(connected) as client, pytest.raises((ConnectionResetError, BrokenPipeError)):
        while True:
            client.sendall(b"x" * 4096)
    assert ask(place)[0] == 200


def test_a_store_that_cannot_be_read_is_503_until_it_is_there_again(
    made: Shelf, place: ListenAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = threading.Event()
    broken.set()
    real = metrics.samples

    def samples(session: object) -> object:
        if broken.is_set():
            raise OperationError("/secret/place: the store is full")
        return real(session)  # type: ignore[arg-type]

    monkeypatch.setattr(metrics, "samples", samples)
    status, _, text = ask(place)
    assert status == 503 and "secret" not in text
    broken.clear()
    assert ask(place)[0] == 200


def test_numbers_are_read_once_for_several_monitors(place: ListenAddress, monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.elapsed()
    monkeypatch.setattr(metrics_server.clock, "elapsed", lambda: now)
    reads = []
    real = metrics.samples
    monkeypatch.setattr(metrics, "samples", lambda session: reads.append(1) or real(session))
    assert [ask(place)[0] for _ in range(3)] == [200, 200, 200]
    assert len(reads) == 1


def test_it_ends_with_the_service_and_frees_its_place(made: Shelf) -> None:
    listening = hooks.listen(ListenAddress("127.0.0.1", 0))
    with metrics_server.serving(made.bench.store.path, listening):
        assert ask(listening.place)[0] == 200
    assert not [thread for thread in threading.enumerate() if thread.name == "metrics"]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((listening.place.host, listening.place.port), timeout=60)


def test_a_port_alone_is_on_this_machine_and_a_wrong_place_names_its_option() -> None:
    assert ListenAddress.parse("9464", "--metrics") == ListenAddress("127.0.0.1", 9464)
    with pytest.raises(InvalidError, match="--metrics"):
        ListenAddress.parse("nowhere", "--metrics")
    with closing(socket.create_server(("127.0.0.1", 0))) as taken, pytest.raises(OperationError, match="--metrics"):
        hooks.listen(ListenAddress("127.0.0.1", taken.getsockname()[1]), "a monitor", "--metrics")
