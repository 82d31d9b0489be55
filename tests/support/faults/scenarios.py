"""Short stories that end with a list of what went wrong: empty with the real engine, not empty with a known-bad one.

The tests of the promises look for [] here; the gate plants bugs and looks for something.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from invsync_tui.sandbox.shop import Mode
from invsync_tui.store.listings import push_batches
from invsync_tui.store.listings.push_batches import Answer, Batch, Item
from invsync_tui.store.runs import runs
from invsync_tui.store.runs import workers as lease_rows
from invsync_tui.sync import worker
from invsync_tui.sync.executor import execute
from invsync_tui.sync.runs import leases
from invsync_tui.sync.worker import Worker
from tests.support.runs.cut_downloads import cut_violations, levels_before, small_pages
from tests.support.runs.journal_proof import order_violations, state_violations
from tests.support.runs.sandbox_world import SHOP, Town, town
from tests.support.stores.merchant_store import Bench

Story = Callable[[Path, pytest.MonkeyPatch], Awaitable[list[str]]]
READ_BACK = Mode(max_batch=4, idempotency=False, latency=0.02)
DEADLINE = 0.4
LATE = 2.0
"""Seconds by which the request of a worker that died comes late: longer than a download takes on a busy machine."""


async def until(true: Callable[[], object]) -> None:
    """Wait for something that has to become true."""
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def pull_cut_everywhere(folder: Path, patch: pytest.MonkeyPatch) -> list[str]:
    """Promise 6: a page that claims to be the last, or a connection that breaks, at each request of a complete pull."""
    small_pages(patch)
    violations: list[str] = []
    with town(folder) as our_town:
        before, requests = await levels_before(our_town)
        for n in range(1, requests, 2):
            for how in ("no_rows", "drop"):
                our_town.wms.faults({"kind": how, "path": "/api/", "after": n})
                await our_town.bench.pull(full=True)
                violations += cut_violations(our_town, before)
    return violations


async def cancel_and_continue(folder: Path, _: pytest.MonkeyPatch) -> list[str]:
    """Promises 5 and 11: what a run did not get to is sent by the next."""
    with town(folder, mode=READ_BACK) as our_town:
        run = await _released_push(our_town)
        work = asyncio.create_task(our_town.bench.work())
        await until(lambda: len(our_town.writes()) >= 2)
        with our_town.bench.store.transaction() as tx:
            runs.cancel(tx, run, 1)
        await work
        await our_town.bench.push(our_town.cart_id)
        return state_violations(our_town.shown(), our_town.stock())


async def a_late_answer(folder: Path, _: pytest.MonkeyPatch) -> list[str]:
    """Promise 2: the answer to an older batch comes after a newer one was acknowledged."""
    with town(folder) as our_town:
        await our_town.bench.pull()
        await our_town.bench.push(our_town.cart_id)
        number, ref = our_town.bench.store.one("SELECT id, ref FROM our_listing ORDER BY id LIMIT 1")
        older, newer = (_batch(our_town, name, Item(number, ref, n, n, 0)) for name, n in (("older", 5), ("newer", 9)))
        with our_town.bench.store.transaction() as tx:
            for batch in (older, newer):
                push_batches.intend(tx, batch, 1)
        for batch in (newer, older):
            with our_town.bench.store.transaction() as tx:
                push_batches.settle(tx, batch, [Answer(batch.items[0], "set", None, "", None)], 1, 1)
        acked = our_town.bench.one("SELECT acked FROM our_listing WHERE id = ?", number)
    return [] if acked == 9 else [f"the late answer of {acked} won over 9"]


def _batch(our_town: Town, name: str, item: Item) -> Batch:
    return Batch(name, our_town.cart_id, 1, 1, (item,), b"", "intent", 1, 0)


async def a_straggler_after_a_takeover(folder: Path, _: pytest.MonkeyPatch) -> list[str]:
    """Promise 3: a worker whose key was taken over writes nothing more to the store."""
    with town(folder, mode=READ_BACK, deadline=DEADLINE) as our_town:
        run = our_town.bench.run(await _released_push(our_town))
        lease = leases.acquire(our_town.bench.store, run.lease_key, "straggler")
        assert lease is not None
        straggler = asyncio.create_task(execute(our_town.bench.store, run, lease))
        await until(lambda: our_town.bench.one("SELECT count(*) FROM our_listing WHERE inflight IS NOT NULL"))
        with our_town.bench.store.transaction() as tx:
            lease_rows.acquire(tx, run.lease_key, "another", 0)
        before = everything(our_town.bench)
        await asyncio.gather(straggler, return_exceptions=True)
        after = everything(our_town.bench)
        lease.release()
        return [f"{table} was written" for table in before if before[table] != after[table]]


def everything(bench: Bench) -> dict[str, list[object]]:
    """All rows of the tables that a run writes."""
    with bench.store.reading() as cx:
        return {
            table: cx.execute(f"SELECT * FROM {table}").fetchall()
            for table in ("listing", "push_batch", "run", "run_event", "cart", "level", "product")
        }


async def died_while_the_cart_was_working(folder: Path, _: pytest.MonkeyPatch) -> list[str]:
    """Promises 3 and 4: the worker dies, its request arrives late, and stock has changed meanwhile."""
    with town(folder, mode=READ_BACK, deadline=LATE + 1) as our_town:
        sku = our_town.in_stock()[0]
        await our_town.bench.pull()
        await our_town.bench.push(our_town.cart_id)
        history = (
            await _raise(our_town, sku, 11),
            await _raise_and_die(our_town, sku, 22),
            await _raise(our_town, sku, 33, push=True),
        )
        await asyncio.sleep(LATE + 1)
        ref = our_town.bench.listings(our_town.cart_id)[sku]["ref"]
        journal = [row for row in our_town.cart.log() if row["ref"] == ref][1:]
        return order_violations(journal, {ref: history}, SHOP) + state_violations(our_town.shown(), our_town.stock())


async def _raise(our_town: Town, sku: str, level: int, *, push: bool = False) -> int:
    our_town.wms.set_level(sku, "EAST", level)
    await our_town.bench.pull()
    if push:
        await our_town.bench.push(our_town.cart_id)
    return our_town.stock()[sku]


async def _raise_and_die(our_town: Town, sku: str, level: int) -> int:
    wanted = await _raise(our_town, sku, level)
    our_town.cart.faults({"kind": "slow", "path": "/stock", "seconds": LATE, "times": 1})
    await _push_and_die(our_town)
    return wanted


async def _push_and_die(our_town: Town) -> None:
    before = len(our_town.writes())
    our_town.bench.request("push", our_town.cart_id)
    runner = Worker(our_town.bench.store, scheduled=False)
    work = asyncio.create_task(runner.run_forever())
    await until(lambda: len(our_town.writes()) > before)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker, "DRAIN_MOST", 0.0)  # it dies: nothing comes to a safe point
        runner.stop()
        await work


async def died_before_the_answer_and_stock_went_back(folder: Path, _: pytest.MonkeyPatch) -> list[str]:
    """Promise 4: a write was applied, the worker died before it heard of it, and the old quantity is right again.

    An operator stopped the run, so that it is the next one that has to find out.
    """
    with town(folder, mode=READ_BACK, deadline=DEADLINE) as our_town:
        sku = our_town.in_stock()[0]
        await _raise(our_town, sku, 11)
        await our_town.bench.push(our_town.cart_id)
        await _raise(our_town, sku, 22)
        our_town.cart.faults({"kind": "slow_after", "path": "/stock", "seconds": 0.5, "times": 1})
        await _push_and_die(our_town)
        with our_town.bench.store.transaction() as tx:
            runs.cancel(tx, our_town.bench.one("SELECT max(id) FROM our_run"), 1)
        await _raise(our_town, sku, 11, push=True)
        return state_violations(our_town.shown(), our_town.stock())


async def an_alias_of_two_products(folder: Path, _: pytest.MonkeyPatch) -> list[str]:
    """Promise 8: a code of several products is never pushed."""
    with town(folder) as our_town:
        await our_town.bench.pull()
        first, two = our_town.in_stock()[:2]
        with our_town.bench.by_hand() as tx:
            tx.execute("UPDATE product_code SET code = ?1, key = lower(?1) WHERE kind = 0 AND code = ?2", (first, two))
        await our_town.bench.push(our_town.cart_id)
        return [f"{first} was pushed"] if our_town.shown()[first] else []


async def everything_sold_out_at_once(folder: Path, _: pytest.MonkeyPatch) -> list[str]:
    """Promise 7: a mass zero is held."""
    with town(folder) as our_town:
        await our_town.bench.pull()
        await our_town.bench.push(our_town.cart_id)
        for code in ("DEFAULT", "EAST", "WEST", "NORTH"):
            our_town.wms.control("level", {"skus": our_town.in_stock(), "warehouse": code, "available": 0})
        await our_town.bench.pull()
        await our_town.bench.push(our_town.cart_id, release=False)
        return [] if any(our_town.shown().values()) else ["every listing was set to 0"]


async def a_refused_login(folder: Path, _: pytest.MonkeyPatch) -> list[str]:
    """Promise 12: a refused login is asked once."""
    with town(folder) as our_town:
        our_town.wms.faults({"kind": "status", "path": "/api/", "status": 401})
        await our_town.bench.pull()
        return [f"asked {len(our_town.wms.requests())} times"] if len(our_town.wms.requests()) > 1 else []


async def _released_push(our_town: Town) -> int:
    await our_town.bench.pull()
    run = await our_town.bench.push(our_town.cart_id, release=False)
    our_town.bench.release(run.id)
    return run.id


STORIES: tuple[Story, ...] = (
    pull_cut_everywhere,
    cancel_and_continue,
    a_late_answer,
    a_straggler_after_a_takeover,
    died_while_the_cart_was_working,
    died_before_the_answer_and_stock_went_back,
    an_alias_of_two_products,
    everything_sold_out_at_once,
    a_refused_login,
)
