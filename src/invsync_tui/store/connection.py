"""Driver connections to a store's file: for writing, for reading, and for reading where nothing may be written.

Imports no database library beside the standard one: every command opens a store before it does anything else.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from invsync_tui.store.errors import StoreForeignError, StoreNewerError
from invsync_tui.store.file import file_modes

VERSION = 23
"""The schema this program writes: PRAGMA user_version, equal to the newest migration's number."""
BUSY_TIMEOUT_MS = 5000

Say = Callable[[str], None]
"""Takes a sentence about something long or lasting that happens to the store, for the operator."""


def silently(_text: str) -> None:
    """Take a message and say nothing."""


WRITE_ADVICE = (
    "Check the owner and mode of the file and its folder; users who share a store belong to the group of its folder."
)


class Quiet(NamedTuple):
    """What a store looks like that nobody writes: as long as it stays so, reading it without locks is right."""

    file: tuple[int, int, int, int]
    log: int


class Connected(NamedTuple):
    """A driver connection, and how it was had. `quiet` where the store is read without locks or log."""

    cx: sqlite3.Connection
    read_only: bool
    quiet: Quiet | None


def connect(path: Path, mode: str, synchronous: str, isolation_level: Any = None) -> sqlite3.Connection:
    """A driver connection to a file, with this program's pragmas. `mode`: ro, rw, or immutable for ro without locks."""
    how = "mode=ro&immutable=1" if mode == "immutable" else f"mode={mode}"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{how}",
        uri=True,
        timeout=BUSY_TIMEOUT_MS / 1000,
        isolation_level=isolation_level,
        check_same_thread=False,
    )
    try:
        for pragma in (f"synchronous={synchronous}", "cache_size=-16384", "temp_store=MEMORY"):
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _looked_into(path: Path, mode: str) -> sqlite3.Connection:
    """A connection that was used once: opening alone says little about whether the log can be had."""
    connection = connect(path, mode, "NORMAL")
    try:
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def writable(path: Path) -> Connected:
    """A connection for writing; for reading, where this user may not write the file, or its folder lacks the log."""
    if os.access(path, os.W_OK, effective_ids=True):
        try:
            return Connected(_looked_into(path, "rw"), read_only=False, quiet=None)
        except sqlite3.Error as error:
            if os.access(path.absolute().parent, os.W_OK, effective_ids=True) or not _cannot_make_log(error):
                raise
    return readable(path)


def readable(path: Path) -> Connected:
    """A connection for reading.

    Without the right to write the folder it needs the log's files of somebody who writes; where there are none, nobody
    writes, and the file alone is the whole store.
    """
    try:
        return Connected(_looked_into(path, "ro"), read_only=True, quiet=None)
    except sqlite3.Error as error:
        quiet = quiet_look(path)
        if not _cannot_make_log(error) or quiet.log > 0:
            raise
        return Connected(connect(path, "immutable", "NORMAL"), read_only=True, quiet=quiet)


def _cannot_make_log(error: sqlite3.Error) -> bool:
    name = getattr(error, "sqlite_errorname", "") or ""
    return name.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY"))


def quiet_look(path: Path) -> Quiet:
    there = path.absolute()
    try:
        status = there.stat()
    except OSError:
        return Quiet((0, 0, 0, 0), 0)
    log = file_modes.real(there)
    try:
        size = log.with_name(log.name + "-wal").stat().st_size
    except OSError:
        size = 0
    return Quiet((status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns), size)


def schema_of(cx: sqlite3.Connection) -> int:
    """The number of the schema that a database says it has; 0 for none of ours."""
    return int(cx.execute("PRAGMA user_version").fetchone()[0])


def check_ours(path: Path, connection: sqlite3.Connection, version: int) -> None:
    """Raise StoreError unless this is a store, and of a schema that this program knows."""
    ours = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'pull_generation'").fetchone()[0]
    if not ours:
        raise StoreForeignError(path, "this is a database of another program.", "Choose another file with --store.")
    if version > VERSION:
        raise StoreNewerError(
            path,
            f"a newer program wrote it (schema {version}, this one knows {VERSION}).",
            "Upgrade invsync on this machine.",
        )
