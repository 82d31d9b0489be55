"""Opens a store in milliseconds: stdlib driver and one pragma. Alembic is imported only when the version differs."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invsync_tui.store.errors import (
    StoreForeignError,
    StoreMissingError,
    StoreNewerError,
    StoreReadOnlyError,
    translate,
    unwritable,
)

if TYPE_CHECKING:
    from sqlmodel import Session

VERSION = 5
"""The schema this program writes: PRAGMA user_version, equal to the newest migration's number."""
BUSY_TIMEOUT_MS = 5000
MAGIC = b"SQLite format 3\x00"


class Store:
    """An open store: one driver connection, to be used by the thread that opened it.

    `read` runs a query, `transaction` a short write; both raise StoreError. `session` is for settings and other small
    writes by SQLModel and syncs them to disk before it returns.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, *, read_only: bool) -> None:
        self.path = path
        self.read_only = read_only
        self._connection = connection
        self._engine: Any = None

    def close(self) -> None:
        """Close the connection; the store file stays consistent whether or not this is called."""
        if self._engine is not None:
            self._engine.dispose()
        self._connection.close()

    def read(self, sql: str, parameters: Any = ()) -> list[Any]:
        """All rows of a query; sized by the caller's LIMIT."""
        with self._translated():
            return self._connection.execute(sql, parameters).fetchall()

    def one(self, sql: str, parameters: Any = ()) -> Any:
        """The first row of a query, or None."""
        with self._translated():
            return self._connection.execute(sql, parameters).fetchone()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection for the query functions of this room, with errors translated."""
        with self._translated():
            yield self._connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A write transaction, taken at once so that it cannot fail half-way for a lock. Rolled back on any error."""
        if self.read_only:
            raise StoreReadOnlyError(self.path, "it was opened read-only.", "Open it without --read-only.")
        with self._translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                # On a full disk SQLite may have rolled back by itself already.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A SQLModel session that commits at the end. Imports SQLModel, so it is not for the way to the first frame."""
        from sqlalchemy.exc import DBAPIError
        from sqlmodel import Session

        if self.read_only:
            raise StoreReadOnlyError(self.path, "it was opened read-only.", "Open it without --read-only.")
        try:
            with Session(self._sqlmodel_engine(), expire_on_commit=False) as session:
                yield session
                session.commit()
        except DBAPIError as error:
            if isinstance(error.orig, sqlite3.Error) and not isinstance(error.orig, sqlite3.IntegrityError):
                raise translate(error.orig, self.path) from error
            raise

    def data_version(self) -> int:
        """A number that changes whenever another connection has committed; costs microseconds."""
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def tidy(self) -> None:
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
        except sqlite3.Error as error:
            raise translate(error, self.path) from error

    def _sqlmodel_engine(self) -> Any:
        if self._engine is None:
            from sqlalchemy import create_engine
            from sqlalchemy.pool import NullPool

            self._engine = create_engine(
                "sqlite://",
                creator=lambda: _connect(self.path, "rw", "FULL", isolation_level="DEFERRED"),
                poolclass=NullPool,
            )
        return self._engine


def _connect(path: Path, mode: str, synchronous: str, isolation_level: Any = None) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_TIMEOUT_MS / 1000,
        isolation_level=isolation_level,
        check_same_thread=False,
    )
    for pragma in (f"synchronous={synchronous}", "cache_size=-16384", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def open_store(path: Path, *, read_only: bool = False) -> Store:
    """Open an existing store, upgrading an older schema first. On a StoreError the file is as it was."""
    _check_file(path)
    try:
        connection = _connect(path, "ro" if read_only else "rw", "NORMAL")
        try:
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            _check_version(path, connection, version, read_only=read_only)
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise translate(error, path) from error
    if version < VERSION:
        connection.close()
        _upgrade(path, version)
        return open_store(path, read_only=read_only)
    return Store(path, connection, read_only=read_only)


def create_store(path: Path) -> Store:
    """Make a new store (mode 0600, parent folders 0700) and open it. An existing one is opened, never overwritten."""
    if not path.exists():
        _create(path)
    return open_store(path)


def _create(path: Path) -> None:
    """Make the store under another name and give it its own when it is whole: nobody ever finds half a store."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600))
        _fill(draft)
        with contextlib.suppress(FileExistsError):  # somebody else was faster
            os.link(draft, path)
    except sqlite3.Error as error:
        raise translate(error, path) from error
    except OSError as error:
        raise unwritable(error, path) from error
    finally:
        for leftover in (draft, *(draft.with_name(draft.name + end) for end in ("-wal", "-shm"))):
            with contextlib.suppress(OSError):
                leftover.unlink()


def _fill(draft: Path) -> None:
    connection = _connect(draft, "rw", "FULL")
    try:
        # Nobody needs half a draft back, so its journal is in memory. In WAL mode a disk that fills up while the log is
        # copied into the file would be told to nobody: closing does that last copy and keeps silent.
        connection.execute("PRAGMA journal_mode=MEMORY")
        _migrate(connection)
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()


def _check_file(path: Path) -> None:
    try:
        with path.open("rb") as file:
            head = file.read(len(MAGIC))
    except FileNotFoundError:
        raise StoreMissingError(
            path, "there is no store.", "Create one with: invsync init. Try one with: invsync demo."
        ) from None
    except OSError as error:
        raise StoreReadOnlyError(
            path, f"it cannot be read: {error.strerror}.", "Check the path and its permissions."
        ) from error
    if head != MAGIC:
        raise StoreForeignError(path, "this file is not a database.", "Choose another file with --store.")


def _check_version(path: Path, connection: sqlite3.Connection, version: int, *, read_only: bool) -> None:
    ours = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'pull_generation'").fetchone()[0]
    if not ours:
        raise StoreForeignError(path, "this is a database of another program.", "Choose another file with --store.")
    if version > VERSION:
        raise StoreNewerError(
            path,
            f"a newer program wrote it (schema {version}, this one knows {VERSION}).",
            "Upgrade invsync on this machine.",
        )
    if version < VERSION and read_only:
        raise StoreReadOnlyError(
            path, f"its schema {version} needs an upgrade to {VERSION}.", "Open it once without --read-only."
        )


def _upgrade(path: Path, version: int) -> None:
    """Back the file up beside itself, then migrate in one transaction."""
    connection = _connect(path, "rw", "FULL")
    try:
        backup_path = path.with_name(f"{path.name}.schema{version}-{int(time.time())}")
        with sqlite3.connect(backup_path) as backup:
            connection.backup(backup)
        backup_path.chmod(0o600)
        _migrate(connection)
    except sqlite3.Error as error:
        raise translate(error, path) from error
    finally:
        connection.close()


def _migrate(connection: sqlite3.Connection) -> None:
    """Run alembic to the newest schema inside one transaction of `connection`."""
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.pool import StaticPool

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    connection.execute("BEGIN IMMEDIATE")
    try:
        with engine.connect() as bound:
            config.attributes["connection"] = bound
            command.upgrade(config, "head")
            bound.commit()
    except DBAPIError as error:
        raise (error.orig if isinstance(error.orig, sqlite3.Error) else error) from error
