"""Temporary folders for what was fetched: each of one process alone, and gone when that is, also where it was killed."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path


def private_folder(prefix: str) -> Path:
    """A new folder for this process alone, called `prefix`, the number of the process and something. Those that processes
    left behind that were killed are deleted."""
    for left in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        owner = left.name.removeprefix(prefix).partition("-")[0]
        with contextlib.suppress(OSError, ValueError):
            if (
                left.stat().st_uid == os.getuid()
                and not Path(f"/proc/{int(owner)}").exists()
                and Path("/proc/self").exists()
            ):
                shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-"))
