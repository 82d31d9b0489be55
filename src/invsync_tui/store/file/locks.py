"""Kernel locks of a store on this machine: one file for each key, in a folder that belongs to the store's file itself.

The folder stands beside the store's real name and is called by device and inode, so that a symbolic link, a relative path
and a bound folder lead to the same locks, and a store that was put in the place of another has locks of its own. The
kernel frees a lock the moment its holder dies.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import stat
import struct
from collections.abc import Callable
from pathlib import Path

from invsync_tui.store.errors import StoreError, StoreMissingError, StoreReadOnlyError, unwritable
from invsync_tui.store.file import file_modes

WORKERS = "workers"
"""Held shared by every worker of a store: whoever can take it alone knows that there is none."""
UPGRADE = "upgrade"
"""Held by the one process that upgrades or replaces a store."""


def folder(store: Path) -> Path:
    """The folder of a store's locks; it may not exist."""
    identity = file_modes.identity(store)
    if identity is None:
        raise StoreMissingError(
            store, "there is no store.", "Create one with: invsync init. Try one with: invsync demo."
        )
    return former_folder(store) / f"{identity.device:x}-{identity.inode:x}"


def former_folder(store: Path) -> Path:
    """Where programs up to schema 4 have their lock files, by key alone."""
    beside = file_modes.real(store)
    return beside.with_name(beside.name + ".locks")


def open_lock(store: Path, key: str) -> int:
    """A descriptor of the file of a key, made if it is missing; StoreError where it can neither be made nor opened."""
    try:
        return _opened(store, folder(store), f"{_file_name(key)}.lock")
    except OSError as error:
        raise _unusable(store, key, error) from error


def is_held(store: Path, key: str) -> bool:
    """Whether any process holds a key, alone or shared. Needs no right to write; without a file nobody can hold it."""
    if file_modes.identity(store) is None:
        return False
    return _ask_lock(store, folder(store) / f"{_file_name(key)}.lock", key, _is_held)


def is_held_by_former_program(store: Path, key: str) -> bool:
    """The same for a program up to schema 4."""
    path = former_folder(store) / f"{_file_name(key)}.lock"
    return _ask_lock(store, path, key, lambda descriptor: not _try_flock(descriptor, fcntl.LOCK_EX))


def try_lock(descriptor: int, how: int) -> bool:
    """Take a lock without waiting; False while somebody else holds it. Closing the descriptor frees it."""
    if not _try_flock(descriptor, how):
        return False
    _show(descriptor, how)
    return True


def share(descriptor: int) -> None:
    """Take a lock with others who share it, once nobody has it alone."""
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    _show(descriptor, fcntl.LOCK_SH)


def _try_flock(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


_RECORD = "hhqqi4x"
"""The C structure flock: type, whence, start, length, process."""
_CAN_ASK = hasattr(fcntl, "F_OFD_GETLK")


def _show(descriptor: int, how: int) -> None:
    """A second lock on the same file that says the same, since the first one can only be asked for by taking it: two who
    ask at once would each take the other for a holder."""
    if _CAN_ASK:
        kind = fcntl.F_WRLCK if how & fcntl.LOCK_EX else fcntl.F_RDLCK
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, struct.pack(_RECORD, kind, os.SEEK_SET, 0, 1, 0))


def _is_held(descriptor: int) -> bool:
    """Whether somebody holds it; nothing is taken."""
    if not _CAN_ASK:
        return not _try_flock(descriptor, fcntl.LOCK_EX)
    request = struct.pack(_RECORD, fcntl.F_WRLCK, os.SEEK_SET, 0, 1, 0)
    answer = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, request)
    return bool(struct.unpack(_RECORD, answer)[0] != fcntl.F_UNLCK)


def _file_name(key: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", key)


def _opened(store: Path, place: Path, name: str) -> int:
    mode = file_modes.beside(store)
    for parent in (place.parent, place):
        _make_folder(parent, file_modes.folder_mode(mode), store)
    flags = os.O_RDWR | os.O_CLOEXEC
    try:
        descriptor = os.open(place / name, flags | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        return os.open(place / name, flags)  # without O_CREAT: the kernel may refuse that for another user's file
    file_modes.give(descriptor, mode, store)
    return descriptor


def _make_folder(place: Path, mode: int, store: Path) -> None:
    with contextlib.suppress(FileExistsError):
        place.mkdir(mode=0o700)
    # Also one of an earlier program, which was private whoever shared the store.
    if stat.S_IMODE(place.stat().st_mode) & 0o777 != mode and place.stat().st_uid == os.geteuid():
        with contextlib.suppress(OSError):
            os.chown(place, -1, store.stat().st_gid)
        place.chmod(mode | (place.stat().st_mode & stat.S_ISGID))


def _ask_lock(store: Path, path: Path, key: str, question: Callable[[int], bool]) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise _unusable(store, key, error) from error
    try:
        return question(descriptor)
    finally:
        os.close(descriptor)


def _unusable(store: Path, key: str, error: OSError) -> StoreError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return unwritable(error, store)
    where = error.filename or former_folder(store)
    return StoreReadOnlyError(
        store,
        f"its lock {_file_name(key)} cannot be opened: {where}: {error.strerror}.",
        "The users who share the store must be able to use it: check the owner, group and mode.",
    )
