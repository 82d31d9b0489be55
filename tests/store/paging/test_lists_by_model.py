"""Lists that are read in pages, compared with a model in plain Python: every page, count and place of every row."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.rules.listing_filter import Condition
from invsync_tui.rules.outcomes import Reason
from invsync_tui.store.listings.push_batches import Item
from invsync_tui.store.paging import codes, keyset, listing_conditions, listings, runs, sent_rows
from invsync_tui.store.paging.keyset import Chain, Pages, Paging, Part, Select, SortOrder
from invsync_tui.store.paging.listings import Sought
from invsync_tui.store.runs import run_size
from invsync_tui.store.runs import runs as store_runs
from tests.support.stores.neighbors import NEIGHBORS
from tests.support.stores.small_writes import BATCHES, World, prepared

Row = Mapping[str, Any]


def check_list(pages: Paging, keys: Sequence[tuple[Any, ...]], rows: Sequence[Any], of: Callable[[Any], Any]) -> None:
    """Every way to read a list gives these rows in this order; `keys` are theirs, `of` says what is compared of a row."""

    def read(found: Sequence[Any]) -> list[Any]:
        return [of(row) for row in found]

    n = len(rows)
    for limit in (1, 2, 3, n, n + 1):
        assert read(pages.after(None, limit)) == list(rows[:limit])
        assert read(pages.before(None, limit)) == list(rows[max(0, n - limit) :] if limit else [])
        for place, key in enumerate(keys):
            assert read(pages.after(key, limit)) == list(rows[place + 1 : place + 1 + limit])
            assert read(pages.before(key, limit)) == list(rows[max(0, place - limit) : place])
    assert pages.count(None) == n
    assert [pages.count(most) for most in (1, n, n + 1)] == [min(1, n), n, n]
    assert [pages.position(key) for key in keys] == list(range(n))


# --- the way of reading, over a table of its own ---------------------------------------------------------------------


@pytest.fixture
def toy() -> Iterator[sqlite3.Connection]:
    cx = sqlite3.connect(":memory:")
    cx.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b TEXT)")
    dice = random.Random(3)
    cx.executemany("INSERT INTO t VALUES (?, ?, ?)", [(n, dice.randrange(4), dice.choice("xyz")) for n in range(1, 14)])
    yield cx
    cx.close()


def toy_rows(cx: sqlite3.Connection, letters: str, *, descending: bool) -> list[tuple[int, int]]:
    found = [(a, number) for number, a, b in cx.execute("SELECT id, a, b FROM t") if b in letters]
    return sorted(found, reverse=descending)


def toy_pages(cx: sqlite3.Connection, letters: str, *, descending: bool) -> Pages:
    select = Select("t.id", "t", "t.id > ?", (0,), SortOrder("a", ("t.a", "t.id")), descending)
    return Pages(cx, select, [Part("t.b = ?", (letter,)) for letter in letters])


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("letters", ["x", "xy", "xyz", "q", "qz"])
def test_pages_of_one_query_and_of_several(toy: sqlite3.Connection, letters: str, descending: bool) -> None:
    rows = toy_rows(toy, letters, descending=descending)
    check_list(toy_pages(toy, letters, descending=descending), rows, [number for _, number in rows], lambda row: row[0])


def test_what_is_gone_has_no_place_and_counting_may_be_done_by_another_query(toy: sqlite3.Connection) -> None:
    pages = toy_pages(toy, "xyz", descending=False)
    assert [pages.position(key) for key in ((1, 99), (9, 1))] == [None, None]
    counting = Select("1", "t", "t.id <= ?", (5,), SortOrder("id", ("t.id",)))
    select = Select("t.id", "t", "1", (), SortOrder("id", ("t.id",)), counting=counting)
    assert Pages(toy, select).count(None) == 5


def test_a_place_is_counted_up_to_a_bound(toy: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyset, "FAR", 4)
    pages = toy_pages(toy, "xyz", descending=False)
    keys = toy_rows(toy, "xyz", descending=False)
    assert [pages.position(key) for key in keys[:7]] == [0, 1, 2, 3, 4, None, None]
    chain = Chain([toy_pages(toy, "x", descending=False), toy_pages(toy, "yz", descending=False)])
    first, second = (toy_rows(toy, letters, descending=False) for letters in ("x", "yz"))
    places = [chain.position((1, *key)) for key in second]
    assert places == [len(first) + n if len(first) + n <= 4 else None for n in range(len(second))]


@pytest.mark.parametrize("parts", [["x"], ["x", "y"], ["q", "x", "q", "yz", "q"], ["q"]])
def test_lists_one_behind_the_other(toy: sqlite3.Connection, parts: list[str]) -> None:
    of_part = [toy_rows(toy, part, descending=False) for part in parts]
    keys = [(n, *key) for n, rows in enumerate(of_part) for key in rows]
    chain = Chain([toy_pages(toy, part, descending=False) for part in parts])
    check_list(chain, keys, [key[2] for key in keys], lambda row: row[0])


# --- listings --------------------------------------------------------------------------------------------------------


REASONS = (None, Reason.REJECTED_BY_CART.stored, Reason.HELD_FOR_REVIEW.stored, Reason.BAD_ROW.stored)


def scattered(folder: Path) -> World:
    """A world whose listings differ in everything that lists look at."""
    world = prepared(folder, ())
    dice = random.Random(11)
    more = [f"SKU-{letter}{n}" for letter in "XYZ" for n in range(4)]
    world.acme.list(more, 5)
    world.acme.list(more[:5], 5, world.second)
    choices: dict[str, tuple[Any, ...]] = {
        "desired": (None, 0, 3, 5, 8), "acked": (None, 0, 3, 5), "observed": (None, 0, 3, 5, 9), "allocated": (0, 0, 2),
        "synced_at": (None, 10, 20, 30),
        "outcome": (None, "set", "equal", "held", "failed", "in_doubt", "skipped", "submitted"),
        "reason": REASONS, "override": (None, None, 0, 4),
        "excluded": (0, 0, 1), "locked": (0, 0, 1), "tracked": (None, 0, 1), "shown": (None, 0, 3), "gone_at": (None,) * 5 + (7,),
        "run_id": (77, 77, 78), "error": ("", "Too Many"), "name": ("Boot", "shoe", "Änne"),
    }  # fmt: skip
    with world.acme.bench.store.transaction() as tx:
        for (number,) in tx.execute(
            "SELECT id FROM listing WHERE cart_id IN (?, ?)", (world.first, world.second)
        ).fetchall():
            values = {column: dice.choice(given) for column, given in choices.items()}
            names = ", ".join(f"{column} = ?" for column in values)
            tx.execute(f"UPDATE listing SET {names} WHERE id = ?", (*values.values(), number))
    return world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = scattered(tmp_path_factory.mktemp("lists"))
    yield made
    made.acme.bench.store.close()


@pytest.fixture
def cx(world: World) -> Iterator[sqlite3.Connection]:
    with world.acme.bench.store.reading() as made:
        yield made


def raw(cx: sqlite3.Connection, carts: Sequence[int]) -> list[Row]:
    """The listings that some carts have, with the names of their carts and merchants and the codes of their products."""
    sql = (
        "SELECT l.*, c.name AS cart, m.name AS merchant, coalesce(p.codes_text, '') AS codes FROM listing AS l "
        "JOIN cart AS c ON c.id = l.cart_id JOIN merchant AS m ON m.id = c.merchant_id "
        "LEFT JOIN product AS p ON p.id = l.product_id"
    )
    cursor = cx.execute(sql)
    names = [one[0] for one in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor]
    return [row for row in rows if row["cart_id"] in carts and row["gone_at"] is None]


def difference(row: Row) -> int | None:
    if row["observed"] is None or row["desired"] is None:
        return None
    return int(row["observed"] - row["allocated"] - row["desired"])


def beside(row: Row) -> int | None:
    return None if row["observed"] is None else row["observed"] - row["allocated"]


IN_TAB: dict[str, Callable[[Row], bool]] = {
    "all": lambda row: True,
    "mismatch": lambda row: difference(row) not in (None, 0),
    "never": lambda row: row["synced_at"] is None,
    "held": lambda row: row["outcome"] == "held",
    "failed": lambda row: row["outcome"] in ("failed", "in_doubt"),
    "ambiguous": lambda row: row["match_reason"] == "AMBIGUOUS_ALIAS",
    "not-in-wms": lambda row: row["match_reason"] == "NOT_IN_WMS",
    "drift": lambda row: None not in (row["shown"], row["observed"]) and row["shown"] != row["observed"]
    and row["outcome"] != "submitted",
    "overrides": lambda row: row["override"] is not None,
    "excluded": lambda row: row["excluded"] != 0,
    "locked": lambda row: row["locked"] != 0,
}  # fmt: skip


def else_(value: Any, other: Any) -> Any:
    return other if value is None else value


KEYS: dict[str, Callable[[Row], Any]] = {
    "sku": lambda row: row["key"],
    "synced_at": lambda row: else_(row["synced_at"], 0),
    "difference": lambda row: else_(difference(row), listings.LEAST),
    "outcome": lambda row: else_(row["outcome"], ""),
    "reason": lambda row: else_(else_(row["match_reason"], row["reason"]), ""),
    "target": lambda row: else_(row["desired"], -1),
    "confirmed": lambda row: else_(row["acked"], -1),
    "in_cart": lambda row: else_(beside(row), listings.LEAST),
    "name": lambda row: row["name"],
    "tracked": lambda row: else_(row["tracked"], -1),
    "cart": lambda row: row["cart"],
    "merchant": lambda row: row["merchant"],
}


def expected(rows: Sequence[Row], order: str, *, descending: bool = False) -> tuple[list[tuple[Any, ...]], list[int]]:
    """The keys and numbers of rows in an order."""
    keys = sorted(((KEYS[order](row), row["id"]) for row in rows), reverse=descending)
    return keys, [number for _, number in keys]


@pytest.mark.parametrize("tab", listings.TABS)
def test_the_tabs_of_a_cart_and_of_several(cx: sqlite3.Connection, world: World, tab: str) -> None:
    order = listings.orders(tab)[0]
    for carts in ((world.first,), (world.second,), (world.first, world.second)):
        rows = [row for row in raw(cx, carts) if IN_TAB[tab](row)]
        for descending in (False, True):
            pages = (
                listings.listings(cx, carts[0], Sought(tab), order, descending)
                if len(carts) == 1
                else listings.merged(cx, carts, Sought(tab), order, descending)
            )
            check_list(pages, *expected(rows, order.name, descending=descending), lambda row: row[0])


@pytest.mark.parametrize("order", listings.orders("all"), ids=lambda order: order.name)
def test_the_orders_of_a_list(cx: sqlite3.Connection, world: World, order: SortOrder) -> None:
    rows = raw(cx, (world.first, world.second))
    for descending in (False, True):
        pages = listings.merged(cx, (world.first, world.second), Sought("all"), order, descending)
        check_list(pages, *expected(rows, order.name, descending=descending), lambda row: row[0])


def test_orders_of_mismatches_of_all_carts(cx: sqlite3.Connection, world: World) -> None:
    ours = (world.first, world.second)
    rows = [row for row in raw(cx, ours) if IN_TAB["mismatch"](row)]
    for text, wanted in (("", rows), ("sku-x", [row for row in rows if "sku-x" in row["key"]])):
        pages = listings.mismatches(cx, world.merchant, Sought("all", text), False)
        check_list(pages, *expected(wanted, "difference"), lambda row: row[0])
    everything = [row["id"] for row in raw(cx, range(99)) if IN_TAB["mismatch"](row)]
    assert listings.mismatches(cx, None, Sought("all"), False).count(None) == len(everything) > len(rows)


@pytest.mark.parametrize("text", ["s", "sk", "sku-x", "sku-b", "sku-zz", "ku-"])
def test_a_text_is_found_at_the_beginning_if_it_is_short_and_anywhere_otherwise(
    cx: sqlite3.Connection, world: World, text: str
) -> None:
    def has(row: Row) -> bool:
        if len(text) < 3:
            return bool(row["key"].startswith(text))
        return text in row["key"] or text in row["codes"]

    for carts in ((world.first,), (world.first, world.second)):
        rows = [row for row in raw(cx, carts) if has(row)]
        pages = listings.merged(cx, carts, Sought("all", text), listings.SKU, False)
        check_list(pages, *expected(rows, "sku"), lambda row: row[0])


def test_no_cart_has_no_listings_and_the_carts_of_a_merchant_are_bounded(
    cx: sqlite3.Connection, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert listings.merged(cx, (), Sought("all"), listings.SKU, False).after(None, 9) == []
    assert listings.carts_of(cx, world.merchant) == sorted((world.first, world.second))
    everybody = [row[0] for row in cx.execute("SELECT id FROM cart ORDER BY id")]
    assert listings.carts_of(cx, None) == everybody
    monkeypatch.setattr(listings, "MERGED_MOST", 2)
    assert listings.carts_of(cx, None) == everybody[:3]


def test_listings_of_a_cart_by_number(cx: sqlite3.Connection, world: World) -> None:
    numbers = sorted(row["id"] for row in raw(cx, (world.first,)))
    assert listings.present_after(cx, world.first, 0, 99) == numbers
    assert listings.present_after(cx, world.first, numbers[2], 2) == numbers[3:5]


# --- conditions ------------------------------------------------------------------------------------------------------

VALUES: dict[str, Callable[[Row], Any]] = {
    "target": lambda row: row["desired"],
    "confirmed": lambda row: row["acked"],
    "in-cart": beside,
    "diff": difference,
    "override": lambda row: row["override"],
    "outcome": lambda row: else_(row["outcome"], ""),
    "reason": lambda row: else_(else_(row["match_reason"], row["reason"]), ""),
    "sku": lambda row: row["key"],
    "name": lambda row: row["name"],
    "error": lambda row: row["error"],
}
SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
}  # fmt: skip


def fulfills(row: Row, condition: Condition) -> bool:
    """What is unknown fulfills no comparison, and so it fulfills the opposite of each."""
    if not condition.sign:
        return IN_TAB[condition.field](row) != condition.negated
    found, value = VALUES[condition.field](row), condition.value
    if value is None:
        result = (found is None) == (condition.sign == "=")
    elif found is None:
        result = False
    elif isinstance(value, str) and condition.field in ("sku", "name", "error"):
        ascii_lower = found.translate({n: n + 32 for n in range(ord("A"), ord("Z") + 1)})
        result = (
            value.lower() in ascii_lower if condition.contains else SIGNS[condition.sign](ascii_lower, value.lower())
        )
    else:
        result = SIGNS[condition.sign](found, value)
    return result != condition.negated


CONDITIONS = [
    *(Condition(field, sign, value, negated) for field in ("target", "confirmed", "in-cart", "diff", "override")
      for sign in SIGNS for value in (-2, 0, 3, 5) for negated in (False, True)),
    *(Condition(field, sign, None) for field in ("target", "override", "diff") for sign in ("=", "!=")),
    *(Condition("outcome", sign, value) for sign in ("=", "!=") for value in ("held", "failed", "in_doubt", "set")),
    *(Condition("reason", sign, value) for sign in ("=", "!=") for value in ("NOT_IN_WMS", "AMBIGUOUS_ALIAS", "X")),
    *(Condition(field, sign, value, contains=contains) for sign in ("=", "!=") for contains in (False, True)
      for field, value in (("name", "Boot"), ("name", "oo"), ("sku", "sku-x1"), ("error", "too many"))
      if sign == "=" or not contains),
    *(Condition(tab, negated=negated) for tab in listings.TABS if tab != "all" for negated in (False, True)),
]  # fmt: skip


def test_conditions_keep_what_fulfils_them_by_the_index_of_a_tab_that_has_it_all(
    cx: sqlite3.Connection, world: World
) -> None:
    everything = raw(cx, (world.first, world.second))
    for condition in CONDITIONS:
        wanted = sorted(row["id"] for row in everything if fulfills(row, condition))
        tab = listing_conditions.tab_of("all", [condition])
        for used in {"all", tab}:
            pages = listings.merged(
                cx, (world.first, world.second), Sought(used, "", [condition]), listings.orders(used)[0], False
            )
            assert (condition, used, sorted(row[0] for row in pages.after(None, 99))) == (condition, used, wanted)
    pair = [Condition("target", ">", 0), Condition("excluded", negated=True)]
    both = sorted(row["id"] for row in everything if all(fulfills(row, one) for one in pair))
    found = listings.merged(cx, (world.first, world.second), Sought("all", "", pair), listings.SKU, False)
    assert sorted(row[0] for row in found.after(None, 99)) == both


@pytest.mark.parametrize(
    ("conditions", "tab"),
    [
        ([], "all"),
        ([Condition("diff", ">", 0)], "mismatch"),
        ([Condition("diff", ">", 0, True)], "all"),
        ([Condition("diff", ">=", 0)], "all"),
        ([Condition("diff", "!=", 0)], "mismatch"),
        ([Condition("diff", "=", None)], "all"),
        ([Condition("target", ">", 0)], "all"),
        ([Condition("override", ">", 0)], "overrides"),
        ([Condition("override", "=", None)], "all"),
        ([Condition("target", ">", 0), Condition("outcome", "=", "in_doubt")], "failed"),
        ([Condition("outcome", "!=", "held")], "all"),
        ([Condition("outcome", "=", "set")], "all"),
        ([Condition("locked")], "locked"),
        ([Condition("locked", negated=True)], "all"),
    ],
)
def test_the_smallest_index_is_taken(conditions: list[Condition], tab: str) -> None:
    assert listing_conditions.tab_of("all", conditions) == tab
    assert listing_conditions.tab_of("never", conditions) == "never"


# --- what a run did --------------------------------------------------------------------------------------------------


def test_skus_of_a_run_by_outcome_and_by_reason(cx: sqlite3.Connection, world: World) -> None:
    rows = [row for row in raw_with_gone(cx) if row["run_id"] == 77]
    for outcome in ("set", "equal", "failed", "held", "skipped"):
        found = listings.of_outcome(cx, 77, outcome)
        mine = [row for row in rows if row["outcome"] == outcome]
        wanted: list[int] = []
        for listed, reason in found.parts:
            assert listed
            wanted += sorted(row["id"] for row in mine if row["reason"] == reason)
        assert [row[0] for row in found.pages.after(None, 99)] == wanted
        assert len(wanted) == len(mine)
    found_reason = listings.of_run(cx, 77, Reason.REJECTED_BY_CART.stored)
    in_order = [row[0] for row in found_reason.pages.after(None, 99)]
    assert sorted(in_order) == sorted(
        row["id"] for row in rows if row["reason"] == Reason.REJECTED_BY_CART.stored and row["outcome"]
    )
    assert found_reason.outcomes[-1] == "" and len(set(found_reason.outcomes)) == len(found_reason.outcomes)


def of_the_run(row: Row, condition: Condition) -> Row:
    """The row as the lists of a run show it: with the reason of the run, whatever its code means by now."""
    return {**row, "match_reason": None} if condition.field == "reason" else row


def test_skus_of_a_run_that_fulfil_conditions_or_have_a_text(cx: sqlite3.Connection, world: World) -> None:
    rows = [
        row
        for number in cx.execute("SELECT DISTINCT cart_id FROM listing").fetchall()
        for row in raw(cx, number)
        if row["run_id"] == 77
    ]
    gone = {row["id"] for row in raw_with_gone(cx) if row["gone_at"] is not None}
    for outcome in ("set", "held", "skipped"):
        mine = [row for row in rows if row["outcome"] == outcome]
        for condition in CONDITIONS:
            found = listings.of_outcome(cx, 77, outcome, Sought("all", "", (condition,))).pages
            kept = sorted(row[0] for row in found.after(None, 99) if row[0] not in gone)
            assert kept == sorted(row["id"] for row in mine if fulfills(of_the_run(row, condition), condition)), (
                condition
            )
        for text in ("s", "ku-x", "sku-b", "zz"):
            found = listings.of_outcome(cx, 77, outcome, Sought("all", text)).pages
            kept = sorted(row[0] for row in found.after(None, 99) if row[0] not in gone)
            assert kept == sorted(row["id"] for row in mine if text in row["key"] or text in row["codes"]), text


def test_products_that_a_cart_lacks_are_filtered_as_they_are_shown(tmp_path: Path) -> None:
    world = prepared(tmp_path, ())
    with world.acme.bench.store.transaction() as tx:
        tx.execute(
            "INSERT INTO run (id, kind, key, merchant_id, state, trigger, requested_by, requested_at, counts, reasons, epoch) "
            "SELECT 77, kind, ?, ?, 'done', trigger, requested_by, requested_at, counts, reasons, epoch "
            "FROM run WHERE kind = 'push' LIMIT 1",
            (world.first, world.merchant),
        )
        products = tx.execute("SELECT id, sku_key FROM product ORDER BY id LIMIT 3").fetchall()
        tx.execute("DELETE FROM unlisted WHERE cart_id = ?", (world.first,))
        tx.executemany(
            "INSERT INTO unlisted VALUES (?, ?, 'NOT_IN_CART', 77)", [(world.first, row[0]) for row in products]
        )
    with world.acme.bench.store.reading() as cx:

        def found(*conditions: Condition, text: str = "") -> list[int]:
            pages = listings.of_outcome(cx, 77, "skipped", Sought("all", text, conditions)).pages
            by_reason = listings.of_run(cx, 77, "NOT_IN_CART", Sought("all", text, conditions)).pages
            numbers = [-row[0] for row in pages.after(None, 99) if row[0] < 0]
            assert [-row[0] for row in by_reason.after(None, 99) if row[0] < 0] == numbers
            return numbers

        every = [row[0] for row in products]
        assert found() == every
        assert found(Condition("target", "=", None)) == every, "nothing is known of them"
        assert found(Condition("diff", ">", 0)) == [] and found(Condition("diff", ">", 0, negated=True)) == every
        assert found(Condition("outcome", "=", "skipped"), Condition("never")) == every
        assert found(Condition("reason", "=", "NOT_IN_CART")) == every
        assert found(Condition("reason", "!=", "NOT_IN_CART")) == []
        assert found(Condition("sku", "=", products[1][1])) == [products[1][0]]
        assert found(text=products[2][1]) == [number for number, key in products if products[2][1] in key]


def raw_with_gone(cx: sqlite3.Connection) -> list[Row]:
    cursor = cx.execute("SELECT * FROM listing")
    names = [one[0] for one in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def test_held_listings_of_a_run_by_group(cx: sqlite3.Connection) -> None:
    def group(row: Row) -> str:
        shows = else_(beside(row), row["acked"])
        if shows is None or shows <= 0 or row["desired"] is None:
            return "rest"
        if row["desired"] == 0:
            return "zero"
        jumps = row["desired"] > 0 and (row["desired"] > shows * 2 or shows > row["desired"] * 2)
        return "jump" if jumps else "rest"

    rows = [
        row
        for row in raw_with_gone(cx)
        if row["run_id"] == 77 and row["outcome"] == "held" and row["reason"] == Reason.HELD_FOR_REVIEW.stored
    ]
    for wanted in (None, "zero", "jump", "rest"):
        mine = sorted(row["id"] for row in rows if wanted in (None, group(row)))
        check_list(listings.held(cx, 77, wanted, 2), [(number,) for number in mine], mine, lambda row: row[0])

    def shown(row: Row) -> int | None:
        return else_(beside(row), row["acked"])

    def change(row: Row) -> int | None:
        return None if None in (shown(row), row["desired"]) else row["desired"] - else_(shown(row), 0)

    def answer(row: Row, condition: Condition) -> bool:
        values = {
            "in-cart": shown(row), "target": row["desired"], "change": change(row), "group": group(row),
            "diff": None if change(row) is None else -else_(change(row), 0),
        }  # fmt: skip
        found = values[condition.field]
        if condition.value is None:
            return (found is None) == (condition.sign == "=")
        return (found is not None and SIGNS[condition.sign](found, condition.value)) != condition.negated

    asked = [
        *(Condition(field, sign, value, negated) for field in ("in-cart", "target", "change", "diff")
          for sign in SIGNS for value in (-3, 0, 3) for negated in (False, True)),
        *(Condition(field, sign, None) for field in ("in-cart", "change") for sign in ("=", "!=")),
        *(Condition("group", sign, name) for sign in ("=", "!=") for name in ("zero", "jump", "rest")),
    ]  # fmt: skip
    for condition in asked:
        mine = sorted(row["id"] for row in rows if answer(row, condition))
        pages = listings.held(cx, 77, None, 2, sought=Sought("all", "", (condition,)))
        check_list(pages, [(number,) for number in mine], mine, lambda row: row[0])
    texts = sorted(row["id"] for row in rows if "sku-x" in row["key"])
    found = listings.held(cx, 77, None, 2, sought=Sought("all", "sku-x"))
    check_list(found, [(number,) for number in texts], texts, lambda row: row[0])


def sent(folder: Path) -> World:
    """A run of five batches, one of which was refused and one is empty, and a batch of another run."""
    world = prepared(folder, ())
    ids = [*world.shown.values(), *range(9000, 9006)]
    items = [[number, f"L{number}", 4, n + 3, n] for n, number in enumerate(ids)]
    batches = (
        ("b-1", 77, items[:3], "answered"), ("b-2", 77, items[3:4], "in_doubt"), ("b-3", 77, items[4:7], "refused"),
        ("b-4", 77, [], "answered"), ("b-5", 77, items[7:], "intent"), ("other", 78, items[:2], "intent"),
    )  # fmt: skip
    with world.acme.bench.store.transaction() as tx:
        for name, run, part, state in batches:
            values = (name, world.first, run, json.dumps(part), state)
            tx.execute(f"{BATCHES} (?, ?, ?, 1, ?, x'', ?, 1, 1)", values)
    return world


def test_the_rows_that_a_run_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = sent(tmp_path)
    with world.acme.bench.store.reading() as cx:
        stored = cx.execute(
            "SELECT rowid, items FROM push_batch WHERE run_id = 77 AND state <> 'refused' ORDER BY rowid"
        ).fetchall()
        keys = [(number, place) for number, items in stored for place in range(len(json.loads(items)))]
        rows = [Item(*values) for _, items in stored for values in json.loads(items)]
        check_list(sent_rows.SentRows(cx, 77), keys, rows, lambda row: row.item)
        listed = sent_rows.SentRows(cx, 77)
        assert listed.position((keys[0][0], 3)) is None and listed.position((keys[0][0], -1)) is None
        assert listed.position((99999, 0)) is None
        monkeypatch.setattr(sent_rows, "FAR", 3)
        assert [listed.position(key) for key in keys][:5] == [0, 1, 2, 3, None]
    world.acme.bench.store.close()


@pytest.mark.parametrize(
    ("listing", "run", "acked", "confirmed"),
    [("A", 77, 4, True), ("A", 78, 4, False), ("A", 77, 5, False), ("B", 77, 4, False)],
)
def test_a_row_was_confirmed_by_its_own_run_with_its_own_number(
    tmp_path: Path, listing: str, run: int, acked: int, confirmed: bool
) -> None:
    world = sent(tmp_path)
    store = world.acme.bench.store
    with store.transaction() as tx:
        columns = tx.execute("SELECT name, type FROM pragma_table_info('listing_history') WHERE \"notnull\"").fetchall()
        given = {"listing_id": world.shown[listing], "run_id": run, "acked": acked, "at": 5}
        values = {name: given.get(name, "" if kind == "TEXT" else 0) for name, kind in columns} | given
        tx.execute(
            f"INSERT INTO listing_history ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})",
            [*values.values()],
        )
    with store.reading() as cx:
        first = sent_rows.SentRow(*sent_rows.SentRows(cx, 77).after(None, 1)[0])
    store.close()
    assert first.confirmed is confirmed


# --- codes and runs --------------------------------------------------------------------------------------------------


def test_codes_that_several_products_share(tmp_path: Path) -> None:
    world = prepared(
        tmp_path,
        (
            "INSERT INTO alias_type (id, merchant_id, name) VALUES (90, :m, 'UPC'), (91, :m, 'EAN')",
            "INSERT INTO product_code (merchant_id, key, kind, product_id, code) VALUES (:m, '1', 90, :B, '1'), "
            "(:m, '1', 90, :C, '1'), (:m, '1', 90, :D, '1'), (:m, '1', 91, :A, '1'), "
            "(:m, '2', 90, :A, '2'), (:m, '1a', 90, :A, '1A')",
            "UPDATE product SET missing_since = 4 WHERE id = :D",
            "UPDATE cart SET push_kind = 90 WHERE id = :d",
        ),
    )  # fmt: skip
    with world.acme.bench.store.reading() as cx:
        ids = world.ids
        asked = [(90, "1", "1"), (90, "1a", "1A"), (91, "1", "1"), (0, "sku-b", "SKU-B"), (90, "1", "x")]
        assert codes.sharers(cx, world.merchant, asked, 9) == {
            (90, "1"): [(ids["B"], "SKU-B"), (ids["C"], "SKU-C")], (90, "1A"): [(ids["A"], "SKU-A")],
            (91, "1"): [(ids["A"], "SKU-A")], (0, "SKU-B"): [(ids["B"], "SKU-B")],
        }  # fmt: skip
        assert codes.sharers(cx, world.merchant, asked[:1], 1) == {(90, "1"): [(ids["B"], "SKU-B")]}
        assert [tuple(row) for row in codes.kinds(cx, world.merchant)] == [
            (0, "SKU", ("Acme Shop",)), (91, "EAN", ()), (90, "UPC", ("Second Shop",)),
        ]  # fmt: skip
        assert [codes.kind_name(cx, kind) for kind in (0, 90, 91)] == ["SKU", "UPC", "EAN"]
    world.acme.bench.store.close()


def test_runs_by_what_they_are_filtered_by_and_the_one_before(tmp_path: Path) -> None:
    world = prepared(tmp_path, ())
    dice = random.Random(5)
    store = world.acme.bench.store
    with store.transaction() as tx:
        for n in range(24):
            kind = dice.choice(("pull", "push"))
            key = world.merchant if kind == "pull" else dice.choice((world.first, world.second))
            state = dice.choice(("done", "failed", "cancelled"))
            tx.execute(
                "INSERT INTO run (kind, key, merchant_id, state, trigger, requested_by, requested_at, ended_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (kind, key, world.merchant, state, dice.choice("tu"), dice.choice("ab"), 100 + n // 2, 200 + n),
            )  # fmt: skip
    with store.reading() as cx:
        cursor = cx.execute("SELECT * FROM run ORDER BY id DESC")
        names = [one[0] for one in cursor.description]
        known = [dict(zip(names, row, strict=True)) for row in cursor]
        tests: list[tuple[runs.RunFilter, Callable[[Row], bool]]] = [
            (runs.RunFilter(), lambda row: True),
            (runs.RunFilter(merchant_id=world.merchant), lambda row: row["merchant_id"] == world.merchant),
            (runs.RunFilter(cart_id=world.first), lambda row: row["kind"] == "push" and row["key"] == world.first),
            (runs.RunFilter(state="failed"), lambda row: row["state"] == "failed"),
            (runs.RunFilter(trigger="u"), lambda row: row["trigger"] == "u"),
            (runs.RunFilter(who="a"), lambda row: row["requested_by"] == "a"),
            (runs.RunFilter(since=104, until=106), lambda row: 104 <= row["requested_at"] <= 106),
            (runs.RunFilter(world.merchant, state="done", who="b"),
             lambda row: (row["merchant_id"], row["state"], row["requested_by"]) == (world.merchant, "done", "b")),
        ]  # fmt: skip
        for run_filter, keeps in tests:
            wanted = [row["id"] for row in known if keeps(row)]
            check_list(runs.runs(cx, run_filter), [(number,) for number in wanted], wanted, lambda row: row[0])
        ended = ("done", "failed", "held", "cancelled")
        for row in known:
            same = [one["id"] for one in known if (one["kind"], one["key"]) == (row["kind"], row["key"])
                    and one["state"] in ended and one["id"] < row["id"]]  # fmt: skip
            run = store_runs.get(cx, row["id"])
            assert run is not None
            assert runs.before(cx, run) == max(same, default=None)
    store.close()


@pytest.mark.parametrize(
    ("decided", "counts", "found"),
    [
        ("", {}, 0),
        ("", {"UNCHANGED": 5}, 0),
        ("", {"NOT_IN_CART": 2, "UNCHANGED": 7}, 2),
        ("", {"NOT_IN_CART": 3}, None),
        ("UPDATE listing SET run_id = 77, outcome = 'skipped', reason = 'NOT_IN_CART' WHERE id = (SELECT max(id) FROM listing)",
         {"NOT_IN_CART": 3}, 2),
        ("UPDATE listing SET run_id = 77, outcome = 'set', reason = 'NOT_IN_CART' WHERE id = (SELECT max(id) FROM listing)",
         {"NOT_IN_CART": 3}, None),
        ("UPDATE listing SET run_id = 78, outcome = 'skipped', reason = 'NOT_IN_CART' WHERE id = (SELECT max(id) FROM listing)",
         {"NOT_IN_CART": 3}, None),
    ],
)  # fmt: skip
def test_products_of_a_push_that_its_cart_does_not_list(
    tmp_path: Path, decided: str, counts: dict[str, int], found: int | None
) -> None:
    listed = (
        "INSERT INTO unlisted (cart_id, product_id, reason, run_id) VALUES (:d, :A, 'NOT_IN_CART', 77), "
        "(:d, :B, 'NOT_IN_CART', 77), (:d, :C, 'EXCLUDED', 77), (:d, :D, 'NOT_IN_CART', 78)"
    )
    world = prepared(
        tmp_path, ("DELETE FROM unlisted WHERE cart_id IN (:c, :d)", listed, *([decided] if decided else []))
    )
    with world.acme.bench.store.reading() as cx:
        assert run_size.not_listed(cx, 77, counts) == found
    world.acme.bench.store.close()


def test_products_that_a_pull_read(tmp_path: Path) -> None:
    rows = ", ".join(
        f"({n}, {m}, {run}, 'full', 'complete', {products}, 3 * ifnull({products}, 0), 1)"
        for n, m, run, products in ((901, ":m", 77, 5), (902, ":m", 77, 6), (903, ":m", 78, 7), (905, ":m", 79, "NULL"))
    )  # fmt: skip
    world = prepared(
        tmp_path,
        (
            f"INSERT INTO pull_generation (id, merchant_id, run_id, kind, state, products, levels, started_at) VALUES {rows}",
        ),
    )
    with world.acme.bench.store.reading() as cx:
        read = [run_size.read(cx, world.merchant, run) for run in (77, 78, 79, 80)]
        assert read == [(6, 18), (7, 21), None, None]
        assert run_size.read(cx, NEIGHBORS[0].number, 77) is None
    world.acme.bench.store.close()
