"""The history of a SKU: its lines and who did what; as an operation and as commands, whose documents keep their schemas."""

from __future__ import annotations

import json
from itertools import groupby
from typing import Any

import pytest

from invsync_tui.cli import main
from invsync_tui.operations.catalog import sku
from invsync_tui.operations.diagnosis.sku_history import SkuHistory, histories
from invsync_tui.operations.errors import NotFoundError
from invsync_tui.operations.lists.list_views import Point
from invsync_tui.operations.settings import carts
from invsync_tui.sync.listings import drift_check
from tests.support.clocks.past import grow_older
from tests.support.processes.shell import check
from tests.support.runs.drift_looks import look
from tests.support.runs.sandbox_world import Town

HOUR = 3600


def _of(our_town: Town, word: str, **more: Any) -> SkuHistory:
    (history,) = histories(our_town.bench.session(), word, our_town.cart_id, **more)
    return history


def _values(line: tuple[Point, ...]) -> list[int | None]:
    return [point.value for point in line]


async def _lived(our_town: Town) -> tuple[str, int, int]:
    """A SKU with a past: its stock changed two hours ago, a buffer came one hour ago. Its stock before and after."""
    name = max(our_town.in_stock(), key=our_town.stock().__getitem__)
    before = our_town.stock()[name]
    grow_older(our_town.bench, HOUR)
    our_town.wms.set_level(name, "EAST", 500)
    await our_town.bench.pull()
    await our_town.bench.push(our_town.cart_id)
    grow_older(our_town.bench, HOUR)
    carts.change(our_town.bench.session(), "Demo Cart", {"buffer": "2"}, reason="Christmas")
    await our_town.bench.push(our_town.cart_id)
    return name, before, our_town.stock()[name]


async def test_lines_tell_what_was(synced: Town) -> None:
    name, before, after = await _lived(synced)
    history = _of(synced, name)
    assert _values(history.source) == [before, after]
    assert _values(history.target) == [before, after, after - 2]
    assert _values(history.confirmed) == [before, after, after - 2]
    assert history.begin < history.end - 2 * HOUR + 60
    read = synced.bench.one("SELECT observed_at FROM our_listing WHERE sku = ?", name)
    assert history.last_read == Point(read, after - 2)
    assert _values(history.in_cart) == [before, after, after - 2]


async def test_a_reading_that_differs_is_a_step_of_what_the_cart_showed(
    synced: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drift_check, "LAG", 0)
    name = max(synced.in_stock(), key=synced.stock().__getitem__)
    units = synced.stock()[name]
    sql = "SELECT count(*) FROM listing_history"
    # given: somebody edits the listing in the cart, and the cart is read twice
    grow_older(synced.bench, HOUR)
    synced.cart.edit(name, quantity=units + 5)
    rows = synced.bench.one(sql)
    await look(synced)
    read = synced.bench.one("SELECT observed_at FROM our_listing WHERE sku = ?", name)
    assert synced.bench.one(sql) == rows + 1, "a row for the listing that changed, none for the others"
    grow_older(synced.bench, HOUR)
    await look(synced)
    assert synced.bench.one(sql) == rows + 1, "a reading that is as before writes nothing"
    # when a push has corrected it
    grow_older(synced.bench, HOUR)
    number = synced.bench.one("SELECT id FROM our_listing WHERE sku = ?", name)
    sku.sync_now(synced.bench.session(), [number])
    await synced.bench.work()
    assert synced.shown()[name] == units
    # then
    history = _of(synced, name)
    assert [value for value, _ in groupby(_values(history.in_cart))] == [units, units + 5, units]
    edited = next(point.at for point in history.in_cart if point.value == units + 5)
    assert edited == pytest.approx(read - 2 * HOUR, abs=5)
    assert set(_values(history.target)) == {units}
    assert history.last_read is not None and history.last_read.value == units
    # and no run is said to have done what somebody did in the cart
    noted = synced.bench.store.read(
        "SELECT run_id FROM listing_history WHERE listing_id = ? AND in_cart = ?", (number, units + 5)
    )
    assert (None,) in noted
    # and when it leaves the cart, the cart shows nothing of it
    grow_older(synced.bench, HOUR)
    listing = next(row for row in synced.cart.dump()["main"] if row["sku"] == name)
    synced.cart.control("remove", {"shop": "main", "refs": [listing["ref"]]})
    await look(synced)
    last = "SELECT in_cart_before, in_cart FROM listing_history WHERE listing_id = ? ORDER BY at DESC LIMIT 1"
    assert synced.bench.store.one(last, (number,)) == (units, None)


async def test_of_the_time_before_readings_were_noted_the_confirmed_quantities_are_known(synced: Town) -> None:
    """A store that an earlier program wrote: its rows say nothing of the cart."""
    name, before, after = await _lived(synced)
    grow_older(synced.bench, HOUR)
    with synced.bench.by_hand() as tx:
        tx.execute("UPDATE listing_history SET in_cart = NULL, in_cart_before = NULL")
        tx.execute("UPDATE counter SET value = (SELECT max(at) FROM listing_history) WHERE name = 'in_cart'")
    # then
    history = _of(synced, name)
    assert [value for value, _ in groupby(_values(history.in_cart))] == [before, after, after - 2]
    # and what is noted from then on follows
    synced.wms.set_level(name, "EAST", 7)
    await synced.bench.pull()
    await synced.bench.push(synced.cart_id)
    values = [value for value, _ in groupby(_values(_of(synced, name).in_cart))]
    assert values == [before, after, after - 2, synced.stock()[name] - 2]


async def test_runs_and_orders_are_told_with_who_and_what(synced: Town) -> None:
    name, before, after = await _lived(synced)
    number = synced.bench.one("SELECT id FROM our_listing WHERE sku = ?", name)
    sku.set_locked(synced.bench.session(), [number], True, "photo day")
    history = _of(synced, name)
    happenings = [(happening.who, happening.what, happening.reason) for happening in history.happenings]
    assert ("tester", "lock locked 1", "photo day") in happenings
    assert ("tester", "cart set: buffer 0 to 2", "Christmas") in happenings
    pushes = [happening for happening in history.happenings if happening.what.startswith("push")]
    assert all(f"accepted {n}" in push.what for n, push in zip((after - 2, after, before), pushes, strict=True))
    assert f"should show {before}" in pushes[2].what
    assert any(
        happening.what.startswith("pull") and "EAST" in happening.what and "500" in happening.what
        for happening in history.happenings
    )
    assert [happening.at for happening in history.happenings] == sorted(
        (happening.at for happening in history.happenings), reverse=True
    )


async def test_orders_for_other_listings_are_not_told(synced: Town) -> None:
    name, other = synced.in_stock()[:2]
    number = synced.bench.one("SELECT id FROM our_listing WHERE sku = ?", other)
    sku.set_locked(synced.bench.session(), [number], True, "photo day")
    assert not any("lock" in happening.what for happening in _of(synced, name).happenings)
    assert any("lock" in happening.what for happening in _of(synced, other).happenings)


async def test_since_leaves_out_what_was_before(synced: Town) -> None:
    name, _, after = await _lived(synced)
    end = _of(synced, name).end
    history = _of(synced, name, since=end - HOUR // 2)
    assert _values(history.source) == [after]
    assert history.begin == end - HOUR // 2
    assert all(happening.at >= history.begin for happening in history.happenings)


async def test_a_cart_without_the_listing_is_said(synced: Town) -> None:
    with pytest.raises(NotFoundError):
        histories(synced.bench.session(), synced.in_stock()[0], 4711)


def _told(our_town: Town, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    capsys.readouterr()
    code = main.run([*arguments, "--store", str(our_town.bench.store.path)])
    return code, capsys.readouterr().out


async def test_the_commands_keep_their_schemas(synced: Town, capsys: pytest.CaptureFixture[str]) -> None:
    name, before, _ = await _lived(synced)
    run = str(synced.bench.one("SELECT min(id) FROM our_run WHERE kind = 'push'"))
    cart = ("--cart", "Demo Cart")
    wordings: tuple[tuple[str, ...], ...] = (
        ("history", name, *cart), ("history", name, *cart, "--since", "-2d"), ("why", name, *cart, "--as-of", "-90m"),
        ("why", name, *cart, "--as-of", "10 days ago"), ("replay", run), ("replay", run, "--rules", "today", "--limit", "3"),
        ("replay", run, "--rules", "today", "--sku", name),
    )  # fmt: skip
    for arguments in wordings:
        code, out = _told(synced, capsys, *arguments, "--json")
        assert code == 0, out
        check(arguments[0], json.loads(out))
        code, text = _told(synced, capsys, *arguments)
        assert code == 0 and text.strip()
    # and what they say
    as_of = json.loads(_told(synced, capsys, "why", name, *cart, "--as-of", "-90m", "--json")[1])
    assert as_of["as_of"]["listings"][0]["confirmed"] == {"known": True, "value": before}
    assert as_of["listings"][0]["target"] == before
    early = json.loads(_told(synced, capsys, "why", name, *cart, "--as-of", "10 days ago", "--json")[1])
    assert early["as_of"]["listings"][0]["confirmed"] == {"known": False, "value": None}
    assert early["as_of"]["listings"][0]["oldest_known"] is not None
    page = json.loads(_told(synced, capsys, "replay", run, "--rules", "today", "--limit", "3", "--json")[1])
    assert page["decided"] == 40 and len(page["differences"]) == 3 and page["next"]
    more = ("--limit", "3", "--after", page["next"], "--json")
    following = json.loads(_told(synced, capsys, "replay", run, "--rules", "today", *more)[1])
    assert following["differences"][0]["listing_id"] > page["differences"][-1]["listing_id"]
    lines = _told(synced, capsys, "replay", run, "--rules", "today", "--csv")[1].splitlines()
    assert lines[0].startswith("listing_id,sku") and len(lines) == 1 + page["differ"]
