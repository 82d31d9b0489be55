"""A real service is started, frozen, woken, hung up on, ended and killed, and the commands say what is so."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from invsync_tui.operations.service import workers
from invsync_tui.operations.session import Session
from tests.support.processes.shell import INVSYNC, Shell, check
from tests.support.processes.shell_sync import set_up
from tests.support.servers.sandbox import WmsHandle, sandbox_cart, sandbox_wms

PATIENCE = 30


@pytest.fixture(scope="module")
def wms() -> Iterator[WmsHandle]:
    with sandbox_wms(40) as handle:
        yield handle


@pytest.fixture(scope="module")
def slow_wms() -> Iterator[WmsHandle]:
    """It takes a second for each answer."""
    with sandbox_wms(40, latency=1.0) as handle:
        yield handle


@pytest.fixture(scope="module")
def home(wms: WmsHandle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Made once by the real commands; each test works on a copy of the store."""
    made = tmp_path_factory.mktemp("served")
    with sandbox_cart(40) as cart:
        set_up(Shell(made), wms, cart)
        yield made


@pytest.fixture
def shop(shell: Shell, home: Path) -> Shell:
    shutil.copytree(home, shell.home, dirs_exist_ok=True)
    return shell


@pytest.fixture
def slow(shop: Shell, slow_wms: WmsHandle) -> Shell:
    with closing(sqlite3.connect(shop.store)) as connection, connection:
        connection.execute("UPDATE source SET url = ?, secret = ?", (slow_wms.url, slow_wms.secret))
    return shop


class Service:
    """`invsync serve` in a process of its own, its log in a file."""

    def __init__(self, shell: Shell, *more: str, **environment: str) -> None:
        self.shell = shell
        self.log = shell.home / f"log-{time.monotonic_ns()}"
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [*INVSYNC, "serve", *more],
                env=shell.environment(environment),
                stdout=subprocess.DEVNULL,
                stderr=out,
                # Tests that were started in the background ignore SIGINT, and so would it.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
            )

    def lines(self) -> list[str]:
        return self.log.read_text().splitlines()

    def logged(self, text: str) -> bool:
        return any(text in line for line in self.lines())

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)


@pytest.fixture
def started() -> Iterator[Callable[..., Service]]:
    made: list[Service] = []

    def start(shell: Shell, *more: str, **environment: str) -> Service:
        made.append(Service(shell, *more, **environment))
        until(lambda: state(shell) == "running", made[-1])
        return made[-1]

    yield start
    for one in made:
        one.end()


def until(condition: Callable[[], object], service: Service | None = None) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        said = service.lines() if service is not None else ""
        assert time.monotonic() < deadline, said
        time.sleep(0.05)


def state(shell: Shell) -> str:
    """Of the service, as the commands are told; read in this process, since a command takes a second on a busy machine."""
    session = Session.open(shell.store, read_only=True)
    try:
        return str(workers.service(session).state)
    finally:
        session.close()


def run_state(shell: Shell, number: int) -> str:
    with closing(sqlite3.connect(shell.store)) as connection:
        return str(connection.execute("SELECT state FROM run WHERE id = ?", (number,)).fetchone()[0])


def status(shell: Shell) -> dict[str, object]:
    answer = shell.run("status", "--json")
    check("status", answer.document)
    assert answer.code == (0 if answer.document["healthy"] else 1)
    return answer.document


def run(shell: Shell, number: int) -> dict[str, object]:
    return dict(shell.json("runs", str(number))["run"])


def test_the_log_tells_each_run_and_a_hang_up_ends_nothing(shop: Shell, started: Callable[..., Service]) -> None:
    # given
    service = started(shop)
    # when
    shop.json("sync", "Acme")
    until(lambda: service.logged("run 2 push Acme > Shop held"), service)
    # then
    ends = [line for line in service.lines() if " run " in line]
    assert len(ends) == 2 and "run 1 pull Acme done in " in ends[0] and " INFO " in ends[0] and " WARNING " in ends[1]
    # and when its terminal goes away
    service.send(signal.SIGHUP)
    until(lambda: service.logged("SIGHUP"), service)
    shop.json("sync", "Acme", "--full")
    until(lambda: service.logged("run 3 pull Acme done"), service)
    assert service.process.poll() is None
    # and when it is told to end
    service.send(signal.SIGTERM)
    assert service.process.wait(PATIENCE) == 0
    assert service.logged("ended, process")
    assert state(shop) == "none"


def test_a_failing_wms_is_a_line_when_it_breaks_and_a_line_when_it_heals_in_json(
    shop: Shell, wms: WmsHandle, started: Callable[..., Service]
) -> None:
    service = started(shop, "--log-format", "json")

    def records() -> list[dict[str, object]]:
        return [json.loads(line) for line in service.lines() if line.startswith("{")]

    def ended(state: str) -> int:
        return sum(
            record["event"] == "run" and record["state"] == state and record["kind"] == "pull" for record in records()
        )

    shop.ok("merchants", "set", "Acme", "--secret", "env:NOT_THERE")
    for n in (1, 2):
        shop.json("sync", "Acme")
        until(lambda n=n: ended("failed") == n, service)  # type: ignore[misc]
    text = shop.run("status").out
    assert "2 runs in a row failed, the first " in text
    shop.ok("merchants", "set", "Acme", "--secret", wms.secret)
    shop.json("sync", "Acme")
    until(lambda: ended("done") == 1, service)
    until(lambda: any(record["event"] == "recovered" for record in records()), service)
    assert [record["event"] for record in records()].count("failing") == 1
    assert next(record for record in records() if record["event"] == "recovered")["failed_runs"] == 2


def test_a_frozen_service_is_told_by_every_command_and_well_again_when_it_goes_on(
    slow: Shell, started: Callable[..., Service]
) -> None:
    # given: a download is under way
    service = started(slow)
    slow.json("sync", "Acme")
    until(lambda: run_state(slow, 1) == "running", service)
    # when
    service.send(signal.SIGSTOP)
    until(lambda: state(slow) == "not_responding", service)
    # then
    found = status(slow)
    assert not found["healthy"] and found["pulse"]["stalled"] == 1
    assert found["merchants"][0]["status"].startswith("stalled: ")
    text = slow.run("status")
    assert text.code == 1 and "is suspended" in text.out
    assert f"kill -CONT {service.process.pid}" in text.out
    detail = run(slow, 1)
    assert detail["stalled"]["state"] == "not_responding"
    assert (detail["per_second"], detail["eta"], detail["worker_running"]) == (None, None, False)
    assert slow.json("runs")["runs"][-1]["stalled"]["state"] == "not_responding"
    assert "suspended" in slow.ok("runs").out
    doctor = slow.run("doctor", "--json")
    assert doctor.code == 1
    assert {"service.running", "service.runs"} <= {
        one["id"] for one in doctor.document["checks"] if one["verdict"] == "fail"
    }
    # and when
    service.send(signal.SIGCONT)
    # then
    until(lambda: state(slow) == "running", service)
    until(lambda: run_state(slow, 1) == "done", service)


def test_a_sync_beside_a_frozen_service_is_executed_by_another_worker(
    shop: Shell, started: Callable[..., Service]
) -> None:
    service = started(shop)
    service.send(signal.SIGSTOP)
    answer = shop.run("sync", "Acme", "--wait", "--json")
    assert answer.code == 3, answer
    log = shop.store.with_name(shop.store.name + ".worker.log")
    assert stat.S_IMODE(log.stat().st_mode) == 0o600 and "run 1 pull Acme done" in log.read_text()
    assert status(shop)["service"]["log"] == str(log)
    service.send(signal.SIGCONT)


def test_a_service_that_crashes_leaves_no_core_file_with_its_secrets(
    shop: Shell, started: Callable[..., Service]
) -> None:
    service = started(shop)
    limits = Path(f"/proc/{service.process.pid}/limits").read_text()
    (line,) = [line for line in limits.splitlines() if line.startswith("Max core file size")]
    assert line.split()[4:6] == ["0", "0"]


def test_a_killed_service_is_gone_at_once_and_the_next_one_takes_over(
    slow: Shell, started: Callable[..., Service]
) -> None:
    first = started(slow)
    slow.json("sync", "Acme")
    until(lambda: run_state(slow, 1) == "running", first)
    first.send(signal.SIGKILL)
    first.process.wait(PATIENCE)
    # then
    detail = run(slow, 1)
    assert detail["stalled"]["state"] == "gone" and "invsync serve" in detail["stalled"]["advice"]
    assert state(slow) == "none"
    assert "Nobody works on this run" in slow.run("status").out
    # and when
    second = started(slow)
    until(lambda: second.logged("run 1 pull Acme is taken over: its worker died"), second)
    until(lambda: run_state(slow, 1) == "done", second)


def test_the_first_sigterm_drains_and_a_second_one_ends_at_once(slow: Shell, started: Callable[..., Service]) -> None:
    # given
    service = started(slow)
    slow.json("sync", "Acme")
    until(lambda: run_state(slow, 1) == "running", service)
    # when: it waits for an answer of the WMS
    service.send(signal.SIGTERM)
    until(lambda: service.logged("ending on SIGTERM"), service)
    assert service.process.wait(PATIENCE) == 0
    # then
    assert "The worker was stopped; the next one continues the run." in [
        one["text"]
        for one in run(slow, 1)["events"]  # type: ignore[attr-defined]
    ]
    # and when: once more, impatiently
    again = started(slow)
    until(lambda: again.logged("is taken over: its worker was stopped"), again)
    again.send(signal.SIGTERM)
    until(lambda: again.logged("ending on SIGTERM") or again.process.poll() is not None, again)
    again.send(signal.SIGTERM)
    assert again.process.wait(PATIENCE) in (0, -signal.SIGTERM)
    assert state(slow) == "none"


def test_systemd_is_told_that_the_service_is_ready_works_and_ends(
    shop: Shell, started: Callable[..., Service], tmp_path: Path
) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        manager.settimeout(PATIENCE)
        service = started(shop, NOTIFY_SOCKET=address, WATCHDOG_USEC="1000000")
        assert manager.recv(1000).startswith(b"READY=1\nWATCHDOG=1\nSTATUS=")
        assert manager.recv(1000).startswith(b"WATCHDOG=1\nSTATUS=")
        # when it is frozen, nobody is told that it works
        service.send(signal.SIGSTOP)
        until(lambda: state(shop) == "not_responding", service)
        manager.setblocking(False)
        while True:
            try:
                manager.recv(1000)
            except BlockingIOError:
                break
        manager.settimeout(1.5)
        with pytest.raises(TimeoutError):
            manager.recv(1000)
        # and when it ends
        manager.settimeout(PATIENCE)
        service.send(signal.SIGCONT)
        service.send(signal.SIGTERM)
        said = b""
        while b"STOPPING=1" not in said:
            said = manager.recv(1000)
        assert service.process.wait(PATIENCE) == 0


def test_a_service_that_hangs_is_told_after_its_heartbeat_stops(shop: Shell, started: Callable[..., Service]) -> None:
    # given: suspended, as if this system could not tell (a container, another machine's process table)
    service = started(shop)
    service.send(signal.SIGSTOP)
    with closing(sqlite3.connect(shop.store)) as connection, connection:
        connection.execute("UPDATE worker SET host = 'another-machine', heartbeat_at = heartbeat_at - 120, boot = ''")
    found = status(shop)
    assert found["service"]["state"] == "not_responding"
    assert "on another-machine" in found["service"]["text"] and "2 min" in found["service"]["text"]
    os.kill(service.process.pid, signal.SIGCONT)


def test_a_hang_up_ends_no_detached_worker_either(shop: Shell) -> None:
    # given a worker that a command has started, and its terminal gone
    log = Path(f"{shop.store}.worker.log")
    shop.json("sync", "Acme")
    until(lambda: "run 1 pull Acme" in log.read_text())
    with closing(sqlite3.connect(shop.store)) as cx:
        ((process,),) = cx.execute("SELECT pid FROM worker")
    # when
    os.kill(process, signal.SIGHUP)
    until(lambda: "SIGHUP" in log.read_text())
    # then it is the one that does what comes next
    shop.json("sync", "Acme", "--full")
    until(lambda: "run 3 pull Acme done" in log.read_text())
    assert log.read_text().count("detached started") == 1
    os.kill(process, signal.SIGTERM)
    until(lambda: f"ended, process {process}" in log.read_text())
