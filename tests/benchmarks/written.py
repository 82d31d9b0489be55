"""The control room on the store of a million products while a sync writes to it: search of each class, key to results in a
real terminal, and the memory of the program there after it has shown its long lists.

Run: python -m tests.benchmarks.written
"""

from __future__ import annotations

import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from invsync_tui.operations.catalog.search import search
from invsync_tui.operations.session import Session
from invsync_tui.store.database import open_store
from invsync_tui.store.demo import generated_rows
from tests.benchmarks import searches
from tests.benchmarks.searches import SEED, p95, timed
from tests.benchmarks.table import Figure
from tests.benchmarks.writing import commits, while_written
from tests.support.terminal.pty import Terminal

KEY_MOST = 50.0
MEMORY_MOST = 150.0
"""Megabytes of the process's own; the kernel takes back those of the mapped store when it needs them."""
ROUNDS = 3
SIZES = ((80, 24), (120, 40))
TYPED = 8
"""SKUs that are typed, a key at a time."""
PAUSE = 0.15
"""Seconds between two keys of somebody who types fast."""
ERASE = "\x15"
WALK = (
    (("escape",), "carts"),
    (("w",), "warehouses"),
    (("enter",), "levels"),
    (("end", "home"), "levels"),
    (("escape", "escape", "c"), "carts"),
    (("enter",), "listings"),
    (("end", "home"), "listings"),
    (("escape", "escape", "r"), "runs"),
    (("end",), "runs"),
)
"""Keys that open the long lists and go to their ends, and what the title says then."""


@contextmanager
def _copy(store: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=store.parent) as folder:
        path = Path(folder) / "written.db"
        shutil.copyfile(store, path)
        path.chmod(0o600)
        yield path


def figures(store: Path, products: int) -> Iterator[Figure]:
    """Milliseconds at p95, and megabytes; the classes are asked in turn, several times, so that all meet the writer alike."""
    with _copy(store) as path, while_written(path):
        session = Session(open_store(path, read_only=True), "benchmark", read_only=True)
        try:
            first, began = commits(session.store), time.monotonic()
            yield from _classes(session, products)
            yield from _keys(session, path, products)
            written = (commits(session.store) - first) / (time.monotonic() - began)
            yield Figure("pages and chunks written meanwhile", written, "1/s", None)
        finally:
            session.close()


def _classes(session: Session, products: int) -> Iterator[Figure]:
    times: dict[str, list[float]] = {}
    for turn in range(ROUNDS):
        for name, texts in searches.texts(random.Random(SEED + turn), products):
            times.setdefault(name, []).extend(timed(partial(search, session, text)) for text in texts)
    for name, taken in times.items():
        note = f"max {max(taken):.0f} of {len(taken)}"
        yield Figure(f"search, while a sync writes: {name}", p95(taken), "ms", KEY_MOST, note)


def _keys(session: Session, path: Path, products: int) -> Iterator[Figure]:
    dice = random.Random(SEED)
    program = [sys.executable, "-m", "invsync_tui", "--store", str(path), "--read-only"]
    for size in SIZES:
        times: list[float] = []
        with Terminal(program, *size) as terminal:
            terminal.wait_for("carts", 60)
            terminal.send("/")
            terminal.wait_for("Type a SKU")
            terminal.settle()
            for _ in range(TYPED):
                times += _typed(session, terminal, generated_rows.sku(dice.randint(1, products), SEED))
            for keys, title in WALK:
                for key in keys:
                    terminal.send(key)
                    terminal.settle(timeout=2.0)  # a screen that the sync changes is never still for long
                terminal.wait_for(title)
            own, mapped = _memory(terminal.pid)
        note = f"median {statistics.median(times):.0f} max {max(times):.0f} of {len(times)} keys that bring another first result"
        name = f"search, while a sync writes: key to results, {size[0]}x{size[1]}"
        yield Figure(name, p95(times), "ms", KEY_MOST, note)
        name = f"memory of the control room while a sync writes, {size[0]}x{size[1]}"
        yield Figure(name, own, "MB", MEMORY_MOST, f"and {mapped:.0f} MB of mapped files that the kernel can take back")


def _memory(pid: int) -> tuple[float, float]:
    """Megabytes of a process: its own, and pages of files that are mapped into it."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    own, mapped = (int(status.partition(f"{name}:")[2].split()[0]) / 1024 for name in ("RssAnon", "RssFile"))
    return own, mapped


def _typed(session: Session, terminal: Terminal, sku: str) -> Iterator[float]:
    """Of each key that brings another first result, the time until that is on the screen."""
    terminal.send(ERASE)
    terminal.wait_for("Type a SKU")
    for end in range(1, len(sku)):
        found = search(session, sku[:end]).hits[0].sku
        fresh = found not in "\n".join(terminal.lines())  # of the first result the strip says the whole SKU
        began = time.perf_counter()
        terminal.send(sku[end - 1])
        if fresh:
            yield (terminal.came_at(found) - began) * 1000
        terminal.pump(PAUSE)


if __name__ == "__main__":
    from tests.benchmarks.million import PRODUCTS, cached_store
    from tests.benchmarks.table import show

    show(list(figures(cached_store(), PRODUCTS)))
