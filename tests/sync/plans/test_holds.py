"""Safety rules hold a push before anything is sent; a release is bound to what it showed."""

from __future__ import annotations

import json
from pathlib import Path

from invsync_tui.operations.runs import runs
from tests.support.runs.sandbox_world import Town, town


def _trips(run) -> dict[str, int]:  # type: ignore[no-untyped-def]
    return {trip["breaker"]: trip["measure"] for trip in json.loads(run.trips)}


def _empty(our_town: Town, skus: list[str]) -> None:
    for place in ("Default", "EAST", "WEST", "NORTH"):
        code = "DEFAULT" if place == "Default" else place
        our_town.wms.control("level", {"skus": skus, "warehouse": code, "available": 0})


async def test_the_first_push_is_held_and_its_release_sends_it(pulled: Town) -> None:
    # given, when
    run = await pulled.bench.push(pulled.cart_id, release=False)
    # then
    assert run.state == "held"
    assert _trips(run) == {"FIRST_PUSH": len(pulled.in_stock())}
    assert pulled.bench.counts(run)["held"] == len(pulled.in_stock())
    assert pulled.writes() == []
    assert pulled.bench.sums_hold()
    # and when
    pulled.bench.release(run.id)
    await pulled.bench.work()
    # then
    assert pulled.bench.run(run.id).state == "done"
    assert pulled.shown() == pulled.stock()


async def test_a_push_before_the_first_pull_does_not_use_up_the_first_hold(tmp_path: Path) -> None:
    with town(tmp_path) as our_town:
        # given
        assert (await our_town.bench.push(our_town.cart_id)).state == "done"
        # when
        await our_town.bench.pull()
        run = await our_town.bench.push(our_town.cart_id, release=False)
        # then
        assert run.state == "held"
        assert our_town.writes() == []


async def test_a_mass_zero_is_held_and_a_discard_changes_nothing(synced: Town) -> None:
    # given
    synced.bench.set_cart(synced.cart_id, zero_count=3, zero_percent=0)
    before, count = synced.shown(), len(synced.writes())
    victims = synced.in_stock()[:4]
    _empty(synced, victims)
    await synced.bench.pull()
    # when
    run = await synced.bench.push(synced.cart_id, release=False)
    # then
    assert run.state == "held"
    assert _trips(run) == {"MASS_ZERO": 4}
    # and when it is discarded
    session = synced.bench.session()
    assert runs.detail(session, run.id).run.decision is None
    runs.discard(session, run.id, "a mistake of the WMS")
    # then it says so, nothing was sent, and the next push is held again
    assert runs.detail(session, run.id).run.decision == "discarded"
    assert synced.shown() == before
    again = await synced.bench.push(synced.cart_id, release=False)
    assert again.id != run.id
    assert _trips(again) == {"MASS_ZERO": 4}
    assert len(synced.writes()) == count


async def test_a_few_zeroes_pass(synced: Town) -> None:
    # given
    synced.bench.set_cart(synced.cart_id, zero_count=3, zero_percent=0)
    victims = synced.in_stock()[:3]
    _empty(synced, victims)
    await synced.bench.pull()
    # when
    run = await synced.bench.push(synced.cart_id, release=False)
    # then
    assert run.state == "done"
    assert all(synced.shown()[sku] == 0 for sku in victims)


async def test_a_worse_plan_than_the_released_one_is_held_again(synced: Town) -> None:
    # given
    synced.bench.set_cart(synced.cart_id, zero_count=3, zero_percent=0)
    victims = synced.in_stock()
    _empty(synced, victims[:4])
    await synced.bench.pull()
    run = await synced.bench.push(synced.cart_id, release=False)
    count = len(synced.writes())
    # when: one more goes to zero between the look and the release
    _empty(synced, victims[:5])
    await synced.bench.pull()
    synced.bench.release(run.id)
    await synced.bench.work()
    # then
    held = synced.bench.run(run.id)
    assert held.state == "held"
    assert _trips(held) == {"MASS_ZERO": 5}
    assert len(synced.writes()) == count
    # and when
    synced.bench.release(run.id)
    await synced.bench.work()
    # then
    assert synced.bench.run(run.id).state == "done"
    assert synced.shown() == synced.stock()


async def test_changed_rules_are_held(synced: Town) -> None:
    # given
    synced.bench.set_cart(synced.cart_id, buffer=2)
    # when
    run = await synced.bench.push(synced.cart_id, release=False)
    # then
    assert run.state == "held"
    assert set(_trips(run)) == {"RULES_CHANGED"}


async def test_changed_rules_that_change_nothing_are_not_held_later(synced: Town) -> None:
    # given
    synced.bench.set_cart(synced.cart_id, max_quantity=10_000)
    assert (await synced.bench.push(synced.cart_id, release=False)).state == "done"
    synced.wms.set_level(synced.in_stock()[0], "EAST", 500)
    await synced.bench.pull()
    # when
    run = await synced.bench.push(synced.cart_id, release=False)
    # then
    assert run.state == "done"
    assert synced.shown() == synced.stock()


async def test_a_shrunken_catalog_is_held_even_after_a_second_pull(synced: Town) -> None:
    # given: half of the catalog is gone, and was still gone in the pull after
    with synced.bench.by_hand() as tx:
        tx.execute("UPDATE run SET started_at = started_at - 10")
        tx.execute("UPDATE pull_generation SET ended_at = ended_at - 20")
    synced.wms.control("remove", {"first": 20})
    synced.wms.set_level(synced.in_stock()[0], "EAST", 500)
    await synced.bench.pull(full=True)
    await synced.bench.pull(full=True)
    # when
    run = await synced.bench.push(synced.cart_id, release=False)
    # then
    assert run.state == "held"
    assert _trips(run) == {"CATALOGUE_SHRUNK": 20}


async def test_a_stale_reading_is_held(synced: Town) -> None:
    # given: the last good download was two hours ago, the limit is one
    synced.wms.set_level(synced.in_stock()[0], "EAST", 500)
    await synced.bench.pull()
    synced.bench.set_cart(synced.cart_id, stale_after=3600)
    with synced.bench.by_hand() as tx:
        tx.execute("UPDATE source SET confirmed_at = confirmed_at - 7200")
        tx.execute("UPDATE cart SET pushed_rules_rev = rules_rev")
    # when
    run = await synced.bench.push(synced.cart_id, release=False)
    # then
    assert run.state == "held"
    assert set(_trips(run)) == {"STALE_READING"}


async def test_a_stale_level_is_skipped_and_looked_at_again(synced: Town) -> None:
    # given: one level was read two hours ago
    sku = synced.in_stock()[0]
    shown = synced.shown()[sku]
    synced.wms.control("level", {"sku": sku, "warehouse": "EAST", "available": 500, "read_at": 1_700_000_000})
    synced.bench.set_cart(synced.cart_id, stale_after=3600)
    await synced.bench.pull()
    # when
    run = await synced.bench.push(synced.cart_id)
    # then
    assert synced.bench.reasons(run)["WMS_STALE"] == 1
    assert synced.shown()[sku] == shown
    # and when it is read again
    synced.wms.set_level(sku, "EAST", 500)
    await synced.bench.pull()
    await synced.bench.push(synced.cart_id)
    # then
    assert synced.shown()[sku] == synced.stock()[sku]


async def test_a_held_run_serves_further_requests(pulled: Town) -> None:
    # given
    held = await pulled.bench.push(pulled.cart_id, release=False)
    # when
    ids = {pulled.bench.request("push", pulled.cart_id) for _ in range(5)}
    # then
    assert ids == {held.id}
    assert pulled.bench.one("SELECT count(*) FROM our_run WHERE kind = 'push'") == 1
