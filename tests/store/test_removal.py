"""What belongs to a removed merchant or cart goes with it, all of it and nothing else, in small transactions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from invsync_tui import clock
from invsync_tui.store import models, numbers, removal
from invsync_tui.store.database import Store, open_store
from invsync_tui.store.file import check
from invsync_tui.store.runs import runs
from invsync_tui.store.runs.records import RunRequest
from invsync_tui.store.settings import write as settings_write
from tests.support.stores.neighbors import NEIGHBORS, crowded_store

FIRST, SECOND = NEIGHBORS
CART, OTHER = FIRST.carts
WHOLE_STORE = {"audit", "counter", "worker", "alembic_version"}

Rows = dict[str, set[tuple[Any, ...]]]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Two merchants with two carts each, and rows in every table that belong to each."""
    path = tmp_path / "store.db"
    path.touch(0o600)
    path.write_bytes(crowded_store())
    opened = open_store(path)
    yield opened
    opened.close()


def rows(store: Store) -> Rows:
    """All rows by table, without those of the whole store."""
    tables = store.read("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%_fts%'")
    names = [name for (name,) in tables if name not in WHOLE_STORE and not name.startswith("sqlite")]
    return {name: set(store.read(f"SELECT * FROM {name}")) for name in names}


def owned_by_carts(store: Store, carts: tuple[int, ...]) -> Rows:
    """The rows of some carts, found another way than the removal finds them: by everything that names them."""
    listing = f"SELECT id FROM listing WHERE cart_id IN {carts}"
    run = f"SELECT id FROM run WHERE kind <> 'pull' AND key IN {carts}"
    found: Rows = {}
    for name in rows(store):
        columns = {row[1] for row in store.read(f"PRAGMA table_info({name})")}
        condition = {
            "cart": f"id IN {carts}",
            "run": f"id IN ({run})",
            "run_event": f"run_id IN ({run})",
            "exchange": f"run_id IN ({run})",
            "schedule": f"kind <> 'pull' AND key IN {carts}",
            "lease": "key IN (" + ", ".join(f"'push:{cart}'" for cart in carts) + ")",
            "census": f"subject = 'listings' AND owner IN {carts}",
            "listing_history": f"listing_id IN ({listing})",
            "listing_rename": f"listing_id IN ({listing})",
        }.get(name, f"cart_id IN {carts}" if "cart_id" in columns else "0")
        found[name] = set(store.read(f"SELECT * FROM {name} WHERE {condition}"))
    return found


def forget(store: Store, *carts: int, merchant: int | None = None) -> None:
    with store.transaction() as tx:
        for cart in carts:
            removal.forget_cart(tx, cart, clock.seconds())
        if merchant is not None:
            removal.forget_merchant(tx, merchant, clock.seconds())


def clear(store: Store, rows_each: int = 3) -> list[int]:
    """All that is left behind, in small steps; how many rows went in each."""
    taken: list[int] = []
    while True:
        with store.transaction() as tx:
            number = removal.step(tx, rows_each)
        if number is None:
            return taken
        taken.append(number)


def changed(store: Store, listings: int = 3) -> None:
    """Some listings of each cart change, so that they have a history."""
    with store.transaction() as tx:
        tx.execute("UPDATE listing SET desired = 77, synced_at = 5 WHERE ref < ?", (f"L{listings + 1:07d}",))
        tx.execute("UPDATE level SET available = available + 1")


def without(everything: Rows, gone: Rows) -> Rows:
    return {name: found - gone.get(name, set()) for name, found in everything.items()}


def test_all_rows_of_a_cart_go_and_nobody_elses(store: Store) -> None:
    changed(store)
    before, mine = rows(store), owned_by_carts(store, (CART, CART))
    assert {name for name, found in mine.items() if found} >= {
        "cart", "listing", "listing_history", "listing_rename", "run", "run_event", "exchange", "push_batch", "plan", "link",
        "pending_order", "unlisted", "decision_record", "finding", "schedule", "lease", "census",
    }  # fmt: skip
    forget(store, CART)
    clear(store)
    assert rows(store) == without(before, mine)


def test_the_check_of_the_store_finds_nothing_wrong_at_any_step(store: Store) -> None:
    changed(store)
    forget(store, CART)
    forget(store, OTHER, merchant=FIRST.number)
    more: int | None = 1
    while more is not None:
        with store.reading() as cx:
            assert [problem for problem in check.rules(cx) if problem.code in ("orphan", "wait", "count")] == []
        with store.transaction() as tx:
            more = removal.step(tx, 30)


def test_all_rows_of_a_merchant_go_and_nobody_elses(store: Store) -> None:
    changed(store)
    # the same store in which the first neighbor is the only one: what is left has to be what it would be without him
    others = SECOND.number, SECOND.carts
    theirs = owned_by_carts(store, others[1])
    product = set(store.read("SELECT id FROM product WHERE merchant_id = ?", (others[0],)))
    forget(store, *FIRST.carts, merchant=FIRST.number)
    clear(store)
    after = rows(store)
    for name in ("listing", "run_event", "exchange", "push_batch", "pending_order", "plan", "listing_history"):
        assert after[name] == theirs[name], name
    assert set(store.read("SELECT id FROM product")) == product
    for name in ("merchant", "source", "warehouse", "product", "product_code", "pull_generation", "collision"):
        owner = "id" if name == "merchant" else "merchant_id"
        assert store.read(f"SELECT DISTINCT {owner} FROM {name}") in ([(others[0],)], []), name
    for name in ("level", "level_history", "source_record"):
        assert after[name]
        assert store.read(f"SELECT 1 FROM {name} WHERE product_id NOT IN (SELECT id FROM product)") == [], name
        assert store.read(f"SELECT 1 FROM {name} WHERE warehouse_id NOT IN (SELECT id FROM warehouse)") == [], name
    pages = "SELECT 1 FROM pull_page WHERE generation_id NOT IN (SELECT id FROM pull_generation)"
    assert store.read(pages) == [] and after["pull_page"]
    assert store.read("SELECT 1 FROM kit_component WHERE kit_id NOT IN (SELECT id FROM product)") == []
    searched = store.read("SELECT rowid FROM product_fts WHERE product_fts MATCH 'demo'")
    assert set(searched) <= product and searched


def test_the_audit_stays(store: Store) -> None:
    before = store.read("SELECT * FROM audit")
    forget(store, *FIRST.carts, merchant=FIRST.number)
    clear(store)
    assert before and store.read("SELECT * FROM audit") == before


def test_no_step_takes_more_rows_than_it_may(store: Store) -> None:
    forget(store, *FIRST.carts, merchant=FIRST.number)
    taken = clear(store, 4)
    assert len(taken) > 20
    assert max(taken) <= 8  # a product is taken with its levels, four at a time


def test_pages_of_a_download_go_in_pieces_and_nobody_elses(store: Store) -> None:
    # given: five pages of each merchant
    with store.transaction() as tx:
        tx.execute(
            "INSERT INTO pull_page (generation_id, stage, n, rows, changed, seen) "
            "SELECT generation_id, stage, n + more.value, rows, changed, seen FROM pull_page, json_each('[1, 2, 3, 4]') AS more"
        )
    sql = (
        "SELECT count(*) FROM pull_page JOIN pull_generation AS g ON g.id = generation_id AND g.merchant_id = "
        f"{FIRST.number}"
    )
    every = store.read("SELECT count(*) FROM pull_page")[0][0]
    assert store.read(sql) == [(5,)]
    # then
    for most, gone, left in ((2, 2, 3), (1, 1, 2), (3, 2, 0), (3, 0, 0)):
        with store.transaction() as tx:
            assert removal._pages(tx, FIRST.number, most) == gone
        assert store.read(sql) == [(left,)]
    assert store.read("SELECT count(*) FROM pull_page") == [(every - 5,)]


def test_nothing_is_left_to_do_after_it(store: Store) -> None:
    forget(store, CART)
    with store.reading() as cx:
        assert removal.waiting(cx)
    clear(store)
    with store.reading() as cx:
        assert not removal.waiting(cx)
    assert clear(store) == []


def test_a_removal_that_was_cut_short_goes_on(store: Store, tmp_path: Path) -> None:
    changed(store)
    before, mine = rows(store), owned_by_carts(store, (CART, CART))
    forget(store, CART)
    with store.transaction() as tx:
        removal.step(tx, 5)
    store.close()
    again = open_store(store.path)
    clear(again)
    assert rows(again) == without(before, mine)
    again.close()


def test_a_number_is_not_given_twice(store: Store) -> None:
    newest = SECOND.carts[1]
    last_run = store.one("SELECT max(id) FROM run")[0]
    assert store.one("SELECT max(id) FROM cart")[0] == newest
    forget(store, *SECOND.carts, merchant=SECOND.number)
    with store.session() as session:
        added = settings_write.add_merchant(
            session, "New", models.Source(merchant_id=0, system="sandbox", url="http://x"), inventory_sync=False,
            stale_after=None,
        )  # fmt: skip
        merchant = settings_write.number(added)
        row = models.Cart(merchant_id=merchant, name="New", system="sandbox", url="http://x", created_at=1)
        cart = settings_write.number(settings_write.add_cart(session, row, []))
    assert merchant == SECOND.number + 1
    assert cart == newest + 1
    clear(store)
    with store.transaction() as tx:
        run = runs.request(tx, RunRequest("push", cart, merchant, "test", "tester"), 1).run_id
    assert run == last_run + 1
    # and the new ones have what belongs to them still
    assert store.read("SELECT code FROM warehouse WHERE merchant_id = ?", (merchant,)) == [("Default",)]


def test_the_runs_of_a_removed_cart_are_out_of_sight_at_once(store: Store) -> None:
    with store.reading() as cx:
        before = {run.key for run in runs.recent(cx, FIRST.number, None, 100) if run.kind != "pull"}
    assert before == set(FIRST.carts)
    forget(store, CART)
    with store.reading() as cx:
        left = runs.recent(cx, None, None, 100)
        assert CART not in {run.key for run in left if run.kind != "pull"}
        assert OTHER in {run.key for run in left if run.kind != "pull"}


def test_what_goes_is_counted_beforehand(store: Store) -> None:
    changed(store)
    mine = owned_by_carts(store, (CART, CART))
    with store.reading() as cx:
        counts = removal.contents_of_carts(cx, [CART])
        of_merchant = removal.contents_of_merchant(cx, FIRST.number)
    assert counts["listings"] == len(mine["listing"])
    assert counts["runs"] == len(mine["run"])
    assert counts["history"] == len(mine["listing_history"]) + len(mine["listing_rename"])
    assert (counts["orders"], counts["plans"], counts["links"], counts["unanswered"]) == (1, 1, 1, 1)
    assert (
        of_merchant["products"] == store.one("SELECT count(*) FROM product WHERE merchant_id = ?", (FIRST.number,))[0]
    )
    assert of_merchant["warehouses"] == 4 and of_merchant["levels"] == 4 * of_merchant["products"]


def test_the_numbers_of_other_tables_are_untouched(store: Store) -> None:
    with store.reading() as cx:
        assert [numbers.upcoming(cx, table) for table in numbers.NUMBERED] == [
            store.one(f"SELECT max(id) + 1 FROM {table}")[0] for table in numbers.NUMBERED
        ]
