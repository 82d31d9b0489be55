"""Every change of a level, a desired and an accepted quantity is kept: each past moment comes out of history alone."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from invsync_tui.operations.settings import carts
from invsync_tui.store.catalog import level_history
from invsync_tui.store.catalog.level_history import KnownQuantity
from invsync_tui.store.settings import history as settings_history
from tests.support.clocks.past import grow_older
from tests.support.runs.sandbox_world import Town, town

STEP = 1009
"""Seconds between two steps, a prime: no two of them fall on one time."""
STEPS = 12
Noted = tuple[dict[tuple[int, int], int | None], dict[int, tuple[int | None, int | None]], dict[str, object]]


def _noted(our_town: Town) -> Noted:
    """The present state: levels by (product, warehouse), (desired, acked) by listing, settings."""
    read = our_town.bench.store.read
    levels = {(row[0], row[1]): row[2] for row in read("SELECT product_id, warehouse_id, available FROM our_level")}
    quantities = {row[0]: (row[1], row[2]) for row in read("SELECT id, desired, acked FROM our_listing")}
    with our_town.bench.store.reading() as cx:
        settings = settings_history.of_cart(cx, our_town.cart_id, int(time.time()))
    return levels, quantities, dict(settings or {})


def _reconstructed(our_town: Town, at: int) -> Noted:
    """The state of a moment, from history, audit and what is there now."""
    levels_now, quantities_now, _ = _noted(our_town)
    with our_town.bench.store.reading() as cx:
        since = level_history.known_levels_since(cx, our_town.bench.merchant)
        listed = level_history.known_listings_since(cx, our_town.cart_id)
        settings = settings_history.of_cart(cx, our_town.cart_id, at)
        by_product = {product: level_history.of_product(cx, product) for product, _ in levels_now}
        changes = level_history.of_listings(cx, list(quantities_now))
    levels = {}
    for (product, place), present in levels_now.items():
        mine = [
            (change.at, change.before, change.after) for change in by_product[product] if change.warehouse_id == place
        ]
        levels[product, place] = _value(level_history.at(mine, at, present, since))
    quantities = {}
    for number, (desired, acked) in quantities_now.items():
        own = [change for change in changes if change.listing_id == number]
        wanted = [(change.at, change.desired_before, change.desired) for change in own]
        taken = [(change.at, change.acked_before, change.acked) for change in own]
        both = level_history.at(wanted, at, desired, listed), level_history.at(taken, at, acked, listed)
        quantities[number] = (_value(both[0]), _value(both[1]))
    return levels, quantities, dict(settings or {})


def _value(held: KnownQuantity) -> int | None:
    assert held.known
    return held.value


def _change_something(our_town: Town, dice: random.Random, number: int) -> None:
    for _ in range(dice.randint(1, 4)):
        sku = dice.choice(sorted(our_town.stock())[1:])
        our_town.wms.set_level(sku, dice.choice(["EAST", "WEST", "NORTH"]), dice.choice([0, 1, 5, 60]))
    if number == STEPS // 2:
        our_town.wms.control("remove", {"first": 1})
    if dice.random() < 0.5:
        values = dice.choice([{"buffer": str(dice.randint(0, 4))}, {"share": str(dice.randint(20, 100))}, {"max": "9"}])
        carts.change(our_town.bench.session(), "Demo Cart", values, reason="a test")
    if dice.random() < 0.2:
        places = dice.choice([[], ["EAST"], ["EAST", "WEST"]])
        carts.change(our_town.bench.session(), "Demo Cart", {}, warehouses=places, reason="a test")


@pytest.mark.parametrize("seed", range(4))
async def test_every_past_moment_comes_out_of_history(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    with town(tmp_path, products=8) as our_town:
        # given: a cart that was loaded and pushed to
        await our_town.bench.pull()
        await our_town.bench.push(our_town.cart_id)
        past: list[Noted] = []
        # when: levels, products, settings change at random, and pulls and pushes follow, or do not
        for number in range(STEPS):
            past.append(_noted(our_town))
            grow_older(our_town.bench, STEP)
            _change_something(our_town, dice, number)
            if dice.random() < 0.8:
                await our_town.bench.pull(full=dice.random() < 0.3)
            if dice.random() < 0.8:
                await our_town.bench.push(our_town.cart_id, full=dice.random() < 0.2)
        present = int(time.time())
        # then: each noted state is what history says of its moment
        for number, (levels, quantities, settings) in enumerate(past):
            reconstructed = _reconstructed(our_town, present - STEP * (STEPS - number) + STEP // 2)
            assert reconstructed[2] == settings, number
            assert {key: value for key, value in reconstructed[0].items() if value is not None} == levels, number
            assert {key: reconstructed[1][key] for key in quantities} == quantities, number
        assert len({str(moment) for moment in past}) > STEPS // 2, "something did change"


async def test_before_the_first_download_nothing_is_known(synced: Town) -> None:
    # given
    grow_older(synced.bench, STEP)
    product, place, present = synced.bench.store.one(
        "SELECT product_id, warehouse_id, available FROM our_level LIMIT 1"
    )
    # when
    with synced.bench.store.reading() as cx:
        since = level_history.known_levels_since(cx, synced.bench.merchant)
        changes = [
            (change.at, change.before, change.after)
            for change in level_history.of_product(cx, product)
            if change.warehouse_id == place
        ]
    now = int(time.time())
    # then
    assert level_history.at(changes, now - 2 * STEP, present, since) == level_history.UNKNOWN
    assert level_history.at(changes, now, present, since) == KnownQuantity(True, present)


async def test_a_product_that_comes_later_was_not_there_before(synced: Town) -> None:
    # given: a level in a place where there was none
    sql = (
        "SELECT p.id, p.sku, w.id, w.code FROM our_product p JOIN warehouse w ON w.merchant_id = p.merchant_id "
        "WHERE NOT EXISTS (SELECT 1 FROM our_level v WHERE v.product_id = p.id AND v.warehouse_id = w.id) "
        "AND p.is_kit = 0 AND w.ref <> ''"
    )
    row = synced.bench.store.one(sql)
    if row is None:
        pytest.skip("every product is everywhere")
    product, sku, place, code = row
    grow_older(synced.bench, STEP)
    # when
    synced.wms.set_level(sku, code, 17)
    await synced.bench.pull()
    # then
    with synced.bench.store.reading() as cx:
        changes = [change for change in level_history.of_product(cx, product) if change.warehouse_id == place]
    assert [(change.before, change.after) for change in changes] == [(None, 17)]
