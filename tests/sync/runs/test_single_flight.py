"""One run at a time per pull and per cart, requests in between are one run more, and nothing is lost by stopping."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from invsync_tui.sandbox.shop import Mode
from invsync_tui.store.database import open_store
from invsync_tui.store.runs import runs
from invsync_tui.store.settings import schedule
from invsync_tui.sync import schedule as due
from invsync_tui.sync.runs import leases
from invsync_tui.sync.schedule import Timetable
from invsync_tui.sync.worker import Worker
from tests.support.runs.sandbox_world import SHOP, Town, town
from tests.support.stores.merchant_store import Bench

SLOW = Mode(max_batch=4, latency=0.04)


async def _until(true) -> None:  # type: ignore[no-untyped-def]
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_fifty_requests_at_once_are_two_runs_at_most(synced: Town) -> None:
    # given
    before = synced.bench.one("SELECT count(*) FROM our_run")
    work = asyncio.create_task(Worker(synced.bench.store, scheduled=False).run_until_idle(0.2))
    # when
    for _ in range(50):
        synced.bench.request("pull", synced.bench.merchant, full=True)
        await asyncio.sleep(0)
    await work
    # then
    assert synced.bench.one("SELECT count(*) FROM our_run") - before <= 2
    assert synced.bench.one("SELECT count(*) FROM our_run WHERE state <> 'done'") == 0


async def test_a_request_during_a_run_makes_it_run_once_more(synced: Town) -> None:
    # given
    synced.wms.control("pace", {"latency": 0.03})
    first = synced.bench.request("pull", synced.bench.merchant, full=True)
    work = asyncio.create_task(Worker(synced.bench.store, scheduled=False).run_until_idle(0.1))
    await _until(lambda: synced.bench.run(first).state == "running")
    # when
    served = {synced.bench.request("pull", synced.bench.merchant) for _ in range(5)}
    await work
    # then
    rows = synced.bench.store.read("SELECT trigger, state FROM our_run WHERE id > ?", (first,))
    assert served == {first}
    assert rows == [("again", "done")]


async def test_a_push_that_waits_for_a_pull_starts_when_that_is_done(pulled: Town) -> None:
    # given
    pulled.wms.set_level(pulled.in_stock()[0], "EAST", 321)
    pull = pulled.bench.request("pull", pulled.bench.merchant)
    push = pulled.bench.request("push", pulled.cart_id, after=pull)
    # when
    await pulled.bench.work()
    pulled.bench.release(push)
    await pulled.bench.work()
    # then
    assert [pulled.bench.run(run_id).state for run_id in (pull, push)] == ["done", "done"]
    assert pulled.shown() == pulled.stock()


async def test_a_push_that_waits_for_a_pull_ends_with_it(pulled: Town) -> None:
    # given
    pulled.wms.faults({"kind": "status", "path": "/api/", "status": 500})
    pull = pulled.bench.request("pull", pulled.bench.merchant)
    push = pulled.bench.request("push", pulled.cart_id, after=pull)
    # when
    await pulled.bench.work()
    # then
    assert pulled.bench.run(pull).state == "failed"
    assert pulled.bench.run(push).state == "cancelled"
    assert f"Run {pull} before it ended failed" in pulled.bench.run(push).error


async def test_a_push_asked_for_after_a_pull_waits_for_it_even_if_one_is_running(tmp_path: Path) -> None:
    # given: a push is under way
    with town(tmp_path, mode=SLOW) as our_town:
        await our_town.bench.pull()
        run = await our_town.bench.push(our_town.cart_id, release=False)
        our_town.bench.release(run.id)
        work = asyncio.create_task(Worker(our_town.bench.store, scheduled=False).run_until_idle(0.1))
        await _until(our_town.writes)
        # when: stock changes, and somebody asks for a pull and a push after it
        our_town.wms.set_level(our_town.in_stock()[0], "EAST", 555)
        our_town.wms.control("pace", {"latency": 0.2})
        pull = our_town.bench.request("pull", our_town.bench.merchant)
        our_town.bench.request("push", our_town.cart_id, after=pull)
        await work
        # then
        assert our_town.shown() == our_town.stock()


async def test_cancel_lands_between_two_batches_and_the_next_run_continues(tmp_path: Path) -> None:
    # given
    with town(tmp_path, mode=SLOW) as our_town:
        await our_town.bench.pull()
        run = await our_town.bench.push(our_town.cart_id, release=False)
        our_town.bench.release(run.id)
        work = asyncio.create_task(Worker(our_town.bench.store, scheduled=False).run_until_idle(0.0))
        await _until(lambda: len(our_town.writes()) >= 2)
        # when
        with our_town.bench.store.transaction() as tx:
            assert runs.cancel(tx, run.id, int(time.time())) == "cancelling"
        await work
        # then
        ended = our_town.bench.run(run.id)
        counts = our_town.bench.counts(ended)
        assert ended.state == "cancelled"
        assert counts["set"] == 4 * len(our_town.writes())
        assert our_town.bench.reasons(ended)["CANCELLED"] == len(our_town.in_stock()) - counts["set"]
        assert our_town.bench.sums_hold()
        assert our_town.bench.one("SELECT count(*) FROM our_listing WHERE inflight IS NOT NULL") == 0
        # and when
        before = len(our_town.writes())
        last = await our_town.bench.push(our_town.cart_id, release=False)
        # then only what was left is sent
        assert last.state == "done"
        assert our_town.bench.counts(last)["set"] == len(our_town.in_stock()) - counts["set"]
        assert len(our_town.writes()) - before == -(-(len(our_town.in_stock()) - counts["set"]) // 4)
        assert our_town.shown() == our_town.stock()


@pytest.mark.parametrize("idempotency", [True, False])
async def test_a_worker_that_stops_leaves_the_run_to_the_next(tmp_path: Path, idempotency: bool) -> None:
    # given
    mode = Mode(max_batch=4, latency=0.04, idempotency=idempotency)
    with town(tmp_path, mode=mode, deadline=0.5) as our_town:
        await our_town.bench.pull()
        run = await our_town.bench.push(our_town.cart_id, release=False)
        our_town.bench.release(run.id)
        runner = Worker(our_town.bench.store, scheduled=False)
        work = asyncio.create_task(runner.run_forever())
        await _until(lambda: len(our_town.writes()) >= 2)
        # when
        runner.stop()
        await work
        # then
        assert our_town.bench.run(run.id).state == "running"
        assert not leases.holder_alive(our_town.bench.store.path, f"push:{our_town.cart_id}")
        # and when
        await our_town.bench.work()
        # then
        assert our_town.bench.run(run.id).state == "done"
        assert our_town.bench.counts(our_town.bench.run(run.id))["set"] == len(our_town.in_stock())
        assert our_town.shown() == our_town.stock()
        assert our_town.bench.sums_hold()


async def test_a_run_that_was_cut_after_its_intent_and_then_fails_still_adds_up(tmp_path: Path) -> None:
    # given: a worker stopped in the middle of a batch
    with town(tmp_path, mode=SLOW, deadline=0.5) as our_town:
        await our_town.bench.pull()
        run = await our_town.bench.push(our_town.cart_id, release=False)
        our_town.bench.release(run.id)
        runner = Worker(our_town.bench.store, scheduled=False)
        work = asyncio.create_task(runner.run_forever())
        await _until(
            lambda: (
                our_town.writes() and our_town.bench.one("SELECT count(*) FROM our_listing WHERE inflight IS NOT NULL")
            )
        )
        runner.stop()
        await work
        # when: the cart refuses the login from now on
        our_town.cart.faults({"kind": "status", "path": "/shops/", "status": 401})
        await our_town.bench.work()
        # then
        ended = our_town.bench.run(run.id)
        assert ended.state == "failed"
        assert "do not add up" not in ended.error
        assert our_town.bench.sums_hold()


async def test_two_workers_on_one_store_never_run_the_same_key_at_once(tmp_path: Path) -> None:
    # given
    with town(tmp_path, mode=SLOW) as our_town:
        await our_town.bench.pull()
        await our_town.bench.push(our_town.cart_id)
        workers = [_worker(our_town.bench.store.path) for _ in range(2)]
        # when
        for n in range(6):
            our_town.wms.set_level(our_town.in_stock()[n], "EAST", 700 + n)
            pull = our_town.bench.request("pull", our_town.bench.merchant)
            our_town.bench.request("push", our_town.cart_id, after=pull)
            await asyncio.sleep(0.15)
        await _until(lambda: not our_town.bench.one("SELECT count(*) FROM our_run WHERE ended_at IS NULL"))
        for worker in workers:
            worker.terminate()
            worker.wait(10)
        # then
        spans = our_town.bench.store.read(
            "SELECT epoch FROM our_run WHERE kind = 'push' AND state = 'done' ORDER BY id"
        )
        assert len(spans) == len(set(spans))
        assert _never_two_at_once(our_town)
        assert our_town.shown() == our_town.stock()
        assert our_town.bench.sums_hold()


def _never_two_at_once(our_town: Town) -> bool:
    """A batch is answered before the next one is sent: the journal never mixes the rows of two."""
    keys = [row["key"] for row in our_town.cart.log()]
    return all(keys[n] == keys[n - 1] or keys[n] not in keys[:n] for n in range(1, len(keys)))


def _worker(store: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "tests.support.faults.worker", str(store), "--forever"])


async def test_a_schedule_asks_when_it_is_due_and_backs_off_while_runs_fail(synced: Town) -> None:
    # given
    bench, now = synced.bench, 5_000_000
    with bench.store.transaction() as tx:
        schedule.put(tx, "pull", bench.merchant, 600, 60, now)
        # when, then
        assert due.request_due(tx, now - 1) == 0
        assert due.request_due(tx, now) == 1
    (next_at,) = bench.store.one("SELECT next_at FROM our_schedule")
    assert now + 600 <= next_at < now + 660
    # and when runs fail
    synced.wms.faults({"kind": "status", "path": "/api/", "status": 500})
    waits = []
    for _ in range(5):
        await bench.work()
        with bench.by_hand() as tx:
            tx.execute(
                "UPDATE schedule SET jitter = 0, next_at = ? WHERE kind = 'pull' AND key = ?", (now, bench.merchant)
            )
            due.request_due(tx, now)
        waits.append(bench.one("SELECT next_at FROM our_schedule") - now)
    # then
    assert waits == [1200, 2400, 4800, 4800, 4800]
    # and when one is good again
    synced.wms.faults()
    await bench.work()
    assert bench.one("SELECT failures FROM our_schedule") == 0


async def test_a_scheduled_pull_is_followed_by_the_pushes_of_carts_that_are_on(synced: Town) -> None:
    # given
    off = synced.bench.add_cart(synced.cart.connection(SHOP), name="off", upload_enabled=False)
    with synced.bench.store.transaction() as tx:
        schedule.put(tx, "pull", synced.bench.merchant, 600, 0, 0)
    synced.wms.set_level(synced.in_stock()[0], "EAST", 888)
    # when
    await Worker(synced.bench.store).run_until_idle(0.2)
    # then
    assert synced.shown() == synced.stock()
    assert synced.bench.one("SELECT count(*) FROM our_run WHERE kind = 'push' AND key = ?", off) == 0


async def test_a_schedule_of_a_merchant_that_is_off_is_not_due(synced: Town) -> None:
    # given
    with synced.bench.store.transaction() as tx:
        schedule.put(tx, "pull", synced.bench.merchant, 600, 0, 0)
        schedule.put(tx, "push", synced.cart_id, 600, 0, 0)
    synced.bench.set_merchant(inventory_sync=False)
    # when, then
    with synced.bench.store.reading() as cx:
        assert Timetable().due(schedule.active(cx), 10) == []


async def test_a_store_that_others_keep_locking_does_not_fail_a_run(tmp_path: Path) -> None:
    # given: another process takes the write lock for a second or more, again and again
    with town(tmp_path, mode=SLOW) as our_town:
        storm = _storm(our_town.bench.store.path)
        # when
        pull = await our_town.bench.pull()
        push = await our_town.bench.push(our_town.cart_id)
        storm.wait(20)
        # then
        assert (pull.state, push.state) == ("done", "done")
        assert our_town.shown() == our_town.stock()


def _storm(store: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", _STORM, str(store), "3"])


_STORM = """
import random, sqlite3, sys, time
random.seed(3)
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
for _ in range(int(sys.argv[2])):
    connection.execute("BEGIN IMMEDIATE")
    time.sleep(random.uniform(1, 2))
    connection.execute("COMMIT")
    time.sleep(random.uniform(0.05, 0.3))
"""


async def test_a_lock_that_outlasts_the_patience_only_pauses_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: our own patience is a twentieth of a second
    from invsync_tui.store import connection

    monkeypatch.setattr(connection, "BUSY_TIMEOUT_MS", 50)
    with town(tmp_path, mode=SLOW) as our_town:
        our_town.bench.store.close()
        our_town.bench.store = open_store(tmp_path / "store.db")
        pull = our_town.bench.request("pull", our_town.bench.merchant)
        our_town.wms.control("pace", {"latency": 0.05})
        work = asyncio.create_task(our_town.bench.work())
        await _until(lambda: our_town.bench.run(pull).state == "running")
        other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        await asyncio.sleep(0.5)
        # when
        other.execute("COMMIT")
        await work
        # then
        assert our_town.bench.run(pull).state == "done"
        other.close()


def test_a_lock_is_free_the_moment_its_holder_dies(tmp_path: Path) -> None:
    # given
    bench = Bench.make(tmp_path)
    code = (
        "import sys, time; from pathlib import Path; from invsync_tui.store.database import open_store; "
        "from invsync_tui.sync.runs import leases; s = open_store(Path(sys.argv[1])); "
        "assert leases.acquire(s, 'push:1', 'it'); print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, str(bench.store.path)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    holder.stdout.readline()
    assert leases.acquire(bench.store, "push:1", "me") is None
    # when
    holder.kill()
    holder.wait()
    # then
    lease = leases.acquire(bench.store, "push:1", "me")
    assert lease is not None
    assert lease.epoch == 2
    lease.release()
    holder.stdout.close()
