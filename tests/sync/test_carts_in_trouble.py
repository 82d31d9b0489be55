"""429, 401, 403, 5xx: each slows or stops its own cart only, and none is made worse by trying again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from invsync_tui.sandbox.shop import Mode
from tests.support.runs.sandbox_world import SHOP, Town
from tests.support.servers.sandbox import sandbox_cart, sandbox_wms
from tests.support.stores.merchant_store import Bench


async def test_too_many_requests_wait_and_nothing_is_lost(pulled: Town) -> None:
    # given
    pulled.cart.faults({"kind": "status", "path": "/stock", "status": 429, "times": 2, "seconds": 0.05})
    # when
    run = await pulled.bench.push(pulled.cart_id)
    # then
    assert run.state == "done"
    assert pulled.shown() == pulled.stock()
    assert [entry["status"] for entry in pulled.writes()] == [429, 429, 200]


async def test_a_cart_that_only_says_too_many_ends_the_run_and_the_next_one_continues(pulled: Town) -> None:
    # given
    pulled.cart.faults({"kind": "status", "path": "/stock", "status": 429, "seconds": 0.01})
    # when
    run = await pulled.bench.push(pulled.cart_id)
    # then
    assert run.state == "failed"
    assert pulled.bench.reasons(run)["THROTTLED"] == len(pulled.in_stock())
    assert pulled.bench.sums_hold()
    # and when
    pulled.cart.faults()
    # then
    assert (await pulled.bench.push(pulled.cart_id, release=False)).state == "done"
    assert pulled.shown() == pulled.stock()


@pytest.mark.parametrize(("status", "reason"), [(401, "AUTH_FAILED"), (403, "SCOPE_MISSING")])
@pytest.mark.parametrize("path", ["/listings", "/stock"])
async def test_a_refusal_stops_the_run_and_is_asked_once(pulled: Town, status: int, reason: str, path: str) -> None:
    # given
    pulled.cart.faults({"kind": "status", "path": path, "status": status})
    # when
    run = await pulled.bench.push(pulled.cart_id)
    # then
    refused = [entry for entry in pulled.cart.requests() if entry["status"] == status]
    assert run.state == "failed"
    assert len(refused) == 1
    assert reason in pulled.bench.reasons(run)
    assert pulled.bench.sums_hold()


async def test_a_refused_login_at_the_wms_is_asked_once(synced: Town) -> None:
    # given
    synced.wms.faults({"kind": "status", "path": "/api/", "status": 401})
    before = len(synced.wms.requests())
    # when
    run = await synced.bench.pull()
    # then
    assert run.state == "failed"
    assert synced.bench.reasons(run) == {"AUTH_FAILED": 1}
    assert len(synced.wms.requests()) == before + 1


async def test_a_refused_signs_in_as_not_tried_again_by_the_schedule(synced: Town) -> None:
    # given
    from invsync_tui.store.settings import schedule as rows
    from invsync_tui.sync import schedule

    with synced.bench.store.transaction() as tx:
        rows.put(tx, "pull", synced.bench.merchant, 60, 0, 0)
    synced.wms.faults({"kind": "status", "path": "/api/", "status": 401})
    await synced.bench.pull()
    # when
    with synced.bench.by_hand() as tx:
        schedule.request_due(tx, 1_000)
    # then
    assert synced.bench.one("SELECT count(*) FROM our_run WHERE state = 'requested'") == 0
    # and when somebody has ordered a run that went well
    synced.wms.faults()
    await synced.bench.pull()
    with synced.bench.by_hand() as tx:
        schedule.request_due(tx, 2_000)
    # then
    assert synced.bench.one("SELECT count(*) FROM our_run WHERE state = 'requested'") == 1


async def test_a_cart_that_is_down_fails_the_run_and_keeps_everything_for_the_next(pulled: Town) -> None:
    # given
    pulled.cart.faults({"kind": "status", "path": "/shops/", "status": 503})
    # when
    run = await pulled.bench.push(pulled.cart_id)
    # then
    assert run.state == "failed"
    assert pulled.bench.reasons(run) == {"CART_UNAVAILABLE": 1}
    assert pulled.bench.one("SELECT last_error FROM our_cart") == run.error
    # and when
    pulled.cart.faults()
    await pulled.bench.push(pulled.cart_id)
    # then
    assert pulled.shown() == pulled.stock()
    assert pulled.bench.one("SELECT last_error FROM our_cart") == ""


async def test_a_dead_cart_never_delays_another(tmp_path: Path) -> None:
    # given: one of two carts takes each request and never answers
    shops = {"dead": Mode(), "alive": Mode()}
    with sandbox_wms(40) as wms, sandbox_cart(40, shops=shops) as cart:
        bench = Bench.make(tmp_path)
        bench.add_merchant(wms.connection())
        dead = bench.add_cart(cart.connection("dead", deadline=30), name="dead")
        alive = bench.add_cart(cart.connection("alive"), name="alive")
        await bench.pull()
        cart.faults({"kind": "slow", "path": "/shops/dead/", "seconds": 60})
        first, other = bench.request("push", dead), bench.request("push", alive)
        # when
        work = asyncio.create_task(bench.work())
        await _until(lambda: bench.run(other).state == "held")
        bench.release(other)
        await _until(lambda: bench.run(other).state == "done")
        # then
        assert bench.run(first).state == "running"
        assert any(quantity for quantity in cart.quantities("alive").values())
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        bench.store.close()


async def _until(true) -> None:  # type: ignore[no-untyped-def]
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_wrong_basis_is_refused_before_anything_is_sent(pulled: Town) -> None:
    # given
    options = '{"shop": "main", "basis": "on_hand"}'
    pulled.bench.set_cart(pulled.cart_id, options=options)
    # when
    run = await pulled.bench.push(pulled.cart_id)
    # then
    assert run.state == "failed"
    assert "basis" in run.error
    assert pulled.writes(SHOP) == []
