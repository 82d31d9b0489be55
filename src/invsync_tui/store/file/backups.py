"""Copies of a store: made while others work on it, verified, and put in its place again."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from invsync_tui.store.connection import check_ours, connect, readable, schema_of
from invsync_tui.store.errors import StoreBrokenError, StoreReadOnlyError, translate, unwritable
from invsync_tui.store.file import file_modes, temporary_files


class Backup(NamedTuple):
    """A copy that was verified."""

    path: Path
    schema: int
    size: int
    """Bytes."""


def make(store: Path, target: Path) -> Backup:
    """Copy a store to a file that does not exist yet, whatever others write meanwhile; it appears verified or not at all.

    The copy has the store's mode and group, and is one file without a log.
    """
    if os.path.lexists(target):
        raise StoreReadOnlyError(target, "there is a file of this name already.", "Choose another name.")
    try:
        with temporary_files.draft(target, file_modes.beside(store)) as draft:
            copy_into(store, draft)
            backup = verify(draft)
            _place(draft, target, store)
    except OSError as error:
        raise unwritable(error, target) from error
    return backup._replace(path=target)


def make_in(store: Path, folder: Path, keep: int) -> tuple[Backup, Sequence[Path]]:
    """Make a copy named by the store and the time in UTC; then remove the oldest of such copies beyond `keep`.

    Returns the copy, and what was removed, oldest first.
    """
    made = make(store, folder / f"{store.stem}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.db")
    name = re.compile(re.escape(store.stem) + r"-\d{8}T\d{6}Z\.db")
    # Of the others, so that a clock that was set back does not cost the copy that was made just now.
    others = sorted(path for path in folder.iterdir() if name.fullmatch(path.name) and path != made.path)
    removed = others[: max(0, len(others) - (keep - 1))]
    try:
        for path in removed:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(error, folder) from error
    return made, removed


def verify(path: Path) -> Backup:
    """Read a whole copy; StoreError unless it is an undamaged store of a schema that this program knows."""
    try:
        with contextlib.closing(readable(path).cx) as cx:
            version = schema_of(cx)
            check_ours(path, cx, version)
            lines = [str(row[0]) for row in cx.execute("PRAGMA quick_check(3)")]
    except sqlite3.Error as error:
        raise translate(error, path) from error
    if lines != ["ok"]:
        raise StoreBrokenError(path, f"it is damaged: {'; '.join(lines)}.", "Use another copy.")
    return Backup(path, version, path.stat().st_size)


def copy_into(store: Path, draft: Path) -> None:
    """Copy a store as it is at one moment into an empty file, whatever others write meanwhile."""
    source = None
    target = connect(draft, "rw", "FULL")
    try:
        source = readable(store).cx
        target.execute("PRAGMA journal_mode=MEMORY")
        source.backup(target, pages=-1)
        # One file that is whole by itself, also where nothing may be written beside it.
        target.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        raise translate(error, store) from error
    finally:
        target.close()
        if source is not None:
            source.close()


def _place(draft: Path, target: Path, store: Path) -> None:
    """Give a whole draft its name, never that of a file that is there, and see both on the disk."""
    descriptor = os.open(draft, os.O_RDWR | os.O_CLOEXEC)
    try:
        file_modes.give(descriptor, file_modes.beside(store), store)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        temporary_files.give_name(draft, target)
    except FileExistsError:
        raise StoreReadOnlyError(target, "there is a file of this name already.", "Choose another name.") from None
    sync_folder(target.absolute().parent)


def sync_folder(folder: Path) -> None:
    """See the names in a folder on the disk."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


# --- before an upgrade -------------------------------------------------------------------------------------------------


def before_upgrade(store: Path, version: int) -> tuple[Backup, bool]:
    """A verified copy of the store as it is before an upgrade, and whether it was made now.

    One that an attempt before this one made of the very same content serves again.
    """
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    target = store.with_name(f"{store.name}.schema{version}-{stamp}")
    try:
        with temporary_files.draft(target, file_modes.beside(store)) as draft:
            copy_into(store, draft)
            backup = verify(draft)
            for former in of_schema(store, version):
                if _same_content(former, draft):
                    return backup._replace(path=former), False
            _place(draft, target, store)
    except OSError as error:
        raise unwritable(error, target) from error
    return backup._replace(path=target), True


def of_schema(store: Path, version: int | None = None) -> list[Path]:
    """Copies that upgrades made beside a store, of one schema or all, the newest first."""
    pattern = re.compile(re.escape(store.name) + r"\.schema(\d+)-[0-9TZ]+")
    copies = []
    with contextlib.suppress(OSError):
        for path in store.absolute().parent.iterdir():
            match = pattern.fullmatch(path.name)
            if match and version in (None, int(match[1])) and path.is_file():
                copies.append(path)
    return sorted(copies, key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)


_COUNTERS = ((24, 28), (40, 44), (92, 100))
"""Where a file's head counts changes and schema changes: copying counts too, so they say nothing about the content."""


def _same_content(path: Path, other: Path) -> bool:
    if path.stat().st_size != other.stat().st_size:
        return False
    with path.open("rb") as first, other.open("rb") as second:
        heads = [bytearray(file.read(100)) for file in (first, second)]
        for start, end in _COUNTERS:
            for head in heads:
                head[start:end] = bytes(end - start)
        if heads[0] != heads[1]:
            return False
        while chunk := first.read(1 << 20):
            if chunk != second.read(1 << 20):
                return False
    return True


def restore_command(store: Path, copy: Path) -> str:
    """The command that puts a copy in the place of a store."""
    return f"invsync --store {shlex.quote(str(store))} db restore {shlex.quote(str(copy))}"
