"""`python -m tests.benchmarks.writing STORE`: writes to a generated store as a sync does, as fast as it can, until it is ended.

Pages of changed levels and chunks of decided listings, each in a transaction of its own, by the store's own functions;
now and then the log is folded into the file as after a run. For what others measure meanwhile: see `while_written`.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from invsync_tui.rules.outcomes import Outcome
from invsync_tui.store import change_sequence
from invsync_tui.store.catalog import levels
from invsync_tui.store.catalog.levels import LevelRecord
from invsync_tui.store.database import Store, open_store
from invsync_tui.store.listings import listings
from invsync_tui.store.listings.listings import Decided
from invsync_tui.sync.worker import prefer_throughput

PAGE = 1000
ROUNDS_A_RUN = 100
"""Pages and chunks between two foldings of the log."""
WAREHOUSE, CART, RUN = 2, 1, 999_999


@contextmanager
def while_written(store: Path) -> Iterator[None]:
    """Another process writes to the store; it has begun when this yields."""
    process = subprocess.Popen([sys.executable, "-m", __name__, str(store)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None and process.stdout.readline() == "writing\n"
        yield
        assert process.poll() is None, "the writer has stopped"
    finally:
        process.terminate()
        process.wait()


def commits(store: Store) -> int:
    """Transactions that were written so far, give or take one."""
    return 2 * int(store.one("SELECT value FROM counter WHERE name = 'seq'")[0])


def write_on(store: Store) -> None:
    """Rounds of a page and a chunk; tells of the first one."""
    products, last = (int(store.one(f"SELECT max(id) FROM {table}")[0]) for table in ("product", "listing"))
    dice = random.Random(7)
    done = 0
    while True:
        _page(store, sorted(dice.sample(range(1, products + 1), PAGE)))
        _chunk(store, sorted(dice.sample(range(1, last + 1), PAGE)))
        done += 1
        if done == 1:
            print("writing", flush=True)
        if done % ROUNDS_A_RUN == 0:
            store.checkpoint()


def _page(store: Store, products: list[int]) -> None:
    now = int(time.time())
    with store.transaction() as tx:
        seq = change_sequence.upcoming(tx)
        rows: list[LevelRecord] = [
            (WAREHOUSE, number, None, (number + seq) % 90, None, None, now, now, seq) for number in products
        ]
        assert levels.upsert(tx, rows) == PAGE
        change_sequence.take(tx, seq)


def _chunk(store: Store, ids: list[int]) -> None:
    with store.transaction() as tx:
        rows = listings.plan_rows(tx, ids)
        shows = change_sequence.current(tx) % 90
        listings.decide(tx, [Decided(shows, shows, Outcome.PLANNED, None, "", 1, RUN, row.id) for row in rows])


if __name__ == "__main__":
    prefer_throughput()
    write_on(open_store(Path(sys.argv[1])))
