"""Plans of a large cart, with 1 % of its products changed and with none, on a copy of the generated store."""

from __future__ import annotations

import random
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from invsync_tui.operations.plans import plans
from invsync_tui.operations.session import Session
from invsync_tui.store.database import open_store
from tests.benchmarks.table import Figure

CHANGED_CART, SAME_CART, SEQ = 2, 1, 100
TIMES = 12
CHANGED_MOST, SAME_MOST = 300.0, 20.0


@contextmanager
def changed_copy(store: Path, products: int) -> Iterator[Path]:
    """The store after a pull that changed one level of every hundredth product; the other cart has handled it."""
    with tempfile.TemporaryDirectory(dir=store.parent) as folder:
        path = Path(folder) / "changed.db"
        shutil.copyfile(store, path)
        path.chmod(0o600)
        chosen = random.Random(SEQ).sample(range(1, products + 1), products // 100)
        with sqlite3.connect(path) as cx:
            cx.execute("UPDATE listing SET pending = 0 WHERE pending <> 0 AND cart_id IN (1, 2)")
            cx.execute(
                "UPDATE cart SET watermark = ?1 - (id = ?2), match_mark = ?1 WHERE id IN (1, 2)", (SEQ, CHANGED_CART)
            )
            cx.execute("UPDATE counter SET value = ? WHERE name = 'seq'", (SEQ,))
            cx.executemany(
                "UPDATE level SET available = available + 1 + product_id % 7, seq = ? WHERE product_id = ? AND warehouse_id = 2",
                [(SEQ, number) for number in chosen],
            )
        cx.close()
        yield path


def figures(store: Path, products: int) -> Iterator[Figure]:
    """Plan of a cart at 1 % and at 0 %, with its first page as a screen asks for it."""
    with changed_copy(store, products) as path:
        session = Session(open_store(path, read_only=True), "benchmark", read_only=True)
        try:
            yield _figure("plan, 1 % changed", session, CHANGED_CART, CHANGED_MOST)
            yield _figure("plan, 0 % changed", session, SAME_CART, SAME_MOST)
        finally:
            session.close()


def _figure(name: str, session: Session, cart: int, budget: float) -> Figure:
    plans.build_plan(session, cart)  # whatever is imported or read from the disk by the first one
    times = sorted(_timed(session, cart) for _ in range(TIMES))
    size = len(plans.build_plan(session, cart).planned.changes.ids)
    return Figure(
        name, times[len(times) // 2], "ms", budget, f"median, {size} to set, min {times[0]:.0f} max {times[-1]:.0f}"
    )


def _timed(session: Session, cart: int) -> float:
    started = time.perf_counter()
    plans.build_plan(session, cart)
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    from tests.benchmarks.million import PRODUCTS, cached_store
    from tests.benchmarks.table import show

    show(list(figures(cached_store(), PRODUCTS)))
