"""Statements of the store that meet rows beside the ones they are for: ended runs, gone listings, freezes of two kinds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from invsync_tui.store import change_sequence, models
from invsync_tui.store.catalog import level_history, levels, products
from invsync_tui.store.diagnosis import checkup, findings
from invsync_tui.store.listings import matching, order_rows, pending_orders, plans
from invsync_tui.store.listings.plans import Frozen
from invsync_tui.store.models import metadata
from invsync_tui.store.runs import runs
from invsync_tui.store.runs.records import RunRequest, RunRow
from invsync_tui.sync import schedule
from tests.support.stores.merchant_store import NOW
from tests.support.stores.products_store import Shelf, Thing, shelf


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Shelf]:
    our_shelf = shelf(tmp_path)
    yield our_shelf
    our_shelf.bench.store.close()


def requested(acme: Shelf, **values: bool) -> RunRow:
    wanted = RunRequest("push", acme.cart, acme.merchant, "manual", "tester", **values)
    with acme.bench.store.transaction() as tx:
        number = runs.request(tx, wanted, NOW).run_id
    return acme.bench.run(number)


def put_into(acme: Shelf, run_id: int, state: str) -> None:
    with acme.bench.store.transaction() as tx:
        tx.execute("UPDATE run SET state = ? WHERE id = ?", (state, run_id))


# --- runs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["done", "failed", "cancelled"])
def test_a_push_that_has_ended_is_not_open(acme: Shelf, state: str) -> None:
    run = requested(acme)
    with acme.bench.store.reading() as cx:
        assert plans.open_run(cx, acme.cart) == (run.id, "requested", None)
    put_into(acme, run.id, state)
    with acme.bench.store.reading() as cx:
        assert plans.open_run(cx, acme.cart) is None


def test_the_active_push_is_named_before_the_requested_one(acme: Shelf) -> None:
    active = requested(acme)
    put_into(acme, active.id, "running")
    with acme.bench.store.transaction() as tx:
        tx.execute(
            "INSERT INTO run (kind, key, merchant_id, state, trigger, requested_by, requested_at) "
            "VALUES ('push', ?, ?, 'requested', 'test', 'tester', 0)",
            (acme.cart, acme.merchant),
        )
    with acme.bench.store.reading() as cx:
        assert plans.open_run(cx, acme.cart) == (active.id, "running", None)


@pytest.mark.parametrize("name", ["full", "pushes"])
@pytest.mark.parametrize(("first", "second"), [(True, False), (False, True)])
def test_a_held_push_does_all_that_any_of_its_requests_wanted(
    acme: Shelf, name: str, first: bool, second: bool
) -> None:
    column = {"full": "full", "pushes": "then_push"}[name]
    run = requested(acme, **{name: first})
    put_into(acme, run.id, "held")
    assert requested(acme, **{name: second}).id == run.id
    assert acme.bench.one(f"SELECT {column} FROM run WHERE id = ?", run.id) == 1


@pytest.mark.parametrize("sync_on", [True, False])
def test_after_a_download_each_cart_of_the_merchant_is_pushed_once_if_the_merchant_is_on(
    acme: Shelf, sync_on: bool
) -> None:
    acme.bench.set_merchant(inventory_sync=sync_on)
    pull = acme.bench.run(acme.bench.request("pull", acme.merchant))
    with acme.bench.store.transaction() as tx:
        asked = schedule.request_pushes_after(tx, pull, NOW)
    assert [(acme.bench.run(number).kind, acme.bench.run(number).key) for number in asked] == (
        [("push", acme.cart)] if sync_on else []
    )


# --- freezes ---------------------------------------------------------------------------------------------------------


def test_a_freeze_of_the_cart_is_told_before_that_of_its_merchant(acme: Shelf) -> None:
    of_merchant, of_cart = Frozen(NOW - 9, "Mona", "stock count"), Frozen(NOW - 5, "Cara", "a sale")
    store = acme.bench.store
    with store.transaction() as tx:
        plans.freeze(tx, "merchant", acme.merchant, of_merchant)
        assert plans.all_frozen(tx)[acme.cart] == of_merchant
        plans.freeze(tx, "cart", acme.cart, of_cart)
        assert plans.all_frozen(tx)[acme.cart] == of_cart
        plans.freeze(tx, "merchant", acme.merchant, None)
        assert plans.all_frozen(tx)[acme.cart] == of_cart
        plans.freeze(tx, "cart", acme.cart, None)
        assert acme.cart not in plans.all_frozen(tx)


@pytest.mark.parametrize(("kind", "by_settings"), [(None, True), ("rules", True), ("undo", False), ("safe", False)])
def test_a_push_of_an_operators_own_numbers_is_not_one_by_the_settings(
    acme: Shelf, kind: str | None, by_settings: bool
) -> None:
    run = requested(acme)
    waiting_one = acme.bench.request("pull", acme.merchant)
    with acme.bench.store.transaction() as tx:
        plan = None
        if kind is not None:
            plan = tx.execute(
                "INSERT INTO plan (cart_id, kind, made_at, made_by, rules_rev, seq, n, rows) VALUES (?, ?, 1, 'a', 1, 1, 0, x'')",
                (acme.cart, kind),
            ).lastrowid
        assert plans.by_settings(tx, "cart", acme.cart) == []  # only requested
        tx.execute("UPDATE run SET state = 'running', plan_id = ? WHERE id = ?", (plan, run.id))
        tx.execute("UPDATE run SET state = 'running' WHERE id = ?", (waiting_one,))
        expected = [run.id] if by_settings else []
        assert plans.by_settings(tx, "cart", acme.cart) == expected
        assert plans.by_settings(tx, "merchant", acme.merchant) == expected
        assert plans.by_settings(tx, "cart", acme.merchant) == []


# --- products and listings -------------------------------------------------------------------------------------------


def test_a_product_is_missing_since_the_first_read_that_did_not_have_it(acme: Shelf) -> None:
    (number,) = acme.put([Thing("1", "A")])
    with acme.bench.store.transaction() as tx:
        for at in (NOW + 10, NOW + 20):
            seq = change_sequence.upcoming(tx)
            products.flag_missing(tx, [number], at, seq)
            change_sequence.take(tx, seq)
    assert acme.bench.one("SELECT missing_since FROM product WHERE id = ?", number) == NOW + 10


@pytest.mark.parametrize("how", ["its own code", "its product", "a code of a product", "a link"])
def test_a_listing_that_is_gone_is_not_matched_again(acme: Shelf, how: str) -> None:
    # given a listing that a change of its product or of itself has matched anew
    acme.put([Thing("1", "A", "before"), Thing("2", "B", "before")])
    here, gone = acme.list(["A", "B"])
    mark = acme.bench.one("SELECT max(seq) FROM listing WHERE cart_id = ?", acme.cart)
    product = acme.bench.one("SELECT product_id FROM listing WHERE id = ?", gone)
    with acme.bench.store.transaction() as tx:
        tx.execute("UPDATE listing SET gone_at = ? WHERE id = ?", (NOW, gone))
        if how == "a link":
            tx.execute("UPDATE listing SET product_id = NULL, key = 'other' || id WHERE cart_id = ?", (acme.cart,))
            for number in (here, gone):
                tx.execute(
                    "INSERT INTO link (cart_id, ref, product_id, kind, made_at, made_by) "
                    "SELECT cart_id, ref, ?, 'manual', 0, 'tester' FROM listing WHERE id = ?",
                    (product, number),
                )
        if how == "a code of a product":
            tx.execute("UPDATE listing SET product_id = NULL WHERE cart_id = ?", (acme.cart,))
        if how == "its product":
            tx.execute("UPDATE listing SET key = 'other' || id WHERE cart_id = ?", (acme.cart,))
        changed = "listing" if how == "its own code" else "product"
        owner = ("cart_id", acme.cart) if changed == "listing" else ("merchant_id", acme.merchant)
        # when
        tx.execute(f"UPDATE {changed} SET seq = ? WHERE {owner[0]} = ?", (mark + 1, owner[1]))
        # then
        assert list(matching.to_match(tx, acme.merchant, acme.cart, mark)) == [here]


def test_a_pending_order_without_a_name_is_called_by_its_reference(acme: Shelf) -> None:
    (number,) = acme.put([Thing("1", "A")])
    row = (
        "INSERT INTO pending_order (cart_id, ref, product_id, location, quantity, taken_at, shop, name, reported_at, seen_at) "
        "VALUES (?, ?, ?, '', 2, ?, 'shop', ?, ?, ?)"
    )
    with acme.bench.store.transaction() as tx:
        for ref, name in (("R-1", ""), ("R-2", "Order #2")):
            tx.execute(row, (acme.cart, ref, number, NOW, name, NOW, NOW))
        found = pending_orders.pending(tx, [number])[number]
    assert sorted(one[-1] for one in found) == ["Order #2", "R-1"]


def test_an_order_line_can_be_read_unless_it_is_said_otherwise() -> None:
    assert order_rows.Line("R-1", "L-A", 2, NOW).readable


# --- findings --------------------------------------------------------------------------------------------------------


def test_a_finding_that_grows_keeps_its_beginning_and_one_that_stays_is_not_written(acme: Shelf) -> None:
    def recorded(found: dict[str, int], run_id: int, now: int) -> list[str]:
        with acme.bench.store.transaction() as tx:
            return findings.record(tx, acme.merchant, acme.cart, found, run_id, now)

    def kept() -> list[tuple[str, int, int, int]]:
        sql = "SELECT cause, n, since, run_id FROM finding WHERE merchant_id = ? AND cart_id = ? ORDER BY cause"
        return acme.bench.store.read(sql, (acme.merchant, acme.cart))

    run = requested(acme).id
    assert recorded({"BAD_ROW": 1, "LOCKED": 2}, run, NOW) == ["BAD_ROW", "LOCKED"]
    assert recorded({"BAD_ROW": 5, "LOCKED": 2}, run, NOW + 1) == []
    assert kept() == [("BAD_ROW", 5, NOW, run), ("LOCKED", 2, NOW, run)]
    assert recorded({"LOCKED": 2, "EXCLUDED": 1}, run, NOW + 2) == ["EXCLUDED"]
    assert kept() == [("EXCLUDED", 1, NOW + 2, run), ("LOCKED", 2, NOW, run)]


# --- histories, levels, first listings ------------------------------------------------------------------------------------


def test_changes_of_listings_come_by_time_and_then_by_listing(acme: Shelf) -> None:
    one, two = acme.list(["A", "B"])
    columns = "listing_id, at, desired_before, desired, acked_before, acked"
    rows = [(two, NOW + 1, 1, 2, 1, 1), (one, NOW + 2, 1, 3, 1, 1), (one, NOW + 1, None, 1, None, None),
            (two, NOW, None, 1, None, None)]  # fmt: skip
    with acme.bench.store.transaction() as tx:
        tx.execute("DELETE FROM listing_history WHERE listing_id IN (?, ?)", (one, two))
        tx.executemany(f"INSERT INTO listing_history ({columns}) VALUES (?, ?, ?, ?, ?, ?)", rows)
    with acme.bench.store.reading() as cx:
        found = level_history.of_listings(cx, [two, one])
    assert [tuple(change) for change in found] == [(*rows[n], None, None) for n in (3, 2, 0, 1)]


def test_all_levels_of_a_product_that_was_deactivated_are_missing_from_then_on(acme: Shelf) -> None:
    one, two = acme.put([Thing("1", "A"), Thing("2", "B")])
    for place in (acme.default, acme.east):
        acme.stock(place, [(one, 3), (two, 4)])
    with acme.bench.store.transaction() as tx:
        levels.flag_missing(tx, acme.east, [one], NOW - 50, 70_001)
        levels.flag_inactive(tx, [one], NOW, 70_002)
    sql = "SELECT warehouse_id, missing_since, seq > 70000 FROM level WHERE product_id = ? ORDER BY warehouse_id"
    assert acme.bench.store.read(sql, (one,)) == [(acme.default, NOW, 1), (acme.east, NOW - 50, 1)]
    assert acme.bench.store.read(sql, (two,)) == [(acme.default, None, 0), (acme.east, None, 0)]


def test_the_first_listings_of_a_cart_are_its_own_by_code_and_still_there(acme: Shelf) -> None:
    acme.list(["ZC", "ZA", "ZB", "ZD"])  # behind those of the neighbors
    with acme.bench.store.transaction() as tx:
        tx.execute("UPDATE listing SET gone_at = 1 WHERE cart_id = ? AND ref = 'L-ZA'", (acme.cart,))
    with acme.bench.store.reading() as cx:
        assert checkup.listed_skus(cx, acme.cart, 2) == ["ZB", "ZC"]


def test_listings_of_products_are_those_that_the_cart_still_has(acme: Shelf) -> None:
    one, two = acme.put([Thing("1", "A"), Thing("2", "B")])
    acme.list(["A", "B"])
    with acme.bench.store.reading() as cx:
        assert pending_orders.listings_of_products(cx, acme.cart, [two, one]) == ["L-A", "L-B"]
        assert pending_orders.listings_of_products(cx, acme.cart, [two]) == ["L-B"]
    with acme.bench.store.transaction() as tx:
        tx.execute("UPDATE listing SET gone_at = 1 WHERE cart_id = ? AND ref = 'L-B'", (acme.cart,))
    with acme.bench.store.reading() as cx:
        assert pending_orders.listings_of_products(cx, acme.cart, [two, one]) == ["L-A"]


@pytest.mark.parametrize(
    ("seen", "known", "seen_then", "known_then"),
    [
        (NOW - 9, None, NOW - 9, None),
        (NOW + 5, NOW + 5, NOW + 5, NOW + 5),  # what a clock may be off by
        (NOW + 6, None, NOW, None),
        (NOW + 6, NOW + 6, NOW, NOW),
        (NOW - 9, NOW + 6, NOW - 9, NOW),
    ],
)
def test_an_order_that_was_seen_by_a_clock_that_was_ahead_was_seen_now(
    seen: int, known: int | None, seen_then: int, known_then: int | None
) -> None:
    row = order_rows.Kept(1, "O-1", 1, "", 2, seen - 60, "shop", "O-1", seen, seen, known, 0)
    found = order_rows.not_ahead(row, NOW)
    assert (found.seen_at, found.known_at) == (seen_then, known_then)
    assert found.taken_at == seen_then - 60


# --- tables ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", sorted(metadata.tables))
def test_the_models_name_the_primary_keys_of_the_store(acme: Shelf, table: str) -> None:
    assert models.metadata is metadata
    rows = acme.bench.store.read("SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", (table,))
    assert [column.name for column in metadata.tables[table].primary_key] == [name for (name,) in rows]
