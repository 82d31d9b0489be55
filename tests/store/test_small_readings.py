"""What each small query of the store answers, beside rows that it must leave out and in a store full of neighbors."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.store import hooks
from invsync_tui.store.catalog import levels, products, sync_marks
from invsync_tui.store.catalog.products import Kind
from invsync_tui.store.diagnosis import metrics
from invsync_tui.store.listings import links, listings, push_batches
from invsync_tui.store.listings.listings import StockElsewhere
from invsync_tui.store.listings.push_batches import Item
from invsync_tui.store.settings import read, schedule
from tests.support.stores.small_writes import BATCHES, EAST, IN_EAST, OURS, World, listed, prepared

Query = Callable[[World, sqlite3.Connection], Any]
CASES: dict[str, tuple[tuple[str, ...], Query, Any]] = {
    "listings that a plan looks at after a mark": (
        (
            "UPDATE listing SET seq = 5, pending = 0 WHERE cart_id = :c",
            "UPDATE product SET seq = 5 WHERE merchant_id = :m",
            "UPDATE level SET seq = 5 WHERE product_id IN (:A, :B, :C, :D)",
            listed("seq = 51", "A"),
            listed("pending = 1", "B"),
            "UPDATE level SET seq = 50 WHERE product_id = :D",
        ),
        lambda w, tx: [w.refs(listings.changed_since(tx, w.first, mark)) for mark in (50, 51, 49, 4, 0)],
        ["AB", "B", "ABD", "ABCDK", "ABCDK"],
    ),
    "listings that a plan looks at since a part of a kit moved": (
        (
            "UPDATE listing SET seq = 5, pending = 0 WHERE cart_id = :c",
            "UPDATE product SET seq = 5 WHERE merchant_id = :m",
            "UPDATE level SET seq = 5 WHERE product_id IN (:A, :B, :C, :D)",
            "UPDATE level SET seq = 60 WHERE product_id = :A",
            "UPDATE product SET seq = 60 WHERE id = :D",
            listed("gone_at = 4", "D"),
        ),
        lambda w, tx: w.refs(listings.changed_since(tx, w.first, 59)),
        "AK",
    ),
    "listings that are planned by a run": (
        (
            listed(
                "run_id = 77, outcome = 'planned', desired = 4, target = 5, observed = 6, allocated = 1, acked = 9", "A"
            ),
            listed("run_id = 77, outcome = 'planned', desired = 4, target = 5, observed = NULL, acked = 9", "B"),
            listed("run_id = 77, outcome = 'planned', inflight = 'b', desired = 4, target = 5", "C"),
            listed("run_id = 78, outcome = 'planned', desired = 4, target = 5", "D"),
            listed("run_id = 77, outcome = 'equal', desired = 4, target = 5", "K"),
        ),
        lambda w, tx: (
            [row[1:3] for row in listings.planned_changes(tx, 77, 0, 9)],
            [row.shows for row in listings.planned_changes(tx, 77, w.shown["A"], 9)],
            len(listings.planned_changes(tx, 77, 0, 1)),
            [row.sku for row in listings.planned(tx, 77, list(w.shown.values())[::-1])],
            sorted(listings.outcomes(tx, 77), key=str),
        ),
        ([(5, 4), (9, 4)], [9], 1, ["SKU-B", "SKU-A"], [("equal", None, 1), ("planned", None, 3)]),
    ),
    "listings in doubt": (
        (
            (
                "UPDATE listing SET pending = 1, acked = 5, synced_at = 5, inflight = NULL, outcome = 'set' "
                "WHERE cart_id = :c"
            ),
            listed("acked = NULL", "A"),
            listed("heal = 1", "B"),
            listed("outcome = 'failed', reason = 'NOT_IN_CART'", "C"),
            listed("outcome = 'failed', reason = 'BAD_ROW'", "D"),
        ),
        lambda w, tx: [ref for _, ref in listings.doubted(tx, w.first)],
        ["L-SKU-A", "L-SKU-B", "L-SKU-C"],
    ),
    "listings that are not in doubt": (
        (
            (
                "UPDATE listing SET pending = 1, acked = NULL, synced_at = 5, inflight = NULL, outcome = 'set' "
                "WHERE cart_id = :c"
            ),
            listed("pending = 0", "A"),
            listed("inflight = 'b'", "B"),
            listed("gone_at = 5", "C"),
            listed("synced_at = NULL", "D"),
            listed("acked = 4, outcome = 'set', reason = 'REJECTED_BY_CART'", "K"),
        ),
        lambda w, tx: listings.doubted(tx, w.first),
        [],
    ),
    "another listing that the cart accepted a number for": (
        (
            "UPDATE listing SET acked = 5, observed_at = 10 WHERE cart_id = :c",
            listed("observed_at = 30", "A"),
            listed("observed_at = 20", "B"),
            listed("observed_at = 90, gone_at = 5", "C"),
            listed("observed_at = 90, acked = NULL", "D"),
        ),
        lambda w, tx: [
            (listings.another(tx, w.first, [w.shown[ref] for ref in refs]) or (0, ""))[1]
            for refs in ("", "A", "AB", "ABK")
        ],
        ["L-SKU-A", "L-SKU-B", "L-SKU-K", ""],
    ),
    "samples of a reason": (
        (
            listed("run_id = 77, outcome = 'failed', reason = 'BAD_ROW'", "A"),
            listed("run_id = 77, outcome = 'skipped', reason = 'BAD_ROW'", "B"),
            listed("run_id = 77, outcome = 'skipped', reason = 'DUPLICATE'", "C"),
            listed("run_id = 78, outcome = 'skipped', reason = 'BAD_ROW'", "D"),
            (
                "INSERT INTO unlisted (cart_id, product_id, reason, run_id) VALUES (:c, :D, 'BAD_ROW', 77), "
                "(:c, :C, 'NOT_IN_CART', 77)"
            ),
        ),
        lambda w, tx: (
            listings.samples(tx, 77, "BAD_ROW"),
            listings.samples(tx, 77, "BAD_ROW", 2),
            sorted(listings.outcomes(tx, 77)),
        ),
        (
            ["SKU-A", "SKU-B", "SKU-D"],
            ["SKU-A", "SKU-B"],
            [
                ("failed", "BAD_ROW", 1),
                ("skipped", "BAD_ROW", 1),
                ("skipped", "BAD_ROW", 1),
                ("skipped", "DUPLICATE", 1),
                ("skipped", "NOT_IN_CART", 1),
            ],
        ),
    ),
    "batches that are not finished": (
        (
            (
                f"{BATCHES} ('b-1', :c, 77, 1, '[]', x'', 'intent', 1, 1), "
                "('b-2', :c, 77, 1, '[]', x'', 'submitted', 1, 1), "
                "('b-3', :c, 77, 1, '[]', x'', 'answered', 1, 1), "
                "('b-4', :d, 77, 1, '[]', x'', 'in_doubt', 1, 1), "
                "('b-5', :c, 77, 1, '[[1, 7, 2, 3, 4]]', x'', 'in_doubt', 1, 1), "
                "('b-6', :c, 77, 1, '[]', x'', 'refused', 1, 1)"
            ),
            "UPDATE push_batch SET look_after = 100 WHERE id IN ('b-1', 'b-3', 'b-4')",
            "UPDATE push_batch SET look_after = 120 WHERE id IN ('b-2', 'b-6')",
        ),
        lambda w, tx: (
            [(one.id, one.items) for one in push_batches.unfinished(tx, w.first)],
            sorted(push_batches.submitted(tx, w.first)),
            [push_batches.next_look(tx, w.first, now) for now in (99, 100, 119, 120)],
            metrics.batches(tx, w.first),
        ),
        (
            [("b-1", ()), ("b-2", ()), ("b-5", (Item(listing_id=1, ref=7, desired=2, target=3, before=4),))],
            ["b-2"],
            [100, 120, 120, None],
            (2, 1),
        ),
    ),
    "carts with something to be read again": (
        (
            ("INSERT INTO hook_ref (cart_id, ref, at, times) VALUES (:c, 'B', 9, 2), (:c, 'A', 7, 1), (:d, '', 8, 3)"),
            "UPDATE cart SET upload_enabled = 1 WHERE id = :d",
            (
                "INSERT INTO run (kind, key, merchant_id, state, trigger, requested_by, requested_at, ended_at) VALUES "
                "('push', :c, :m, 'failed', 't', 'b', 1, 5), ('radar', :c, :m, 'done', 't', 'b', 1, 6), "
                "('push', :d, :m, 'requested', 'look again', 'b', 1, NULL)"
            ),
        ),
        lambda w, tx: (
            hooks.waiting(tx, w.first),
            hooks.waiting(tx, w.first, 1),
            [row[2:] for row in hooks.due(tx)],
            [ref for _, ref in hooks.listings(tx, w.first, ["L-SKU-B", "L-SKU-A", "x"])],
        ),
        ({"A": 1, "B": 2}, {"A": 1}, [(7, 5, False), (8, None, True)], ["L-SKU-A", "L-SKU-B"]),
    ),
    "carts for which a push is asked for already, frozen and switched off": (
        (
            "INSERT INTO hook_ref (cart_id, ref, at, times) VALUES (:c, 'B', 9, 2), (:d, '', 8, 3)",
            (
                "INSERT INTO run (kind, key, merchant_id, state, trigger, requested_by, requested_at) VALUES "
                "('push', :c, :m, 'requested', 't', 'b', 1)"
            ),
        ),
        lambda w, tx: hooks.due(tx),
        [],
    ),
    "addresses of webhooks of a cart and its further location": (
        (
            "UPDATE cart SET of_cart = :c WHERE id = :d",
            "INSERT INTO hook_address (cart_id, token, made_at) VALUES (:c, 't', 1)",
        ),
        lambda w, tx: [
            found.token if found else None
            for found in (hooks.address(tx, w.first), hooks.address(tx, w.second), hooks.address(tx, 3))
        ],
        ["t", "t", None],
    ),
    "levels of products, as old as they are known to be right": (
        (
            "UPDATE level SET loaded_at = 100 WHERE product_id IN (:A, :B, :C, :D)",
            f"UPDATE level SET read_at = 50 WHERE {IN_EAST} AND product_id = :B",
            f"UPDATE level SET missing_since = 9 WHERE {IN_EAST} AND product_id = :C",
            f"UPDATE warehouse SET vanished_at = 90, last_full_at = 80 {EAST}",
        ),
        lambda w, tx: [
            [(row.available, row.read_at, row.missing) for row in rows]
            for rows in levels.of_products(tx, [w.ids[ref] for ref in "ABCD"], 200, 300).values()
        ],
        [[(10, 200, 0)], [(10, 200, 0), (20, 50, 0)], [(10, 200, 0), (20, 100, 1)], [(20, 100, 0)]],
    ),
    "levels that were dated by a clock that was ahead": (
        (
            "UPDATE level SET loaded_at = 100000, read_at = 10 WHERE product_id = :A",
            "UPDATE level SET loaded_at = 100, read_at = 100000 WHERE product_id IN (:B, :C)",
        ),
        lambda w, tx: [
            [row.read_at for row in rows]
            for rows in levels.of_products(tx, [w.ids[ref] for ref in "ABC"], 200, 300).values()
        ],
        [[200], [200, 200], [200, 200]],
    ),
    "parts of a kit, one of which nobody counts": (
        (
            "UPDATE product SET uncounted = 1 WHERE id = :A",
            "UPDATE product SET sku = '' WHERE id = :B",
        ),
        lambda w, tx: (
            [row[1:] for row in levels.components(tx, [w.ids["K"]])[w.ids["K"]]],
            products.components(tx, w.ids["K"]),
        ),
        ([("B", 2)], [("SKU-A", 1), ("B", 2)]),
    ),
    "fractions of a merchant": (
        (
            (
                "INSERT INTO level_fraction (warehouse_id, product_id, reported) "
                "SELECT warehouse_id, product_id, '2.5' FROM level WHERE product_id IN (:B, :C, :D)"
            ),
            "UPDATE product SET missing_since = 4 WHERE id = :D",
            f"UPDATE level SET missing_since = 9 WHERE {IN_EAST} AND product_id = :C",
            "UPDATE product SET sku = '' WHERE id = :B",
        ),
        lambda w, tx: (
            [tuple(row) for row in levels.fractions(tx, w.merchant, 9)],
            len(levels.fractions(tx, w.merchant, 2)),
            len(levels.fractions_of(tx, [w.ids["B"], w.ids["A"]])),
        ),
        ([("B", "Default", "2.5", 10), ("SKU-C", "Default", "2.5", 10), ("B", "EAST", "2.5", 20)], 2, 2),
    ),
    "a product with everything known of it": (
        (
            "INSERT INTO alias_type (id, merchant_id, name) VALUES (90, :m, 'UPC'), (91, :m, 'EAN')",
            (
                "INSERT INTO product_code (merchant_id, key, kind, product_id, code) VALUES "
                "(:m, '1', 90, :B, '1'), (:m, '2', 91, :B, '2'), (:m, '1', 90, :C, '1'), "
                "(:m, '2', 90, :D, '2'), (:m, '1', 91, :A, '1')"
            ),
            (
                "INSERT INTO unlisted (cart_id, product_id, reason, run_id) VALUES (:d, :B, 'EXCLUDED', 77), "
                "(:c, :C, 'EXCLUDED', 77)"
            ),
        ),
        lambda w, tx: (
            [row[1:] for row in products.codes(tx, w.ids["B"])],
            dict(products.sharers(tx, w.ids["B"])),
            [row[1:] for row in products.unlisted(tx, w.merchant, w.ids["B"])],
            [(row.warehouse, row.available, row.read_at) for row in products.stock(tx, w.ids["B"])],
            products.get(tx, w.ids["B"])[2:5],
        ),
        (
            [("SKU", "SKU-B"), ("EAN", "2"), ("UPC", "1")],
            {(90, "1"): ["SKU-C"]},
            [("Acme Shop", "NOT_IN_CART"), ("Second Shop", "EXCLUDED")],
            [("Default", 10, 1760000500), ("EAST", 20, 1760000500)],
            ("Acme", "SKU-B", "Thing B"),
        ),
    ),
    "products that are present": (
        (
            "UPDATE product SET missing_since = 4 WHERE id = :D",
            "UPDATE product SET inactive = 1 WHERE id = :C",
        ),
        lambda w, tx: (
            products.present_count(tx, w.merchant),
            len(products.present_ids(tx, w.merchant)),
            sorted(products.present_refs(tx, w.merchant, ["A", "D", "x"])),
            len(products.ids_by_ref(tx, w.merchant, ["A", "D", "x"])),
            products.marked_among(tx, w.merchant, {w.ids["C"], w.ids["D"]}) == [w.ids["D"]],
            list(products.kinds(tx, [w.ids["C"], w.ids["K"]]).values()),
        ),
        (3, 4, ["A"], 2, True, [Kind(is_kit=0, inactive=1, uncounted=0), Kind(is_kit=1, inactive=0, uncounted=0)]),
    ),
    "links of a cart": (
        (
            (
                "INSERT INTO link VALUES (:c, 'L-SKU-B', :A, 'manual', 5, 'bob'), "
                "(:c, 'L-SKU-A', :B, 'CASE', 6, 'bob'), (:d, 'L-SKU-C', :B, 'CASE', 6, 'bob')"
            ),
            "UPDATE product SET sku = '', missing_since = 4 WHERE id = :B",
        ),
        lambda w, tx: (
            [tuple(one)[1:2] + tuple(one)[3:] for one in links.of_refs(tx, w.first, ["L-SKU-A", "L-SKU-C"]).values()],
            links.count(tx, w.first),
            links.refs_of_kind(tx, w.first, "", 9),
            links.refs_of_kind(tx, w.first, "", 1),
            links.refs_of_kind(tx, w.first, "CASE", 9),
        ),
        ([("L-SKU-A", "B", 4, "CASE", 6, "bob")], 2, ["L-SKU-A", "L-SKU-B"], ["L-SKU-A"], ["L-SKU-A"]),
    ),
    "schedules whose switches are on": (
        (
            (
                "INSERT INTO schedule (kind, key, every, next_at) VALUES ('pull', :m, 60, 100), "
                "('push', :c, 60, 101), ('radar', :c, 60, 100), ('push', :d, 60, 99)"
            ),
        ),
        lambda w, tx: (
            [row[:2] for row in schedule.active(tx) if row.merchant_id == w.merchant]
            == [("pull", w.merchant), ("push", w.first), ("radar", w.first)],
            [row.next_at for row in schedule.active(tx) if row.merchant_id == w.merchant],
        ),
        (True, [100, 101, 100]),
    ),
    "warehouses and carts of a merchant": (
        (
            f"UPDATE warehouse SET enabled = 0 {EAST}",
            ("INSERT INTO cart_warehouse (cart_id, warehouse_id) SELECT :d, id FROM warehouse WHERE merchant_id = :m"),
            ("UPDATE cart SET combine_all = 0, of_cart = :c, options = json_object('location', ' l2 ') WHERE id = :d"),
        ),
        lambda w, tx: (
            read.disabled_warehouses(tx)[w.merchant],
            len(read.enabled_warehouses(tx, w.merchant)),
            [code for number, code in read.chosen_warehouses(tx) if number == w.second],
            [site.code for site in read.places(tx, w.merchant)],
            len(read.cart(tx, w.second)["warehouses"]),
            read.cart(tx, w.first)["warehouses"],
            read.connected_through(tx, w.second) == w.first,
            [row["name"] for row in read.carts(tx, w.merchant)],
            read.stocked(tx, w.acme.east),
        ),
        (["EAST"], 1, ["Default", "EAST"], ["Default", "EAST"], 2, [], True, ["Acme Shop", "Second Shop"], True),
    ),
    "what a shop holds beside what is set": (
        (
            listed("elsewhere = 4, threshold = 1", "A"),
            listed("elsewhere_allocated = 2", "B"),
            listed("elsewhere = 9, gone_at = 5", "C"),
            "UPDATE cart SET shop = 's', location = iif(id = :c, 'l1', 'l2') WHERE merchant_id = :m",
        ),
        lambda w, tx: (
            tuple(read.stock_elsewhere(tx, w.first)),
            tuple(read.stock_elsewhere(tx, w.second)),
            listings.beside(tx, [w.shown["A"]])[w.shown["A"]],
        ),
        ((2, 4, 2, 1, True), (0, 0, 0, 0, True), StockElsewhere(elsewhere=4, elsewhere_allocated=0, threshold=1)),
    ),
    "warehouses that are stale": (
        (
            "UPDATE merchant SET stale_after = 100 WHERE id = :m",
            f"UPDATE source SET confirmed_at = 900 {OURS}",
            f"UPDATE warehouse SET last_full_at = 800 {OURS}",
            f"UPDATE warehouse SET vanished_at = 850 {EAST}",
        ),
        lambda w, tx: [read.stale_warehouses(tx, now).get(w.merchant) for now in (99, 101, 1000, 1001)],
        [None, ["EAST"], ["EAST"], ["Default", "EAST"]],
    ),
    "warehouses of a merchant that is switched off": (
        (
            "UPDATE merchant SET stale_after = 100, inventory_sync = 0 WHERE id = :m",
            f"UPDATE source SET confirmed_at = 900 {OURS}",
        ),
        lambda w, tx: w.merchant in read.stale_warehouses(tx, 5000),
        False,
    ),
    "the smallest limit on the age of a reading": (
        (
            "UPDATE merchant SET stale_after = 300 WHERE id = :m",
            "UPDATE cart SET stale_after = 100 WHERE id = :d",
        ),
        lambda w, tx: (
            sync_marks.shortest_stale_after(tx, w.merchant),
            [row[1] for row in sync_marks.carts(tx, w.merchant)],
            [tuple(last_read) for last_read in sync_marks.last_reads(tx, [w.first, 999]).values()],
        ),
        (300, ["Acme Shop", "Second Shop"], [(1, None, None)]),
    ),
    "warehouses that are gone": (
        (
            f"UPDATE warehouse SET vanished_at = 90, last_full_at = 80, gone_why = 'denied' {EAST}",
            ("INSERT INTO warehouse (merchant_id, ref, code, name, vanished_at) VALUES (:m, 'w', 'WEST', 'West', 5)"),
        ),
        lambda w, tx: [
            (sorted(gone.values()), all_of_them)
            for gone, all_of_them in (
                sync_marks.gone_of(tx, w.merchant, [w.acme.east]),
                sync_marks.gone_of(tx, w.merchant, [w.acme.default]),
                sync_marks.gone_of(tx, w.merchant, [site.id for site in sync_marks.warehouses(tx, w.merchant)]),
            )
        ],
        [(["denied"], True), ([], False), (["denied"], True)],
    ),
}
"""What was before, as statements, what is asked, and the answer."""


@pytest.mark.parametrize("name", CASES)
def test_a_query_answers_this(tmp_path: Path, name: str) -> None:
    steps, query, expected = CASES[name]
    world = prepared(tmp_path, steps)
    with world.acme.bench.store.reading() as cx:
        assert query(world, cx) == expected
    world.acme.bench.store.close()
