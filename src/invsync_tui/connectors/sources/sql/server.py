"""What the databases of the connector share: their settings, how a lost connection and an error are told, how columns are found.

`ReadDatabase` is any of them; `ServerDatabase` is one that is logged in to over a network.
"""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

from invsync_tui.connectors.errors import (
    ConnectorError,
    NotConfiguredError,
    PermissionDeniedError,
    UnavailableError,
)

FASTER = "Put an index on the key, or raise the request timeout of the connection."
OWN_AUTHORITY = "Name the authority with --option ca_file=PATH, or give --option tls=off on a line that you trust."
Rows = tuple[tuple[str, ...], list[Sequence[Any]]]
"""Names of the columns, and the rows."""


class ReadDatabase(ABC):
    """A database that is read by one statement after the other, each with a time limit."""

    value: ClassVar[str]
    """What stands in a statement for a value that is given with it."""

    def __init__(self, where: str, deadline: float) -> None:
        """`where` is the connection's name, `deadline` the seconds that a statement may take."""
        self._where = where
        self._deadline = deadline

    @abstractmethod
    def select(self, name: str, statement: str, values: Sequence[object] = ()) -> Rows:
        """The rows of one statement of the query `name`."""

    @abstractmethod
    def written(self, query: str) -> str:
        """A query of the operator's as part of a statement."""

    def columns(self, name: str, query: str) -> tuple[str, ...]:
        """The names of a query's columns."""
        return self.select(name, self._without_rows(query), (0,))[0]

    def _without_rows(self, query: str) -> str:
        """A statement that gives a query's columns and none of its rows, with 0 as its value."""
        return f"SELECT * FROM (\n{self.written(query)}\n) AS q LIMIT {self.value}"  # noqa: S608

    # --- errors ------------------------------------------------------------------------------------------------------

    def _not_open(self) -> ConnectorError:
        return UnavailableError("The connection is not open.", where=self._where)

    def _took_too_long(self, name: str) -> ConnectorError:
        what = f"The database took longer than {self._deadline:g} s for the query {name} and was stopped."
        return UnavailableError(what, where=self._where, advice=FASTER)

    def _may_not_read(self, name: str, message: str) -> ConnectorError:
        return PermissionDeniedError(f"The query {name}: {message}", where=self._where, advice="Grant SELECT on it.")

    def _writes(self, name: str, message: str) -> ConnectorError:
        return NotConfiguredError(
            f"The query {name} does more than read: {message}", where=self._where, advice="Use SELECT only."
        )

    def _is_wrong(self, name: str, message: str) -> ConnectorError:
        return NotConfiguredError(
            f"The query {name} is refused: {message}", where=self._where, advice="Correct the query in the file."
        )


class ServerDatabase(ReadDatabase):
    """A database on a server, read through a driver that is installed apart."""

    value = "%s"
    kind: ClassVar[str]
    """What it is called in messages."""
    driver: ClassVar[str]
    """The module of its driver."""
    install: ClassVar[str]
    """The command that installs it."""
    scheme: ClassVar[str]
    port: ClassVar[int]

    def __init__(self, url: str, where: str, deadline: float, parameters: Mapping[str, str]) -> None:
        """`parameters` has user, password, time_zone, tls (verify or off) and ca_file, '' for what is not given."""
        super().__init__(where, deadline)
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or self.port
        self._database = unquote(parts.path.strip("/"))
        self._given = parameters
        self._connection: Any = None

    def connect(self) -> str:
        """Connect, again after a loss too; what answers, with its version."""
        self.close()
        try:
            importlib.import_module(self.driver)
        except ImportError as error:
            what = f"The driver for {self.kind} ({self.driver}) is not installed."
            raise NotConfiguredError(what, where=self._where, advice=f"Install the driver: {self.install}.") from error
        if not self._database:
            raise NotConfiguredError(
                "The address names no database.", where=self._where, advice=f"Write {self.scheme}://HOST/DATABASE."
            )
        try:
            return f"{self._log_in()} answers at {self._host}:{self._port}"
        except self._failures as error:
            self.close()
            raise self._not_connected(error) from error

    @property
    @abstractmethod
    def _failures(self) -> tuple[type[Exception], ...]:
        """What the driver raises."""

    @abstractmethod
    def _log_in(self) -> str:
        """Set `_connection`; the server with its version."""

    @abstractmethod
    def _not_connected(self, error: Exception) -> ConnectorError:
        """What an error while logging in means."""

    @property
    @abstractmethod
    def connected(self) -> bool:
        """Whether the connection is there, as far as is known."""

    def close(self) -> None:
        """Close the connection where there is one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def written(self, query: str) -> str:
        """The driver takes a single % for one of its own."""
        return query.replace("%", "%%")

    @property
    def identity(self) -> str:
        """What tells this database from another one."""
        return self._database
