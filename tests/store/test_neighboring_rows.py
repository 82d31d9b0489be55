"""Statements and packed records at their bounds, beside rows that they must leave alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from invsync_tui.store import models
from invsync_tui.store.catalog import pull_progress, search, sync_marks
from invsync_tui.store.file import backups
from invsync_tui.store.listings import plans
from invsync_tui.store.runs import runs, waiting_requests
from invsync_tui.store.runs.records import RunRequest, RunRow
from tests.support.stores.merchant_store import NOW
from tests.support.stores.products_store import Shelf, Thing, shelf


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Shelf]:
    our_shelf = shelf(tmp_path)
    yield our_shelf
    our_shelf.bench.store.close()


@pytest.mark.parametrize("step", [1, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32])
def test_ids_that_lie_so_far_apart_come_back(step: int) -> None:
    assert pull_progress.unpacked(pull_progress.packed([7, 7 + step])) == [7, 7 + step]


def test_a_code_is_told_with_the_name_of_its_own_type(acme: Shelf) -> None:
    # given: a product for each type, and more types than either of them has
    numbers = acme.put(
        [
            Thing("a", "A", "", (("UPC", "12345"),)),
            Thing("b", "B", "", (("EAN", "12345"),)),
            Thing("c", "C", "", (("ASIN", "99999"),)),
        ]
    )
    # when
    with acme.bench.store.reading() as cx:
        hits = search.code_with(cx, numbers, "12345")
    # then
    assert [hits[number].kind_name for number in numbers[:2]] == ["UPC", "EAN"] and len(hits) == 2


def test_only_carts_that_count_a_warehouse_follow_its_switch(acme: Shelf) -> None:
    # given: a cart of Default alone
    with acme.bench.store.session() as db:
        db.add(models.CartWarehouse(cart_id=acme.cart, warehouse_id=acme.default))
    acme.bench.set_cart(acme.cart, combine_all=0)
    before = acme.bench.one("SELECT rules_rev FROM cart WHERE id = ?", acme.cart)
    with acme.bench.store.reading() as cx:
        warehouses = {warehouse.code: warehouse for warehouse in sync_marks.warehouses(cx, acme.merchant)}
    # when
    with acme.bench.store.transaction() as tx:
        east = sync_marks.set_enabled(tx, warehouses["EAST"], acme.merchant, enabled=False)
        default = sync_marks.set_enabled(tx, warehouses["Default"], acme.merchant, enabled=False)
    # then
    name = acme.bench.one("SELECT name FROM cart WHERE id = ?", acme.cart)
    assert (east, default) == ([], [name])
    assert acme.bench.one("SELECT rules_rev FROM cart WHERE id = ?", acme.cart) == before + 1


def test_another_company_is_read_from_its_beginning(acme: Shelf) -> None:
    with acme.bench.store.transaction() as tx:
        ours = "UPDATE source SET mark = 'm7', last_full_at = ? WHERE merchant_id = ?"
        tx.execute(ours, (NOW, acme.merchant))
        sync_marks.drop_mark(tx, acme.merchant)
    sql = "SELECT mark || '|' || coalesce(last_full_at, '-') FROM source WHERE merchant_id = ?"
    assert acme.bench.one(sql, acme.merchant) == "|-"


def test_listings_are_told_by_their_numbers(acme: Shelf) -> None:
    acme.put([Thing("a", "A"), Thing("b", "B"), Thing("c", "C")])
    a, b, c = acme.list(["A", "B", "C"])
    with acme.bench.store.reading() as cx:
        assert [row.id for row in plans.listings(cx, [c, a, b])] == [a, b, c]


def test_a_folder_that_was_synced_is_open_no_more(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        backups.sync_folder(tmp_path)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def requested(acme: Shelf, kind: str) -> RunRow:
    key = acme.merchant if kind == "pull" else acme.cart
    with acme.bench.store.transaction() as tx:
        number = runs.request(tx, RunRequest(kind, key, acme.merchant, "manual", "tester"), NOW).run_id
    return acme.bench.run(number)


def test_the_oldest_events_of_a_run_go_beyond_their_limit_and_no_others(
    acme: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "EVENTS_KEPT", 3)
    ours, other = requested(acme, "push"), requested(acme, "pull")
    with acme.bench.store.transaction() as tx:
        tx.execute("DELETE FROM run_event WHERE run_id IN (?, ?)", (ours.id, other.id))
        runs.add_event(tx, other.id, NOW, "info", "theirs")
        for number in range(1, 6):
            runs.add_event(tx, ours.id, NOW, "info", f"event {number}")
        kept = [(n, text) for n, _, _, text in runs.events(tx, ours.id)]
        assert kept == [(3, "event 3"), (4, "event 4"), (5, "event 5")]
        assert [text for _, _, _, text in runs.events(tx, other.id)] == ["theirs"]


def test_what_waits_for_a_run_follows_its_successor_and_other_waits_stay(acme: Shelf) -> None:
    # given: a push that waits for the pull to be repeated, and a drift check that waits for something else
    pull, push, check = requested(acme, "pull"), requested(acme, "push"), requested(acme, "radar")
    with acme.bench.store.transaction() as tx:
        waits = waiting_requests.of_itself(push)._replace(after_run=pull.id, after_again=True)
        waiting_requests.add(tx, push, waits)
        waiting_requests.add(tx, check, waiting_requests.of_itself(check)._replace(after_run=99))
        before = tx.execute("SELECT again_for FROM run WHERE id = ?", (check.id,)).fetchone()
        # when
        waiting_requests.follow(tx, pull, 777)
        # then
        moved = json.loads(tx.execute("SELECT again_for FROM run WHERE id = ?", (push.id,)).fetchone()[0])
        assert 777 in moved[0] and pull.id not in moved[0]
        assert tx.execute("SELECT again_for FROM run WHERE id = ?", (check.id,)).fetchone() == before
