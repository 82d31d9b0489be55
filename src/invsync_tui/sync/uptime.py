"""The clock that processes of one machine share and that nobody can set, and what the system says of a process."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from invsync_tui import clock
from invsync_tui.rules.worker_health import Process

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
PROC = Path("/proc")


@cache
def boot_id() -> str:
    """Names the present boot of this machine; '' where the system has no such name."""
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def uptime() -> int:
    """Whole seconds of the monotonic clock: the same in every process of one boot, and never set."""
    return int(clock.elapsed())


def process(pid: int, last_seen: int | None = None) -> Process:
    """State of a process of this machine. `last_seen`: an uptime at which it was there; a younger process is another
    one that was given the same number."""
    if pid <= 0:
        return Process.GONE
    try:
        # The name in brackets may hold anything, blanks and brackets too.
        fields = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return _by_signal(pid)
    if fields[0] in "ZX":
        return Process.GONE
    if last_seen is not None and int(fields[19]) // os.sysconf("SC_CLK_TCK") > last_seen + 1:
        return Process.GONE
    return Process.STOPPED if fields[0] in "Tt" else Process.RUNNING


def _by_signal(pid: int) -> Process:
    """Where there is no /proc, or it hides other users' processes."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return Process.GONE
    except PermissionError:
        return Process.RUNNING
    return Process.RUNNING
