"""Workers as processes that are killed and waited for."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import time
from functools import cache
from pathlib import Path


@cache
def _nest() -> subprocess.Popen[str]:
    """The process that forks workers, started once for each process of a run; it ends with that."""
    command = [sys.executable, "-m", "tests.support.faults.worker"]
    nest = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, cwd=Path(__file__).parents[3]
    )

    def end() -> None:
        assert nest.stdin is not None
        nest.stdin.close()
        nest.wait(10)

    atexit.register(end)
    return nest


class Workers:
    """Forked workers of one store: `start` returns at once with the process id."""

    def __init__(self, store: Path) -> None:
        self._store = store

    def start(self, word: str = "") -> int:
        nest = _nest()
        assert nest.stdin is not None
        assert nest.stdout is not None
        nest.stdin.write(f"{self._store}\t{word}\n")
        return int(nest.stdout.readline())


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def _wait(process: int, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while _alive(process):
        assert time.monotonic() < end, "the worker does not come to an end"
        time.sleep(0.02)
