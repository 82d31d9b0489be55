"""A held run is released whole or by group; jumps and emptied warehouses are held."""

from __future__ import annotations

import json
from typing import Any

import pytest

from invsync_tui.operations.errors import OperationError
from invsync_tui.operations.runs import held, runs
from tests.support.runs.sandbox_world import Town

PLACES = ("DEFAULT", "EAST", "WEST", "NORTH")


def trips(run: Any) -> dict[str, int]:
    return {trip["breaker"]: trip["measure"] for trip in json.loads(run.trips)}


def only(our_town: Town, sku: str, quantity: int) -> None:
    """The SKU has so much, all of it in one warehouse."""
    for place in PLACES:
        our_town.wms.control("level", {"sku": sku, "warehouse": place, "available": quantity if place == "EAST" else 0})


async def three_groups(our_town: Town) -> Any:
    """A held run: four SKUs to 0, four up a hundredfold, two a little more."""
    our_town.bench.set_cart(our_town.cart_id, zero_count=3, zero_percent=0, jump_count=3, jump_percent=0)
    with our_town.bench.by_hand() as tx:
        tx.execute("UPDATE cart SET pushed_rules_rev = rules_rev")
    skus, stock = our_town.in_stock(), our_town.stock()
    for sku in skus[:4]:
        only(our_town, sku, 0)
    for sku in skus[4:8]:
        only(our_town, sku, stock[sku] * 100)
    for sku in skus[8:10]:
        only(our_town, sku, stock[sku] + 1)
    await our_town.bench.pull()
    run = await our_town.bench.push(our_town.cart_id, release=False)
    assert run.state == "held"
    return run


async def test_a_held_run_shows_its_listings_by_group(synced: Town) -> None:
    # given
    before = synced.shown()
    # when
    run = await three_groups(synced)
    # then
    assert trips(run) == {"MASS_ZERO": 4, "JUMP": 4}
    session = synced.bench.session()
    assert held.groups(session, run.id) == {"zero": 4, "jump": 4, "rest": 2}
    lines = held.held(session, run.id).after(None, 100)
    stock = synced.stock()
    assert {line.sku: (line.in_cart, line.target) for line in lines} == {
        sku: (before[sku], stock[sku]) for sku in synced.in_stock() + synced.sold_out() if before[sku] != stock[sku]
    }
    assert [line.group for line in held.held(session, run.id, "jump").after(None, 100)] == ["jump"] * 4
    assert held.held(session, run.id).count().n == 10


async def test_a_page_of_held_listings_continues_where_it_ended(synced: Town) -> None:
    # given
    run = await three_groups(synced)
    rows = held.held(synced.bench.session(), run.id)
    # when
    first = rows.after(None, 4)
    rest = rows.after(rows.key(first[-1]), 100)
    # then
    assert [*first, *rest] == list(rows.after(None, 100))
    assert list(rows.before(rows.key(rest[0]), 4)) == list(first)


async def test_a_released_group_is_sent_and_the_others_stay_held(synced: Town) -> None:
    # given
    run = await three_groups(synced)
    before, stock = synced.shown(), synced.stock()
    zero = [sku for sku in before if stock[sku] == 0 and before[sku] != 0]
    # when
    runs.release(synced.bench.session(), run.id, "they arrived", ("jump", "rest"))
    await synced.bench.work()
    # then
    ended = synced.bench.run(run.id)
    assert ended.state == "done"
    assert runs.detail(synced.bench.session(), run.id).run.decision == "partly_released"
    assert {key: synced.bench.counts(ended)[key] for key in ("set", "held")} == {"set": 6, "held": 4}
    assert synced.bench.sums_hold()
    assert {sku: q for sku, q in synced.shown().items() if q != stock[sku]} == {sku: before[sku] for sku in zero}
    listings = synced.bench.listings(synced.cart_id)
    assert {(listings[sku]["outcome"], listings[sku]["reason"], listings[sku]["pending"]) for sku in zero} == {
        ("held", "BREAKER_TRIPPED", 1)
    }
    # and when it is planned again, then the rest is held again
    again = await synced.bench.push(synced.cart_id, release=False)
    assert trips(again) == {"MASS_ZERO": 4}
    # and the audit says who released what and why
    assert synced.bench.store.read("SELECT who, after, reason FROM our_audit WHERE action = 'release'") == [
        ("tester", '["jump", "rest"]', "they arrived")
    ]


async def test_what_comes_to_a_group_that_is_not_released_is_not_sent(synced: Town) -> None:
    # given
    run = await three_groups(synced)
    late = synced.in_stock()[-1]
    shown = synced.shown()[late]
    only(synced, late, 0)
    await synced.bench.pull()
    # when
    runs.release(synced.bench.session(), run.id, "only these", ("rest",))
    await synced.bench.work()
    # then
    assert synced.bench.run(run.id).state == "done"
    assert synced.shown()[late] == shown
    assert synced.bench.counts(synced.bench.run(run.id))["held"] == 9


async def test_a_released_group_that_got_worse_is_held_again(synced: Town) -> None:
    # given
    run = await three_groups(synced)
    late = synced.in_stock()[-1]
    count = len(synced.writes())
    only(synced, late, 0)
    await synced.bench.pull()
    # when
    runs.release(synced.bench.session(), run.id, "sold out", ("zero",))
    await synced.bench.work()
    # then
    assert synced.bench.run(run.id).state == "held"
    assert trips(synced.bench.run(run.id)) == {"MASS_ZERO": 5}
    assert len(synced.writes()) == count
    assert synced.bench.sums_hold()
    # and when all of it is released
    runs.release(synced.bench.session(), run.id, "sold out", ())
    await synced.bench.work()
    # then
    assert synced.shown() == synced.stock()


async def test_a_first_push_that_was_released_in_part_is_still_a_first_push(pulled: Town) -> None:
    # given: the shop shows stock where there is none
    sold_out = pulled.sold_out()[:2]
    for sku in sold_out:
        pulled.cart.edit(sku, quantity=7)
    held_run = await pulled.bench.push(pulled.cart_id, release=False)
    assert set(trips(held_run)) == {"FIRST_PUSH"}
    # when
    runs.release(pulled.bench.session(), held_run.id, "not the zeroes", ("rest", "jump"))
    await pulled.bench.work()
    # then
    assert pulled.bench.run(held_run.id).state == "done"
    assert [pulled.shown()[sku] for sku in sold_out] == [7, 7]
    again = await pulled.bench.push(pulled.cart_id, release=False)
    assert trips(again) == {"FIRST_PUSH": 2}


async def test_a_warehouse_without_any_stock_left_is_held(synced: Town) -> None:
    # given: EAST had stock and reports nothing but zeroes, so that no listing needs to go to 0 or to jump
    synced.bench.set_cart(synced.cart_id, zero_count=1000, jump_factor=0)
    with synced.bench.by_hand() as tx:
        tx.execute("UPDATE cart SET pushed_rules_rev = rules_rev")
    count = len(synced.writes())
    synced.wms.control("level", {"skus": list(synced.stock()), "warehouse": "EAST", "available": 0})
    await synced.bench.pull()
    # when
    run = await synced.bench.push(synced.cart_id, release=False)
    # then
    assert set(trips(run)) == {"WAREHOUSE_EMPTIED"}
    assert "EAST" in json.loads(run.trips)[0]["text"]
    assert len(synced.writes()) == count
    # and once it is released, an empty warehouse is nothing new
    runs.release(synced.bench.session(), run.id, "it was closed", ())
    await synced.bench.work()
    assert synced.shown() == synced.stock()
    synced.wms.set_level(synced.in_stock()[0], "WEST", 3)
    await synced.bench.pull()
    assert (await synced.bench.push(synced.cart_id, release=False)).state == "done"


async def test_a_release_needs_a_reason_and_a_group_that_exists(synced: Town) -> None:
    # given
    run = await three_groups(synced)
    # when, then
    with pytest.raises(OperationError, match="reason"):
        runs.release(synced.bench.session(), run.id, " ", ())
    with pytest.raises(OperationError, match="zero, jump, rest"):
        runs.release(synced.bench.session(), run.id, "seen", ("some",))
