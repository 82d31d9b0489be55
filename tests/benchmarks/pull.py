"""An unchanged second download of 100k levels, against plain httpx + sqlite3 doing the same in the same run."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import statistics
import struct
import tempfile
import time
from collections import Counter
from pathlib import Path

import httpx

from invsync_tui.sync.worker import prefer_throughput
from tests.benchmarks.table import Figure
from tests.support.servers.sandbox import WmsHandle, sandbox_wms
from tests.support.stores.merchant_store import Bench

PRODUCTS = 25_600
ROUNDS = 5
PAGE = 1000

_UPSERT_LEVEL = """
INSERT INTO level VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (warehouse, product) DO UPDATE SET on_hand = excluded.on_hand,
  available = excluded.available, committed = excluded.committed, incoming = excluded.incoming, read_at = excluded.read_at
WHERE level.on_hand IS NOT excluded.on_hand OR level.available IS NOT excluded.available
  OR level.committed IS NOT excluded.committed OR level.incoming IS NOT excluded.incoming OR level.read_at IS NOT excluded.read_at
"""
_UPSERT_PRODUCT = """
INSERT INTO product VALUES (?, ?, ?, ?) ON CONFLICT (ref) DO UPDATE SET sku = excluded.sku, name = excluded.name,
  aliases = excluded.aliases
WHERE product.sku IS NOT excluded.sku OR product.name IS NOT excluded.name OR product.aliases IS NOT excluded.aliases
"""


class Peer:
    """The least code that reads the same pages into the same columns, one transaction a page."""

    def __init__(self, wms: WmsHandle, path: Path) -> None:
        self.client = httpx.AsyncClient(base_url=wms.url, headers={"authorization": f"Bearer {wms.token}"})
        self.cx = sqlite3.connect(path, isolation_level=None)
        self.cx.execute("PRAGMA journal_mode=WAL")
        self.cx.execute("PRAGMA synchronous=NORMAL")
        self.cx.execute(
            "CREATE TABLE product (ref TEXT PRIMARY KEY, sku TEXT, name TEXT, aliases TEXT) STRICT, WITHOUT ROWID"
        )
        self.cx.execute(
            "CREATE TABLE level (warehouse TEXT, product TEXT, on_hand INTEGER, available INTEGER, committed INTEGER, "
            "incoming INTEGER, read_at INTEGER, PRIMARY KEY (warehouse, product)) STRICT, WITHOUT ROWID"
        )

    async def pull(self) -> int:
        warehouses = (await self.client.get("/api/warehouses")).json()["warehouses"]
        rows = await self._read("/api/products?limit=1000", "products", _UPSERT_PRODUCT, _product)
        for warehouse in warehouses:
            path = f"/api/levels?warehouse={warehouse['ref']}&limit={PAGE}"
            rows += await self._read(path, "levels", _UPSERT_LEVEL, _level)
        return rows

    async def _read(self, path: str, name: str, sql: str, row) -> int:  # type: ignore[no-untyped-def]
        cursor, seen = "", 0
        while cursor is not None:
            answer = (await self.client.get(path + (f"&cursor={cursor}" if cursor else ""))).json()
            self.cx.execute("BEGIN IMMEDIATE")
            self.cx.executemany(sql, [row(one) for one in answer[name]])
            self.cx.execute("COMMIT")
            seen, cursor = seen + len(answer[name]), answer["next"]
        return seen


def _product(one: dict) -> tuple:  # type: ignore[type-arg]
    return one["ref"], one["sku"], one["name"], json.dumps(one["aliases"])


def _level(one: dict) -> tuple:  # type: ignore[type-arg]
    return (
        one["warehouse"], one["ref"], one["on_hand"], one["available"], one["committed"], one["incoming"], one["read_at"],
    )  # fmt: skip


def written_tables(path: Path) -> Counter[str]:
    """Pages in the write-ahead log by the table or index they belong to."""
    wal = path.with_name(path.name + "-wal").read_bytes()
    with sqlite3.connect(path) as cx:
        size = cx.execute("PRAGMA page_size").fetchone()[0]
        owner = dict(cx.execute("SELECT pageno, name FROM dbstat").fetchall())
    frame = size + 24
    pages = {struct.unpack(">I", wal[at : at + 4])[0] for at in range(32, len(wal) - frame + 1, frame)}
    return Counter(owner.get(page, "free or header") for page in pages)


async def _rounds(wms: WmsHandle, folder: Path) -> tuple[list[float], list[float], int, Counter[str]]:
    bench = Bench.make(folder)
    bench.add_merchant(wms.connection())
    peer = Peer(wms, folder / "peer.db")
    await bench.pull()
    rows = await peer.pull()
    ours, theirs = [], []
    for _ in range(ROUNDS):
        bench.store.checkpoint()
        started = time.perf_counter()
        await peer.pull()
        theirs.append(time.perf_counter() - started)
        run = bench.run(bench.request("pull", bench.merchant, full=True))
        started = time.perf_counter()
        await execute_run(bench, run.id)
        ours.append(time.perf_counter() - started)
    return ours, theirs, rows, written_tables(bench.store.path)


async def execute_run(bench: Bench, run_id: int) -> None:
    """The run itself, without the runner's polling."""
    from invsync_tui.sync.executor import execute
    from invsync_tui.sync.runs.leases import acquire

    lease = acquire(bench.store, f"pull:{bench.merchant}", "benchmark")
    assert lease is not None
    await execute(bench.store, bench.run(run_id), lease)
    lease.release()
    run = bench.run(run_id)
    assert run.state == "done" and bench.counts(run)["set"] == 0, (run.state, run.error, run.counts)


def figures() -> list[Figure]:
    """The ratio and what was written. Both sides run with the worker's garbage collector settings."""
    prefer_throughput()
    with tempfile.TemporaryDirectory() as folder, sandbox_wms(products=PRODUCTS) as wms:
        ours, theirs, rows, pages = asyncio.run(_rounds(wms, Path(folder)))
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    touched = sum(n for name, n in pages.items() if name.startswith(("level", "product")))
    note = f"{rows} rows; ours {statistics.median(ours):.2f} s, plain {statistics.median(theirs):.2f} s"
    return [
        Figure("unchanged second download of 100k levels, ratio to plain httpx + sqlite3", ratio, "x", 1.5, note),
        Figure("  data pages written by it", touched, "pages", 0, f"all written pages: {dict(pages)}"),
    ]


if __name__ == "__main__":
    from tests.benchmarks.table import show

    show(figures())
