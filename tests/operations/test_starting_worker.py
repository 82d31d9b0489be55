"""An order from a screen does not wait for the worker that it starts, and one that never comes up is told."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from invsync_tui.operations.errors import OperationError
from invsync_tui.operations.runs import request as run_request
from invsync_tui.operations.runs.request import ensure_worker, failed_worker
from invsync_tui.operations.service import workers

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
