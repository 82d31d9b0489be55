"""Pages of merchants with their carts, against the whole list sorted in Python."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import groupby

import pytest

from invsync_tui.store.paging import merchants
from invsync_tui.store.paging.merchants import MerchantTree
from tests.support.stores.merchant_store import Bench

NAMES = {
    "Acme": ["Web", "Amazon", "eBay"],
    "Birch": [],
    "Cedar & Co": ["Web"],
    "acme two": ["Shop 1", "Shop 2"],
    "Ärmel": ["Laden"],
    "Zed": ["a", "b", "c", "d"],
}


@pytest.fixture(scope="module")
def cx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    bench = Bench.make(tmp_path_factory.mktemp("tree"), alone=True)
    with bench.store.transaction() as tx:
        tx.execute("DELETE FROM cart")
        tx.execute("DELETE FROM merchant")
        for number, (name, carts) in enumerate(NAMES.items(), 1):
            tx.execute("INSERT INTO merchant (id, name, created_at) VALUES (?, ?, 0)", (number, name))
            for place, cart in enumerate(carts):
                tx.execute(
                    "INSERT INTO cart (id, merchant_id, name, system, url, created_at) VALUES (?, ?, ?, 'medusa', '', 0)",
                    (number * 10 + place, number, cart),
                )
    with bench.store.reading() as reading:
        yield reading


def whole(descending: bool = False, carts: bool = True, keep: tuple[str, ...] = tuple(NAMES)) -> list[tuple[str, str]]:
    rows = []
    for name in sorted(keep, reverse=descending):
        rows.append((name, ""))
        rows += [(name, cart) for cart in sorted(NAMES[name]) if carts]
    return rows


@pytest.mark.parametrize("carts", [True, False])
@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("limit", [1, 2, 5, 100])
def test_pages_forwards_and_backwards_are_the_whole_list(
    cx: sqlite3.Connection, limit: int, descending: bool, carts: bool
) -> None:
    tree = MerchantTree(cx, carts=carts, descending=descending)
    expected = whole(descending, carts)
    forwards: list[tuple[str, str]] = []
    key = None
    while rows := tree.after(key, limit):
        assert len(rows) <= limit
        forwards += [row[:2] for row in rows]
        key = forwards[-1]
    backwards: list[tuple[str, str]] = []
    key = None
    while rows := tree.before(key, limit):
        backwards = [row[:2] for row in rows] + backwards
        key = backwards[0]
    assert forwards == backwards == expected
    assert tree.count(None) == len(expected)
    assert [tree.position(key) for key in expected] == list(range(len(expected)))
    assert tree.count(3) == 3


def test_a_row_that_is_gone_has_no_place_and_the_pages_go_on_behind_where_it_stood(cx: sqlite3.Connection) -> None:
    tree = MerchantTree(cx)
    assert tree.position(("Acme", "Etsy")) is None
    assert tree.position(("Bob", "")) is None
    assert tree.after(("Acme", "Etsy"), 1)[0][:2] == ("Acme", "Web")
    assert tree.before(("Bob", ""), 1)[0][:2] == ("Birch", "")


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (["acme"], ("Acme", "acme two")),
        (["SHOP"], ("acme two",)),
        (["acme", "web"], ("Acme",)),
        (["medusa"], tuple(name for name in NAMES if NAMES[name])),
        (["Ärmel"], ("Ärmel",)),
        (["%"], ()),
    ],
)
def test_words_keep_whole_merchants(cx: sqlite3.Connection, words: list[str], kept: tuple[str, ...]) -> None:
    tree = MerchantTree(cx, words)
    assert [row[:2] for row in tree.after(None, 100)] == whole(keep=kept)
    assert tree.count(None) == len(whole(keep=kept))
    assert MerchantTree(cx, words, carts=False).count(None) == len(kept)


def test_each_row_has_its_own_numbers(cx: sqlite3.Connection) -> None:
    rows = [merchants.TreeRow(*row) for row in MerchantTree(cx).after(None, 100)]
    for name, group in groupby(rows, lambda row: row.merchant):
        own, *carts = group
        number = 1 + list(NAMES).index(name)
        assert (own.merchant_id, own.cart_id) == (number, None)
        assert {(row.cart, row.merchant_id, row.cart_id) for row in carts} == {
            (cart, number, number * 10 + place) for place, cart in enumerate(NAMES[name])
        }
    assert merchants.size(cx) == (len(NAMES), sum(map(len, NAMES.values())))


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("backwards", [True, False])
def test_no_page_is_sorted_or_reads_all_names(cx: sqlite3.Connection, descending: bool, backwards: bool) -> None:
    asked: list[str] = []
    cx.set_trace_callback(asked.append)
    tree = MerchantTree(cx, descending=descending)
    (tree.before if backwards else tree.after)(("Birch", ""), 2)
    cx.set_trace_callback(None)
    plans = [row[3] for sql in asked for row in cx.execute(f"EXPLAIN QUERY PLAN {sql}")]
    assert len(asked) == 2
    assert not [step for step in plans if "TEMP B-TREE" in step or step.startswith("SCAN")], plans
