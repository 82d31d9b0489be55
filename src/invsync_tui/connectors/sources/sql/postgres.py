"""PostgreSQL, by psycopg: each statement runs in a transaction of its own that is READ ONLY and has a `statement_timeout`.

Both are set with the transaction, so that a pooler between does not lose them. A statement with values goes by the extended
protocol, in which the server refuses a second statement. Sources:
https://www.postgresql.org/docs/current/sql-set-transaction.html, https://www.psycopg.org/psycopg3/docs/.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from invsync_tui.connectors.addresses import is_loopback
from invsync_tui.connectors.errors import (
    AuthError,
    ConnectorError,
    ContractError,
    NotConfiguredError,
    PermissionDeniedError,
    UnavailableError,
)
from invsync_tui.connectors.sources.sql.databases import quoted
from invsync_tui.connectors.sources.sql.server import OWN_AUTHORITY, Rows, ServerDatabase
from invsync_tui.plain_text import counted

if TYPE_CHECKING:
    import psycopg

_NUMBER_TYPES = frozenset({20, 21, 23, 700, 701, 1700})
"""Type numbers of smallint, integer, bigint, real, double precision, numeric (pg_type.dat)."""
_WRITABLE = """
SELECT count(*), min(n.nspname || '.' || c.relname), bool_or(r.rolsuper)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN pg_roles r
WHERE r.rolname = current_user AND c.relkind IN ('r', 'p', 'v', 'f') AND n.nspname NOT LIKE 'pg\\_%%'
  AND n.nspname <> 'information_schema' AND has_schema_privilege(n.oid, 'USAGE')
  AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE') AND %s::int = 0"""


class Postgres(ServerDatabase):
    """A PostgreSQL database, by psycopg."""

    kind, driver, install = "PostgreSQL", "psycopg", "pip install 'psycopg[binary]'"
    scheme, port = "postgresql", 5432

    @property
    def _failures(self) -> tuple[type[Exception], ...]:
        import psycopg

        return (psycopg.Error,)

    def _log_in(self) -> str:
        import psycopg

        self._connection = psycopg.connect(**self._settings(), autocommit=True, prepare_threshold=None)
        version = self._connection.info.server_version
        return f"PostgreSQL {version // 10000}.{version % 10000}"

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

        try:
            cursor = self._executed(statement, values)
            return tuple(column.name for column in cursor.description or ()), cursor.fetchall()
        except (psycopg.Error, UnicodeError, OverflowError, ValueError) as error:
            raise self._error(name, error) from error

    def _executed(self, statement: str, values: Sequence[object]) -> psycopg.Cursor[Any]:
        """A statement in a transaction of its own, which has ended. The driver has fetched all of its rows by then."""
        connection = self._connection
        if connection is None:
            raise self._not_open()
        connection.execute(self._begin())
        try:
            cursor: psycopg.Cursor[Any] = connection.execute(statement.encode(), values)
            return cursor
        finally:
            if not connection.closed:
                connection.execute("ROLLBACK")

    def _begin(self) -> bytes:
        zone = self._given["time_zone"]
        text = f"BEGIN READ ONLY; SET LOCAL statement_timeout = {int(self._deadline * 1000)}"
        return f"{text}; SET LOCAL TIME ZONE '{zone}'".encode() if zone else text.encode()

    def types(self, query: str) -> dict[str, int]:
        """Type numbers of a query's columns by their name."""
        import psycopg

        try:
            cursor = self._executed(self._without_rows(query), (0,))
        except psycopg.Error as error:
            raise self._error("levels", error) from error
        return {column.name: column.type_code for column in cursor.description or ()}

    def interrupt(self) -> None:
        if self._connection is not None:
            self._connection.cancel_safe(timeout=2)

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

    def _not_connected(self, error: Exception) -> ConnectorError:
        message = " ".join(str(error).split())
        words = {
            "password authentication failed": AuthError, "no password supplied": AuthError, "role ": AuthError,
            "no pg_hba.conf entry": PermissionDeniedError, "permission denied": PermissionDeniedError,
            "does not exist": NotConfiguredError, "certificate": NotConfiguredError,
            "does not support SSL": NotConfiguredError, "translate host name": NotConfiguredError,
        }  # fmt: skip
        kind = next((kind for word, kind in words.items() if word in message), UnavailableError)
        advice = OWN_AUTHORITY if "SSL" in message or "certificate" in message else ""
        return kind(f"PostgreSQL does not let us in: {message}", where=self._where, advice=advice)

    def _error(self, name: str, error: Exception) -> ConnectorError:
        state = getattr(error, "sqlstate", None) or ""
        message = re.sub(r"\s+", " ", str(error)).strip()
        if state == "57014":
            return self._took_too_long(name)
        if state == "42501":
            return self._may_not_read(name, message)
        if state[:2] == "25":  # it writes, or would make the transaction one that does
            return self._writes(name, message)
        if state[:2] in ("0A", "22", "3F", "42") or "placeholder" in message:
            return self._is_wrong(name, message)
        if state[:2] in ("08", "53", "57", "40", "") and not isinstance(error, UnicodeError | ValueError):
            return UnavailableError(f"PostgreSQL: {message}", where=self._where)
        return ContractError(f"The query {name}: {message}", where=self._where)
