"""The two databases, each with its own driver: read-only, one statement at a time, with a time limit and a way to stop.

The drivers are called directly. SQLAlchemy would add its layer to each row, and what matters here (read-only transactions,
time limits, stopping a statement from another thread) is each driver's own anyway.

PostgreSQL: each statement runs in a transaction of its own that is READ ONLY and has a `statement_timeout`; both are set
with the transaction, so that a pooler between does not lose them. A statement with values goes by the extended protocol,
in which the server refuses a second statement. SQLite: the file is opened with `mode=ro`, and an authorizer allows
nothing but reading. Sources: https://www.postgresql.org/docs/current/sql-set-transaction.html,
https://www.psycopg.org/psycopg3/docs/, https://www.sqlite.org/c3ref/set_authorizer.html, https://www.sqlite.org/fileformat2.html.

All methods but `interrupt` block and are called from one thread at a time.
"""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol
from urllib.parse import quote, unquote, urlsplit

from invsync_tui.connectors.addresses import is_loopback
from invsync_tui.connectors.errors import (
    AuthError,
    ConnectorError,
    ContractError,
    NotConfiguredError,
    PermissionDeniedError,
    UnavailableError,
)
from invsync_tui.plain_text import counted

if TYPE_CHECKING:
    import psycopg

INSTALL = "Install the driver: pip install 'psycopg[binary]'."
GRANT = "Give the login SELECT only: see the page of this connector (invsync connections about sql)."
TOO_LONG = "The database took longer than {seconds:g} s for the query {name} and was stopped."
LOCKED_MOST = 5.0
"""Seconds that a SQLite file which another program has locked is waited for."""
LOOKS, BETWEEN_LOOKS = 3, 0.05
"""How often, and after how many seconds again, a file is looked at that is shorter than it says."""
FASTER = "Put an index on the key, or raise the request timeout of the connection."
Rows = tuple[tuple[str, ...], list[Sequence[Any]]]
"""Names of the columns, and the rows."""


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


class Sqlite:
    """A SQLite file."""

    value: ClassVar[str] = "?"

    def __init__(self, url: str, where: str, deadline: float) -> None:
        self._path = unquote(urlsplit(url).path)
        self._where = where
        self._deadline = deadline
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
            raise UnavailableError("The connection is not open.", where=self._where)
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

    def columns(self, name: str, query: str) -> tuple[str, ...]:
        statement = f"SELECT * FROM (\n{self.written(query)}\n) AS q LIMIT {self.value}"  # noqa: S608
        return self.select(name, statement, (0,))[0]

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
            return UnavailableError(
                TOO_LONG.format(seconds=self._deadline, name=name), where=self._where, advice=FASTER
            )
        if "not authorized" in message or "prohibited" in message or "readonly" in message:
            return NotConfiguredError(
                f"The query {name} does more than read: {message}.", where=self._where, advice="Use SELECT only."
            )
        if any(word in message for word in ("locked", "busy", "disk I/O", "unable to open")):
            return UnavailableError(f"SQLite: {message}.", where=self._where)
        if "not a database" in message or "malformed" in message:
            return ContractError(f"{self._path}: {message}.", where=self._where, advice="Check the file with sqlite3.")
        return NotConfiguredError(
            f"The query {name} is refused: {message}.", where=self._where, advice="Correct the query in the file."
        )


# --- PostgreSQL ------------------------------------------------------------------------------------------------------

_NUMBER_TYPES = frozenset({20, 21, 23, 700, 701, 1700})
"""Type numbers of smallint, integer, bigint, real, double precision, numeric (pg_type.dat)."""
_WRITABLE = """
SELECT count(*), min(n.nspname || '.' || c.relname), bool_or(r.rolsuper)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN pg_roles r
WHERE r.rolname = current_user AND c.relkind IN ('r', 'p', 'v', 'f') AND n.nspname NOT LIKE 'pg\\_%%'
  AND n.nspname <> 'information_schema' AND has_schema_privilege(n.oid, 'USAGE')
  AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE') AND %s::int = 0"""


class Postgres:
    """A PostgreSQL database, by psycopg."""

    value: ClassVar[str] = "%s"

    def __init__(self, url: str, where: str, deadline: float, parameters: dict[str, str]) -> None:
        """`parameters` has user, password, time_zone, tls (verify or off) and ca_file, '' for what is not given."""
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 5432
        self._database = unquote(parts.path.strip("/"))
        self._given = parameters
        self._where = where
        self._deadline = deadline
        self._connection: psycopg.Connection[Any] | None = None

    def connect(self) -> str:
        self.close()
        try:
            import psycopg
        except ImportError as error:
            raise NotConfiguredError(
                "The driver for PostgreSQL (psycopg) is not installed.", where=self._where, advice=INSTALL
            ) from error
        if not self._database:
            raise NotConfiguredError(
                "The address names no database.", where=self._where, advice="Write postgresql://HOST/DATABASE."
            )
        try:
            self._connection = psycopg.connect(**self._settings(), autocommit=True, prepare_threshold=None)
        except psycopg.Error as error:
            raise self._not_connected(error) from error
        version = self._connection.info.server_version
        return f"PostgreSQL {version // 10000}.{version % 10000} answers at {self._host}:{self._port}"

    @property
    def connected(self) -> bool:
        return self._connection is not None and not self._connection.closed

    def _settings(self) -> dict[str, Any]:
        """For libpq. Everything that its environment variables could turn elsewhere is named, an empty text included."""
        here = is_loopback(self._host)
        mode = "prefer" if here or self._given["tls"] == "off" else "verify-full"
        seconds = max(2, int(self._deadline))
        return {
            "host": self._host, "hostaddr": "", "port": self._port, "dbname": self._database,
            "user": self._given["user"], "password": self._given["password"], "passfile": "/dev/null",
            "sslmode": mode, "sslrootcert": self._given["ca_file"] or ("system" if mode == "verify-full" else ""),
            "connect_timeout": seconds, "tcp_user_timeout": seconds * 1000, "keepalives_idle": seconds,
            "keepalives_interval": 5, "keepalives_count": 3, "client_encoding": "UTF8", "application_name": "invsync",
            "options": "",
        }  # fmt: skip

    def select(self, name: str, statement: str, values: Sequence[object] = ()) -> Rows:
        import psycopg

        connection = self._connection
        if connection is None:
            raise UnavailableError("The connection is not open.", where=self._where)
        try:
            connection.execute(self._begin())
            try:
                cursor = connection.execute(statement.encode(), values)
                return tuple(column.name for column in cursor.description or ()), cursor.fetchall()
            finally:
                if not connection.closed:
                    connection.execute("ROLLBACK")
        except (psycopg.Error, UnicodeError, OverflowError, ValueError) as error:
            raise self._error(name, error) from error

    def _begin(self) -> bytes:
        zone = self._given["time_zone"]
        text = f"BEGIN READ ONLY; SET LOCAL statement_timeout = {int(self._deadline * 1000)}"
        return f"{text}; SET LOCAL TIME ZONE '{zone}'".encode() if zone else text.encode()

    def types(self, query: str) -> dict[str, int]:
        """Type numbers of a query's columns by their name."""
        import psycopg

        connection = self._connection
        if connection is None:
            raise UnavailableError("The connection is not open.", where=self._where)
        try:
            connection.execute(self._begin())
            try:
                statement = f"SELECT * FROM (\n{self.written(query)}\n) AS q LIMIT %s"  # noqa: S608
                cursor = connection.execute(statement.encode(), (0,))
                return {column.name: column.type_code for column in cursor.description or ()}
            finally:
                if not connection.closed:
                    connection.execute("ROLLBACK")
        except psycopg.Error as error:
            raise self._error("levels", error) from error

    def interrupt(self) -> None:
        if self._connection is not None:
            self._connection.cancel_safe(timeout=2)

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def columns(self, name: str, query: str) -> tuple[str, ...]:
        statement = f"SELECT * FROM (\n{self.written(query)}\n) AS q LIMIT {self.value}"  # noqa: S608
        return self.select(name, statement, (0,))[0]

    def written(self, query: str) -> str:
        return query.replace("%", "%%")

    def column(self, name: str) -> str:
        return f"q.{quoted(name)}".replace("%", "%%")

    def key(self, query: str, name: str) -> str:
        return self.column(name)

    def changed_since(self, query: str, name: str, since: datetime) -> tuple[str, list[object]]:
        if self.types(query).get(name) in _NUMBER_TYPES:
            return f"{self.column(name)} >= %s", [int(since.timestamp())]
        return f"{self.column(name)} >= %s::timestamptz", [since.isoformat()]

    def now(self) -> datetime:
        (row,) = self.select("now", "SELECT now(), %s::int", (0,))[1]
        moment: datetime = row[0]
        return moment.astimezone(UTC)

    def could_write(self) -> tuple[int, str]:
        ((count, example, root),) = self.select("rights", _WRITABLE, (0,))[1]
        if root:
            return int(count) or 1, "The login is a superuser: it could do anything."
        if count:
            return int(count), f"The login could write {counted(count, 'table')}, such as {example}."
        return 0, "The login may read only."

    @property
    def identity(self) -> str:
        return self._database

    def _not_connected(self, error: psycopg.Error) -> ConnectorError:
        message = " ".join(str(error).split())
        words = {
            "password authentication failed": AuthError, "no password supplied": AuthError, "role ": AuthError,
            "no pg_hba.conf entry": PermissionDeniedError, "permission denied": PermissionDeniedError,
            "does not exist": NotConfiguredError, "certificate": NotConfiguredError,
            "does not support SSL": NotConfiguredError, "translate host name": NotConfiguredError,
        }  # fmt: skip
        kind = next((kind for word, kind in words.items() if word in message), UnavailableError)
        advice = ""
        if "SSL" in message or "certificate" in message:
            advice = "Name the authority with --option ca_file=PATH, or give --option tls=off on a line that you trust."
        return kind(f"PostgreSQL does not let us in: {message}", where=self._where, advice=advice)

    def _error(self, name: str, error: Exception) -> ConnectorError:
        state = getattr(error, "sqlstate", None) or ""
        message = re.sub(r"\s+", " ", str(error)).strip()
        if state == "57014":
            return UnavailableError(
                TOO_LONG.format(seconds=self._deadline, name=name), where=self._where, advice=FASTER
            )
        if state == "42501":
            return PermissionDeniedError(
                f"The query {name}: {message}", where=self._where, advice="Grant SELECT on it."
            )
        if state[:2] == "25":  # it writes, or would make the transaction one that does
            return NotConfiguredError(
                f"The query {name} does more than read: {message}", where=self._where, advice="Use SELECT only."
            )
        if state[:2] in ("0A", "22", "3F", "42") or "placeholder" in message:
            return NotConfiguredError(
                f"The query {name} is refused: {message}", where=self._where, advice="Correct the query in the file."
            )
        if state[:2] in ("08", "53", "57", "40", "") and not isinstance(error, UnicodeError | ValueError):
            return UnavailableError(f"PostgreSQL: {message}", where=self._where)
        return ContractError(f"The query {name}: {message}", where=self._where)
