"""What a whole run leaves behind: its phases in order, and how far the cart's settings are handled."""

from __future__ import annotations

import json

from tests.support.sandbox_world import Town


def phases(made: Town, run_id: int) -> list[tuple[str, str, int]]:
    """(name, state, done) in order."""
    found = json.loads(made.bench.one("SELECT phases FROM run WHERE id = ?", run_id))
    return [(one["name"], one["state"], one["done"]) for one in found]


async def test_a_complete_download_shows_each_of_its_phases_with_what_it_read(pulled: Town) -> None:
    run = await pulled.bench.pull(full=True)
    places = [row[0] for row in pulled.bench.store.read("SELECT code FROM our_warehouse ORDER BY id")]
    found = phases(pulled, run.id)
    names = [name for name, _, _ in found]
    assert names[:3] == ["connect", "warehouses", "products"]
    assert sorted(names[3:-1]) == sorted(f"levels {code}" for code in places)
    assert names[-1] == "missing"
    assert {state for _, state, _ in found} == {"done"}
    read = {name: done for name, _, done in found}
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
    found = phases(synced, run.id)
    assert [name for name, _, _ in found] == [
        "connect", "resolve", "listings", "match", "orders", "plan", "check", "push",
    ]  # fmt: skip
    assert {name: done for name, _, done in found}["listings"] == 40


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
