"""The lines of the merchants screen: merchants as the overview has them, carts beneath them, and what a page costs."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.operations import names
from invsync_tui.operations.errors import NotFoundError, OperationError
from invsync_tui.operations.listings import carts
from invsync_tui.operations.lists.rows import Count, Ordering
from invsync_tui.operations.merchants import home, overview
from invsync_tui.operations.session import Session
from invsync_tui.operations.views import CartRow, MerchantRow, PastPush, ProblemKind, RunState
from tests.support.stores.merchant_store import Bench
from tests.support.stores.products_store import NOW, Shelf


def push(acme: Shelf, cart: int, state: str, **counts: int) -> int:
    with acme.bench.store.transaction() as tx:
        made = tx.execute(
            "INSERT INTO run (kind, key, merchant_id, state, trigger, requested_by, requested_at, started_at, ended_at, counts) "
            "VALUES ('push', ?, ?, ?, 'test', 'tester', ?, ?, ?, ?)",
            (cart, acme.merchant, state, NOW, NOW, NOW + 5, json.dumps(counts)),
        )
    return int(made.lastrowid or 0)


def of_cart(acme: Shelf, cart: int) -> CartRow:
    lines = home.few(acme.session, carts=True)
    assert lines is not None
    return next(line for line in lines if isinstance(line, CartRow) and line.id == cart)


def test_carts_follow_their_merchant_and_both_say_what_their_own_lists_say(acme: Shelf) -> None:
    acme.another_cart("A second one")
    push(acme, acme.cart, "failed")
    lines = home.few(acme.session, carts=True)
    assert lines is not None
    merchants = [line for line in lines if isinstance(line, MerchantRow)]
    listed = {cart.id: cart for cart in carts.carts(acme.session)}
    by_overview = {row.id: row for row in overview.overview(acme.session).merchants}
    assert [line.name for line in merchants] == [row.name for row in by_overview.values()]
    assert {line.id for line in lines if isinstance(line, CartRow)} == set(listed)
    owner = None
    for line in lines:
        if isinstance(line, MerchantRow):
            owner = line.id
            assert line.problems == by_overview[line.id].problems
            assert (line.status, line.held, line.latest_run) == (
                by_overview[line.id].status, by_overview[line.id].held, by_overview[line.id].latest_run,
            )  # fmt: skip
        else:
            cart = listed[line.id]
            assert line.merchant_id == owner
            assert (line.name, line.merchant, line.system, line.status, line.last_push_at, line.next_run_at) == (
                cart.name, cart.merchant, cart.system, cart.status, cart.last_push_at, cart.next_run_at,
            )  # fmt: skip
    alone = home.few(acme.session, carts=False)
    assert alone is not None
    assert [line.name for line in alone] == [line.name for line in merchants]


def test_a_cart_has_its_last_eight_pushes_its_held_listings_and_its_own_problems(acme: Shelf) -> None:
    other = acme.another_cart("Other")
    for updated in range(9):
        push(acme, acme.cart, "done", set=updated)
    failed = push(acme, other, "failed", set=99)
    held = push(acme, acme.cart, "held", held=12)
    row, beside = of_cart(acme, acme.cart), of_cart(acme, other)
    assert row.pushes == (*(PastPush(RunState.DONE, updated) for updated in range(2, 9)), PastPush(RunState.HELD, 0))
    assert (row.held, row.status, row.latest_run) == (1, "held: 12 listings", held)
    assert [problem.kind for problem in row.problems] == [ProblemKind.HELD]
    assert [(problem.kind, problem.place) for problem in beside.problems] == [
        (ProblemKind.FAILING, ("run", str(failed), "")),
        (ProblemKind.OTHER, ("cart", "Other", "upload")),
    ]
    lines = home.few(acme.session, carts=True)
    assert lines is not None
    owner = next(line for line in lines if isinstance(line, MerchantRow) and line.id == acme.merchant)
    assert owner.pushes[-2:] == (PastPush(RunState.FAILED, 99), PastPush(RunState.HELD, 0))
    assert len(owner.pushes) == home.PUSHES


def test_mismatches_of_a_merchant_are_those_of_its_carts(acme: Shelf) -> None:
    other = acme.another_cart("Other")
    for cart, number in ((acme.cart, 2), (other, 3)):
        for listing in acme.list([f"{cart}-{n}" for n in range(number + 1)], cart=cart)[:number]:
            acme.set(listing, desired=5, observed=7)
    assert of_cart(acme, acme.cart).mismatches == Count(2, exact=True)
    assert of_cart(acme, other).mismatches == Count(3, exact=True)
    for with_carts, expected in ((True, Count(5, exact=True)), (False, Count(1, exact=False))):
        assert (owner(acme, with_carts).mismatches, len(owner(acme, with_carts).mismatched)) == (expected, 2)


def owner(acme: Shelf, with_carts: bool) -> MerchantRow:
    lines = home.few(acme.session, carts=with_carts)
    assert lines is not None
    return next(line for line in lines if isinstance(line, MerchantRow) and line.id == acme.merchant)


def test_what_is_not_known_of_mismatches_is_not_none_of_them(acme: Shelf) -> None:
    def listed(*ats: int | None) -> None:
        with acme.bench.store.transaction() as tx:
            for cart, at in zip((acme.cart, other), ats, strict=True):
                tx.execute("UPDATE cart SET listed_at = ?, upload_enabled = 1 WHERE id = ?", (at, cart))

    other = acme.another_cart("Other")
    for with_carts in (True, False):
        listed(None, None)
        assert owner(acme, with_carts).mismatches is None and of_cart(acme, other).mismatches is None
        listed(1, None)
        assert owner(acme, with_carts).mismatches == Count(0, exact=False), "at least none: the other was never read"
        assert of_cart(acme, acme.cart).mismatches == Count(0, exact=True)
        listed(1, 1)
        assert owner(acme, with_carts).mismatches == Count(0, exact=True)
        with acme.bench.store.transaction() as tx:
            tx.execute("UPDATE cart SET listed_at = NULL, upload_enabled = 0 WHERE id = ?", (other,))
        assert owner(acme, with_carts).mismatches == Count(0, exact=True), "one that is off was left out"


def many(folder: Path, number: int) -> Bench:
    """Merchants with two carts each, all with runs, the second cart with ten pushes."""
    bench = Bench.make(folder, alone=True)
    with bench.store.transaction() as tx:
        for table in ("run", "cart", "source", "merchant"):
            tx.execute(f"DELETE FROM {table}")
        every = range(1, number + 1)
        tx.executemany(
            "INSERT INTO merchant (id, name, created_at, inventory_sync) VALUES (?, ?, 0, 1)",
            [(n, f"Merchant {n:05}") for n in every],
        )
        tx.executemany(
            "INSERT INTO cart (id, merchant_id, name, system, url, created_at, upload_enabled) "
            "VALUES (?, ?, ?, 'medusa', '', 0, 1)",
            [(n * 2 + k, n, f"Cart {k}") for n in every for k in range(2)],
        )
        runs = [("pull", n, n) for n in every] + [
            ("push", n * 2 + k, n) for n in every for k in range(2) for _ in range(10)
        ]
        tx.executemany(
            "INSERT INTO run (kind, key, merchant_id, state, trigger, requested_by, requested_at, ended_at) "
            "VALUES (?, ?, ?, 'done', 'test', 'tester', 1, 2)",
            runs,
        )
    return bench


def steps(session: Session, work: Any) -> int:
    """Thousands of steps that SQLite takes."""
    taken = 0

    def tick() -> int:
        nonlocal taken
        taken += 1
        return 0

    with session.store.reading() as cx:
        cx.set_progress_handler(tick, 1000)
        try:
            work()
        finally:
            cx.set_progress_handler(None, 0)
    return taken


def test_a_page_costs_the_same_however_many_merchants_there_are(tmp_path: Path) -> None:
    costs = []
    for number in (400, 2400):
        (tmp_path / str(number)).mkdir()
        bench = many(tmp_path / str(number), number)
        with closing(Session.open(bench.store.path)) as session:
            assert home.few(session, carts=True) is None
            rows = home.paged(session, carts=True)
            assert rows.count() == Count(3 * number, exact=True)
            middle = rows.key(rows.after(("Merchant 00200", ""), 1)[0])
            costs.append(
                (
                    steps(session, lambda: rows.after(middle, 128)),  # noqa: B023 (called at once)
                    steps(session, lambda: rows.before(None, 128)),  # noqa: B023
                )
            )
        bench.store.close()
    small, large = costs
    assert all(many_steps <= few_steps * 1.2 + 2 for few_steps, many_steps in zip(small, large, strict=True)), costs


def test_pages_have_the_lines_of_the_whole_list(tmp_path: Path) -> None:
    bench = many(tmp_path, 60)
    with closing(Session.open(bench.store.path)) as session:
        whole = home.few(session, carts=True)
        assert whole is not None
        for ordering in (None, Ordering("name"), Ordering("name", descending=True)):
            rows = home.paged(session, ordering=ordering, carts=True)
            found: list[home.HomeLine] = []
            while page := rows.after(rows.key(found[-1]) if found else None, 50):
                found += page
            merchants = [line.name for line in found if isinstance(line, MerchantRow)]
            assert sorted(found, key=repr) == sorted(whole, key=repr)
            assert merchants == sorted(merchants, reverse=ordering is not None and ordering.descending)
        assert [line.name for line in home.paged(session, "00042", carts=True).after(None, 9)] == [
            "Merchant 00042", "Cart 0", "Cart 1",
        ]  # fmt: skip
        with pytest.raises(OperationError, match="cannot be sorted by 'status'"):
            home.paged(session, ordering=Ordering("status"), carts=True)
    bench.store.close()


def test_names_cost_little_however_many_there_are(tmp_path: Path) -> None:
    """The prompt `:` read each merchant's and cart's runs, counts and settings for the sake of its name."""
    session = Session(many(tmp_path, 2400).store, "tester", read_only=False)
    listed, everybody = [], []
    all_rows = steps(session, lambda: listed.extend(carts.carts(session)))
    only_names = steps(session, lambda: everybody.append(names.everybody(session)))
    assert only_names * 10 < all_rows, (only_names, all_rows)
    (found,) = everybody
    assert [row.id for row in found.merchants] == list(range(1, 2401))
    assert [(row.id, row.name, row.merchant_id) for row in found.carts] == [
        (row.id, row.name, row.merchant_id) for row in listed
    ]


def test_a_merchant_is_found_by_name_or_number_without_reading_the_others(tmp_path: Path) -> None:
    session = Session(many(tmp_path, 2400).store, "tester", read_only=False)
    for called, number in (("Merchant 00077", 77), ("2400", 2400)):
        assert steps(session, lambda called=called: names.merchant(session, called)) == 0
        assert names.merchant(session, called).id == number
    for nobody in ("0077", " 77", "77.0", "9" * 30, "\u0667\u0667", "\udcff"):
        with pytest.raises(NotFoundError):
            names.merchant(session, nobody)
    with pytest.raises(NotFoundError, match="Did you mean 'Merchant 00077'"):
        names.merchant(session, "Merchant 00077x")
