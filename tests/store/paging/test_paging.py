"""Pages are served by indexes: no statement of a page walks a large table from end to end, or sorts it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from invsync_tui.store.database import Store, open_store
from invsync_tui.store.demo import generate, generated_rows
from invsync_tui.store.demo.generated_rows import Scale
from invsync_tui.store.listings import match_suggestions, matching
from invsync_tui.store.paging import codes, counts, identity, listings, stock, text_filter
from invsync_tui.store.paging import runs as run_pages
from invsync_tui.store.paging.keyset import Pages
from invsync_tui.store.paging.listings import Sought
from invsync_tui.store.paging.runs import RunFilter

PRODUCTS = 12_000
"""More than a list may have to be sorted for each page."""
LARGE = {"p", "v", "l", "product", "level", "listing", "product_code"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path = tmp_path_factory.mktemp("pages") / "store.db"
    generate.generate(path, Scale(PRODUCTS, 3, 2, 7, 1_795_000_000), lambda _: None)
    opened = open_store(path, read_only=True)
    yield opened
    opened.close()


def _lists() -> dict[str, Callable[[sqlite3.Connection], Any]]:
    none = text_filter.ALL
    found: dict[str, Callable[[sqlite3.Connection], Any]] = {
        f"levels by {order.name}": lambda cx, order=order: stock.levels(cx, (2, 1), none, order, False)
        for order in stock.LEVEL_ORDERS
        if order.indexed
    }
    for tab in listings.TABS:
        for order in listings.orders(tab):
            if order.indexed:
                name = f"{tab} by {order.name}"
                found[name] = lambda cx, tab=tab, order=order: listings.listings(cx, 2, Sought(tab), order, False)
    for tab in listings.TABS:
        found[f"{tab} of several carts"] = lambda cx, tab=tab: listings.merged(
            cx, (1, 2), Sought(tab), listings.orders(tab)[0], False
        )
    found["mismatches of all carts"] = lambda cx: listings.mismatches(cx, None, Sought(""), True)
    found["mismatches of a merchant"] = lambda cx: listings.mismatches(cx, 1, Sought(""), True)
    found["begin of a listing"] = lambda cx: listings.listings(cx, 1, Sought("all", "de"), listings.SKU, False)
    found["summary"] = lambda cx: stock.summary(cx, 1, none, stock.SUMMARY_ORDERS[0], False)
    found["missing"] = lambda cx: stock.lacking(cx, 1, generated_rows.UPC, False)
    found["unmatched"] = lambda cx: identity.unmatched(cx, 1, "")
    found["unmatched with a text"] = lambda cx: identity.unmatched(cx, 1, "demo")
    found["links"] = lambda cx: identity.links(cx, 1, "", "")
    found["renamed"] = lambda cx: identity.renamed(cx, 1, "", False)
    found["collisions"] = lambda cx: codes.collisions(cx, 1, generated_rows.UPC, False)
    found["runs"] = lambda cx: run_pages.runs(cx, RunFilter(merchant_id=1))
    return found


def _plans(pages: Pages, key: Any, descending: bool) -> list[str]:
    told: list[str] = []
    for variant in pages.variants:
        part = pages._arm(variant, key, 10, descending)
        rows = pages.cx.execute(f"EXPLAIN QUERY PLAN {part.where}", part.values)
        told += [row[3] for row in rows]
    return told


@pytest.mark.parametrize("name", _lists())
def test_no_page_walks_or_sorts_a_large_table(store: Store, name: str) -> None:
    with store.reading() as cx:
        pages = _lists()[name](cx)
        terms = len(pages.select.order.terms)
        for key in (None, (0,) * terms):
            for descending in (False, True):
                for step in _plans(pages, key, descending):
                    assert "TEMP B-TREE" not in step, step
                    assert not (step.startswith("SCAN") and step.split()[1] in LARGE and not _in_order(step)), step


def _in_order(step: str) -> bool:
    """Walks an index that has the rows of the list alone, in its order: a page of it is as many steps as rows."""
    return step.endswith("USING INDEX listing_mismatch_all")


@pytest.mark.parametrize("text", ["de", "demo", generated_rows.sku(PRODUCTS - 7, 7).lower()])
def test_a_text_in_several_carts_is_found_without_walking_them(store: Store, text: str) -> None:
    with store.reading() as cx:
        for tab in ("all", "mismatch"):
            pages = listings.merged(cx, (1, 2), Sought(tab, text), listings.orders(tab)[0], False)
            for step in _plans(pages, None, False):
                assert not (step.startswith("SCAN") and step.split()[1] in LARGE), step


def test_numbers_that_triggers_keep_are_right(store: Store) -> None:
    with store.reading() as cx:
        assert counts.products(cx, 1) == PRODUCTS
        for warehouse in (1, 2, 3):
            counted = cx.execute("SELECT count(*) FROM level WHERE warehouse_id = ?", (warehouse,)).fetchone()[0]
            assert counts.levels(cx, warehouse) == counted
        for cart in (1, 2):
            counted = cx.execute("SELECT count(*) FROM listing WHERE cart_id = ?", (cart,)).fetchone()[0]
            assert counts.listings(cx, cart) == counted


def test_a_long_text_is_looked_up_by_its_rare_part(store: Store) -> None:
    text = generated_rows.sku(PRODUCTS - 7, 7).lower()
    with store.reading() as cx:
        found = text_filter.substring(cx, text)
        assert len(found.values[0]) < len(text), "the whole text would read the list of every common part"
        ids = cx.execute(f"SELECT p.id FROM {text_filter.HITS} WHERE {found.where}", found.values).fetchall()
    assert ids == [(PRODUCTS - 7,)]


def test_filters_of_collisions_and_of_missing_codes_find_codes_and_skus_by_index(store: Store) -> None:
    with store.reading() as cx:
        whole = codes.collisions(cx, 1, generated_rows.UPC, False).after(None, 100_000)
        _, key, code = whole[len(whole) // 2]
        owners = codes.sharers(cx, 1, [(generated_rows.UPC, key, code)], 50)[generated_rows.UPC, code]
        for text in (key, key[:2], owners[0][1].lower()):
            asked = text_filter.products(cx, 1, text)
            found = codes.collisions(cx, 1, generated_rows.UPC, False, asked).after(None, 100_000)
            assert (generated_rows.UPC, key, code) in found
            plans = _plans(codes.collisions(cx, 1, generated_rows.UPC, False, asked), None, False)
            assert not any(step.startswith("SCAN") and step.split()[1] in LARGE for step in plans), plans
        lacking = stock.lacking(cx, 1, generated_rows.UPC, False).after(None, 100_000)
        sku = lacking[-1][1].lower()
        asked = text_filter.products(cx, 1, sku)
        assert lacking[-1][0] in [
            row[0] for row in stock.lacking(cx, 1, generated_rows.UPC, False, asked).after(None, 10)
        ]
        begun = stock.lacking(cx, 1, generated_rows.UPC, False, text_filter.products(cx, 1, sku[:2])).after(
            None, 100_000
        )
        assert begun == [row for row in lacking if row[1].lower().startswith(sku[:2])]


def test_candidates_are_found_by_index(store: Store) -> None:
    with store.reading() as cx:
        for sql, values in (
            (match_suggestions._LOOK_UP, ('["demo"]', 1)),
            (matching._TO_MATCH, {"cart": 1, "merchant": 1, "mark": 5}),
            (matching._MOVED_PRODUCTS, {"cart": 1, "merchant": 1, "mark": 5}),
            (matching._UNLISTED, {"cart": 1, "kind": 0, "run": 1, "ids": "[1]"}),
        ):
            for row in cx.execute(f"EXPLAIN QUERY PLAN {sql}", values):
                assert not (row[3].startswith("SCAN") and row[3].split()[1] in {"p", "l", "k", "c", "r"}), row[3]
