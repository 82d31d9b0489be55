"""What a service manager is told, over real sockets."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from invsync_tui.cli import main
from invsync_tui.operations.service import log as service_log
from invsync_tui.operations.service import serve, systemd
from invsync_tui.operations.service.systemd import Notifier
from invsync_tui.operations.session import Session


@contextmanager
def listening(address: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.bind("\0" + address[1:] if address.startswith("@") else address)
        made.settimeout(5)
        yield made


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_lines_arrive_at_the_socket_of_the_manager(tmp_path: Path, kind: str) -> None:
    address = str(tmp_path / "notify") if kind == "path" else f"@invsync-{uuid.uuid4().hex}"
    with listening(address) as manager:
        Notifier.of({"NOTIFY_SOCKET": address}, 1).send("READY=1", "STATUS=well")
        assert manager.recv(1000) == b"READY=1\nSTATUS=well"


def test_a_manager_that_is_gone_stops_nothing(tmp_path: Path) -> None:
    Notifier.of({"NOTIFY_SOCKET": str(tmp_path / "gone")}, 1).send("READY=1")
    Notifier.of({}, 1).send("READY=1")
    Notifier.of({"NOTIFY_SOCKET": "vsock:1:2"}, 1).send("READY=1")


@pytest.mark.parametrize(
    ("environment", "every"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_fed_twice_in_its_time_and_only_if_it_is_ours(
    environment: dict[str, str], every: float | None
) -> None:
    assert Notifier.of({"NOTIFY_SOCKET": "/x", **environment}, 7).every == every


async def test_the_watchdog_is_fed_only_while_the_loop_of_the_runner_turns(tmp_path: Path) -> None:
    class Runner:
        turns, underway = 0, 2

    address = str(tmp_path / "notify")
    with listening(address) as manager:
        manager.setblocking(False)
        loop, runner = asyncio.get_running_loop(), Runner()
        telling = asyncio.create_task(serve._tell_manager(runner, Notifier(address, 0.02)))  # type: ignore[arg-type]
        # given: the loop has not turned yet, so nothing is ready
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(loop.sock_recv(manager, 1000), 0.3)
        # when it turns
        runner.turns = 1
        first = await asyncio.wait_for(loop.sock_recv(manager, 1000), 5)
        assert first == b"READY=1\nWATCHDOG=1\nSTATUS=2 runs under way"
        # and is stalled
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(loop.sock_recv(manager, 1000), 0.3)
        # and turns again
        runner.turns = 2
        assert (await asyncio.wait_for(loop.sock_recv(manager, 1000), 5)).startswith(b"WATCHDOG=1")
        telling.cancel()


def test_a_manager_waits_as_long_as_the_store_is_being_opened_and_upgraded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, store = str(tmp_path / "notify"), tmp_path / "store.db"
    Session.create(store).close()
    monkeypatch.setattr(systemd, "EXTEND_EVERY", 0.02)
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(service_log, "start", lambda *_: None)
    served: list[Path] = []
    with listening(address) as manager:

        def upgrades(path: Path, **_: object) -> Session:
            # as long as it takes the manager is told so, several times
            for _each in range(3):
                assert manager.recv(1000).startswith(b"EXTEND_TIMEOUT_USEC=60000000\n")
            return opens(path)

        opens = Session.open
        monkeypatch.setattr(Session, "open", upgrades)
        monkeypatch.setattr(serve, "serve", lambda session, *_: served.append(session.path))
        assert main.run(["--store", str(store), "serve"]) == 0
        # and no longer than that: whether the service works is said by the service
        manager.settimeout(0.2)
        with pytest.raises(TimeoutError):
            while manager.recv(1000):
                pass
    assert served == [store]


def test_without_a_manager_nobody_is_told_that_it_starts() -> None:
    with systemd.starting(Notifier.of({}, 1)):
        assert "service manager" not in {thread.name for thread in threading.enumerate()}
