"""The watch over the event loop sees a step that works or waits for long, and no load of the machine."""

from __future__ import annotations

import asyncio
import fcntl
import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.clocks.loop_watch import STEP_MOST, LoopWatch, waited_for_cpu, watching
from tests.support.stores.merchant_store import Bench


async def _watched(patch: pytest.MonkeyPatch, work: Callable[[], object]) -> list[str]:
    """What the watch says of a step that does this."""
    slow: list[str] = []
    watches = watching(patch, everything=True)
    watch: LoopWatch = next(watches)

    async def step() -> None:
        work()

    await asyncio.create_task(step())
    slow, watch.slow = watch.slow, []
    assert next(watches, None) is None
    return slow


def _locked(folder: Path) -> None:
    """Wait for a file that another program has locked for 0.6 s."""
    path = folder / "lock"
    hold = "import fcntl,sys,time; f=open(sys.argv[1],'w'); fcntl.flock(f,2); print(flush=True); time.sleep(0.6)"
    with subprocess.Popen([sys.executable, "-S", "-c", hold, str(path)], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with path.open("r") as file:
            fcntl.flock(file, fcntl.LOCK_EX)


def _read_pipe(_: Path) -> None:
    """Read of a pipe that nobody writes to for 0.4 s."""
    there, here = os.pipe()
    threading.Timer(0.4, os.close, [here]).start()
    os.read(there, 1)
    os.close(there)


WAITS: dict[str, Callable[[Path], object]] = {
    "sleep": lambda _: time.sleep(0.4),
    "a program": lambda _: subprocess.run(["sleep", "0.4"], check=True),
    "a lock of a file": _locked,
    "a pipe": _read_pipe,
}


@pytest.mark.skipif(math.isinf(waited_for_cpu()), reason="this kernel does not tell what a thread waited for")
@pytest.mark.parametrize("wait", WAITS)
async def test_a_step_that_waits_is_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, wait: str) -> None:
    (warning,) = await _watched(monkeypatch, lambda: WAITS[wait](tmp_path))
    assert ": waited " in warning


_HOLD = """
import sqlite3, sys, time
store = sqlite3.connect(sys.argv[1], isolation_level=None)
store.execute("BEGIN IMMEDIATE")
print(flush=True)
time.sleep(0.6)
store.execute("COMMIT")
"""


@pytest.mark.skipif(math.isinf(waited_for_cpu()), reason="this kernel does not tell what a thread waited for")
@pytest.mark.parametrize(("inside", "seen"), [(0.0, False), (0.4, True)])
async def test_a_store_that_others_write_is_waited_for_and_what_waits_within_a_transaction_is_seen(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, inside: float, seen: bool
) -> None:
    store = Bench.make(tmp_path, alone=True).store

    def write() -> None:
        with store.transaction():
            time.sleep(inside)

    other = await asyncio.create_subprocess_exec(
        sys.executable, "-S", "-c", _HOLD, str(store.path), stdout=asyncio.subprocess.PIPE
    )
    assert other.stdout is not None
    await other.stdout.readline()
    began = time.monotonic()
    assert bool(await _watched(monkeypatch, write)) is seen
    assert time.monotonic() - began > 0.3 + inside
    await other.wait()
    store.close()


def _work(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


async def test_a_step_that_works_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    (warning,) = await _watched(monkeypatch, lambda: _work(2 * STEP_MOST))
    assert "waited" not in warning


async def test_a_busy_machine_is_no_fault_of_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    spin = [sys.executable, "-S", "-c", "while True: pass"]
    others = [await asyncio.create_subprocess_exec(*spin) for _ in range(4 * (os.cpu_count() or 1))]
    try:
        await asyncio.sleep(0.2)
        for _ in range(5):
            assert await _watched(monkeypatch, lambda: _work(STEP_MOST * 0.8)) == []
    finally:
        for other in others:
            other.kill()
            await other.wait()


async def test_a_thread_of_ours_that_works_is_no_fault_of_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = threading.Thread(target=_work, args=(0.5,))
    worker.start()
    assert await _watched(monkeypatch, lambda: _work(STEP_MOST * 0.8)) == []
    worker.join()
