"""A sync from the command line against the sandbox: ordered, followed, held, released; and the service."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.support.processes.shell import INVSYNC, Answer, Shell, check
from tests.support.processes.shell_sync import serve, set_up
from tests.support.servers.sandbox import CartHandle, sandbox_cart, sandbox_wms

PRODUCTS = 40


@pytest.fixture
def cart() -> Iterator[CartHandle]:
    with sandbox_cart(PRODUCTS) as handle:
        yield handle


@pytest.fixture
def shop(shell: Shell, cart: CartHandle) -> Iterator[Shell]:
    with sandbox_wms(PRODUCTS) as wms:
        set_up(shell, wms, cart)
        yield shell


@pytest.fixture
def slow(shell: Shell, cart: CartHandle) -> Iterator[Shell]:
    """The same with a WMS that takes its time."""
    with sandbox_wms(PRODUCTS, latency=0.7) as wms:
        set_up(shell, wms, cart)
        yield shell


@pytest.fixture
def served(shop: Shell) -> Iterator[Shell]:
    """The same with a service."""
    process = serve(shop)
    try:
        yield shop
    finally:
        process.terminate()
        process.communicate(timeout=20)


def followed(answer: Answer) -> list[dict[str, object]]:
    """The lines of sync --wait --json, each held against the schema."""
    lines = [json.loads(line) for line in answer.out.splitlines()]
    for line in lines:
        check("sync", line)
    return lines


def test_connections_are_tested_step_by_step(shop: Shell, cart: CartHandle) -> None:
    assert shop.json("connections", "test", "Acme")["ok"]
    assert shop.json("connections", "test", "--cart", "Shop", "--read-only")["connection"]["kind"] == "cart"
    shop.ok("carts", "set", "Shop", "--secret", "env:NOT_THERE")
    answer = shop.run("connections", "test", "--cart", "Shop", "--json")
    check("connections", answer.document)
    assert answer.code == 1 and not answer.document["steps"][-1]["ok"]
    assert "FAIL" in shop.run("connections", "test", "--cart", "Shop").out


def test_a_first_push_is_held_released_and_done(served: Shell, cart: CartHandle) -> None:
    held = served.run("sync", "Acme", "--wait")
    assert held.code == 3, held
    assert "Nothing was sent" in held.out and 'invsync release 2 --reason "..."' in held.out
    assert not any(cart.quantities().values())
    assert served.json("release", "2", "--reason", "looked at it")["run"]["id"] == 2

    answer = served.run("sync", "Acme", "--wait", "--json")
    lines = followed(answer)
    assert answer.code == 0, answer
    assert lines[-1]["event"] == "summary" and lines[-1]["exit"] == 0
    wait_for_end(served, 2)
    run = served.json("runs", "2")["run"]
    assert run["counts"]["updated"] > 0
    assert run["counts"]["total"] == sum(n for name, n in run["counts"].items() if name != "total")
    assert any(cart.quantities().values())
    assert len(served.json("runs", "--limit", "1")["runs"]) == 1
    assert "Run 2: push Acme > Shop" in served.ok("runs", "2").out


def wait_for_end(shell: Shell, run: int) -> None:
    deadline = time.monotonic() + 30
    while shell.json("runs", str(run))["run"]["state"] not in ("done", "failed", "canceled"):
        assert time.monotonic() < deadline


def test_a_held_run_can_be_discarded(served: Shell) -> None:
    assert served.run("sync", "Acme", "--wait", "--quiet").code == 3
    assert "held" in served.run("status").out
    assert served.run("cancel", "2").code == 1
    assert served.json("discard", "2", "--reason", "too early")["run"]["state"] == "canceled"
    answer = served.run("release", "2", "--reason", "too late", "--json")
    assert answer.code == 1 and answer.document["error"]["kind"] == "failed"


def test_a_failed_download_is_exit_code_1(served: Shell) -> None:
    served.ok("merchants", "set", "Acme", "--secret", "env:NOT_THERE")
    answer = served.run("sync", "Acme", "--wait", "--json")
    assert answer.code == 1
    states = {run["id"]: run["state"] for run in followed(answer)[-1]["runs"]}  # type: ignore[attr-defined]
    assert states == {1: "failed", 2: "canceled"}


def test_without_a_service_a_worker_is_started_and_ends_by_itself(shop: Shell) -> None:
    document = shop.json("sync", "Acme", "--cart", "Shop")
    assert document["worker_started"] and document["runs"] == [1, 2]
    deadline = time.monotonic() + 40
    while shop.run("status", "--json").document["pulse"]["service_running"]:
        assert time.monotonic() < deadline, "the worker stays"
        time.sleep(0.5)
    assert [run["state"] for run in shop.json("runs")["runs"]] == ["held", "done"]


def test_a_terminal_gets_one_line_that_is_rewritten(served: Shell) -> None:
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [*INVSYNC, "sync", "Acme", "--wait"], env=served.environment({"TERM": "xterm"}), stdout=slave, stderr=slave
    )
    os.close(slave)
    text = read_all(master)
    assert process.wait(30) == 3
    assert text.count("\x1b[K") > 1, "the line was rewritten"
    summary = text[text.rindex("run 1  pull Acme: done") :]
    assert "\x1b" not in summary and "held" in summary


def read_all(descriptor: int) -> str:
    """Everything until the other end is closed."""
    found = b""
    while select.select([descriptor], [], [], 60)[0]:
        try:
            piece = os.read(descriptor, 4096)
        except OSError:
            break
        if not piece:
            break
        found += piece
    os.close(descriptor)
    return found.decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_service_ends_in_order_on_a_signal(shop: Shell, number: signal.Signals) -> None:
    process = serve(shop)
    process.send_signal(number)
    assert process.wait(20) == 0
    process.communicate()


def test_a_second_service_says_that_it_is_not_alone(served: Shell) -> None:
    answer = served.run("serve", "--until-idle", "0.1")
    assert answer.code == 0
    assert "another worker serves this store already" in answer.err


def begin_sync(shell: Shell) -> subprocess.Popen[str]:
    """A followed sync whose download is running."""
    process = subprocess.Popen(
        [*INVSYNC, "sync", "Acme", "--wait", "--json"],
        env=shell.environment(),
        stdout=subprocess.PIPE,
        text=True,
        # Tests that were started in the background ignore SIGINT, and so would it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["state"] == "running":
            return process
    raise AssertionError("it never ran")


def test_a_worker_that_dies_is_replaced_and_the_sync_goes_on(slow: Shell) -> None:
    process = begin_sync(slow)
    with sqlite3.connect(slow.store) as connection:
        (worker,) = connection.execute("SELECT pid FROM worker").fetchone()
    os.kill(worker, signal.SIGKILL)
    lines = [json.loads(line) for line in process.communicate(timeout=60)[0].splitlines()]
    assert process.returncode == 3
    assert "worker" in [line["event"] for line in lines]
    assert [run["state"] for run in lines[-1]["runs"]] == ["done", "held"]


def test_a_sync_asked_for_while_one_runs_is_followed_to_its_own_end(slow: Shell) -> None:
    first = begin_sync(slow)
    answer = slow.run("sync", "Acme", "--wait", "--json")
    runs = {run["id"]: (run["kind"], run["state"]) for run in followed(answer)[-1]["runs"]}  # type: ignore[attr-defined]
    assert runs == {1: ("pull", "done"), 2: ("push", "held"), 3: ("pull", "done")}
    first.communicate(timeout=60)


def test_an_operator_who_stops_watching_does_not_stop_the_sync(slow: Shell) -> None:
    process = begin_sync(slow)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 130
    wait_for_end(slow, 1)
    assert slow.json("runs", "1")["run"]["state"] == "done"
