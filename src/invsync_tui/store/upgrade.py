"""Brings a store to the newest schema: one process at a time, one verified backup, one transaction."""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from invsync_tui import clock
from invsync_tui.store import schema_parts
from invsync_tui.store.connection import VERSION, Say, check_ours, connect
from invsync_tui.store.errors import (
    StoreBrokenError,
    StoreBusyError,
    StoreFullError,
    StoreInUseError,
    translate,
)
from invsync_tui.store.file import backups, locks, temporary_files
from invsync_tui.store.migrate import one_transaction, run_migrations

WAIT_MOST = 600.0
"""Seconds for which another process may upgrade the same store before this one gives up."""
POLL = 0.1


def upgrade(path: Path, say: Say) -> None:
    """Back the store up beside itself, then migrate it in one transaction. On a StoreError it is as it was.

    Returns without a word where another process did it meanwhile.
    """
    try:
        with alone(path, say):
            if _version(path) >= VERSION:
                return
            refuse_beside_workers(
                path, f"it needs an upgrade to schema {VERSION}, but a worker of an earlier program works on it"
            )
            temporary_files.sweep(path)
            _upgrade(path, say)
    except sqlite3.Error as error:
        store_error = translate(error, path)
        raise (_no_room(path) if isinstance(store_error, StoreFullError) else store_error) from error


@contextmanager
def alone(path: Path, say: Say) -> Iterator[None]:
    """Keep every other process from upgrading or replacing the store meanwhile."""
    import fcntl

    descriptor = locks.open_lock(path, locks.UPGRADE)
    try:
        if not locks.try_lock(descriptor, fcntl.LOCK_EX):
            say(f"{path}: another process is upgrading this store; waiting for it.")
            _wait_for(descriptor, path)
        yield
    finally:
        os.close(descriptor)


def _wait_for(descriptor: int, path: Path) -> None:
    import fcntl

    deadline = clock.elapsed() + WAIT_MOST
    while not locks.try_lock(descriptor, fcntl.LOCK_EX):
        if clock.elapsed() > deadline:
            raise StoreBusyError(path, "another process is upgrading it and did not end in time.", "Try again later.")
        time.sleep(POLL)


def _version(path: Path) -> int:
    with contextlib.closing(connect(path, "ro", "NORMAL")) as cx:
        return int(cx.execute("PRAGMA user_version").fetchone()[0])


def refuse_beside_workers(path: Path, what: str) -> None:
    """Raise StoreInUseError while a worker of any program works on the store."""
    if not (locks.is_held(path, locks.WORKERS) or locks.is_held_by_former_program(path, locks.WORKERS)):
        return
    rows: list[tuple[str, int]] = []
    with contextlib.suppress(sqlite3.Error), contextlib.closing(connect(path, "ro", "NORMAL")) as cx:
        sql = "SELECT kind, pid FROM worker WHERE host = ? ORDER BY pid"
        rows = cx.execute(sql, (socket.gethostname(),)).fetchall()
    who = ", ".join(f"process {pid}, {kind}" for kind, pid in rows if _lives(pid))
    raise StoreInUseError(
        path,
        f"{what}{f' ({who})' if who else ''}. Nothing was changed.",
        "Stop that worker (for a service: systemctl stop invsync), then run this again.",
    )


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _upgrade(path: Path, say: Say) -> None:
    connection = connect(path, "rw", "FULL")
    made: Path | None = None
    try:
        with one_transaction(connection) as bound:
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if version >= VERSION:
                return
            check_ours(path, connection, version)
            version = _whole_schema(path, connection, version)
            say(f"{path}: its schema {version} is upgraded to {VERSION}; a backup is made first.")
            backup, new = backups.before_upgrade(path, version)
            made = backup.path if new else None
            run_migrations(bound, "head")
            _check_result(path, connection)
        made = None
    except StoreFullError as error:
        raise _no_room(path) from error
    except sqlite3.Error as error:
        store_error = translate(error, path)
        raise (_no_room(path) if isinstance(store_error, StoreFullError) else store_error) from error
    finally:
        connection.close()
        if made is not None:  # the store is as it was, so that copy tells nothing
            with contextlib.suppress(OSError):
                made.unlink()
    say(
        f"{path}: upgraded from schema {version} to {VERSION}. The backup of before is {backup.path}. "
        f"To go back: {backups.restore_command(path, backup.path)}, and install the earlier program again."
    )


def _no_room(path: Path) -> StoreFullError:
    return StoreFullError(
        path,
        "there is not enough space on its disk for the upgrade and its backup. Nothing was changed.",
        "Make room for about three times the size of the store, then run this again.",
    )


def _whole_schema(path: Path, connection: sqlite3.Connection, version: int) -> int:
    """The schema the store really is of. One that an earlier program left between two schemas is refused.

    That program changed the version last: where all parts of the next schema are there, so is all that it filled them with.
    """
    known = schema_parts.versions_of(connection)
    if not known or max(known) < version:
        raise _cut_short(path, version)
    actual = version if version in known else max(known)
    connection.execute("UPDATE alembic_version SET version_num = ?", (f"{actual:04}",))
    return actual


def _cut_short(path: Path, version: int) -> StoreBrokenError:
    what = (
        f"an upgrade from schema {version} by an earlier program was cut short: some of its tables are changed already. "
        "Nothing was changed now."
    )
    copies = backups.of_schema(path, version)
    whole = next((copy for copy in copies if schema_parts.is_undamaged_copy(copy, version)), None)
    if whole is None:
        advice = f"There is no whole backup of schema {version} beside it. Restore one of yours: "
        return StoreBrokenError(path, what, advice + backups.restore_command(path, Path("BACKUP")))
    advice = f"The backup that was made before that upgrade is {whole}. Put it back: "
    return StoreBrokenError(path, what, advice + backups.restore_command(path, whole))


def _check_result(path: Path, connection: sqlite3.Connection) -> None:
    if not connection.in_transaction:
        raise AssertionError("a migration ended the transaction of the upgrade")
    connection.execute(f"PRAGMA user_version = {VERSION}")
    if VERSION not in schema_parts.versions_of(connection):
        raise StoreBrokenError(path, "the upgrade did not come out as it should; it was taken back.", "Report this.")


def fill(draft: Path) -> None:
    """Make the newest schema in an empty file."""
    connection = connect(draft, "rw", "FULL")
    try:
        # Nobody needs half a draft back, so its journal is in memory. In WAL mode a disk that fills up while the log is
        # copied into the file would be told to nobody: closing does that last copy and keeps silent.
        connection.execute("PRAGMA journal_mode=MEMORY")
        with one_transaction(connection) as bound:
            run_migrations(bound, "head")
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()
