"""What a push knew is kept: it can be decided again, by the rules of then and by today's; and it is dropped in time."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.operations.errors import NotFoundError
from invsync_tui.operations.plans.replay import RulesOf, replay
from invsync_tui.store.runs import decision_log
from tests.support.runs.sandbox_world import Town, town


def _pushes(our_town: Town) -> list[int]:
    return [row[0] for row in our_town.bench.store.read("SELECT id FROM our_run WHERE kind = 'push' ORDER BY id")]


def _replayed(our_town: Town) -> dict[int, int]:
    """By push that decided something, how many decisions it made; each is held against the record."""
    by_listing = {}
    for run in _pushes(our_town):
        try:
            again = replay(our_town.bench.session(), run)
        except NotFoundError:
            continue
        assert again.identical, (run, again.lines)
        by_listing[run] = again.decided
    return by_listing


async def test_every_decision_comes_out_as_recorded(synced: Town) -> None:
    # given: runs under all sorts of settings and levels
    bench, cart = synced.bench, synced.cart_id
    changes: tuple[dict[str, Any], ...] = (
        {"buffer": 2}, {"share_percent": 50}, {"cutoff_below": 5}, {"max_quantity": 7, "end_at_or_below": 1},
        {"stale_after": 3600}, {"upload_enabled": False}, {"upload_enabled": True, "buffer": 0},
    )  # fmt: skip
    for number, values in enumerate(changes):
        bench.set_cart(cart, **values)
        synced.wms.set_level(synced.in_stock()[number], "EAST", number * 3)
        await bench.pull()
        await bench.push(cart)
    bench.set_cart(cart, [bench.warehouse("EAST"), bench.warehouse("WEST")], combine_all=False)
    await bench.push(cart)
    # when, then
    replayed = _replayed(synced)
    assert set(replayed) == set(_pushes(synced)), "every push decided something"
    assert sum(replayed.values()) > 8 * 40


async def test_a_listing_that_did_not_change_is_not_kept_again(synced: Town) -> None:
    # given
    sku = synced.in_stock()[0]
    synced.wms.set_level(sku, "EAST", 123)
    await synced.bench.pull()
    # when
    run = await synced.bench.push(synced.cart_id)
    # then
    again = replay(synced.bench.session(), run.id)
    assert again.identical and again.decided == 1
    assert replay(synced.bench.session(), run.id, sku=sku).decided == 1
    with pytest.raises(NotFoundError, match="decided nothing"):
        replay(synced.bench.session(), run.id, sku=synced.in_stock()[1])


async def test_todays_rules_say_what_would_be_different_and_why(synced: Town) -> None:
    # given
    first = _pushes(synced)[0]
    stock = synced.stock()
    synced.bench.set_cart(synced.cart_id, buffer=3)
    # when
    again = replay(synced.bench.session(), first, RulesOf.TODAY)
    # then
    assert again.settings == {"buffer": (0, 3)}
    assert {line.sku for line in again.lines} == set(synced.in_stock())
    for line in again.lines:
        assert (line.then.desired, line.now.desired) == (stock[line.sku], max(0, stock[line.sku] - 3))
        assert (line.because.step, line.because.setting) == ("buffer", "buffer")
        assert (line.because.then, line.because.today) == (0, 3)
    assert replay(synced.bench.session(), first, RulesOf.THEN).identical


@pytest.mark.parametrize(
    ("values", "step", "setting"),
    [
        ({"share_percent": 10}, "share", "share_percent"),
        ({"cutoff_below": 10_000}, "cutoff", "cutoff_below"),
        ({"max_quantity": 0}, "cap", "max_quantity"),
        ({"units_per_listing": 5}, "units", "units_per_listing"),
        ({"upload_enabled": False}, "switch", "upload_enabled"),
    ],
)
async def test_each_setting_is_named(synced: Town, values: dict[str, Any], step: str, setting: str) -> None:
    synced.bench.set_cart(synced.cart_id, **values)
    lines = replay(synced.bench.session(), _pushes(synced)[0], RulesOf.TODAY).lines
    assert lines
    assert {(line.because.step, line.because.setting) for line in lines} == {(step, setting)}


async def test_other_warehouses_can_be_tried_on_an_old_run(synced: Town) -> None:
    # given: the run knew the levels of all of them
    run = _pushes(synced)[0]
    synced.bench.set_cart(synced.cart_id, [synced.bench.warehouse("EAST")], combine_all=False)
    # when
    again = replay(synced.bench.session(), run, RulesOf.TODAY)
    # then
    sql = "SELECT p.sku, v.available FROM our_level v JOIN product p ON p.id = v.product_id WHERE v.warehouse_id = ?"
    east = dict(synced.bench.store.read(sql, (synced.bench.warehouse("EAST"),)))
    kits = {row[0] for row in synced.bench.store.read("SELECT sku FROM our_product WHERE is_kit <> 0")}
    simple = [line for line in again.lines if line.sku not in kits]
    shown = {line.sku: line.now.desired for line in simple if line.now.desired is not None}
    assert shown and all(quantity == east[sku] for sku, quantity in shown.items())
    assert {line.because.setting for line in again.lines} == {"warehouses"}


async def test_a_run_that_planned_twice_counts_its_last_decision(pulled: Town) -> None:
    # given: held, and meanwhile a level and a setting changed
    held = await pulled.bench.push(pulled.cart_id, release=False)
    sku = pulled.in_stock()[0]
    pulled.wms.set_level(sku, "EAST", 77)
    await pulled.bench.pull()
    pulled.bench.set_cart(pulled.cart_id, buffer=1)
    # when
    pulled.bench.release(held.id)
    await pulled.bench.work()
    if pulled.bench.run(held.id).state == "held":
        pulled.bench.release(held.id)
        await pulled.bench.work()
    # then
    again = replay(pulled.bench.session(), held.id)
    assert again.identical and again.decided == 40
    assert pulled.shown()[sku] == pulled.stock()[sku] - 1


async def test_a_changed_program_would_be_seen(synced: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    # given: a program that rounds otherwise
    from invsync_tui.rules import quantity

    original = quantity._reduce
    with monkeypatch.context() as patch:
        patch.setattr(quantity, "_reduce", lambda number, rules, steps: original(number + 1, rules, steps))
        # when
        again = replay(synced.bench.session(), _pushes(synced)[0])
    # then
    assert len(again.lines) == 40
    assert {line.because.setting for line in again.lines} == {None}


async def test_a_replay_asks_nobody(synced: Town) -> None:
    before = len(synced.cart.requests()), len(synced.wms.requests())
    replay(synced.bench.session(), _pushes(synced)[0], RulesOf.TODAY)
    assert (len(synced.cart.requests()), len(synced.wms.requests())) == before


async def test_records_are_dropped_by_age_when_a_run_ends(synced: Town) -> None:
    # given
    old = _pushes(synced)[0]
    with synced.bench.by_hand() as tx:
        tx.execute("UPDATE decision_record SET at = at - ?", (decision_log.KEPT_SECONDS + 60,))
    synced.wms.set_level(synced.in_stock()[0], "EAST", 99)
    await synced.bench.pull()
    # when
    new = await synced.bench.push(synced.cart_id)
    # then
    with pytest.raises(NotFoundError, match="30 days"):
        replay(synced.bench.session(), old)
    assert replay(synced.bench.session(), new.id).decided == 1


async def test_records_are_dropped_by_number_of_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decision_log, "KEPT_RUNS", 2)
    with town(tmp_path, products=5) as our_town:
        # given
        await our_town.bench.pull()
        sku = our_town.in_stock()[0]
        # when
        for number in range(4):
            our_town.wms.set_level(sku, "EAST", 100 + number)
            await our_town.bench.pull()
            await our_town.bench.push(our_town.cart_id)
        await our_town.bench.push(our_town.cart_id)
        # then: the last push decided nothing and does not count
        replayed = _replayed(our_town)
        assert replayed == {run: int(run != _pushes(our_town)[4]) for run in _pushes(our_town)[2:]}
        assert our_town.bench.one("SELECT count(*) FROM our_run WHERE kind = 'push' AND settings <> ''") == 3


async def test_no_signs_in_with_kept(synced: Town) -> None:
    (text,) = synced.bench.store.one("SELECT settings FROM our_run WHERE kind = 'push' ORDER BY id LIMIT 1")
    assert '"buffer":0' in text
    for column in ("secret", "login", "url"):
        assert f'"{column}"' not in text


async def test_records_of_a_moment_are_found_by_listing(synced: Town) -> None:
    from invsync_tui.sync.plans.replay import chunk_of

    # given: two decisions, the first an hour ago
    sku = synced.in_stock()[0]
    with synced.bench.by_hand() as tx:
        tx.execute("UPDATE decision_record SET at = at - 3600")
    synced.wms.set_level(sku, "EAST", 55)
    await synced.bench.pull()
    await synced.bench.push(synced.cart_id)
    listing = synced.bench.one("SELECT id FROM our_listing WHERE sku = ?", sku)
    now = int(time.time())
    # when
    with synced.bench.store.reading() as cx:
        chunks = [chunk_of(cx, synced.cart_id, listing, at) for at in (now, now - 60, now - 7200)]
    # then
    assert [chunk.run_id if chunk else None for chunk in chunks] == [*reversed(_pushes(synced)), None]
