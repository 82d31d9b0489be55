"""An order from a screen does not wait for the worker that it starts, and one that never comes up is told."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from invsync_tui import clock
from invsync_tui.operations.errors import NotFoundError, OperationError, RefusedError
from invsync_tui.operations.roles import Right
from invsync_tui.operations.runs import request as run_request
from invsync_tui.operations.runs.request import ensure_worker, failed_worker
from invsync_tui.operations.service import workers
from tests.support.stores.products_store import Shelf

ONE_THAT_HANGS, ONE_THAT_FAILS, ONE_THAT_IS_DONE = "import time; time.sleep(30)", "raise SystemExit(2)", "pass"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Workers run a script that never says that it is at work; all are ended with the test."""
    real, found = subprocess.Popen, []

    def use(script: str) -> list[subprocess.Popen[bytes]]:
        def popen(_: object, **options: Any) -> subprocess.Popen[bytes]:
            found.append(real([sys.executable, "-c", script], **options))
            return found[-1]

        monkeypatch.setattr(run_request.subprocess, "Popen", popen)
        monkeypatch.setattr(workers, "service", lambda _: SimpleNamespace(works=False))
        return found

    yield use
    for process in found:
        process.kill()
        process.wait()


def session(tmp_path: Path, *, waits: bool) -> Any:
    return SimpleNamespace(allow=lambda *_: None, path=tmp_path / "store.db", starting=None, waits_for_worker=waits)


def test_an_order_from_a_screen_is_taken_at_once(tmp_path: Path, started: Any) -> None:
    # given a worker that takes its time
    processes = started(ONE_THAT_HANGS)
    screen = session(tmp_path, waits=False)
    # when a screen asks for work twice
    began = time.monotonic()
    assert ensure_worker(screen) and ensure_worker(screen)
    # then it waits for none, and one is on its way
    assert time.monotonic() - began < run_request.WORKER_START_MOST / 2
    assert len(processes) == 1
    assert failed_worker(screen) == ""


def test_a_worker_that_ends_before_it_works_is_told_once(tmp_path: Path, started: Any) -> None:
    processes = started(ONE_THAT_FAILS)
    screen = session(tmp_path, waits=False)
    assert ensure_worker(screen)
    processes[0].wait()
    assert "did not start" in failed_worker(screen) and "worker.log" in str(workers.log_path(screen.path))
    assert failed_worker(screen) == ""


def test_a_worker_that_found_nothing_to_do_is_no_failure(tmp_path: Path, started: Any) -> None:
    started(ONE_THAT_IS_DONE)
    assert ensure_worker(session(tmp_path, waits=True))


def test_a_command_waits_and_says_that_none_came_up(tmp_path: Path, started: Any) -> None:
    started(ONE_THAT_FAILS)
    with pytest.raises(OperationError, match="did not start"):
        ensure_worker(session(tmp_path, waits=True))


# --- who needs a worker, and how one is started -----------------------------------------------------------------------------


def test_whoever_may_not_sync_starts_no_worker(tmp_path: Path, started: Any) -> None:
    processes = started(ONE_THAT_HANGS)
    asked: list[Right] = []

    def refuse(right: Right, _: str) -> None:
        asked.append(right)
        raise RefusedError("no")

    viewer = session(tmp_path, waits=True)
    viewer.allow = refuse
    with pytest.raises(RefusedError):
        ensure_worker(viewer)
    assert (asked, processes) == ([Right.SYNC], [])


def test_where_one_works_none_is_started(tmp_path: Path, started: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    processes = started(ONE_THAT_HANGS)
    monkeypatch.setattr(workers, "service", lambda _: SimpleNamespace(works=True))
    assert ensure_worker(session(tmp_path, waits=True)) is False
    assert processes == []


def test_a_command_waits_until_the_worker_works(tmp_path: Path, started: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    started(ONE_THAT_HANGS)
    slept: list[float] = []
    monkeypatch.setattr(run_request.time, "sleep", slept.append)
    monkeypatch.setattr(workers, "service", lambda _: SimpleNamespace(works=len(slept) == 3))
    assert ensure_worker(session(tmp_path, waits=True)) is True
    assert len(slept) == 3 and max(slept) <= 0.1


def test_a_worker_is_started_apart_from_the_terminal_with_a_log_beside_the_store(
    tmp_path: Path, started: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    started(ONE_THAT_HANGS)
    calls: list[tuple[list[str], dict[str, Any]]] = []
    start = run_request.subprocess.Popen
    monkeypatch.setattr(
        run_request.subprocess, "Popen", lambda command, **options: calls.append((command, options)) or start(command, **options)
    )  # fmt: skip
    screen = session(tmp_path, waits=False)
    screen.path.write_bytes(b"the store")
    assert ensure_worker(screen)
    ((command, options),) = calls
    log = workers.log_path(screen.path)
    assert command == [
        sys.executable, "-m", "invsync_tui", "--store", str(screen.path), "serve", "--until-idle", "10", "--log-file", str(log),
    ]  # fmt: skip
    assert (options["start_new_session"], options["cwd"], options["stdin"]) == (True, "/", subprocess.DEVNULL)
    assert options["stdout"] is options["stderr"]
    assert log.exists() and screen.path.read_bytes() == b"the store"


@pytest.mark.parametrize(
    ("script", "another", "fails"),
    [(ONE_THAT_FAILS, False, True), (ONE_THAT_FAILS, True, False), (ONE_THAT_IS_DONE, False, False)],
)
def test_a_worker_that_ended_is_a_failure_unless_it_found_nothing_to_do_or_another_one_works(
    tmp_path: Path, started: Any, monkeypatch: pytest.MonkeyPatch, script: str, another: bool, fails: bool
) -> None:
    processes = started(script)
    screen = session(tmp_path, waits=False)
    assert ensure_worker(screen)
    processes[0].wait()
    monkeypatch.setattr(workers, "service", lambda _: SimpleNamespace(works=another))
    assert ("did not start" in failed_worker(screen)) is fails
    assert screen.starting is None


def test_a_worker_that_is_not_at_work_after_its_time_is_told_though_it_runs(
    tmp_path: Path, started: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    started(ONE_THAT_HANGS)
    screen = session(tmp_path, waits=False)
    assert ensure_worker(screen)
    until = screen.starting.until
    monkeypatch.setattr(clock, "elapsed", lambda: until - 0.1)
    assert failed_worker(screen) == ""
    monkeypatch.setattr(clock, "elapsed", lambda: until)
    assert "within 10 s" in failed_worker(screen)


# --- what is requested ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("worker", [False, True])
def test_a_sync_is_a_download_and_a_push_of_each_cart_after_it_and_says_how_many_are_new(
    acme: Shelf, monkeypatch: pytest.MonkeyPatch, worker: bool
) -> None:
    monkeypatch.setattr(run_request, "ensure_worker", lambda _: worker)
    with acme.bench.store.transaction() as tx:
        columns = "merchant_id, system, url, options, created_at, upload_enabled, push_kind"
        second = tx.execute(
            f"INSERT INTO cart (name, {columns}) SELECT 'Second', {columns} FROM cart WHERE id = ?", (acme.cart,)
        ).lastrowid
    found = run_request.request(acme.session, acme.merchant, full=True)
    pull, one, two = found.runs
    rows = acme.bench.store.read(
        "SELECT id, kind, key, merchant_id, after_run, full, requested_by FROM run WHERE id IN (?, ?, ?) ORDER BY id",
        found.runs,
    )
    assert rows == [
        (pull, "pull", acme.merchant, acme.merchant, None, 1, "tester"),
        (one, "push", acme.cart, acme.merchant, pull, 1, "tester"),
        (two, "push", second, acme.merchant, pull, 1, "tester"),
    ]
    assert found.message.startswith("Requested 3 runs.")
    assert ("worker was started" in found.message) is worker is found.worker_started
    assert acme.audited()[-1][:2] == ("sync", f"merchant:{acme.merchant}")
    # again: the same runs, and nothing new
    again = run_request.request(acme.session, acme.merchant, acme.cart)
    assert again.runs == (pull, one)
    assert again.message.startswith("Already requested")


def test_only_a_cart_of_that_merchant_is_synced(acme: Shelf) -> None:
    theirs = acme.bench.one("SELECT id FROM cart WHERE merchant_id <> ?", acme.merchant)
    for merchant, cart, words in ((acme.merchant, theirs, f"no cart {theirs}"), (987_654, None, "no merchant 987654")):
        with pytest.raises(NotFoundError, match=words):
            run_request.request(acme.session, merchant, cart)
    assert acme.bench.one("SELECT count(*) FROM our_run") == 0
