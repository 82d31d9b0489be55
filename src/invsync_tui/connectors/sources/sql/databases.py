"""The databases that are read: what each can do, and SQLite. The others are `postgres` and `mariadb`, on what `server` has.

The drivers are called directly. SQLAlchemy would add its layer to each row, and what matters here (read-only transactions,
time limits, stopping a statement from another thread) is each driver's own anyway.

Each is read-only, takes one statement at a time, and has a time limit and a way to stop. SQLite: the file is opened with
`mode=ro`, and an authorizer allows nothing but reading. Sources: https://www.sqlite.org/c3ref/set_authorizer.html,
https://www.sqlite.org/fileformat2.html.

All methods but `interrupt` block and are called from one thread at a time.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Protocol
from urllib.parse import quote, unquote, urlsplit

from invsync_tui.connectors.errors import (
    ConnectorError,
    ContractError,
    UnavailableError,
)
from invsync_tui.connectors.sources.sql.about import LOCKED_MOST
from invsync_tui.connectors.sources.sql.server import ReadDatabase, Rows

GRANT = "Give the login SELECT only: see the page of this connector (invsync connections about sql)."
LOOKS, BETWEEN_LOOKS = 3, 0.05
"""How often, and after how many seconds again, a file is looked at that is shorter than it says."""


class Database(Protocol):
    """A database that is read. Errors are ConnectorErrors that name the query."""

    value: ClassVar[str]
    """What stands in a statement for a value that is given with it."""

    def connect(self) -> str:
        """Connect, again after a loss too; what answers, with its version."""
        ...

    @property
    def connected(self) -> bool:
        """Whether the connection is there, as far as is known."""
        ...

    def select(self, name: str, statement: str, values: Sequence[object] = ()) -> Rows:
        """The rows of one statement of the query `name`."""
        ...

    def interrupt(self) -> None:
        """Stop the statement that runs, from another thread."""
        ...

    def close(self) -> None: ...

    def written(self, query: str) -> str:
        """A query of the operator's as part of a statement."""
        ...

    def column(self, name: str) -> str:
        """A column of the query as part of a statement."""
        ...

    def columns(self, name: str, query: str) -> tuple[str, ...]:
        """The names of a query's columns."""
        ...

    def key(self, query: str, name: str) -> str:
        """A column of a query as it is compared and sorted: two values are equal only if they are the same."""
        ...

    def changed_since(self, query: str, name: str, since: datetime) -> tuple[str, list[object]]:
        """The condition that a row changed after a moment, and its values."""
        ...

    def now(self) -> datetime:
        """By the database's clock."""
        ...

    def could_write(self) -> tuple[int, str]:
        """How many tables the login could write, and a sentence about it; 0 for none."""
        ...

    @property
    def identity(self) -> str:
        """What tells this database from another one."""
        ...


def quoted(name: str) -> str:
    """A column's name in a statement."""
    return '"' + name.replace('"', '""') + '"'


# --- SQLite ----------------------------------------------------------------------------------------------------------

_READS = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, getattr(sqlite3, "SQLITE_RECURSIVE", 33)}
)
_STEPS = 10_000
"""Steps of SQLite's machine between two looks at the clock, about a millisecond."""


def _only_reads(action: int, _: str | None, name: str | None, *__: object) -> int:
    allowed = action in _READS and not (action == sqlite3.SQLITE_FUNCTION and name == "load_extension")
    return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY


class Sqlite(ReadDatabase):
    """A SQLite file."""

    value: ClassVar[str] = "?"

    def __init__(self, url: str, where: str, deadline: float) -> None:
        super().__init__(where, deadline)
        self._path = unquote(urlsplit(url).path)
        self._until = 0.0
        self._connection: sqlite3.Connection | None = None

    def connect(self) -> str:
        self.close()
        path = Path(self._path)
        if not path.is_file():
            raise UnavailableError(
                f"There is no file {path}.", where=self._where,
                advice="Mount its drive, or correct the address: sqlite:///path/to/file.",
            )  # fmt: skip
        try:
            self._connection = sqlite3.connect(
                f"file:{quote(self._path)}?mode=ro", uri=True, timeout=min(LOCKED_MOST, self._deadline),
                isolation_level=None, check_same_thread=False, cached_statements=16,
            )  # fmt: skip
            self._connection.set_authorizer(_only_reads)
            self._connection.set_progress_handler(self._is_late, _STEPS)
            self.select("schema", "SELECT count(*) FROM sqlite_master")
        except sqlite3.Error as error:
            raise self._error("schema", error) from error
        return f"SQLite {sqlite3.sqlite_version} reads {path}"

    @property
    def connected(self) -> bool:
        return self._connection is not None

    def _is_late(self) -> bool:
        return time.monotonic() > self._until

    def select(self, name: str, statement: str, values: Sequence[object] = ()) -> Rows:
        if self._connection is None:
            raise self._not_open()
        self._refuse_part()
        try:
            return self._rows(self._connection, statement, values)
        except sqlite3.OperationalError as error:
            if "decode to UTF-8" not in str(error):
                raise self._error(name, error) from error
        except (sqlite3.Error, sqlite3.Warning, OverflowError) as error:
            raise self._error(name, error) from error
        # A text with wrong bytes must cost its own row only. Slower, so from the first such text on.
        self._connection.text_factory = lambda content: content.decode("utf-8", "surrogateescape")
        try:
            return self._rows(self._connection, statement, values)
        except sqlite3.Error as error:
            raise self._error(name, error) from error

    def _refuse_part(self) -> None:
        """SQLite reads what a file lacks at its end as zeros, and rows vanish without an error. UnavailableError instead.

        A file with a write-ahead log may be shorter than it says while that is written back, and is left to SQLite.
        """
        for _ in range(LOOKS):
            with open(self._path, "rb") as file:  # noqa: PTH123 (a tenth of what pathlib takes)
                head = file.read(100)
                there = file.seek(0, os.SEEK_END)
            size = int.from_bytes(head[16:18], "big")
            whole = int.from_bytes(head[28:32], "big") * (65536 if size == 1 else size)
            counted_pages = (
                head[24:28] == head[92:96] and head.startswith(b"SQLite format 3\0") and head[18:19] != b"\2"
            )
            if there >= whole or not counted_pages:
                return
            time.sleep(BETWEEN_LOOKS)  # another program may write its end at this moment
        raise UnavailableError(
            f"{self._path} has {there} of {whole} bytes: it is being copied, or was cut.", where=self._where,
            advice="Copy it to another name first, then rename it.",
        )  # fmt: skip

    def _rows(self, connection: sqlite3.Connection, statement: str, values: Sequence[object]) -> Rows:
        self._until = time.monotonic() + self._deadline
        cursor = connection.execute(statement, tuple(values))
        try:
            return tuple(column[0] for column in cursor.description or ()), cursor.fetchall()
        finally:
            cursor.close()

    def interrupt(self) -> None:
        if self._connection is not None:
            self._connection.interrupt()

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def written(self, query: str) -> str:
        return query

    def column(self, name: str) -> str:
        return f"q.{quoted(name)}"

    def key(self, query: str, name: str) -> str:
        # A column declared NOCASE would take 'a' and 'A' for one key, and skip one of them between two pages.
        return f"q.{quoted(name)} COLLATE BINARY"

    def changed_since(self, query: str, name: str, since: datetime) -> tuple[str, list[object]]:
        column = self.column(name)
        seconds = f"CASE WHEN typeof({column}) IN ('integer', 'real') THEN {column} ELSE strftime('%s', {column}) END"
        return f"CAST({seconds} AS INTEGER) >= ?", [int(since.timestamp())]

    def now(self) -> datetime:
        return datetime.fromtimestamp(int(self.select("now", "SELECT strftime('%s', 'now')")[1][0][0]), UTC)

    def could_write(self) -> tuple[int, str]:
        if os.access(self._path, os.W_OK):
            return 1, "This user may write the file; it is opened for reading only."
        return 0, "This user may only read the file."

    @property
    def identity(self) -> str:
        return Path(self._path).name

    def _error(self, name: str, error: Exception) -> ConnectorError:
        message = str(error)
        if "interrupted" in message:
            return self._took_too_long(name)
        if "not authorized" in message or "prohibited" in message or "readonly" in message:
            return self._writes(name, f"{message}.")
        if any(word in message for word in ("locked", "busy", "disk I/O", "unable to open")):
            return UnavailableError(f"SQLite: {message}.", where=self._where)
        if "not a database" in message or "malformed" in message:
            return ContractError(f"{self._path}: {message}.", where=self._where, advice="Check the file with sqlite3.")
        return self._is_wrong(name, f"{message}.")
