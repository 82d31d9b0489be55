"""Processes that hold a lock of a store, running or stopped."""

from __future__ import annotations

import os
import signal
import time

from invsync_tui.sync import uptime

HOLDER = """
import fcntl, os, sys
from invsync_tui.store.file import locks
held = [os.open(path, os.O_RDWR) for path in sys.argv[1:]]
locks.share(held[0])
for file in held[1:]:
    assert locks.try_lock(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


def stopped(process: int) -> None:
    os.kill(process, signal.SIGSTOP)
    deadline = time.monotonic() + 10
    while uptime.process(process) is not uptime.Process.STOPPED:
        assert time.monotonic() < deadline
