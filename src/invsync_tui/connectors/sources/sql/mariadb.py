"""MariaDB and MySQL, by PyMySQL, read as `databases` says of the others.

Each statement runs in a READ ONLY transaction of its own, with a time limit that the session has (`max_statement_time` of
MariaDB, `max_execution_time` of MySQL). PyMySQL does not let a statement hold a second one.

Texts are compared as they are: the collations of tables take 'a' and 'A' for equal, and 'A' and 'A ' too, so that a page
that ends at one of them would skip the other. Sources: https://mariadb.com/docs/server/reference/data-types/string-data-types/character-sets/supported-character-sets-and-collations
(utf8mb4_nopad_bin), https://dev.mysql.com/doc/refman/8.4/en/charset-unicode-sets.html (utf8mb4_0900_bin),
https://dev.mysql.com/doc/refman/8.4/en/set-transaction.html, https://mariadb.com/docs/server/reference/error-codes/mariadb-error-code-reference.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from invsync_tui.connectors.addresses import is_loopback
from invsync_tui.connectors.errors import (
    AuthError,
    ConnectorError,
    ContractError,
    NotConfiguredError,
    PermissionDeniedError,
    UnavailableError,
)
from invsync_tui.connectors.sources.sql.server import OWN_AUTHORITY, Rows, ServerDatabase
from invsync_tui.plain_text import counted

ANSWERS_WITHIN = 3
"""Seconds beyond the time limit in which the server says that a statement was stopped."""
_WHOLE = frozenset({1, 2, 3, 8, 9, 13})
"""Type numbers of TINYINT, SMALLINT, INT, BIGINT, MEDIUMINT, YEAR (FIELD_TYPE of the protocol)."""
_FLOATS = frozenset({4, 5})
_DECIMALS = frozenset({0, 246})
_TIMESTAMP, _TIMES = 7, frozenset({10, 12})
_TEXTS = frozenset({15, 245, 247, 248, 249, 250, 251, 252, 253, 254})
"""Type numbers of texts and of binary strings, which the character set tells apart."""
_BINARY = 63
_WRITES = re.compile(
    r"^GRANT (?P<rights>.*?\b(?:ALL PRIVILEGES|INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|SUPER|FILE)\b.*?) ON (?P<what>.*?) TO "
)
_LATE = frozenset({1317, 1969, 3024})
_KINDS: Mapping[int, type[ConnectorError]] = {
    **dict.fromkeys((1045, 1698, 1820, 1862, 4151), AuthError),
    **dict.fromkeys((1044, 1142, 1143, 1227, 1370), PermissionDeniedError),
    **dict.fromkeys((1040, 1053, 1152, 1158, 1159, 1160, 1161, 1203, 1205, 1213, 1226, 1927, 2003, 2006, 2013, 2014),
                    UnavailableError),
    1049: NotConfiguredError,
}  # fmt: skip
_ENDS = frozenset({0, 1053, 1152, 1158, 1159, 1160, 1161, 1927, 2006, 2013, 2014})
"""Errors behind which the server, or the driver, has ended the session: another one is needed for whatever comes next. Of those
without a number, what else is in the line belongs to nothing that is asked."""
_READS_ONLY = frozenset({1290, 1792, 1223})


class Mariadb(ServerDatabase):
    """A MariaDB or MySQL database."""

    kind, driver, install = "MariaDB and MySQL", "pymysql", "pip install pymysql"
    scheme, port = "mariadb", 3306

    def __init__(self, url: str, where: str, deadline: float, parameters: Mapping[str, str]) -> None:
        super().__init__(url, where, deadline, parameters)
        self._types: dict[str, dict[str, tuple[int, int]]] = {}
        self._exactly = ""

    @property
    def _failures(self) -> tuple[type[Exception], ...]:
        return (Exception,)  # PyMySQL fails in many ways where something else answers

    def _log_in(self) -> str:
        import pymysql

        self._connection = connection = pymysql.connect(**self._settings(max(2, int(self._deadline))))
        version = str(connection.get_server_info()).removeprefix("5.5.5-")  # MariaDB says so to old clients
        of_mariadb = "mariadb" in version.lower()
        self._exactly = "utf8mb4_nopad_bin" if of_mariadb else "utf8mb4_0900_bin"
        limit = ("max_statement_time", self._deadline) if of_mariadb else (
            "max_execution_time", int(self._deadline * 1000))  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(f"SET SESSION {limit[0]} = {limit[1]}")
        return f"{'MariaDB' if of_mariadb else 'MySQL'} {version.split('-', maxsplit=1)[0]}"

    def _settings(self, seconds: int) -> dict[str, Any]:
        """For PyMySQL, which reads no file and no environment variable that is not named."""
        plain = is_loopback(self._host) or self._given["tls"] == "off"
        tls = {"ssl_disabled": True} if plain else {"ssl": self._certificates()}
        return {
            "host": self._host, "port": self._port, "user": self._given["user"], "password": self._given["password"],
            "database": self._database, "charset": "utf8mb4", "autocommit": True, "local_infile": False,
            "connect_timeout": seconds, "read_timeout": seconds + ANSWERS_WITHIN, "write_timeout": seconds, **tls,
        }  # fmt: skip

    def _certificates(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._given["ca_file"] or None)

    @property
    def connected(self) -> bool:
        return self._connection is not None and bool(self._connection.open)

    def select(self, name: str, statement: str, values: Sequence[object] = ()) -> Rows:
        names, rows, _ = self._select(name, statement, values)
        return names, rows

    def _select(
        self, name: str, statement: str, values: Sequence[object]
    ) -> tuple[tuple[str, ...], list[Sequence[Any]], dict[str, tuple[int, int]]]:
        """Besides names and rows the type number and the character set of each column."""
        connection = self._connection
        if connection is None or not connection.open:
            raise self._not_open()
        try:
            with connection.cursor() as cursor:
                cursor.execute("START TRANSACTION READ ONLY")
                try:
                    cursor.execute(statement, tuple(values))
                    fields = cursor._result.fields if cursor._result is not None else None
                    types = {field.name: (field.type_code, field.charsetnr) for field in fields or ()}
                    return tuple(d[0] for d in cursor.description or ()), list(cursor.fetchall()), types
                finally:
                    if connection.open:
                        connection.rollback()
        except self._failures as error:
            if _code(error) in _ENDS:
                self.close()
            raise self._error(name, error) from error

    def columns(self, name: str, query: str) -> tuple[str, ...]:
        names, _, self._types[query] = self._select(name, self._without_rows(query), (0,))
        return names

    def interrupt(self) -> None:
        """By a second connection: the first one is busy."""
        import pymysql

        connection = self._connection
        if connection is None:
            return
        with pymysql.connect(**self._settings(2)) as other, other.cursor() as cursor:
            cursor.execute(f"KILL QUERY {int(connection.thread_id())}")

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None and connection.open:
            connection.close()

    def column(self, name: str) -> str:
        return f"q.`{name.replace('`', '``')}`".replace("%", "%%")

    def key(self, query: str, name: str) -> str:
        """Texts by their bytes in UTF-8, spaces at the end included; decimals as texts, since a value that is given as a
        text would be compared with them as a float."""
        kind, charset = self._types.get(query, {}).get(name, (0, 0))
        exact = kind in _DECIMALS or (kind in _TEXTS and charset != _BINARY)
        return f"CONVERT({self.column(name)} USING utf8mb4) COLLATE {self._exactly}" if exact else self.column(name)

    def changed_since(self, query: str, name: str, since: datetime) -> tuple[str, list[object]]:
        column, seconds = self.column(name), int(since.timestamp())
        if query not in self._types:
            self.columns("levels", query)
        kind = self._types[query].get(name, (0, 0))[0]
        if kind in _WHOLE | _FLOATS | _DECIMALS:
            return f"{column} >= %s", [seconds]
        if kind == _TIMESTAMP:  # it is a moment; in a zone, one hour of the year would be there twice
            return f"UNIX_TIMESTAMP({column}) >= %s", [seconds]
        if kind not in _TIMES:
            raise NotConfiguredError(
                f"The column {name} is neither a time nor a number.", where=self._where,
                advice="Declare another column as changed, or make it a time in the query: CAST(... AS DATETIME).",
            )  # fmt: skip
        if self._given["time_zone"]:
            return f"{column} >= %s", [_earliest(since, self._given["time_zone"])]
        # In the hour before clocks are put back, one hour earlier: what changes after it may be stamped so.
        return (
            f"{column} >= IF(FROM_UNIXTIME(%s + 3600) < FROM_UNIXTIME(%s) + INTERVAL 1 HOUR, "
            f"FROM_UNIXTIME(%s) - INTERVAL 1 HOUR, FROM_UNIXTIME(%s))", [seconds] * 4
        )  # fmt: skip

    def now(self) -> datetime:
        moment: datetime = self.select("now", "SELECT UTC_TIMESTAMP()")[1][0][0]
        return moment.replace(tzinfo=UTC)

    def could_write(self) -> tuple[int, str]:
        """Places, each a table or a group of them."""
        grants = [str(row[0]) for row in self.select("rights", "SHOW GRANTS")[1]]
        places = [match["what"].replace("`", "") for match in map(_WRITES.match, grants) if match]
        if places:
            return len(places), f"The login could write in {counted(len(places), 'place')}, such as {places[0]}."
        return 0, "The login may read only."

    def _not_connected(self, error: Exception) -> ConnectorError:
        message = _message(error)
        advice, kind = "", _KINDS.get(_code(error), UnavailableError)
        if "SSL" in message or "certificate" in message.lower():
            kind = NotConfiguredError
            advice = OWN_AUTHORITY
        return kind(f"The database does not let us in: {message}", where=self._where, advice=advice)

    def _error(self, name: str, error: Exception) -> ConnectorError:
        code, message = _code(error), _message(error)
        if code in _LATE:
            return self._took_too_long(name)
        if code in _READS_ONLY:
            return self._writes(name, message)
        kind = _KINDS.get(code)
        if kind is PermissionDeniedError:
            return self._may_not_read(name, message)
        if kind is not None or not code:
            return (kind or UnavailableError)(f"The database: {message}", where=self._where)
        if code >= 1000:
            return self._is_wrong(name, message)
        return ContractError(f"The query {name}: {message}", where=self._where)


def _code(error: Exception) -> int:
    """The server's number of an error; 0 where it has none."""
    first = error.args[0] if error.args else 0
    return first if type(first) is int else 0


def _message(error: Exception) -> str:
    text = error.args[1] if _code(error) and len(error.args) > 1 else error
    return re.sub(r"\s+", " ", str(text)).strip() or type(error).__name__


def _earliest(since: datetime, zone: str) -> str:
    """The earliest time on a wall clock from a moment on, as a text without a zone."""
    local = since.astimezone(ZoneInfo(zone))
    later = local.replace(fold=1).utcoffset()
    ahead = local.utcoffset()
    if local.fold == 0 and ahead is not None and later is not None and later < ahead:
        local -= ahead - later  # clocks are put back within the hour
    return local.replace(tzinfo=None).isoformat(sep=" ")
