"""`python -m tests.benchmarks.feed [ROWS]`: a CSV file read by the feed connector, against plain csv + sqlite3, in one table.

Each measurement is a process of its own, so that its peak memory is its own. The peer writes rows without a check into two
tables. Reading alone is compared: the connector checks every row, stages it and gives it in pages; and the whole way into the
store with its searches, lists and sums, for a first download and for one that changes nothing.
"""

from __future__ import annotations

import asyncio
import csv
import json
import os
import random
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.sources.feed import FeedSource
from invsync_tui.store.database import open_store
from invsync_tui.sync.worker import prefer_throughput
from tests.benchmarks.table import Figure, show
from tests.support.stores.merchant_store import Bench

ROWS = 1_000_000
ROUNDS = 3
READ_MOST = 1.5
"""Of the processor time that the peer takes."""
WORKBOOK_MOST = 2.0
MEMORY_MOST = 200.0
"""MB, for a million rows."""


def write_file(path: Path, rows: int) -> None:
    """Rows with SKU, name, EAN and two quantities, the same each time."""
    dice = random.Random(1)
    with path.open("w") as file:
        file.write("SKU,Name,EAN,On hand,Available\n")
        for number in range(rows):
            units = dice.randrange(500)
            file.write(f"SKU-{number:07d},Product number {number},{4_000_000_000_000 + number},{units + 2},{units}\n")
    long_ago = time.time() - 900
    os.utime(path, (long_ago, long_ago))


def write_workbook(path: Path, rows: int) -> None:
    """The same rows as a workbook."""
    import openpyxl

    write_file(path.with_name("rows.csv"), rows)
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Stock")
    with path.with_name("rows.csv").open(newline="") as file:
        for number, row in enumerate(csv.reader(file)):
            sheet.append([int(cell) if number and at > 2 else cell for at, cell in enumerate(row)])
    book.save(path)
    path.with_name("rows.csv").unlink()
    os.utime(path, (time.time() - 900,) * 2)


def _rows(path: Path) -> Iterator[Sequence[Any]]:
    """All rows of a file, by the readers that the connector uses too."""
    if path.suffix == ".csv":
        with path.open(newline="") as file:
            yield from csv.reader(file)
        return
    import python_calamine

    yield from python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_index(0).iter_rows()


def plain(path: Path) -> None:
    """The least code that brings the columns into tables with the keys that they need."""
    database = path.with_name("plain.db")
    database.unlink(missing_ok=True)
    cx = sqlite3.connect(database, isolation_level=None)
    cx.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
        "CREATE TABLE product (id INTEGER PRIMARY KEY, sku TEXT UNIQUE, name TEXT, ean TEXT) STRICT;"
        "CREATE TABLE level (product INTEGER PRIMARY KEY, on_hand INTEGER, available INTEGER) STRICT;"
    )
    rows = _rows(path)
    next(rows)
    cx.execute("BEGIN")
    for number, (sku, name, ean, on_hand, available) in enumerate(rows):
        cx.execute("INSERT INTO product VALUES (?, ?, ?, ?)", (number, sku, name, ean))
        cx.execute("INSERT INTO level VALUES (?, ?, ?)", (number, int(on_hand), int(available)))
    cx.execute("COMMIT")


async def _pages(path: Path) -> None:
    source = FeedSource(Connection("bench", "feed", str(path)))
    await source.open()
    cursor = None
    while (cursor := (await source.products_page(cursor)).next_cursor) is not None:
        pass
    for warehouse in await source.warehouses():
        while (cursor := (await source.levels_page(warehouse, cursor)).next_cursor) is not None:
            pass
    await source.close()


def read(path: Path) -> None:
    """Everything that the connector does: check, stage, and give all pages."""
    asyncio.run(_pages(path))


def store(path: Path) -> None:
    """A first download into a store of its own."""
    for left in path.parent.glob("store.db*"):
        left.unlink()
    bench = Bench.make(path.parent, alone=True)
    merchant = bench.add_merchant(Connection("bench", "feed", str(path)))
    _pull(bench)
    path.with_name("merchant").write_text(str(merchant))


def again(path: Path) -> None:
    """A second one of the same file."""
    _pull(Bench(open_store(_made(path)), merchant=int(path.with_name("merchant").read_text())))


def _made(path: Path) -> Path:
    return path.with_name("store.db")


def _pull(bench: Bench) -> None:
    run = asyncio.run(bench.pull(full=True))
    if run.state != "done":
        raise SystemExit(run.error)


def _measured(what: str, path: Path) -> tuple[float, float]:
    """Seconds of a processor, and MB at the peak."""
    command = [sys.executable, "-m", "tests.benchmarks.feed", what, str(path)]
    seconds, peak = json.loads(
        subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1]
    )
    return float(seconds), float(peak)


class Compared(NamedTuple):
    """The connector against the peer, in turns: processor time and MB."""

    ratio: float
    peak: float
    note: str


def _stored(path: Path, rows: int) -> Iterator[Figure]:
    """One round: a first download takes a minute and a half for a million rows."""
    bare, _ = _measured("plain", path)
    first, peak = _measured("store", path)
    unchanged, _ = _measured("again", path)
    name = f"CSV of {rows} rows into the store"
    each = f"{first / rows * 1e6:.0f} us a row, peer {bare / rows * 1e6:.1f}"
    yield Figure(f"{name}, first download, ratio to csv + sqlite3", first / bare, "x", READ_MOST, each)
    yield Figure("  peak memory of it", peak, "MB", MEMORY_MOST)
    each = f"{unchanged / rows * 1e6:.0f} us a row"
    yield Figure(f"{name}, nothing changed, ratio to the same", unchanged / bare, "x", None, each)


def _compared(path: Path, rows: int) -> Compared:
    rounds = [(_measured("plain", path), _measured("read", path)) for _ in range(ROUNDS)]
    ratio = statistics.median(mine / bare for (bare, _), (mine, _) in rounds)
    bare, mine = (statistics.median(one[0] for one in column) for column in zip(*rounds, strict=True))
    note = f"CPU {mine / rows * 1e6:.1f} us a row, peer {bare / rows * 1e6:.1f}"
    return Compared(ratio, max(peak for _, (_, peak) in rounds), note)


def figures(rows: int = ROWS) -> list[Figure]:
    """Measured now, one after the other in turns, so that a busy machine slows all of them alike."""
    with tempfile.TemporaryDirectory() as folder:
        whole, book = Path(folder) / "whole" / "stock.csv", Path(folder) / "book" / "stock.xlsx"
        for path, count, write in ((whole, rows, write_file), (book, rows // 10, write_workbook)):
            path.parent.mkdir()
            write(path, count)
        text, workbook = _compared(whole, rows), _compared(book, rows // 10)
        stored = list(_stored(whole, rows))
    return [
        Figure(f"CSV of {rows} rows checked and read, ratio to csv + sqlite3", text.ratio, "x", READ_MOST, text.note),
        Figure("  peak memory of it", text.peak, "MB", MEMORY_MOST),
        Figure(
            f"XLSX of {rows // 10} rows, ratio to calamine + sqlite3", workbook.ratio, "x", WORKBOOK_MOST, workbook.note
        ),
        *stored,
    ]


def main(arguments: list[str]) -> int:
    """Print the table, or do one of the measurements."""
    work = {"plain": plain, "read": read, "store": store, "again": again}.get(arguments[0]) if arguments else None
    if work is None:
        return 0 if show(figures(int(arguments[0]) if arguments else ROWS)) else 1
    prefer_throughput()
    before = time.process_time()
    work(Path(arguments[1]))
    print(json.dumps([time.process_time() - before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
