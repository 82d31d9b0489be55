"""The kinds of databases that the connector `sql` reads, empty for each test, and connections to them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.sources.sql import SqlSource
from tests.support.servers.mariadb import MariadbServer
from tests.support.servers.postgres import PASSWORD, PostgresServer

READER = "reader"
QUERIES = """
[levels]
query = '''
SELECT sku, name, warehouse, on_hand, available, committed, ean, changed_at FROM stock
'''
key = "sku"
changed = "changed_at"
"""
TABLE = """
CREATE TABLE stock (id INTEGER PRIMARY KEY, sku VARCHAR(40), name VARCHAR(80), warehouse VARCHAR(20),
  on_hand {quantity}, available {quantity}, committed {quantity}, ean VARCHAR(20), changed_at {time})
"""


@dataclass
class TestDatabase:
    """A database with a table `stock`. `folder` is for its files."""

    __test__ = False
    folder: Path
    server: PostgresServer | MariadbServer | None = None

    @property
    def kind(self) -> str:
        if self.server is None:
            return "sqlite"
        return "mariadb" if isinstance(self.server, MariadbServer) else "postgresql"

    @property
    def url(self) -> str:
        return f"sqlite://{self.folder}/wms.db" if self.server is None else self.server.url("wms")

    def execute(self, *statements: str) -> None:
        """As its owner."""
        if self.server is not None:
            self.server.execute(*statements, database="wms")
            return
        connection = sqlite3.connect(self.folder / "wms.db")
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        connection.close()

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        """What a statement gives to its owner."""
        if self.server is not None:
            return self.server.execute(statement, database="wms")
        with closing(sqlite3.connect(self.folder / "wms.db")) as connection:
            return connection.execute(statement).fetchall()

    def moment(self, text: str) -> str:
        """A time with its zone as it is written into the table: MariaDB takes no zone, and is told the time in UTC."""
        if self.kind != "mariadb":
            return text
        return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ")

    def prepare(self, quantity: str = "") -> TestDatabase:
        """The table, empty. On SQLite its quantities take anything, as columns do there."""
        if isinstance(self.server, MariadbServer):
            self.server.execute(
                "DROP DATABASE wms", "CREATE DATABASE wms CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
                f"DROP USER IF EXISTS {READER}@'%'", f"CREATE USER {READER}@'%' IDENTIFIED BY '{PASSWORD}'",
                f"GRANT SELECT ON wms.* TO {READER}@'%'",
            )  # fmt: skip
        elif self.server is not None:
            self.server.execute(
                "DROP SCHEMA public CASCADE", "CREATE SCHEMA public", f"GRANT USAGE ON SCHEMA public TO {READER}",
                f"ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {READER}", database="wms",
            )  # fmt: skip
        kinds = {"sqlite": ("", "TEXT"), "postgresql": ("NUMERIC", "TIMESTAMPTZ"),
                 "mariadb": ("DECIMAL(30, 3)", "TIMESTAMP NULL")}[self.kind]  # fmt: skip
        self.execute(TABLE.format(quantity=quantity or kinds[0], time=kinds[1]))
        return self

    def put(self, *rows: tuple[object, ...]) -> None:
        """Rows of (sku, warehouse, on_hand, available); their numbers count from 1."""
        for number, (sku, warehouse, on_hand, available) in enumerate(rows, 1):
            values = [number, sku, f"Name of {sku}", warehouse, on_hand, available]
            listed = ", ".join("NULL" if v is None else f"'{v}'" if isinstance(v, str) else str(v) for v in values)
            self.execute(f"INSERT INTO stock (id, sku, name, warehouse, on_hand, available) VALUES ({listed})")

    def connection(
        self, queries: str = QUERIES, *, login: str = READER, deadline: float = 10, **options: str
    ) -> Connection:
        """Settings with a file of queries and one of the password."""
        file, secret = self.folder / "queries.toml", self.folder / "password"
        file.write_text(queries)
        secret.touch(mode=0o600)
        secret.write_text(PASSWORD)
        reference = f"file:{secret}" if self.server else ""
        return Connection("wms", "sql", self.url, login, reference, {"queries": str(file), **options}, deadline)

    def source(self, queries: str = QUERIES, **given: str) -> SqlSource:
        """The connector, not yet opened."""
        return SqlSource(self.connection(queries, **given))  # type: ignore[arg-type]


def create(server: PostgresServer | MariadbServer) -> None:
    """The database and the login that may only read, once per server."""
    if isinstance(server, MariadbServer):
        server.execute("CREATE DATABASE IF NOT EXISTS wms")
        return
    if not server.execute(f"SELECT 1 FROM pg_roles WHERE rolname = '{READER}'"):
        server.execute(f"CREATE ROLE {READER} LOGIN PASSWORD '{PASSWORD}'", "CREATE DATABASE wms")
