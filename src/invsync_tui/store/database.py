"""Opens a store in milliseconds: stdlib driver and one pragma. Alembic is imported only when the version differs."""

from __future__ import annotations

import contextlib
import os
import shlex
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from invsync_tui import clock
from invsync_tui.store.connection import (
    BUSY_TIMEOUT_MS,
    VERSION,
    WRITE_ADVICE,
    Connected,
    Say,
    check_ours,
    connect,
    quiet_look,
    readable,
    schema_of,
    silently,
    writable,
)
from invsync_tui.store.errors import (
    StoreBusyError,
    StoreForeignError,
    StoreFullError,
    StoreInUseError,
    StoreMissingError,
    StoreNewerError,
    StoreReadOnlyError,
    StoreReplacedError,
    translate,
    unwritable,
)
from invsync_tui.store.file import file_modes

if TYPE_CHECKING:
    from sqlmodel import Session


class Change(NamedTuple):
    """An open write transaction: `db` for SQLModel, `tx` for the query functions of this room."""

    db: Session
    tx: sqlite3.Connection


class Store:
    """An open store: one driver connection, to be used by the thread that opened it.

    `read` runs a query, `transaction` a short write; both raise StoreError. `session` is for settings and other small
    writes by SQLModel and syncs them to disk before it returns.
    """

    def __init__(self, path: Path, connected: Connected, *, asked_read_only: bool) -> None:
        self.path = path
        self.read_only = connected.read_only
        self._asked_read_only = asked_read_only
        self._connected = connected
        self._there = path.absolute()
        self._identity = file_modes.identity(path)
        self._engine: Any = None

    @property
    def _connection(self) -> sqlite3.Connection:
        return self._connected.cx

    @property
    def cannot_write(self) -> bool:
        """Whether it is read-only since this user may not write it, not since that was asked for."""
        return self.read_only and not self._asked_read_only

    def close(self) -> None:
        """Close the connection; the store file stays consistent whether or not this is called."""
        if self._engine is not None:
            self._engine.dispose()
        self._connection.close()

    def interrupt(self) -> None:
        """End the statement that is running, from any thread: it fails as interrupted."""
        self._connection.interrupt()

    def check_still_there(self) -> None:
        """Raise StoreReplacedError if the file behind the store's name is no longer the one that was opened.

        Costs microseconds. What is written to a file that was removed would be lost without a word.
        """
        identity = file_modes.identity(self._there)
        if identity == self._identity:
            return
        what = "was removed" if identity is None else "was replaced by another file"
        raise StoreReplacedError(
            self.path,
            f"it {what} while this program had it open; nothing more is read from it or written to it.",
            "Start the program again once the right file is there.",
        )

    def read(self, sql: str, parameters: Any = ()) -> list[Any]:
        """All rows of a query; sized by the caller's LIMIT."""
        with self.reading() as cx:
            return cx.execute(sql, parameters).fetchall()

    def one(self, sql: str, parameters: Any = ()) -> Any:
        """The first row of a query, or None."""
        with self.reading() as cx:
            return cx.execute(sql, parameters).fetchone()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection for the query functions of this room, with errors translated."""
        self.check_still_there()
        self._follow_writers()
        with self._translated():
            self._check_schema(self._connection)
            yield self._connection
        if self._connected.quiet is not None and quiet_look(self._there) != self._connected.quiet:
            raise StoreBusyError(self.path, "it was changed while it was read.", "Try again in a moment.")

    def _check_schema(self, cx: sqlite3.Connection) -> None:
        """Raise StoreNewerError if a newer program upgraded the store meanwhile. Costs microseconds."""
        version = schema_of(cx)
        if version != VERSION:
            raise StoreNewerError(
                self.path,
                f"a newer program upgraded it to schema {version} while this one, which knows {VERSION}, had it open; nothing "
                "more is read from it or written to it.",
                "Start the newer program.",
            )

    def _follow_writers(self) -> None:
        """Where the store was read without locks since nobody wrote it: open it anew once somebody did."""
        if self._connected.quiet is None or quiet_look(self._there) == self._connected.quiet:
            return
        self._connected.cx.close()
        with self._translated():
            self._connected = readable(self._there)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A write transaction, taken at once so that it cannot fail half-way for a lock. Rolled back on any error."""
        self._must_bewritable()
        self.check_still_there()
        with self._translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._check_schema(self._connection)
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                # On a full disk SQLite may have rolled back by itself already.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def is_free(self) -> bool:
        """Whether a transaction would begin at once, since nobody else writes. Asks without waiting, in microseconds."""
        if self.read_only or self._connection.in_transaction:
            return True  # whoever writes is told why it cannot
        self._connection.execute("PRAGMA busy_timeout = 0").close()
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            return not isinstance(translate(error, self.path), StoreBusyError)
        finally:
            self._connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}").close()
        return True

    def _must_bewritable(self) -> None:
        if self.read_only and self._asked_read_only:
            raise StoreReadOnlyError(self.path, "it was opened read-only.", "Open it without --read-only.")
        if self.read_only:
            raise StoreReadOnlyError(self.path, "you may look at it, not write it.", WRITE_ADVICE)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A SQLModel session that commits at the end. Imports SQLModel, so it is not for the way to the first frame."""
        from sqlalchemy.exc import DBAPIError
        from sqlmodel import Session

        self._must_bewritable()
        self.check_still_there()
        try:
            with Session(self._sqlmodel_engine(), expire_on_commit=False) as session:
                self._check_schema(self._connection)
                yield session
                session.commit()
        except DBAPIError as error:
            if isinstance(error.orig, sqlite3.Error) and not isinstance(error.orig, sqlite3.IntegrityError):
                raise translate(error.orig, self.path) from error
            raise

    @contextmanager
    def change(self) -> Iterator[Change]:
        """A `session` with the write lock from its beginning: a worker that writes what was read meanwhile would be
        overwritten unseen."""
        with self.session() as db:
            connection: Any = db.connection().connection.driver_connection
            connection.execute("BEGIN IMMEDIATE")
            self._check_schema(connection)
            yield Change(db, connection)

    def data_version(self) -> int:
        """A number that changes whenever another connection has committed; costs microseconds."""
        with self.reading() as cx:
            version = int(cx.execute("PRAGMA data_version").fetchone()[0])
        return version if self._connected.quiet is None else hash((version, self._connected.quiet))

    def schema(self) -> int:
        """The number of the schema that the file has."""
        with self.reading() as cx:
            return schema_of(cx)

    def checkpoint(self) -> None:
        """After a run: fold the write-ahead log into the file and refresh the planner's statistics where needed."""
        with self._translated():
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._connection.execute("PRAGMA analysis_limit=1000")
            self._connection.execute("PRAGMA optimize")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.IntegrityError:
            raise
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise translate(error, self.path) from error

    def _sqlmodel_engine(self) -> Any:
        if self._engine is None:
            from sqlalchemy import create_engine
            from sqlalchemy.pool import NullPool

            self._engine = create_engine(
                "sqlite://",
                creator=lambda: connect(self._there, "rw", "FULL", isolation_level="DEFERRED"),
                poolclass=NullPool,
            )
        return self._engine


def open_store(path: Path, *, read_only: bool = False, say: Say = silently, any_name: bool = False) -> Store:
    """Open an existing store, upgrading an older schema first. On a StoreError the file is as it was.

    A store that this user may only read is opened for reading. `say` is told of an upgrade. `any_name` also opens a file
    that has a second name.
    """
    _check_file(path)
    if not any_name:
        _check_only_name(path)
    try:
        connected = readable(path) if read_only else writable(path)
        try:
            version = schema_of(connected.cx)
            check_ours(path, connected.cx, version)
            if version < VERSION and connected.read_only:
                raise _needs_upgrade(path, version, read_only=read_only)
            if not connected.read_only:
                _ensure_log(connected.cx)
        except BaseException:
            connected.cx.close()
            raise
    except (sqlite3.Error, UnicodeDecodeError) as error:
        store_error = translate(error, path)
        if isinstance(store_error, StoreFullError):
            what = "there is not enough space on its disk to open it. Nothing was changed."
            store_error = StoreFullError(path, what, "Make room, then run this again.")
        raise store_error from error
    if version < VERSION:
        from invsync_tui.store import upgrade

        connected.cx.close()
        upgrade.upgrade(path, say)
        return open_store(path, read_only=read_only, say=say)
    return Store(path, connected, asked_read_only=read_only)


def _ensure_log(connection: sqlite3.Connection) -> None:
    """A copy that was put in its place by hand may be without write-ahead log; somebody who reads it keeps it so."""
    with contextlib.suppress(sqlite3.OperationalError):
        if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            connection.execute("PRAGMA journal_mode=WAL")


def create_store(path: Path) -> Store:
    """Make a new store and open it; an existing one is opened, never overwritten.

    Its mode is 0600, or the group's as well in a folder with the set-group-ID bit; folders are made with 0700.
    """
    if not path.exists():
        _create(path)
    return open_store(path)


def _create(path: Path) -> None:
    """Make the store under another name and give it its own when it is whole: nobody ever finds half a store."""
    from invsync_tui.store import upgrade
    from invsync_tui.store.file import temporary_files

    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary_files.sweep(path)
        with temporary_files.draft(path, file_modes.for_new_store(path.parent)) as draft:
            upgrade.fill(draft)
            with contextlib.suppress(FileExistsError):  # somebody else was faster
                temporary_files.give_name(draft, path)
    except sqlite3.Error as error:
        raise translate(error, path) from error
    except OSError as error:
        raise unwritable(error, path) from error


def _check_file(path: Path) -> None:
    """Look at the file without opening it: closing a file takes all of SQLite's locks on it from this process."""
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        raise StoreMissingError(
            path, "there is no store.", "Create one with: invsync init. Try one with: invsync demo."
        ) from None
    except OSError as error:
        raise StoreReadOnlyError(
            path, f"it cannot be read: {error.strerror}.", "Check the path and its permissions."
        ) from error
    if not path.is_file():
        raise StoreReadOnlyError(path, "it cannot be read: it is no file.", "Check the path and its permissions.")
    if not os.access(path, os.R_OK, effective_ids=True):
        raise StoreReadOnlyError(path, "it cannot be read: Permission denied.", "Check the path and its permissions.")
    if size == 0:
        raise StoreForeignError(path, "this file is not a database.", "Choose another file with --store.")


SECOND_NAME_MOST = 2.0
"""Seconds for which a file may have a second name: while it is made it has one for a moment."""


def _check_only_name(path: Path) -> None:
    """Refuse a file with a second name: SQLite keeps a log for each name, and one written by two of them is lost."""
    deadline = clock.elapsed() + SECOND_NAME_MOST
    while path.stat().st_nlink > 1:
        from invsync_tui.store.file import temporary_files

        temporary_files.sweep(file_modes.real(path))
        if clock.elapsed() > deadline:
            raise StoreInUseError(
                path,
                "the file has a second name (a hard link). Work under both names would destroy it.",
                f"Find the other name and remove it: find / -xdev -samefile {shlex.quote(str(path))}",
            )
        time.sleep(0.05)


def _needs_upgrade(path: Path, version: int, *, read_only: bool) -> StoreReadOnlyError:
    advice = "Open it once without --read-only." if read_only else "Let a user who may write it open it once."
    return StoreReadOnlyError(path, f"its schema {version} needs an upgrade to {VERSION}.", advice)
