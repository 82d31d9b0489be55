"""What it costs a plan of 100k listings to keep what it knew: planned with and without, in the same run."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

from invsync_tui.connectors import registry
from invsync_tui.store.database import Store, open_store
from invsync_tui.store.demo import generate
from invsync_tui.store.demo.generated_rows import Scale
from invsync_tui.store.runs import runs
from invsync_tui.store.runs.records import RunRequest
from invsync_tui.sync import connections
from invsync_tui.sync.plans.decision_log import Recorder
from invsync_tui.sync.push_plan import PushPlanner
from invsync_tui.sync.runs.leases import acquire
from invsync_tui.sync.runs.run_context import RunContext
from invsync_tui.sync.runs.run_progress import RunProgress
from invsync_tui.sync.settings import load_settings
from invsync_tui.sync.worker import prefer_throughput
from tests.benchmarks.table import Figure

PRODUCTS = 100_000
ROUNDS = 5
AT = int(time.time())
CART = 1


async def _plan(store: Store, *, keeping: bool) -> tuple[float, int]:
    """Seconds to decide on every listing of the cart, and how many these were; the run is ended as cancelled."""
    with store.reading() as cx:
        loaded, again = load_settings(cx, CART), load_settings(cx, CART)
    assert loaded is not None and again is not None
    with store.transaction() as tx:
        number = runs.request(
            tx, RunRequest("push", CART, loaded.cart.merchant_id, "benchmark", "benchmark"), AT
        ).run_id
        runs.start(tx, number, 1, AT)
        tx.execute("UPDATE cart SET watermark = 0 WHERE id = ?", (CART,))
        row = runs.get(tx, number)
    lease = acquire(store, f"push:{CART}", "benchmark")
    assert lease is not None and row is not None
    cart = connections.cart(loaded.cart)
    plan = PushPlanner(RunContext(store, row, lease, RunProgress(store, lease, number, [])), cart, again)
    with patch.object(Recorder, "keep", Recorder.keep if keeping else lambda *_: None):
        started = time.perf_counter()
        await plan._decide()
        took = time.perf_counter() - started
    lease.release()
    await cart.close()
    with store.transaction() as tx:
        runs.finish(tx, number, "cancelled", "", AT)
    store.checkpoint()
    return took, int(store.one("SELECT count(*) FROM listing WHERE run_id = ?", (number,))[0])


def figures() -> list[Figure]:
    """Seconds of both, the ratio, and the bytes a listing."""
    prefer_throughput()
    assert registry.CARTS
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        generate.generate(path, Scale(PRODUCTS, 5, 1, 7, AT), lambda _: None)
        store = open_store(path)
        asyncio.run(_plan(store, keeping=True))
        without, kept = [], []
        for _ in range(ROUNDS):
            without.append(asyncio.run(_plan(store, keeping=False))[0])
            took, listings = asyncio.run(_plan(store, keeping=True))
            kept.append(took)
        size = store.one("SELECT sum(length(body)) / count(DISTINCT run_id) FROM decision_record")[0] / listings
        store.close()
    ratio = statistics.median(kept) / statistics.median(without)
    note = f"{listings} listings: {statistics.median(kept):.2f} s, without {statistics.median(without):.2f} s"
    return [
        Figure("a plan of 100k listings that keeps what it knew, ratio to one that does not", ratio, "x", 1.15, note),
        Figure("  bytes kept a listing", size, "bytes", None),
    ]


if __name__ == "__main__":
    from tests.benchmarks.table import show

    show(figures())
