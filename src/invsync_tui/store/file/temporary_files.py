"""Files under construction beside a store: whole before they get their name, and swept where their maker died."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from invsync_tui.store.file import file_modes

_DRAFT = re.compile(r"\.(?P<name>.+)\.(?P<pid>\d+)\.new(-wal|-shm|-journal)?")


@contextmanager
def draft(target: Path, mode: int) -> Iterator[Path]:
    """An empty file beside `target` to be filled, with its final mode; whatever is left of it at the end is removed."""
    path = target.with_name(f".{target.name}.{os.getpid()}.new")
    descriptor = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_RDWR | os.O_CLOEXEC, file_modes.PRIVATE)
    try:
        # The lock tells others, in other containers too, that its maker lives.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.fchmod(descriptor, mode)
        yield path
    finally:
        for leftover in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal"))):
            with contextlib.suppress(OSError):
                leftover.unlink()
        os.close(descriptor)


def give_name(file: Path, target: Path) -> None:
    """Give a file another name, never that of a file that is there: FileExistsError. OSError where it cannot be written.

    On a file system without hard links, as on many network shares and USB disks, it loses its former name.
    """
    try:
        os.link(file, target)
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOSPC, errno.EDQUOT):
            raise
        # What such file systems answer differs: not permitted, not supported, not implemented, even an input/output error.
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from error
        file.rename(target)


def abandoned(store: Path) -> list[Path]:
    """Drafts of this store, and of copies of it, whose maker is gone."""
    try:
        paths = sorted(store.absolute().parent.iterdir())
    except OSError:
        return []
    return [path for path in paths if _is_abandoned(path, store.name)]


def sweep(store: Path) -> list[Path]:
    """Remove what killed processes left half-made beside a store; returns what was removed. A backup is never touched."""
    removed = []
    for path in abandoned(store):
        with contextlib.suppress(OSError):
            path.unlink()
            removed.append(path)
    return removed


def _is_abandoned(path: Path, name: str) -> bool:
    match = _DRAFT.fullmatch(path.name)
    if match is None or not (match["name"] == name or match["name"].startswith(f"{name}.")):
        return False
    base = path.with_name(path.name[: match.start(3)] if match[3] else path.name)
    return not _lives(int(match["pid"])) and not (base.exists() and _is_locked(base))


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _is_locked(path: Path) -> bool:
    """Whether its maker holds it. One that was given the store's name already is the store: it is not opened here."""
    try:
        if path.stat().st_nlink > 1:
            return False
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
