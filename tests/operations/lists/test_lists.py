"""Every list, paged forwards and backwards from anywhere, is the plain sorted list."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from invsync_tui.operations.catalog import aliases, stock
from invsync_tui.operations.errors import NotFoundError, OperationError
from invsync_tui.operations.listings import product_sync
from invsync_tui.operations.lists.list_views import ListingFilter
from invsync_tui.operations.lists.rows import Ordering
from invsync_tui.operations.runs import history as run_history
from invsync_tui.rules.listing_filter import parse
from invsync_tui.rules.matching import normalize_key, trimmed
from invsync_tui.store.paging import listings as listing_pages
from invsync_tui.store.paging.listing_conditions import tab_of
from tests.support.operations.paged_lists import holds, walked
from tests.support.stores.products_store import Shelf, Thing, shelf

CODES = st.text(st.sampled_from("aAbB0-é ß\n%_\"'*"), min_size=1, max_size=6).filter(trimmed)
NAMES = st.sampled_from(("", "[red]x", "\x1b[2J", "مرحبا", "😀" * 3, "x" * 300))
HOSTILE = (
    "[red]x",
    "\x1b[2Jsku",
    "=1+1",
    "a'b\"c",
    "%_%",
    "مرحبا",
    "😀1",
    "x" * 300,
    "ＡＢ",
    "ab ",
    "AND",
    "*",
)
PRODUCTS = st.lists(st.tuples(CODES, NAMES, st.integers(-3, 3)), max_size=14)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    PRODUCTS, st.integers(1, 5), st.booleans(), st.sampled_from(("sku", "available", "name", "loaded_at", "on_hand"))
)
def test_levels_page_like_the_sorted_list(products: list[Any], step: int, descending: bool, column: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        acme = shelf(Path(folder))
        ids = acme.put(Thing(f"r{n}", sku, name) for n, (sku, name, _) in enumerate(products))
        acme.stock(acme.default, [(number, units) for number, (_, _, units) in zip(ids, products, strict=True)])
        lines = [
            (line.sku, line.available, line.name, line.product_id)
            for line in walked(stock.levels(acme.session, acme.default), 99)
        ]
        place = {"sku": 0, "available": 1, "name": 2}.get(column)
        expected = sorted(lines, key=lambda line: (line[place] if place is not None else _other(column, line), line[3]))
        if descending:
            expected.reverse()
        rows = stock.levels(acme.session, acme.default, "", Ordering(column, descending))
        holds(rows, expected, lambda line: (line.sku, line.available, line.name, line.product_id), step)
        acme.bench.store.close()


def _other(column: str, line: tuple[Any, ...]) -> int:
    return 0 if column == "loaded_at" else int(line[1])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(PRODUCTS, CODES, st.integers(1, 5))
def test_a_filter_keeps_what_has_the_text_in_a_code(products: list[Any], text: str, step: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        acme = shelf(Path(folder))
        acme.put(Thing(f"r{n}", sku, name) for n, (sku, name, _) in enumerate(products))
        key = normalize_key(text)
        fits = (
            (lambda sku: key in normalize_key(sku))
            if len(key) >= 3
            else (lambda sku: normalize_key(sku).startswith(key))
        )
        expected = sorted(trimmed(sku) for sku, _, _ in products if fits(sku))
        holds(stock.summary(acme.session, acme.merchant, text), expected, lambda line: line.sku, step)
        acme.bench.store.close()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(CODES, max_size=12, unique=True), st.integers(1, 5), st.booleans())
def test_listings_page_like_the_sorted_list(skus: list[str], step: int, descending: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        acme = shelf(Path(folder))
        ids = acme.list(skus)
        for number in ids[::2]:
            acme.set(number, synced_at=number * 7 % 5 or None)
        columns = ("sku", "synced_at", "tracked", "cart", "merchant")
        for tab, column in (*((ListingFilter.ALL, column) for column in columns), (ListingFilter.NEVER, "sku")):
            plain = walked(product_sync.listings(acme.session, acme.cart, tab), 99)
            by = {
                "sku": lambda line: (normalize_key(line.sku), line.id),
                "synced_at": lambda line: (line.synced_at or 0, line.id),
                "tracked": lambda line: (-1 if line.tracked is None else line.tracked, line.id),
                "cart": lambda line: (line.cart, line.id),
                "merchant": lambda line: (line.merchant, line.id),
            }
            expected = [line.id for line in sorted(plain, key=by[column], reverse=descending)]
            rows = product_sync.listings(acme.session, acme.cart, tab, "", Ordering(column, descending))
            holds(rows, expected, lambda line: line.id, step)
        acme.bench.store.close()


def test_hostile_codes_are_found_and_never_break_a_query(acme: Shelf) -> None:
    acme.put(Thing(f"r{n}", sku, sku, (("UPC", sku),)) for n, sku in enumerate(HOSTILE))
    acme.list(HOSTILE)
    for sku in HOSTILE:
        assert trimmed(sku) in {line.sku for line in walked(stock.summary(acme.session, acme.merchant, sku), 50)}
        assert sku in {line.sku for line in walked(product_sync.listings(acme.session, acme.cart, text=sku), 50)}


def test_a_page_goes_on_where_a_row_that_is_gone_was(acme: Shelf) -> None:
    ids = acme.put(Thing(f"r{n}", f"S{n}") for n in range(6))
    acme.stock(acme.default, [(number, 1) for number in ids])
    rows = stock.levels(acme.session, acme.default)
    key = rows.key(rows.after(None, 3)[-1])
    with acme.bench.store.transaction() as tx:
        tx.execute("DELETE FROM level WHERE product_id = ?", (ids[2],))
    assert [line.sku for line in rows.after(key, 9)] == ["S3", "S4", "S5"]
    assert rows.position(key) is None


def test_the_summary_has_a_column_per_warehouse_with_its_time(acme: Shelf) -> None:
    first, second = acme.put([Thing("a", "A"), Thing("b", "B")])
    acme.stock(acme.default, [(first, 3)], now=100)
    acme.stock(acme.east, [(first, 4)], now=200)
    one, two = stock.summary(acme.session, acme.merchant).after(None, 9)
    assert (one.available, one.loaded_at, one.total) == ((3, 4), (100, 200), 7)
    assert (two.available, two.total) == ((None, None), None), "unknown is not 0"
    assert second == two.product_id


def test_warehouses_say_how_many_products_they_have_and_who_syncs_with_them(acme: Shelf) -> None:
    ids = acme.put(Thing(f"r{n}", f"S{n}") for n in range(3))
    acme.stock(acme.east, [(number, 1) for number in ids])
    default, east = stock.warehouses(acme.session, acme.merchant)
    assert (default.products, east.products) == (0, 3)
    assert default.carts == east.carts == ("Acme Shop",)


def test_tabs_hold_what_their_names_say(acme: Shelf) -> None:
    acme.put([Thing("a", "A"), Thing("b1", "B"), Thing("b2", "B"), Thing("c", "C"), Thing("d", "D")])
    a, b, x, c, d = acme.list(["A", "B", "X", "C", "D"])
    acme.set(a, synced_at=5, shown=3, observed=2)
    acme.set(c, outcome="failed", synced_at=5)
    acme.set(d, excluded=1, synced_at=5)
    lock, fix, wait = acme.list(["L1", "L2", "L3"])
    acme.set(lock, locked=1, synced_at=5, match_reason=None)
    acme.set(fix, override=0, synced_at=5, match_reason=None)
    acme.set(wait, outcome="held", desired=8, observed=12, allocated=3, shown=12, synced_at=5, match_reason=None)
    tabs = {tab: walked(product_sync.listings(acme.session, acme.cart, tab), 9) for tab in ListingFilter}
    ids = {tab: [line.id for line in lines] for tab, lines in tabs.items()}
    assert ids[ListingFilter.NEVER] == [b, x]
    assert ids[ListingFilter.FAILED] == [c]
    assert ids[ListingFilter.AMBIGUOUS] == [b]
    assert ids[ListingFilter.NOT_IN_WMS] == [x]
    assert ids[ListingFilter.DRIFT] == [a]
    assert ids[ListingFilter.EXCLUDED] == [d]
    assert ids[ListingFilter.LOCKED] == [lock]
    assert ids[ListingFilter.OVERRIDES] == [fix]
    assert ids[ListingFilter.HELD] == [wait]
    assert ids[ListingFilter.MISMATCH] == [wait]
    counts = product_sync.tabs(acme.session, acme.cart)
    assert {tab: count.n for tab, count in counts.items()} == {tab: len(found) for tab, found in ids.items()}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(*[st.none() | st.integers(0, 9)] * 2, st.integers(0, 3)), max_size=12),
    st.integers(1, 5),
    st.booleans(),
)
def test_mismatches_are_those_whose_numbers_are_known_and_differ_in_the_order_of_it(
    numbers: list[tuple[int | None, int | None, int]], step: int, descending: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        acme = shelf(Path(folder))
        shops = [acme.cart, acme.another_cart("Second")]
        ids = [acme.list([f"S{n}"], cart=shops[n % 2])[0] for n in range(len(numbers))]
        expected: list[tuple[int, int, int]] = []
        for number, shop, (target, shown, held) in zip(ids, shops * len(ids), numbers, strict=False):
            acme.set(number, desired=target, observed=shown, allocated=held)
            if target is not None and shown is not None and shown - held != target:
                expected.append((shown - held - target, number, shop))
        expected.sort(reverse=descending)
        ordering = Ordering("difference", descending)
        for shop in shops:
            mine = [(difference, number) for difference, number, cart in expected if cart == shop]
            rows = product_sync.listings(acme.session, shop, ListingFilter.MISMATCH, "", ordering)
            holds(rows, mine, lambda line: (line.difference, line.id), step)
        rows = product_sync.everywhere(acme.session, acme.merchant, ListingFilter.MISMATCH, "", ordering)
        holds(rows, expected, lambda line: (line.difference, line.id, line.cart_id), step)
        rows = product_sync.everywhere(acme.session, None, ListingFilter.MISMATCH, "", ordering)
        every = [(line.difference, line.id, line.cart_id) for line in walked(rows, 99)]
        assert every == sorted(every, reverse=descending)
        assert [row for row in every if row[2] in shops] == expected
        holds(rows, every, lambda line: (line.difference, line.id, line.cart_id), step)
        acme.bench.store.close()


def test_mismatches_begin_with_what_is_offered_beyond_stock_and_may_go_over_more_carts_than_are_merged(
    acme: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme.put([Thing("a", "Alpha"), Thing("b", "Beta")])
    a, b = acme.list(["Alpha", "Beta"])
    acme.set(a, desired=5, observed=2)
    acme.set(b, desired=5, observed=9)
    for most in (listing_pages.MERGED_MOST, 0):
        monkeypatch.setattr(listing_pages, "MERGED_MOST", most)
        for merchant in (None, acme.merchant):
            lines = [
                line for line in walked(product_sync.everywhere(acme.session, merchant), 1) if line.merchant == "Acme"
            ]
            assert [(line.id, line.difference) for line in lines] == [(b, 4), (a, -3)]
            assert [line.id for line in walked(product_sync.everywhere(acme.session, merchant, text="alp"), 1)] == [a]
            assert [line.id for line in walked(product_sync.everywhere(acme.session, merchant, text="be"), 1)] == [b]
        assert walked(product_sync.everywhere(acme.session, 4711), 9) == []
    with pytest.raises(OperationError, match="more than 0 carts; this list is for one merchant or one cart"):
        product_sync.everywhere(acme.session, None, ListingFilter.HELD)


def test_all_quantities_of_a_listing_are_sellable_units(acme: Shelf) -> None:
    (number,) = acme.list(["A"])
    acme.set(number, desired=8, acked=8, observed=12, allocated=4, shown=12)
    (line,) = walked(product_sync.listings(acme.session, acme.cart), 9)
    assert (line.target, line.confirmed, line.in_cart, line.difference) == (8, 8, 8, 0)
    assert (line.cart_count, line.cart_orders) == (12, 4)
    acme.set(number, observed=None)
    (line,) = walked(product_sync.listings(acme.session, acme.cart), 9)
    assert (line.in_cart, line.difference, line.cart_count) == (None, None, None), "unknown is not 0"


def test_collisions_and_missing_aliases_are_exact_and_lead_to_products(acme: Shelf) -> None:
    acme.put(
        [
            Thing("a", "A", "", (("UPC", "1"),)),
            Thing("b", "B", "", (("UPC", "1"), ("EAN", "9"))),
            Thing("c", "C", "", (("EAN", "9x"), ("EAN", "9X"))),
            Thing("d", "D"),
        ]
    )
    types = {line.name: line for line in aliases.types(acme.session, acme.merchant)}
    told = {name: (line.products, line.missing, line.collisions) for name, line in types.items()}
    assert told == {"SKU": (4, 0, 0), "EAN": (2, 2, 0), "UPC": (2, 2, 1)}
    (one,) = walked(aliases.collisions(acme.session, acme.merchant, types["UPC"].kind), 1)
    assert (one.code, [sku for _, sku in one.products]) == ("1", ["A", "B"])
    for name, skus in (("UPC", ["C", "D"]), ("EAN", ["A", "D"]), ("SKU", [])):
        holds(aliases.missing(acme.session, acme.merchant, types[name].kind), skus, lambda line: line.sku, 1)


def test_skus_of_a_run_lead_down_to_what_the_cart_lacks(acme: Shelf) -> None:
    (lacking,) = acme.put([Thing("z", "Z")])
    ids = acme.list(["A", "B", "C"])
    run = acme.bench.request("push", acme.cart)
    for number, outcome in zip(ids, ("skipped", "failed", "skipped"), strict=True):
        acme.set(number, run_id=run, outcome=outcome, reason="ALIAS_MISSING")
    with acme.bench.store.transaction() as tx:
        tx.execute("INSERT INTO unlisted VALUES (?, ?, 'ALIAS_MISSING', ?)", (acme.cart, lacking, run))
    rows = run_history.skus(acme.session, run, "ALIAS_MISSING")
    for step in (1, 2, 9):
        holds(rows, [ids[1], ids[0], ids[2], -lacking], lambda line: line.id, step)


def test_runs_are_narrowed_by_what_is_asked(acme: Shelf) -> None:
    pull, push = acme.bench.request("pull", acme.merchant), acme.bench.request("push", acme.cart)
    asked = {
        ("merchant_id", acme.merchant): [push, pull],
        ("cart_id", acme.cart): [push],
        ("who", "tester"): [push, pull],
        ("who", "nobody"): [],
        ("state", "requested"): [push, pull],
        ("trigger", "schedule"): [],
        ("merchant_id", 99): [],
    }
    for given_, expected in asked.items():
        narrowed = {given_[0]: given_[1]} if given_ else {}
        holds(run_history.runs(acme.session, **narrowed), expected, lambda run: run.id, 1)  # type: ignore[arg-type]


def test_an_order_that_no_index_serves_is_offered_on_small_lists_only(
    acme: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("invsync_tui.store.paging.stock.SMALL", 1)
    acme.put([Thing("a", "A"), Thing("b", "B")])
    assert stock.summary(acme.session, acme.merchant).sortable == ("sku",)
    with pytest.raises(OperationError, match="Choose one of: sku"):
        stock.summary(acme.session, acme.merchant, "", Ordering("name"))


def test_an_unknown_warehouse_is_told(acme: Shelf) -> None:
    with pytest.raises(NotFoundError, match="invsync warehouses"):
        stock.levels(acme.session, 99)


def _known(number: int | None, test: Callable[[int], bool]) -> bool:
    return number is not None and test(number)


FILTERS: dict[str, Callable[[Any], bool]] = {
    "diff>0": lambda line: _known(line.difference, lambda n: n > 0),
    "diff<1": lambda line: _known(line.difference, lambda n: n < 1),
    "-diff>0": lambda line: not _known(line.difference, lambda n: n > 0),
    "target<5 in-cart>=2": lambda line: _known(line.target, lambda n: n < 5) and _known(line.in_cart, lambda n: n >= 2),
    "target=none": lambda line: line.target is None,
    "target!=none locked": lambda line: line.target is not None and line.locked,
    "-locked": lambda line: not line.locked,
    "outcome:failed -excluded": lambda line: line.outcome == "failed" and not line.excluded,
    "outcome!=failed": lambda line: line.outcome != "failed",
    "override>1": lambda line: _known(line.override, lambda n: n > 1),
    "never": lambda line: line.synced_at is None,
    "sku:s1 diff!=0": lambda line: "s1" in line.sku.lower() and _known(line.difference, lambda n: n != 0),
    "mismatch S": lambda line: _known(line.difference, lambda n: n != 0),
}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(
            *[st.none() | st.integers(0, 9)] * 3, st.booleans(), st.booleans(), st.sampled_from((None, "failed", "set"))
        ),
        max_size=14,
    ),
    st.sampled_from(sorted(FILTERS)),
    st.sampled_from((ListingFilter.ALL, ListingFilter.LOCKED, ListingFilter.MISMATCH)),
    st.integers(1, 5),
)
def test_a_filter_with_conditions_keeps_the_lines_that_fulfil_them(
    numbers: list[tuple[Any, ...]], text: str, tab: ListingFilter, step: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        acme = shelf(Path(folder))
        shops = [acme.cart, acme.another_cart("Second")]
        for n, (target, shown, override, locked, excluded, outcome) in enumerate(numbers):
            (number,) = acme.list([f"S{n}"], cart=shops[n % 2])
            acme.set(
                number, desired=target, observed=shown, override=override, locked=locked, excluded=excluded,
                outcome=outcome, synced_at=None if outcome is None else 1,
            )  # fmt: skip
        for shop in shops:
            every = walked(product_sync.listings(acme.session, shop, tab), 99)
            expected = sorted(line.id for line in every if FILTERS[text](line))
            rows = product_sync.listings(acme.session, shop, tab, text)
            assert sorted(line.id for line in walked(rows, step)) == expected
            holds(rows, [line.id for line in walked(rows, 99)], lambda line: line.id, step)
        every = walked(product_sync.everywhere(acme.session, acme.merchant, tab), 99)
        rows = product_sync.everywhere(acme.session, acme.merchant, tab, text)
        assert sorted(line.id for line in walked(rows, step)) == sorted(
            line.id for line in every if FILTERS[text](line)
        )
        acme.bench.store.close()


@pytest.mark.parametrize(
    ("text", "tab"),
    [
        ("diff>0", "mismatch"), ("diff<=-1", "mismatch"), ("outcome:failed", "failed"), ("held -locked", "held"),
        ("override>2", "overrides"), ("reason:NOT_IN_WMS", "not-in-wms"), ("never", "never"),
        ("diff>=0", "all"), ("-locked", "all"), ("target<5", "all"), ("boot", "all"),
    ],
)  # fmt: skip
def test_conditions_are_answered_by_the_index_of_the_tab_that_holds_their_rows(text: str, tab: str) -> None:
    assert tab_of("all", parse(text).conditions) == tab
    assert tab_of("locked", parse(text).conditions) == "locked"


def test_a_wrong_filter_is_an_error_of_the_operator(acme: Shelf) -> None:
    with pytest.raises(OperationError, match="Did you mean target"):
        product_sync.listings(acme.session, acme.cart, text="tarqet<5")
    with pytest.raises(OperationError, match="Did you mean target"):
        product_sync.everywhere(acme.session, None, text="tarqet<5")
