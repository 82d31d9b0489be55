"""Rows: unchanged ones write nothing, codes stay what they are, and the hot queries start from what changed."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invsync_tui.store import change_sequence
from invsync_tui.store.catalog import levels, pull_progress
from invsync_tui.store.catalog import products as catalog_products
from invsync_tui.store.catalog.levels import LevelRecord
from invsync_tui.store.catalog.products import Blank
from invsync_tui.store.database import Store, create_store
from invsync_tui.store.listings import listings, matching, plans
from invsync_tui.store.listings.listings import ListingRecord
from invsync_tui.store.settings import read as settings_read


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return create_store(tmp_path / "store.db")


def product(ref: str, sku: str | None, *aliases: tuple[str, str]) -> Blank:
    return Blank(ref, sku, f"Product {ref}", aliases)


def put(store: Store, *records: Blank) -> list[int]:
    """Write products and let them be present, as a complete pull does."""
    with store.transaction() as tx:
        seq = change_sequence.upcoming(tx)
        ids = catalog_products.upsert_products(tx, 1, records, 100, seq).ids
        catalog_products.confirm_present(tx, 1, {*ids}, seq)
        change_sequence.take(tx, seq)
    return ids


def list_in_cart(store: Store, *skus: str) -> None:
    with store.transaction() as tx:
        seq = change_sequence.upcoming(tx)
        records = [ListingRecord(f"L{n}", sku, "", True, None, 0, 0) for n, sku in enumerate(skus)]
        listings.upsert(tx, 1, records, 100, seq)
        change_sequence.take(tx, seq)


def match_all(store: Store) -> dict[str, int | None]:
    with store.transaction() as tx:
        ids = matching.to_match(tx, 1, 1, 0)
        matching.rematch(tx, 1, 1, 0, ids, change_sequence.upcoming(tx))
    return dict(store.read("SELECT sku, product_id FROM listing"))


def level(**changed: int) -> LevelRecord:
    """A level of product 1 in warehouse 1."""
    usual = {
        "warehouse": 1, "product": 1, "on_hand": 5, "available": 4, "committed": 1, "incoming": None, "read_at": 90,
        "loaded_at": 100, "seq": 7,
    }  # fmt: skip
    return tuple((usual | changed).values())  # type: ignore[return-value]


# --- writing nothing


def test_an_unchanged_level_changes_no_row(store: Store) -> None:
    # given
    with store.transaction() as tx:
        assert levels.upsert(tx, [level()]) == 1
    before = store.read("SELECT * FROM level")
    # when
    with store.transaction() as tx:
        changed = levels.upsert(tx, [level(loaded_at=200, seq=8)])
    # then
    assert changed == 0
    assert store.read("SELECT * FROM level") == before


@pytest.mark.parametrize("name", ["on_hand", "available", "committed", "incoming", "read_at"])
def test_each_quantity_of_a_level_counts_as_a_change(store: Store, name: str) -> None:
    with store.transaction() as tx:
        levels.upsert(tx, [level()])
        assert levels.upsert(tx, [level(**{name: 77}, seq=8)]) == 1
        assert tx.execute(f"SELECT {name}, seq FROM level").fetchone() == (77, 8)


def test_a_missing_level_that_is_back_is_a_change(store: Store) -> None:
    with store.transaction() as tx:
        levels.upsert(tx, [level()])
        levels.flag_missing(tx, 1, [1], 150, 8)
        assert tx.execute("SELECT available, missing_since FROM level").fetchone() == (4, 150)
        assert levels.upsert(tx, [level(seq=9)]) == 1
        assert tx.execute("SELECT missing_since FROM level").fetchone() == (None,)


def test_of_a_page_only_what_changed_is_written(store: Store) -> None:
    # given
    with store.transaction() as tx:
        assert levels.upsert(tx, [level(product=number) for number in range(1, 9)]) == 8
    # when
    with store.transaction() as tx:
        page = [level(product=number, available=5 if number == 4 else 4, seq=8) for number in (2, 4, 6, 9)]
        changed = levels.upsert(tx, page)
    # then
    assert changed == 2
    assert store.read("SELECT product_id, available FROM level WHERE seq = 8") == [(4, 5), (9, 4)]


@pytest.mark.parametrize("order", [(4, 5), (5, 4), (4, 5, 4), (5, 4, 5)])
def test_of_a_level_that_comes_twice_on_a_page_the_last_one_counts(store: Store, order: tuple[int, ...]) -> None:
    with store.transaction() as tx:
        levels.upsert(tx, [level(), level(product=2)])
        levels.upsert(tx, [*(level(available=units, seq=8) for units in order), level(product=2, seq=8)])
        assert tx.execute("SELECT available FROM level WHERE product_id = 1").fetchone() == (order[-1],)


def test_a_page_of_several_warehouses_changes_what_changed(store: Store) -> None:
    with store.transaction() as tx:
        page = [level(), level(warehouse=2), level(product=2)]
        assert levels.upsert(tx, page) == 3
        assert levels.upsert(tx, page) == 0
        assert levels.upsert(tx, [*page[:1], level(warehouse=2, available=9), *page[2:]]) == 1
        assert levels.upsert(tx, [level(), level(warehouse=2, available=8)]) == 1


def test_an_unchanged_product_changes_no_row(store: Store) -> None:
    # given
    put(store, product("P1", "A", ("UPC", "1")), product("P2", None))
    before = store.read("SELECT * FROM product"), store.read("SELECT * FROM product_code")
    # when
    with store.transaction() as tx:
        written = catalog_products.upsert_products(
            tx, 1, [product("P1", "A", ("UPC", "1")), product("P2", None)], 200, 99
        )
    # then
    assert written.changed == 0
    assert (store.read("SELECT * FROM product"), store.read("SELECT * FROM product_code")) == before


@pytest.mark.parametrize(
    "changed",
    [
        product("P1", "B", ("UPC", "1")),
        product("P1", "A", ("UPC", "2")),
        product("P1", "A", ("EAN", "1")),
        product("P1", "A"),
        product("P1", "A", ("UPC", "1"))._replace(name="Other"),
        product("P1", "A", ("UPC", "1"))._replace(components=(("P2", 1),)),
    ],
)
def test_each_part_of_a_product_counts_as_a_change(store: Store, changed: Blank) -> None:
    put(store, product("P1", "A", ("UPC", "1")))
    with store.transaction() as tx:
        assert catalog_products.upsert_products(tx, 1, [changed], 200, 99).changed == 1


def test_a_product_stays_missing_until_the_read_that_brought_it_is_complete(store: Store) -> None:
    # given
    list_in_cart(store, "A")
    with store.transaction() as tx:
        ids = catalog_products.upsert_products(tx, 1, [product("P1", "A")], 100, 1).ids
    # when, then
    assert match_all(store) == {"A": None}
    with store.transaction() as tx:
        assert catalog_products.confirm_present(tx, 1, {*ids}, 2) == 1
    assert match_all(store) == {"A": ids[0]}
    with store.transaction() as tx:
        assert catalog_products.confirm_present(tx, 1, {*ids}, 3) == 0


# --- codes


def test_leading_zeros_stay(store: Store) -> None:
    (number,) = put(store, product("P1", "00042"))
    list_in_cart(store, "00042", "42")
    assert store.read("SELECT sku, typeof(sku) FROM product") == [("00042", "text")]
    assert match_all(store) == {"00042": number, "42": None}


def test_codes_that_differ_by_case_are_two_products(store: Store) -> None:
    one, other = put(store, product("P1", "Ab"), product("P2", "AB"))
    list_in_cart(store, "AB", "Ab", "ab")
    assert match_all(store) == {"Ab": one, "AB": other, "ab": None}


def test_a_product_without_a_code_is_reached_by_its_alias_only(store: Store) -> None:
    (number,) = put(store, product("P1", None, ("UPC", "123")))
    list_in_cart(store, "")
    assert match_all(store) == {"": None}
    assert store.read("SELECT product_id, code FROM product_code") == [(number, "123")]


@given(st.lists(st.integers(0, 2**40), unique=True))
def test_packed_ids_come_back(ids: list[int]) -> None:
    assert pull_progress.unpacked(pull_progress.packed(ids)) == sorted(ids)


# --- sizes of catalogs


def test_the_size_before_is_the_one_that_the_last_push_knew(store: Store) -> None:
    with store.transaction() as tx:
        for run, (products, ended) in enumerate([(100, 10), (50, 30), (50, 40)]):
            generation = pull_progress.start(tx, 1, run, "full", "", "products", 1)
            pull_progress.complete(tx, generation.id, products, 0, ended)
        assert pull_progress.sizes_since(tx, 1, 20) == (50, 100)
        assert pull_progress.sizes_since(tx, 1, 35) == (50, 50)
        assert pull_progress.sizes_since(tx, 1, 50) is None
        assert pull_progress.sizes_since(tx, 1, 5) is None


# --- plans of the hot queries: they start from what changed, never from all there is


class Recorder:
    """A connection that only writes down how its queries would be executed."""

    def __init__(self, cx: sqlite3.Connection) -> None:
        self.cx = cx
        self.plans: list[str] = []

    def execute(self, sql: str, parameters: object = ()) -> sqlite3.Cursor:
        rows = self.cx.execute(f"EXPLAIN QUERY PLAN {sql}", parameters).fetchall()  # type: ignore[arg-type]
        self.plans += [row[3] for row in rows]
        return self.cx.execute(sql, parameters)  # type: ignore[arg-type]

    def scans(self) -> list[str]:
        """Steps that read all rows of a table of ours."""
        return [plan for plan in self.plans if re.match(r"SCAN (?!s\b|json_each|j\b|CONSTANT|\()", plan)]


HOT = {
    "changed_since": lambda cx: listings.changed_since(cx, 1, 5),
    "to_match": lambda cx: matching.to_match(cx, 1, 1, 5),
    "moved_products": lambda cx: matching.moved_products(cx, 1, 1, 5),
    "outcomes": lambda cx: listings.outcomes(cx, 1),
    "planned": lambda cx: listings.planned(cx, 1, list(range(1, 101))),
    "planned changes": lambda cx: listings.planned_changes(cx, 1, 0, 100),
    "samples": lambda cx: listings.samples(cx, 1, "UNCHANGED"),
    "plan_rows": lambda cx: listings.plan_rows(cx, [1, 2]),
    "of_products": lambda cx: levels.of_products(cx, [1, 2], 0, 1),
    "components": lambda cx: levels.components(cx, [1, 2]),
    "ids_by_ref": lambda cx: catalog_products.ids_by_ref(cx, 1, ["P1"]),
    "ids_of_refs": lambda cx: listings.ids_of_refs(cx, 1, ["L1"]),
    "present_levels": lambda cx: levels.present_ids(cx, 1),
    "present_products": lambda cx: catalog_products.present_ids(cx, 1),
    "stock_facts": lambda cx: plans.facts(cx, 1, 1, 10),
    "sizes_since": lambda cx: pull_progress.sizes_since(cx, 1, 5),
}


@pytest.mark.parametrize("name", HOT)
def test_a_hot_query_reads_by_an_index(store: Store, name: str) -> None:
    # given: no statistics, as in a new store
    with store.reading() as cx:
        recorder = Recorder(cx)
        # when
        HOT[name](recorder)
    # then
    assert recorder.plans
    assert recorder.scans() == []


def test_stale_warehouses_never_read_the_levels(store: Store) -> None:
    with store.reading() as cx:
        recorder = Recorder(cx)
        settings_read.stale_warehouses(recorder, 5)  # type: ignore[arg-type]
    assert not [plan for plan in recorder.plans if plan.startswith("SCAN l")]
    assert [plan for plan in recorder.plans if plan.startswith("SEARCH l USING")]


def test_what_changed_is_found_by_its_sequence_number(store: Store) -> None:
    with store.reading() as cx:
        recorder = Recorder(cx)
        listings.changed_since(recorder, 1, 5)  # type: ignore[arg-type]
    said = "\n".join(recorder.plans)
    for index in ("level_seq", "product_seq", "listing_seq", "listing_pending", "listing_product"):
        assert index in said


def test_finding_what_changed_costs_what_changed(store: Store) -> None:
    # given: 2,000 listings, three of which have a new level
    ids = put(store, *(product(f"P{n}", f"S{n}") for n in range(2000)))
    list_in_cart(store, *(f"S{n}" for n in range(2000)))
    match_all(store)
    with store.transaction() as tx:
        mark = change_sequence.upcoming(tx)
        change_sequence.take(tx, mark)
        seq = change_sequence.upcoming(tx)
        levels.upsert(tx, [level(product=number, seq=seq) for number in ids[:3]])
        change_sequence.take(tx, seq)
        # when
        steps = 0

        def count() -> int:
            nonlocal steps
            steps += 1
            return 0

        tx.set_progress_handler(count, 10)
        found = listings.changed_since(tx, 1, mark)
        tx.set_progress_handler(None, 10)
    # then
    assert len(found) == 3
    assert steps < 100
