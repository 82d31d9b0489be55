"""Workers as processes that are killed and waited for."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path


class Workers:
    """Forked workers of one store: `start` returns at once with the process id."""

    def __init__(self, store: Path) -> None:
        command = [sys.executable, "-m", "tests.support.faults.worker", str(store)]
        self._nest = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def start(self, word: str = "") -> int:
        assert self._nest.stdin is not None
        assert self._nest.stdout is not None
        self._nest.stdin.write(f"{word}\n")
        return int(self._nest.stdout.readline())

    def close(self) -> None:
        self._nest.stdin and self._nest.stdin.close()
        self._nest.wait(10)
        self._nest.stdout and self._nest.stdout.close()


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
