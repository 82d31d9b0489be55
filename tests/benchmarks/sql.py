"""Levels from PostgreSQL into a store, against plain psycopg + sqlite3 doing the same, and reading them alone.

`python -m tests.benchmarks.sql [LEVELS]`, 200,000 without a number. All are seconds of our processor, without the server.
"""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path

import psycopg

from invsync_tui.connectors.sources.sql import PAGE_SIZE
from invsync_tui.sync.worker import prefer_throughput
from tests.benchmarks.pull import execute_run
from tests.benchmarks.table import Figure
from tests.support.connectors.sql_databases import READER, TestDatabase, create
from tests.support.servers.postgres import PASSWORD, PostgresServer, postgres
from tests.support.stores.merchant_store import Bench

LEVELS = 200_000
ROUNDS = 3
READ_MOST = 1.3
QUERIES = """
[levels]
query = "SELECT sku, on_hand, available, committed FROM stock"
key = "sku"
[products]
query = "SELECT sku, name, ean FROM stock"
key = "sku"
"""
_LEVEL = """
INSERT INTO level VALUES (?, ?, ?, ?) ON CONFLICT (sku) DO UPDATE SET on_hand = excluded.on_hand,
  available = excluded.available, committed = excluded.committed
WHERE level.on_hand IS NOT excluded.on_hand OR level.available IS NOT excluded.available
  OR level.committed IS NOT excluded.committed
"""
_PRODUCT = """
INSERT INTO product VALUES (?, ?, ?) ON CONFLICT (sku) DO UPDATE SET name = excluded.name, ean = excluded.ean
WHERE product.name IS NOT excluded.name OR product.ean IS NOT excluded.ean
"""


class Peer:
    """The least code that reads the same rows into the same columns, one transaction a page."""

    def __init__(self, server: PostgresServer, path: Path) -> None:
        self.source = psycopg.connect(
            host="127.0.0.1", port=server.port, user=READER, password=PASSWORD, dbname="wms", autocommit=True
        )
        self.cx = sqlite3.connect(path, isolation_level=None)
        self.cx.execute("PRAGMA journal_mode=WAL")
        self.cx.execute("PRAGMA synchronous=NORMAL")
        self.cx.execute("CREATE TABLE product (sku TEXT PRIMARY KEY, name TEXT, ean TEXT) STRICT, WITHOUT ROWID")
        self.cx.execute(
            "CREATE TABLE level (sku TEXT PRIMARY KEY, on_hand INTEGER, available INTEGER, committed INTEGER) "
            "STRICT, WITHOUT ROWID"
        )

    def pages(self, columns: str) -> list[int]:
        """Read all pages of some columns, and keep none."""
        return [len(rows) for rows in self._pages(columns)]

    def _pages(self, columns: str):  # type: ignore[no-untyped-def]
        after = ""
        while True:
            text = f"SELECT {columns} FROM stock WHERE sku > %s ORDER BY sku LIMIT {PAGE_SIZE}"
            rows = self.source.execute(text.encode(), (after,)).fetchall()
            yield rows
            if len(rows) < PAGE_SIZE:
                return
            after = rows[-1][0]

    def pull(self) -> None:
        for columns, statement in (("sku, name, ean", _PRODUCT), ("sku, on_hand, available, committed", _LEVEL)):
            for rows in self._pages(columns):
                self.cx.execute("BEGIN IMMEDIATE")
                self.cx.executemany(statement, rows)
                self.cx.execute("COMMIT")


async def _read(database: TestDatabase, levels: int) -> float:
    """Seconds of our processor in which the connector alone reads all levels."""
    source = database.source(QUERIES, deadline=60)  # type: ignore[arg-type]
    await source.open()
    (warehouse,) = await source.warehouses()
    started, count, cursor = time.process_time(), 0, None
    while True:
        page = await source.levels_page(warehouse, cursor)
        count, cursor = count + len(page.rows), page.next_cursor
        if cursor is None:
            break
    took = time.process_time() - started
    await source.close()
    assert count == levels
    return took


async def _rounds(server: PostgresServer, folder: Path, levels: int) -> tuple[list[float], ...]:
    create(server)
    database = TestDatabase(folder, server).prepare("INTEGER")
    database.execute(
        "ALTER TABLE stock DROP CONSTRAINT stock_pkey", "ALTER TABLE stock ADD PRIMARY KEY (sku)",
        "INSERT INTO stock SELECT i, 'SKU-' || lpad(i::text, 8, '0'), 'Product ' || i, NULL, i % 100, i % 90, i % 10, "
        f"'4' || lpad(i::text, 12, '0') FROM generate_series(1, {levels}) i",
        "ANALYZE stock",
    )  # fmt: skip
    bench = Bench.make(folder)
    bench.add_merchant(database.connection(QUERIES, deadline=60))
    peer = Peer(server, folder / "peer.db")
    await bench.pull()
    peer.pull()
    ours, theirs, reading, driver = [], [], [], []
    for _ in range(ROUNDS):
        started = time.process_time()
        peer.pull()
        theirs.append(time.process_time() - started)
        bench.store.checkpoint()
        run = bench.run(bench.request("pull", bench.merchant, full=True))
        started = time.process_time()
        await execute_run(bench, run.id)
        ours.append(time.process_time() - started)
        started = time.process_time()
        assert sum(peer.pages("sku, on_hand, available, committed")) == levels
        driver.append(time.process_time() - started)
        reading.append(await _read(database, levels))
    return ours, theirs, reading, driver


def figures(levels: int = LEVELS) -> list[Figure]:
    """Ratios of the same run. Both sides run with the worker's garbage collector settings."""
    prefer_throughput()
    with tempfile.TemporaryDirectory() as folder, postgres() as server:
        ours, theirs, reading, driver = asyncio.run(_rounds(server, Path(folder), levels))
    whole = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    alone = statistics.median(a / b for a, b in zip(reading, driver, strict=True))
    return [
        Figure(f"unchanged second download of {levels:,} levels by SQL, ratio to plain psycopg + sqlite3", whole, "x", None,
               f"ours {statistics.median(ours):.2f} s, plain {statistics.median(theirs):.2f} s"),
        Figure("  reading alone, ratio to rows of the driver that nobody looks at", alone, "x", READ_MOST,
               f"ours {statistics.median(reading):.2f} s, driver {statistics.median(driver):.2f} s"),
    ]  # fmt: skip


if __name__ == "__main__":
    from tests.benchmarks.table import show

    show(figures(int(sys.argv[1]) if len(sys.argv) > 1 else LEVELS))
