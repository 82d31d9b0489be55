"""A real Vendure is not zeroed by anything that a real Tryton, or the way to it, stops to say."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import pytest_asyncio

from invsync_tui.connectors.sources.tryton import TrytonSource

# ruff: noqa: F811 - the parameters are the fixtures that are imported here
from tests.support.runs.real_servers import Thread, thread, tryton, vendure  # noqa: F401

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def _a_synced_shop(thread: Thread) -> AsyncIterator[None]:
    """Each test begins with a shop that shows the stock and holds any push which zeroes a single listing."""
    bench = thread.bench
    with bench.store.transaction() as tx:
        tx.execute("UPDATE run SET state = 'cancelled' WHERE state = 'held' AND merchant_id = ?", (bench.merchant,))
        tx.execute("UPDATE cart SET login = ? WHERE id = ?", (thread.vendure.login, thread.by_sku))
        tx.execute("UPDATE warehouse SET enabled = 1 WHERE merchant_id = ?", (bench.merchant,))
    bench.set_cart(thread.by_sku, [], zero_count=0, zero_percent=0)
    assert (await bench.pull(full=True)).state == "done"
    assert (await bench.push(thread.by_sku, full=True)).state == "done"
    yield


def _stock(thread: Thread) -> dict[str, int | None]:
    return {sku: thread.shows(sku) for sku in thread.variants}


@contextmanager
def _unharmed(thread: Thread) -> Iterator[None]:
    """Nothing that was for sale is at 0 afterwards, and all runs add up."""
    before = _stock(thread)
    assert sum(bool(units) for units in before.values()) >= 3
    yield
    after = _stock(thread)
    assert [sku for sku, units in before.items() if units and not after[sku]] == []
    assert thread.bench.sums_hold()


def _source(thread: Thread, **values: Any) -> None:
    names = ", ".join(f"{name} = ?" for name in values)
    with thread.bench.store.transaction() as tx:
        tx.execute(f"UPDATE source SET {names} WHERE merchant_id = ?", (*values.values(), thread.bench.merchant))


async def _sync(thread: Thread) -> tuple[str, str]:
    """A complete pull and push as a schedule orders them: nobody releases anything."""
    pull = await thread.bench.pull(full=True)
    push = await thread.bench.push(thread.by_sku, full=True, release=False)
    return pull.state, push.state


async def test_the_shop_shows_what_the_warehouses_have(thread: Thread) -> None:
    with _unharmed(thread):
        assert await _sync(thread) == ("done", "done")
    assert thread.shows("MUG-RED") == 5


async def test_a_server_that_stops_in_the_middle_of_a_pull(thread: Thread, monkeypatch: pytest.MonkeyPatch) -> None:
    # given: the server hangs once the first warehouse was read
    pid, real, calls = thread.tryton.server.process.pid, TrytonSource.levels_page, []

    async def levels_page(self: TrytonSource, *args: Any) -> Any:
        calls.append(args)
        if len(calls) == 2:
            os.killpg(pid, signal.SIGSTOP)
        return await real(self, *args)

    monkeypatch.setattr(TrytonSource, "levels_page", levels_page)
    _source(thread, deadline_ms=1000)
    # when, then
    try:
        with _unharmed(thread):
            pull = await thread.bench.pull(full=True)
            assert (pull.state, len(calls) >= 2) == ("failed", True)
            await thread.bench.push(thread.by_sku, full=True, release=False)
    finally:
        os.killpg(pid, signal.SIGCONT)
        _source(thread, deadline_ms=30000)


def _activate(thread: Thread, *, active: bool) -> None:
    """All products at once, as an import that went wrong would: past the server's own warnings."""
    server = thread.tryton.server
    with contextlib.closing(sqlite3.connect(server.folder / f"{server.database}.sqlite", timeout=20)) as db, db:
        db.execute("UPDATE product_product SET active = ?", (active,))


async def test_a_catalog_that_is_deactivated_all_at_once(thread: Thread) -> None:
    # given
    _activate(thread, active=False)
    # when, then
    try:
        with _unharmed(thread):
            assert await _sync(thread) == ("done", "done")
        reasons = {row["reason"] for row in thread.bench.listings(thread.by_sku).values()}
        assert "PRODUCT_INACTIVE" in reasons
    finally:
        _activate(thread, active=True)


async def test_an_expired_permission(thread: Thread) -> None:
    # given: the login may not read stock any more
    server = thread.tryton.server
    server.create_user("demoted", company=server.company)
    allowed, demoted = server.connection(), server.connection(login="demoted")
    _source(thread, login=demoted.login, secret=demoted.secret)
    # when, then
    try:
        with _unharmed(thread):
            await _sync(thread)
            await _sync(thread)
    finally:
        _source(thread, login=allowed.login, secret=allowed.secret)


async def test_a_lost_warehouse_mapping(thread: Thread) -> None:
    # given: every warehouse of the cart is off
    server, bench = thread.tryton.server, thread.bench
    with bench.store.transaction() as tx:
        tx.execute("UPDATE warehouse SET enabled = 0 WHERE merchant_id = ?", (bench.merchant,))
    # when, then
    with _unharmed(thread):
        await _sync(thread)
    # and given: it is mapped to one that is new and empty
    server.create_warehouse("NEW", "New")
    with bench.store.transaction() as tx:
        tx.execute("UPDATE warehouse SET enabled = 1 WHERE merchant_id = ?", (bench.merchant,))
    await bench.pull(full=True)
    bench.set_cart(thread.by_sku, [bench.warehouse("NEW")])
    # when, then
    with _unharmed(thread):
        _, push = await _sync(thread)
        assert push == "held"


async def test_a_refused_login_of_the_shop(thread: Thread) -> None:
    # given
    with thread.bench.store.transaction() as tx:
        tx.execute("UPDATE cart SET login = 'nobody' WHERE id = ?", (thread.by_sku,))
    # when, then
    with _unharmed(thread):
        _, push = await _sync(thread)
        assert push == "failed"
