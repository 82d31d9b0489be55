"""A cancel reaches a run within two seconds wherever it waits, and what it cut short is found out by the next one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.rate_limit import RateLimiter
from invsync_tui.sandbox.shop import Mode
from invsync_tui.store.runs import runs
from invsync_tui.sync.runs import cancellation
from tests.support.connectors.hanging_sftp import HOST, hanging_sftp
from tests.support.connectors.sql_databases import QUERIES
from tests.support.runs.sandbox_world import Town, town
from tests.support.stores.merchant_store import Bench

PROMISED = 2.0
"""Seconds."""
WAITS = 8
"""Seconds after which a cart asks to come back: much longer than what is promised. The next push waits them out."""


async def _until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def _seconds_to_cancel(bench: Bench, run_id: int, work: asyncio.Task[None]) -> float:
    with bench.store.transaction() as tx:
        runs.cancel(tx, run_id, int(time.time()))
    began = time.monotonic()
    await asyncio.wait_for(work, 20)
    return time.monotonic() - began


@pytest.mark.parametrize(
    ("fault", "reached"),
    [
        ({"kind": "slow", "path": "/listings", "seconds": 60}, "/listings"),
        ({"kind": "status", "path": "/listings", "status": 429, "seconds": WAITS}, "/listings"),
        ({"kind": "slow", "path": "/stock", "seconds": 60}, "/stock"),
        ({"kind": "status", "path": "/stock", "status": 429, "seconds": WAITS}, "/stock"),
    ],
)
async def test_cancel_reaches_a_push_that_waits(tmp_path: Path, fault: dict[str, Any], reached: str) -> None:
    # given: a cart that takes a minute to answer, or that asks to come back later
    with town(tmp_path, deadline=90) as our_town:
        await our_town.bench.pull()
        run_id = our_town.bench.request("push", our_town.cart_id)
        if reached == "/stock":
            await our_town.bench.work()
            our_town.bench.release(run_id)
        our_town.cart.faults(fault)
        before = len(our_town.cart.requests())
        work = asyncio.create_task(our_town.bench.work())
        await _until(lambda: any(reached in entry["path"] for entry in our_town.cart.requests()[before:]))
        # when
        took = await _seconds_to_cancel(our_town.bench, run_id, work)
        # then
        assert took < PROMISED
        assert our_town.bench.run(run_id).state == "cancelled"
        assert our_town.bench.sums_hold()
        # and when the cart is well again
        our_town.cart.faults()
        await our_town.bench.push(our_town.cart_id)
        # then nothing is left in doubt
        assert our_town.bench.one("SELECT count(*) FROM our_listing WHERE inflight IS NOT NULL") == 0
        assert our_town.shown() == our_town.stock()


async def test_cancel_reaches_a_pull_that_waits(synced: Town) -> None:
    # given
    synced.wms.faults({"kind": "slow", "path": "/api/", "seconds": 60})
    run_id = synced.bench.request("pull", synced.bench.merchant)
    work = asyncio.create_task(synced.bench.work())
    await _until(lambda: synced.bench.run(run_id).state == "running")
    # when
    took = await _seconds_to_cancel(synced.bench, run_id, work)
    # then
    assert took < PROMISED
    assert synced.bench.run(run_id).state == "cancelled"


@pytest.mark.parametrize("kind", ["pull", "push"])
async def test_cancel_reaches_a_run_whose_secret_is_still_being_looked_up(
    synced: Town, tmp_path: Path, kind: str
) -> None:
    # given: a command that takes half a minute, with a program of its own that it waits for
    script, started = tmp_path / "look-up", tmp_path / "started"
    script.write_text(f"sleep 30 &\necho $$ $! > {started}\nwait\n")
    table, key = {"pull": ("source", "merchant_id"), "push": ("cart", "id")}[kind]
    number = synced.bench.merchant if kind == "pull" else synced.cart_id
    with synced.bench.store.transaction() as tx:
        tx.execute(f"UPDATE {table} SET secret = ? WHERE {key} = ?", (f"command:sh {script}", number))
    run_id = synced.bench.request(kind, number)
    work = asyncio.create_task(synced.bench.work())
    await _until(lambda: started.exists() and started.read_text().endswith("\n"))
    # when
    took = await _seconds_to_cancel(synced.bench, run_id, work)
    # then: the command and what it started are gone too
    assert took < PROMISED
    assert synced.bench.run(run_id).state == "cancelled"
    for process in map(int, started.read_text().split()):
        await _until(lambda process=process: _is_gone(process))  # type: ignore[misc]


def _is_gone(process: int) -> bool:
    """Whether a process has ended; one that nobody has asked about its end yet has."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.mark.parametrize("where", ["greeting", "login", "folder", "file"])
async def test_cancel_reaches_a_pull_whose_feed_hangs_on_its_ssh_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    # given
    monkeypatch.setenv("FEED", "the-password-of-the-feed")
    bench = Bench.make(tmp_path)
    async with hanging_sftp(tmp_path, where) as (port, hangs):
        options = {"known_hosts": str(tmp_path / "known_hosts"), "complete": "any"}
        bench.add_merchant(
            Connection("Demo", "feed", f"sftp://{HOST}:{port}/stock.csv", "bot", "env:FEED", options, 60)
        )
        run_id = bench.request("pull", bench.merchant)
        work = asyncio.create_task(bench.work())
        await asyncio.wait_for(hangs.wait(), 20)
        # when
        took = await _seconds_to_cancel(bench, run_id, work)
    # then
    assert took < PROMISED
    assert bench.run(run_id).state == "cancelled"
    bench.store.close()


@pytest.mark.parametrize("address", ["ftp://{}/stock.csv", "http://{}/stock.csv", "postgresql://{}/wms"])
async def test_cancel_reaches_a_pull_whose_server_never_says_a_word(tmp_path: Path, address: str) -> None:
    # given
    system = "sql" if address.startswith("postgresql") else "feed"
    queries = tmp_path / "queries.toml"
    queries.write_text(QUERIES)
    options = {"queries": str(queries), "tls": "off"} if system == "sql" else {"complete": "any"}
    bench = Bench.make(tmp_path)
    async with hanging_sftp(tmp_path, "greeting") as (port, hangs):
        bench.add_merchant(Connection("Demo", system, address.format(f"{HOST}:{port}"), "bot", "", options, 30))
        run_id = bench.request("pull", bench.merchant)
        work = asyncio.create_task(bench.work())
        await asyncio.wait_for(hangs.wait(), 20)
        # when
        took = await _seconds_to_cancel(bench, run_id, work)
    # then
    assert took < PROMISED
    assert bench.run(run_id).state == "cancelled"
    bench.store.close()


async def test_cancel_reaches_a_push_that_waits_out_a_lost_batch(tmp_path: Path) -> None:
    # given: a cart without idempotency, a batch left open, and the clock set back by a day after it was sent
    with town(tmp_path, mode=Mode(idempotency=False), deadline=60) as our_town:
        await our_town.bench.pull()
        await our_town.bench.push(our_town.cart_id)
        _leave_open(our_town, answer_by=time.time() + 86_400)
        run_id = our_town.bench.request("push", our_town.cart_id)
        work = asyncio.create_task(our_town.bench.work())
        await _until(lambda: our_town.bench.run(run_id).phase == "resolve")
        # when
        took = await _seconds_to_cancel(our_town.bench, run_id, work)
        # then
        assert took < PROMISED
        assert our_town.bench.run(run_id).state == "cancelled"


def _leave_open(our_town: Town, answer_by: float) -> None:
    """A batch of one listing whose answer was never recorded."""
    number, ref = our_town.bench.store.one(
        "SELECT id, ref FROM our_listing WHERE cart_id = ? LIMIT 1", (our_town.cart_id,)
    )
    with our_town.bench.store.transaction() as tx:
        tx.execute(
            "INSERT INTO push_batch (id, cart_id, run_id, epoch, items, body, state, attempts, created_at, answer_by_ms) "
            "VALUES ('b', ?, 1, 1, json_array(json_array(?, ?, 1, 1, 0)), x'', 'intent', 1, 0, ?)",
            (our_town.cart_id, number, ref, int(answer_by * 1000)),
        )
        tx.execute("UPDATE listing SET inflight = 'b' WHERE id = ?", (number,))


async def test_a_wait_for_a_turn_at_a_rate_limit_is_interrupted() -> None:
    # given
    limiter = RateLimiter(1, 0.001)
    await limiter.take()
    wanted = asyncio.Event()
    asyncio.get_running_loop().call_later(0.1, wanted.set)
    began = time.monotonic()
    # when
    with pytest.raises(cancellation.Interrupted):
        async with cancellation.interruptible(wanted.is_set):
            await limiter.take()
    # then
    assert time.monotonic() - began < PROMISED


async def test_a_worker_that_is_stopped_is_not_taken_for_a_cancel() -> None:
    # given
    async def work() -> None:
        async with cancellation.interruptible(lambda: False):
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    # when
    task.cancel()
    # then
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_work_that_ends_in_the_moment_of_its_interruption_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    # given: the interruption comes while the work does not wait any more
    monkeypatch.setattr(cancellation, "LOOK_EVERY", 0.0)
    monkeypatch.setattr(cancellation, "GRACE", 0.0)
    task = asyncio.current_task()
    assert task is not None
    # when
    async with cancellation.interruptible(lambda: True):
        while not task.cancelling():
            try:
                await asyncio.sleep(0)
            except asyncio.CancelledError:
                break
    # then: what follows is not hit
    await asyncio.sleep(0.01)
    assert task.cancelling() == 0
