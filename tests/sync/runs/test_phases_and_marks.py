"""What a whole run leaves behind: its phases in order, and how far the cart's settings are handled."""

from __future__ import annotations

import json
import sys
from collections import Counter

import pytest

from invsync_tui.operations.plans import plans, undo
from invsync_tui.operations.runs import request as run_request
from invsync_tui.sync import push_plan
from invsync_tui.sync.runs.run_context import RunContext
from tests.support.runs.sandbox_world import Town


def phases(our_town: Town, run_id: int) -> list[tuple[str, str, int]]:
    """(name, state, done) in order."""
    stored = json.loads(our_town.bench.one("SELECT phases FROM run WHERE id = ?", run_id))
    return [(phase["name"], phase["state"], phase["done"]) for phase in stored]


async def test_a_complete_download_shows_each_of_its_phases_with_what_it_read(pulled: Town) -> None:
    run = await pulled.bench.pull(full=True)
    places = [row[0] for row in pulled.bench.store.read("SELECT code FROM our_warehouse ORDER BY id")]
    phases_of_run = phases(pulled, run.id)
    names = [name for name, _, _ in phases_of_run]
    assert names[:3] == ["connect", "warehouses", "products"]
    assert sorted(names[3:-1]) == sorted(f"levels {code}" for code in places)
    assert names[-1] == "missing"
    assert {state for _, state, _ in phases_of_run} == {"done"}
    read = {name: done for name, _, done in phases_of_run}
    assert read["products"] == 40
    levels = sum(done for name, done in read.items() if name.startswith("levels "))
    assert read["products"] + levels == pulled.bench.counts(run)["total"]


async def test_a_download_of_changes_shows_their_phases(synced: Town) -> None:
    run = await synced.bench.pull()
    names = [name for name, _, _ in phases(synced, run.id)]
    assert names[:2] == ["connect", "warehouses"]
    assert "changes" in names
    assert "products" not in names


async def test_a_push_shows_each_of_its_phases(synced: Town) -> None:
    run = await synced.bench.push(synced.cart_id, full=True)
    phases_of_run = phases(synced, run.id)
    assert [name for name, _, _ in phases_of_run] == [
        "connect", "resolve", "listings", "match", "orders", "plan", "check", "push",
    ]  # fmt: skip
    assert {name: done for name, _, done in phases_of_run}["listings"] == 40


async def test_the_first_push_that_was_let_go_accepts_the_carts_rules(pulled: Town) -> None:
    sql = "SELECT pushed_rules_rev, rules_rev FROM cart WHERE id = ?"
    run = await pulled.bench.push(pulled.cart_id, release=False)
    assert run.state == "held"
    assert pulled.bench.store.read(sql, (pulled.cart_id,))[0][0] == 0
    pulled.bench.release(run.id)
    await pulled.bench.work()
    ((pushed, rules),) = pulled.bench.store.read(sql, (pulled.cart_id,))
    assert pushed == rules > 0
    sku = pulled.in_stock()[0]
    pulled.wms.set_level(sku, "EAST", 7)
    await pulled.bench.pull()
    assert (await pulled.bench.push(pulled.cart_id, release=False)).state == "done"
    assert pulled.shown() == pulled.stock()


# --- safe points ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def safe_points(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """By function (`module.function`), how often it looked whether the run is to stop."""
    counts: Counter[str] = Counter()
    real = RunContext.stop_if_cancelled

    def look(job: RunContext) -> None:
        frame = sys._getframe(1)
        counts[f"{frame.f_globals['__name__'].rpartition('.')[2]}.{frame.f_code.co_name}"] += 1
        real(job)

    monkeypatch.setattr(RunContext, "stop_if_cancelled", look)
    return counts


async def test_each_loop_of_a_run_looks_for_a_cancel_in_each_round(
    synced: Town, safe_points: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: 40 products in 4 warehouses, a page each; plans in chunks of 15
    monkeypatch.setattr(push_plan, "CHUNK", 15)
    # when, then: a full download looks before each page
    await synced.bench.pull(full=True)
    assert safe_points["page_reader.read"] == 5
    # a push before each page of listings, after each chunk of its plan, and before each batch
    safe_points.clear()
    for sku in synced.in_stock()[:3]:
        synced.wms.set_level(sku, "EAST", 77)
    await synced.bench.pull()
    run = await synced.bench.push(synced.cart_id, full=True)
    assert synced.bench.counts(run)["set"] == 3
    assert (safe_points["read_listings._pass"], safe_points["push._one_pass"]) == (1, 1)
    changed = {name: n for name, n in safe_points.items() if name.startswith("push_plan.")}
    assert changed == {"push_plan._decide": 1}
    # a drift check before each of its requests, and once more to find that there is none
    safe_points.clear()
    with synced.bench.by_hand() as tx:
        tx.execute("UPDATE listing SET observed_at = 1 WHERE cart_id = ?", (synced.cart_id,))
    number = synced.bench.request("radar", synced.cart_id)
    await synced.bench.work()
    assert synced.bench.run(number).state == "done"
    assert safe_points["drift_check._next"] == 2


async def test_a_plan_of_all_listings_looks_for_a_cancel_after_each_chunk(
    synced: Town, safe_points: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push_plan, "CHUNK", 15)
    synced.bench.set_cart(synced.cart_id, buffer=1)
    await synced.bench.push(synced.cart_id)
    # planned twice, since a change of rules is held once: 40 listings in 3 chunks each time
    assert safe_points["push_plan._decide"] == 6


async def test_an_undo_shows_its_phases_and_looks_for_a_cancel(synced: Town, safe_points: Counter[str]) -> None:
    skus = synced.in_stock()[:2]
    for sku in skus:
        synced.wms.set_level(sku, "EAST", 70)
    await synced.bench.pull()
    run = await synced.bench.push(synced.cart_id)
    remedy = undo.undo(synced.bench.session(), run.id, "wrong")
    safe_points.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_request, "ensure_worker", lambda _: False)
        applied = plans.apply(synced.bench.session(), remedy.plan, "wrong", freeze=False)
    await synced.bench.work()
    assert synced.bench.run(applied.run).state == "done"
    assert [phase for phase in phases(synced, applied.run) if phase[1] == "done"] == [
        ("connect", "done", 0), ("resolve", "done", 0), ("plan", "done", 2), ("check", "done", 0), ("push", "done", 2),
    ]  # fmt: skip
    assert safe_points == Counter({"explicit_plan.run": 1, "push._one_pass": 1, "push._send_all": 1})
