"""The drift check: classes, the budget it leaves to pushes, what it corrects, and that it makes way for a push."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.connectors.carts import sandbox
from invsync_tui.sandbox.shop import Mode
from invsync_tui.store.settings import schedule as schedule_rows
from invsync_tui.sync import schedule
from invsync_tui.sync.listings import drift_check
from invsync_tui.sync.runs import leases
from tests.support.runs.drift_looks import look
from tests.support.runs.sandbox_world import Town, town


@pytest.fixture(autouse=True)
def _read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests write and read within a second: what was just written is not lagging, unless a test is about that."""
    monkeypatch.setattr(drift_check, "LAG", 0)


async def test_a_shop_that_nobody_touched_is_equal(synced: Town) -> None:
    # when
    run = await look(synced)
    # then
    assert (run.state, run.error) == ("done", "")
    counts = synced.bench.counts(run)
    assert counts["total"] == counts["equal"] == len(synced.shown())
    assert synced.bench.reasons(run) == {}
    # and every listing counts as just read, changed or not
    assert synced.bench.one("SELECT min(observed_at) FROM our_listing") >= run.started_at


async def test_what_somebody_changed_is_told_by_its_class(synced: Town) -> None:
    # given: one with more than exists, one untracked, one gone
    over, untracked, gone = synced.in_stock()[:3]
    stock = synced.stock()
    synced.cart.edit(over, quantity=stock[over] + 5)
    synced.cart.edit(untracked, tracked=False)
    listing = next(row for row in synced.cart.dump()["main"] if row["sku"] == gone)
    synced.cart.control("remove", {"shop": "main", "refs": [listing["ref"]]})
    # when
    run = await look(synced)
    # then
    assert synced.bench.reasons(run) == {"OVERSELL": 1, "CART_NOT_TRACKING": 1, "NOT_IN_CART": 1}
    counts = synced.bench.counts(run)
    assert (counts["skipped"], counts["set"]) == (3, 0)
    assert counts["total"] == len(stock)
    assert synced.bench.one("SELECT count(*) FROM our_listing WHERE gone_at IS NOT NULL") == 1
    # and nothing was written to the cart, then or by the next push
    writes = len(synced.writes())
    await synced.bench.push(synced.cart_id)
    assert len(synced.writes()) == writes


async def test_an_edit_within_what_exists_is_an_edit(tmp_path: Path) -> None:
    with town(tmp_path, buffer=5) as our_town:
        # given
        await our_town.bench.pull()
        await our_town.bench.push(our_town.cart_id)
        sku = next(sku for sku, units in our_town.stock().items() if units > 10)
        our_town.cart.edit(sku, quantity=our_town.stock()[sku] - 2)
        # when
        run = await look(our_town)
        # then
        assert our_town.bench.reasons(run) == {"EDITED_IN_CART": 1}


async def test_a_fall_is_taken_for_sales_where_orders_are_not_known(synced: Town) -> None:
    # given
    sku = synced.in_stock()[0]
    synced.cart.edit(sku, quantity=0)
    synced.bench.set_cart(synced.cart_id, heal="always")
    # when
    run = await look(synced)
    # then: writing it back could sell those units twice
    assert synced.bench.reasons(run) == {}
    await synced.bench.push(synced.cart_id)
    assert synced.shown()[sku] == 0


async def test_a_fall_that_no_order_explains_is_an_undersell(tmp_path: Path) -> None:
    with town(tmp_path, mode=Mode(orders=True)) as our_town:
        # given: pushes of this cart read its orders
        await our_town.bench.pull()
        await our_town.bench.push(our_town.cart_id)
        await our_town.bench.push(our_town.cart_id)
        sku = next(sku for sku, units in our_town.stock().items() if units > 5)
        our_town.cart.edit(sku, quantity=1)
        # when
        run = await look(our_town)
        # then
        assert our_town.bench.reasons(run) == {"UNDERSELL": 1}


async def test_what_was_just_written_may_lag(synced: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    monkeypatch.setattr(drift_check, "LAG", 120)
    sku = synced.in_stock()[0]
    synced.cart.edit(sku, quantity=synced.stock()[sku] + 5)
    synced.bench.set_cart(synced.cart_id, heal="always")
    # when
    run = await look(synced)
    # then: it rights itself, so that it is told and not healed
    assert synced.bench.reasons(run) == {"CART_LAGGING": 1}
    assert synced.bench.one("SELECT sum(heal) FROM our_listing") == 0


@pytest.mark.parametrize(("policy", "heals"), [("never", False), ("oversell", True), ("always", True)])
async def test_the_policy_decides_what_is_corrected(synced: Town, policy: str, heals: bool) -> None:
    # given
    sku = synced.in_stock()[0]
    right = synced.stock()[sku]
    synced.cart.edit(sku, quantity=right + 5)
    synced.bench.set_cart(synced.cart_id, heal=policy)
    # when
    run = await look(synced)
    # then
    assert synced.bench.reasons(run) == {"OVERSELL": 1}
    assert synced.bench.counts(run)["set"] == int(heals)
    # and the next push writes it
    push = await synced.bench.push(synced.cart_id, release=False)
    assert push.state == "done"
    assert synced.shown()[sku] == (right if heals else right + 5)
    assert synced.bench.one("SELECT sum(heal) FROM our_listing") == 0
    # and it was audited
    audited = synced.bench.store.read("SELECT who, reason, after FROM our_audit WHERE action = 'heal'")
    assert [(who, why) for who, why, _ in audited] == [("drift check", f"the cart's policy: {policy}")] * heals
    assert all(json.loads(after)["skus"] == [sku] for _, _, after in audited)


async def test_an_answer_with_nothing_in_it_takes_no_listing_away(synced: Town) -> None:
    # given
    synced.cart.faults({"kind": "no_rows", "path": "listings", "times": 50})
    # when
    run = await look(synced)
    # then
    assert synced.bench.one("SELECT count(*) FROM our_listing WHERE gone_at IS NOT NULL") == 0
    assert (run.state, run.error) == ("done", "")
    # and nobody says that what was not seen is in sync
    counts = synced.bench.counts(run)
    assert (counts["total"], counts["equal"], counts["failed"]) == (40, 0, 40)
    assert synced.bench.reasons(run) == {"UNEXPECTED_ANSWER": 40}


async def test_it_goes_on_where_it_stopped(synced: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    # given: two pieces of three a run, and one listing that was never read
    monkeypatch.setattr(sandbox, "PAGE_SIZE", 3)
    monkeypatch.setattr(drift_check, "ROWS_MOST", 6)
    total = len(synced.shown())
    with synced.bench.by_hand() as tx:
        tx.execute("UPDATE listing SET observed_at = 1000 + id")
        tx.execute("UPDATE listing SET observed_at = NULL WHERE id = (SELECT max(id) FROM our_listing)")
    first, last = synced.bench.store.one("SELECT min(id), max(id) FROM our_listing")
    # when
    run_id = synced.bench.request("radar", synced.cart_id)
    await synced.bench.work()
    # then: the one that was never read, then the oldest
    assert synced.bench.counts(synced.bench.run(run_id))["total"] == 6
    seen = synced.bench.store.read("SELECT id FROM our_listing WHERE observed_at > 100000 ORDER BY id")
    assert [row[0] for row in seen] == [*range(first, first + 5), last]
    # and when it runs again
    synced.bench.request("radar", synced.cart_id)
    await synced.bench.work()
    # then
    assert synced.bench.one("SELECT count(*) FROM our_listing WHERE observed_at > 100000") == 12 < total


async def test_it_leaves_half_of_the_budget_to_pushes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # given: ten requests at once, then twenty a second
    with town(tmp_path, products=120, mode=Mode(burst=10, per_second=20)) as our_town:
        await our_town.bench.pull()
        await our_town.bench.push(our_town.cart_id)
        monkeypatch.setattr(drift_check, "SLICE", 0.01)
        low: list[float] = []
        real = drift_check.DriftCheck._store

        def store(self: Any, *args: Any) -> None:
            budget = self.cart.budget()
            assert budget is not None
            low.append(budget.available / budget.limit)
            real(self, *args)

        monkeypatch.setattr(drift_check.DriftCheck, "_store", store)
        monkeypatch.setattr(sandbox, "PAGE_SIZE", 4)
        # when
        run = await look(our_town)
        # then
        assert run.state == "done"
        assert min(low) >= drift_check.KEPT - 0.01
        assert json.loads(run.rate)["waited"] == 0, "it never has to be told to wait"


async def test_it_ends_for_a_push(synced: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    # given: a radar that has to wait long for its budget
    monkeypatch.setattr(drift_check.DriftCheck, "_short", lambda self: 30.0)
    monkeypatch.setattr(drift_check, "SLICE", 0.01)
    with synced.bench.by_hand() as tx:
        tx.execute("UPDATE listing SET observed_at = observed_at - 1000")
    radar = synced.bench.request("radar", synced.cart_id)
    working = asyncio.create_task(synced.bench.work())
    while synced.bench.run(radar).phase != "radar":  # noqa: ASYNC110 (another process's state in the store)
        await asyncio.sleep(0.01)
    # when
    began = time.monotonic()
    push = synced.bench.request("push", synced.cart_id)
    await working
    # then
    assert time.monotonic() - began < 10
    assert synced.bench.run(radar).state == synced.bench.run(push).state == "done"
    assert synced.bench.run(radar).error.startswith("Ended for a push")
    assert synced.bench.sums_hold()


async def test_it_looks_by_itself_where_that_is_scheduled(synced: Town) -> None:
    # given
    with synced.bench.by_hand() as tx:
        schedule_rows.put(tx, "radar", synced.cart_id, 1800, 0, 1000)
        # when
        assert schedule.request_due(tx, 2000) == 1
    await synced.bench.work()
    # then
    run = synced.bench.one("SELECT max(id) FROM our_run WHERE kind = 'radar'")
    assert synced.bench.run(run).state == "done"
    assert (synced.bench.run(run).merchant_id, synced.bench.run(run).cart) == (synced.bench.merchant, "Demo Cart")
    assert synced.bench.detail(run).run.cart_id == synced.cart_id
    # and not for a cart whose upload is off
    synced.bench.set_cart(synced.cart_id, upload_enabled=False)
    with synced.bench.by_hand() as tx:
        assert schedule.request_due(tx, 10_000) == 0


async def test_it_never_reads_in_the_middle_of_a_push(synced: Town) -> None:
    # given: somebody pushes to the cart
    push = synced.bench.run(synced.bench.request("push", synced.cart_id))
    radar = synced.bench.run(synced.bench.request("radar", synced.cart_id))
    # then: one of both at a time, under one lease
    assert push.lease_key == radar.lease_key
    lease = leases.acquire(synced.bench.store, push.lease_key, "another worker")
    assert lease is not None and leases.acquire(synced.bench.store, radar.lease_key, "this one") is None
    lease.release()
