"""Which file a store is, whatever it is called, and the modes of the files beside it.

Several system users share a store by its folder's group: what is made beside a store has the store's own mode and group,
and a new store in a folder with the set-group-ID bit may be read and written by that group.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import NamedTuple

PRIVATE = 0o600


class Identity(NamedTuple):
    """The file itself: two names of one file have the same, and a file that was put in its place has another."""

    device: int
    inode: int


def identity(path: Path) -> Identity | None:
    """The file behind a name, links followed; None where there is none or it cannot be reached."""
    try:
        status = path.stat()
    except OSError:
        return None
    return Identity(status.st_dev, status.st_ino)


def real(path: Path) -> Path:
    """The name without symbolic links and relative parts: SQLite's log and our locks stand beside that one."""
    return Path(os.path.realpath(path))


def for_new_store(folder: Path) -> int:
    """The mode of a store that is made in a folder: its group's, where the folder is shared by set-group-ID; never others'."""
    try:
        mode = folder.stat().st_mode
    except OSError:
        return PRIVATE
    if not mode & stat.S_ISGID:
        return PRIVATE
    shared = 0o060 if mode & stat.S_IWGRP else 0o040 if mode & stat.S_IXGRP else 0
    return PRIVATE | shared


def beside(store: Path) -> int:
    """The mode of a file beside a store: who may read or write the store may read or write it."""
    try:
        return stat.S_IMODE(store.stat().st_mode) & 0o666 | PRIVATE
    except OSError:
        return for_new_store(store.parent)


def folder_mode(file_mode: int) -> int:
    """The mode of a folder whose files have `file_mode`: who reads may enter."""
    return file_mode | ((file_mode & 0o444) >> 2)


def append_beside(store: Path, path: Path) -> int:
    """A descriptor that appends to a file beside a store, made if it is missing; OSError if it cannot be written."""
    mode = beside(store)
    descriptor = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_CLOEXEC, PRIVATE)
    give(descriptor, mode, store)
    return descriptor


def give(descriptor: int, mode: int, store: Path) -> None:
    """Give an open file of ours the mode and, where the system lets us, the store's group. The umask does not count."""
    with contextlib.suppress(OSError):
        group = store.stat().st_gid
        if os.fstat(descriptor).st_gid != group:
            os.fchown(descriptor, -1, group)
    with contextlib.suppress(PermissionError):  # made by a colleague, who gave it the mode
        if stat.S_IMODE(os.fstat(descriptor).st_mode) != mode:
            os.fchmod(descriptor, mode)
