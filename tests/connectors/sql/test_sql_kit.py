"""The source `sql` passes the suite of the kit on a SQLite file, a real PostgreSQL and a real MariaDB.

On SQLite by one query, which names products by their SKU; on the servers by two, which name them by an id of their own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import pytest

from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.sources import sql
from invsync_tui.connectors.sources.sql import SqlSource, databases
from invsync_tui.kit import source_suite
from tests.support.connectors.mariadb_between import MariadbBetween
from tests.support.connectors.sql_between import PostgresBetween, SqliteBetween
from tests.support.connectors.sql_databases import TestDatabase, create
from tests.support.servers.mariadb import MariadbServer
from tests.support.servers.postgres import PASSWORD, PostgresServer

ONE_QUERY = """
[levels]
query = '''SELECT p.sku, s.warehouse, s.available, s.changed_at FROM stock s JOIN product p ON p.id = s.product'''
key = "sku"
changed = "changed_at"
"""
TWO_QUERIES = """
[products]
query = "SELECT id, sku FROM product"
key = "id"
[levels]
query = "SELECT product AS id, warehouse, available, changed_at FROM stock"
key = "id"
changed = "changed_at"
"""
WAREHOUSES = ("EAST", "WEST")
COLUMNS = {
    "sqlite": ("", "TEXT", "''", "TEXT"),
    "postgresql": ("NUMERIC", "TIMESTAMPTZ", "now()", "TEXT"),
    "mariadb": ("DECIMAL(30, 3)", "TIMESTAMP NULL", "now()", "VARCHAR(500) COLLATE utf8mb4_nopad_bin"),
}
"""By kind of database, the types of quantities and times, the present, and the type of codes."""
FILE_LOCKED_MOST = 2.0
"""Seconds that a locked file is waited for in these tests."""


@dataclass
class Tables:
    """Products and their stock. `named` is the column of products that their references are: id or sku."""

    database: TestDatabase
    queries: str
    named: str
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 1000)))

    @property
    def url(self) -> str:
        return self.database.url

    def between(self) -> SqliteBetween | PostgresBetween | MariadbBetween:
        server = self.database.server
        if server is None:
            return SqliteBetween(Path(urlsplit(self.url).path), "stock")
        return MariadbBetween(server.port) if isinstance(server, MariadbServer) else PostgresBetween(server.port)

    def connection(self, url: str) -> Connection:
        address = url if url.startswith("sqlite") else f"{url}/wms"
        return replace(self.database.connection(self.queries), url=address)

    def secrets(self) -> tuple[str, ...]:
        return (PASSWORD,) if self.database.server else ()

    def prepare(self) -> Tables:
        """The tables, with seven products in two warehouses."""
        quantity, time, now, code = COLUMNS[self.database.kind]
        self.database.prepare()
        self.database.execute(
            "DROP TABLE stock",
            f"CREATE TABLE product (id INTEGER PRIMARY KEY, sku {code})",
            f"CREATE TABLE stock (product INTEGER, warehouse TEXT, available {quantity}, changed_at {time})",
        )
        for number in range(7):
            ref = self.add(f"KIT-{number}")
            self.database.execute(f"INSERT INTO stock VALUES ({number + 1}, 'WEST', 0, {now})")
            for site in WAREHOUSES:
                self.set_level(ref, site, number)
        return self

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        return self.database.rows(statement)

    def skus(self) -> Mapping[str, str]:
        return {str(ref): str(sku) for ref, sku in self.rows(f"SELECT {self.named}, sku FROM product")}

    def levels(self) -> Mapping[tuple[str, str], int]:
        statement = f"SELECT {self.named}, warehouse, available FROM stock JOIN product ON id = product"
        return {(str(ref), str(site)): int(units) for ref, site, units in self.rows(statement)}  # type: ignore[call-overload]

    def add(self, sku: str) -> str:
        number, text = next(self.numbers), sku.replace("'", "''")
        if self.database.kind == "mariadb":
            text = text.replace("\\", "\\\\")
        self.database.execute(
            f"INSERT INTO product VALUES ({number}, '{text}')",
            f"INSERT INTO stock VALUES ({number}, 'EAST', 5, CURRENT_TIMESTAMP)",
        )
        return sku if self.named == "sku" else str(number)

    def remove(self, product: str) -> None:
        self.database.execute(
            f"DELETE FROM stock WHERE product = {self._number(product)}",
            f"DELETE FROM product WHERE {self.named} = '{product}'",
        )

    def _number(self, product: str) -> str:
        return f"(SELECT id FROM product WHERE {self.named} = '{product}')"

    def set_level(self, product: str, warehouse: str, available: int) -> None:
        self._set(product, warehouse, str(available))

    def set_odd(self, product: str, warehouse: str, value: object) -> None:
        """A value that is no number is what each database has of that kind: a text in SQLite, NaN in PostgreSQL, and in
        MariaDB nothing or the largest of all numbers."""
        infinite = value == float("inf")
        if isinstance(value, int | float) and not isinstance(value, bool) and not infinite:
            self._set(product, warehouse, str(value))
        elif value is None:
            self._set(product, warehouse, "NULL")
        elif self.database.kind == "mariadb":
            self._set(product, warehouse, "9e26" if infinite else "NULL")
        elif self.database.server is not None:
            self._set(product, warehouse, "'Infinity'" if infinite else "'NaN'")
        else:
            text = value if isinstance(value, str) else json.dumps(value)
            self._set(product, warehouse, "9e999" if infinite else f"'{text}'")

    def _set(self, product: str, warehouse: str, value: str) -> None:
        self.database.execute(
            f"UPDATE stock SET available = {value}, changed_at = CURRENT_TIMESTAMP "
            f"WHERE product = {self._number(product)} AND warehouse = '{warehouse}'"
        )


@contextmanager
def tables(queries: str, named: str, server: PostgresServer | MariadbServer | None = None) -> Iterator[Tables]:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sql, "AGAIN", (0.01, 0.01))
        patch.setattr(databases, "LOCKED_MOST", FILE_LOCKED_MOST)
        yield Tables(TestDatabase(Path(folder), server), queries, named).prepare()


@contextmanager
def file_of_one_query() -> Iterator[Tables]:
    with tables(ONE_QUERY, "sku") as made:
        yield made


@contextmanager
def server_of_two_queries() -> Iterator[Tables]:
    with tables(TWO_QUERIES, "id", SERVERS[0]) as made:
        yield made


SERVERS: list[PostgresServer | MariadbServer] = []


@pytest.fixture(autouse=True)
def _server(request: pytest.FixtureRequest) -> Iterator[None]:
    """The real server, where a test needs it."""
    if "Postgres" in request.node.nodeid:
        SERVERS[:] = [request.getfixturevalue("postgres_server")]
    elif "Mariadb" in request.node.nodeid:
        SERVERS[:] = [request.getfixturevalue("mariadb_server")]
    for server in SERVERS:
        create(server)
    yield
    SERVERS.clear()


NO_REDIRECT = "neither protocol nor file can name another host"
TestSqlOnSqlite = source_suite(
    SqlSource,
    file_of_one_query,
    {23: "a file has no login", 27: "a file has no secret", 28: NO_REDIRECT},
)
TestSqlOnPostgres = source_suite(SqlSource, server_of_two_queries, {28: NO_REDIRECT})
TestSqlOnMariadb = source_suite(SqlSource, server_of_two_queries, {28: NO_REDIRECT})
