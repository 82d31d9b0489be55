"""What each small write about warehouses, levels and products changes, and that it changes nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from invsync_tui.store.catalog import levels, products, sync_marks
from invsync_tui.store.catalog.sync_marks import WarehouseSeen
from tests.support.stores.products_store import Thing
from tests.support.stores.small_writes import AT, EAST, IN_EAST, OURS, SEQ, Case, check, listed

CASES: dict[str, Case] = {
    "a warehouse is switched off": (
        ("UPDATE cart SET combine_all = 0 WHERE id = :d",),
        lambda w, tx: sync_marks.set_enabled(tx, w.place(tx, "EAST"), w.merchant, enabled=False),
        """
        cart Acme Shop: rev 1 -> 2
        cart Acme Shop: rules_rev 1 -> 2
        cart Acme Shop: watermark 7 -> 0
        warehouse EAST of Acme: enabled 1 -> 0
        -> ['Acme Shop']
        """,
    ),
    "a warehouse that a cart chose is switched on": (
        (
            "UPDATE cart SET combine_all = 0 WHERE merchant_id = :m",
            f"UPDATE warehouse SET enabled = 0 {EAST}",
            f"INSERT INTO cart_warehouse (cart_id, warehouse_id) SELECT :d, id FROM warehouse {EAST}",
        ),
        lambda w, tx: sync_marks.set_enabled(tx, w.place(tx, "EAST"), w.merchant, enabled=True),
        """
        cart Second Shop: rev 1 -> 2
        cart Second Shop: rules_rev 1 -> 2
        cart Second Shop: watermark 7 -> 0
        warehouse EAST of Acme: enabled 0 -> 1
        -> ['Second Shop']
        """,
    ),
    "warehouses are reported: one has another name, one is new, one is inactive": (
        ("INSERT INTO warehouse (merchant_id, ref, code, name) VALUES (:m, 'w', 'WEST', 'West')",),
        lambda w, tx: [
            (site.code, site.gone_why)
            for site in sync_marks.record_warehouses(
                tx,
                w.merchant,
                [
                    WarehouseSeen("e", "EAST", "New", True),
                    WarehouseSeen("w", "WEST", "West", False),
                    WarehouseSeen("n", "NORTH", "North", True),
                    WarehouseSeen("", "Theirs", "Theirs", True),
                ],
                AT,
            )
        ],
        """
        cart Acme Shop: watermark 7 -> 0
        cart Second Shop: watermark 7 -> 0
        warehouse EAST of Acme: name 'East Demo Hall' -> 'New'
        warehouse NORTH of Acme: +
        warehouse NORTH of Acme: + code 'NORTH'
        warehouse NORTH of Acme: + enabled 1
        warehouse NORTH of Acme: + merchant_id Acme
        warehouse NORTH of Acme: + name 'North'
        warehouse NORTH of Acme: + ref 'n'
        warehouse WEST of Acme: gone_why '' -> 'inactive'
        warehouse WEST of Acme: vanished_at None -> 1760001000
        -> [('WEST', 'inactive')]
        """,
    ),
    "warehouses are reported as before": (
        (),
        lambda w, tx: [
            (site.code, site.gone_why)
            for site in sync_marks.record_warehouses(
                tx, w.merchant, [WarehouseSeen("e", "EAST", "East Demo Hall", True)], AT
            )
        ],
        """
        -> []
        """,
    ),
    "a warehouse that is gone is gone for another reason, and Default is not filled any more": (
        (
            f"UPDATE warehouse SET vanished_at = 50, gone_why = 'inactive' {EAST}",
            "UPDATE warehouse SET last_full_at = 40 WHERE merchant_id = :m AND ref = ''",
        ),
        lambda w, tx: [(site.code, site.gone_why) for site in sync_marks.record_warehouses(tx, w.merchant, [], AT)],
        """
        cart Acme Shop: watermark 7 -> 0
        cart Second Shop: watermark 7 -> 0
        warehouse Default of Acme: gone_why '' -> 'vanished'
        warehouse Default of Acme: vanished_at None -> 1760001000
        warehouse EAST of Acme: gone_why 'inactive' -> 'vanished'
        -> [('Default', 'vanished'), ('EAST', 'vanished')]
        """,
    ),
    "a warehouse is gone for the same reason": (
        (f"UPDATE warehouse SET vanished_at = 50, gone_why = 'vanished' {EAST}",),
        lambda w, tx: [(site.code, site.gone_why) for site in sync_marks.record_warehouses(tx, w.merchant, [], AT)],
        """
        -> []
        """,
    ),
    "a warehouse is loaded": (
        (),
        lambda w, tx: sync_marks.record_loaded(tx, w.acme.east, AT),
        """
        warehouse EAST of Acme: last_full_at None -> 1760001000
        """,
    ),
    "a warehouse that was gone is loaded": (
        (f"UPDATE warehouse SET vanished_at = 50, gone_why = 'vanished' {EAST}",),
        lambda w, tx: sync_marks.record_loaded(tx, w.acme.east, AT),
        """
        cart Acme Shop: watermark 7 -> 0
        cart Second Shop: watermark 7 -> 0
        warehouse EAST of Acme: gone_why 'vanished' -> ''
        warehouse EAST of Acme: last_full_at None -> 1760001000
        warehouse EAST of Acme: vanished_at 50 -> None
        """,
    ),
    "a warehouse may not be read any more": (
        (),
        lambda w, tx: sync_marks.record_unread(tx, w.place(tx, "EAST"), w.merchant, "denied", AT),
        """
        cart Acme Shop: watermark 7 -> 0
        cart Second Shop: watermark 7 -> 0
        warehouse EAST of Acme: gone_why '' -> 'denied'
        warehouse EAST of Acme: vanished_at None -> 1760001000
        """,
    ),
    "a warehouse may still not be read": (
        (f"UPDATE warehouse SET vanished_at = 50, gone_why = 'denied' {EAST}",),
        lambda w, tx: sync_marks.record_unread(tx, w.place(tx, "EAST"), w.merchant, "denied", AT),
        """

        """,
    ),
    "a pull ended well": (
        (f"UPDATE source SET last_error = 'x', last_reason = 'AUTH_FAILED', last_full_at = 40 {OURS}",),
        lambda w, tx: sync_marks.record_pulled(tx, w.merchant, "m2", AT, full=False),
        """
        source 3: confirmed_at 1760000000 -> 1760001000
        source 3: last_error 'x' -> ''
        source 3: last_reason 'AUTH_FAILED' -> ''
        source 3: mark '' -> 'm2'
        """,
    ),
    "a full pull ended well": (
        (),
        lambda w, tx: sync_marks.record_pulled(tx, w.merchant, "m2", AT, full=True),
        """
        source 3: confirmed_at 1760000000 -> 1760001000
        source 3: last_full_at None -> 1760001000
        source 3: mark '' -> 'm2'
        """,
    ),
    "what a source and a cart were read as": (
        (),
        lambda w, tx: (
            sync_marks.record_identity(tx, w.merchant, '{"a":1}'),
            sync_marks.record_cart_identity(tx, w.first, '{"b":1}'),
        ),
        """
        cart Acme Shop: identity '' -> '{"b":1}'
        source 3: identity '' -> '{"a":1}'
        -> (None, None)
        """,
    ),
    "what a connector counted, and what its system said": (
        (),
        lambda w, tx: (
            sync_marks.record_counted(tx, w.merchant, "n"),
            sync_marks.record_notices(tx, "pull", w.merchant, "p"),
            sync_marks.record_notices(tx, "cart", w.first, "q"),
            sync_marks.notices_of(tx, "pull", w.merchant),
            sync_marks.notices_of(tx, "cart", w.first),
            sync_marks.notices_of(tx, "cart", 999),
        ),
        """
        cart Acme Shop: notices '' -> 'q'
        source 3: notes '' -> 'n'
        source 3: notices '' -> 'p'
        -> (None, None, None, 'p', 'q', '')
        """,
    ),
    "levels: one is as it was, one changed, one is new": (
        (),
        lambda w, tx: levels.upsert(
            tx,
            [
                (w.acme.default, w.ids["A"], 10, 10, 0, 0, None, AT, SEQ),
                (w.acme.default, w.ids["B"], 11, 10, 0, 0, None, AT, SEQ),
                (w.acme.default, w.ids["D"], 1, 1, 0, 0, None, AT, SEQ),
            ],
        ),
        """
        census levels, 9, '': n 3 -> 4
        level Default of Acme, B of Acme: loaded_at 1760000500 -> 1760001000
        level Default of Acme, B of Acme: on_hand 10 -> 11
        level Default of Acme, B of Acme: seq 8 -> 900
        level Default of Acme, D of Acme: +
        level Default of Acme, D of Acme: + available 1
        level Default of Acme, D of Acme: + committed 0
        level Default of Acme, D of Acme: + incoming 0
        level Default of Acme, D of Acme: + loaded_at 1760001000
        level Default of Acme, D of Acme: + on_hand 1
        level Default of Acme, D of Acme: + seq 900
        level_history D of Acme, Default of Acme, 1760001000: +
        level_history D of Acme, Default of Acme, 1760001000: + after 1
        -> 2
        """,
    ),
    "levels that a download no longer has": (
        (f"UPDATE level SET missing_since = 9 WHERE {IN_EAST} AND product_id = :D",),
        lambda w, tx: (
            list(levels.present_ids(tx, w.acme.east)) == [w.ids["B"], w.ids["C"]],
            levels.flag_missing(tx, w.acme.east, [w.ids["B"], w.ids["D"]], AT, SEQ),
        ),
        """
        census levels, 10, '': n 2 -> 1
        level EAST of Acme, B of Acme: missing_since None -> 1760001000
        level EAST of Acme, B of Acme: seq 9 -> 900
        -> (True, 2)
        """,
    ),
    "levels that a source leaves out are 0": (
        (
            f"UPDATE level SET on_hand = 0, available = 0, committed = 1 WHERE {IN_EAST} AND product_id = :B",
            "UPDATE level SET on_hand = NULL, available = 0 WHERE product_id = :D",
            (
                "INSERT INTO level_fraction (warehouse_id, product_id, reported) "
                "SELECT warehouse_id, product_id, '2.5' FROM level WHERE product_id = :C"
            ),
        ),
        lambda w, tx: levels.set_to_zero(tx, w.acme.east, [w.ids[ref] for ref in "BCD"], AT, SEQ),
        """
        level EAST of Acme, C of Acme: available 20 -> 0
        level EAST of Acme, C of Acme: committed 0 -> None
        level EAST of Acme, C of Acme: incoming 0 -> None
        level EAST of Acme, C of Acme: loaded_at 1760000500 -> 1760001000
        level EAST of Acme, C of Acme: on_hand 20 -> 0
        level EAST of Acme, C of Acme: seq 9 -> 900
        level EAST of Acme, D of Acme: committed 0 -> None
        level EAST of Acme, D of Acme: incoming 0 -> None
        level EAST of Acme, D of Acme: loaded_at 1760000500 -> 1760001000
        level EAST of Acme, D of Acme: on_hand None -> 0
        level EAST of Acme, D of Acme: seq 9 -> 900
        level_fraction EAST of Acme, C of Acme: -
        level_history C of Acme, EAST of Acme, 1760001000: +
        level_history C of Acme, EAST of Acme, 1760001000: + after 0
        level_history C of Acme, EAST of Acme, 1760001000: + before 20
        -> 2
        """,
    ),
    "products were deactivated": (
        (f"UPDATE level SET missing_since = 9 WHERE {IN_EAST} AND product_id = :B",),
        lambda w, tx: levels.flag_inactive(tx, [w.ids["B"], w.ids["D"]], AT, SEQ),
        """
        census levels, 10, '': n 2 -> 1
        census levels, 9, '': n 3 -> 2
        level Default of Acme, B of Acme: missing_since None -> 1760001000
        level Default of Acme, B of Acme: seq 8 -> 900
        level EAST of Acme, D of Acme: missing_since None -> 1760001000
        level EAST of Acme, D of Acme: seq 9 -> 900
        """,
    ),
    "fractions of a page": (
        (
            (
                "INSERT INTO level_fraction (warehouse_id, product_id, reported) "
                "SELECT warehouse_id, product_id, '2.5' FROM level WHERE product_id IN (:B, :C)"
            ),
        ),
        lambda w, tx: levels.save_fractions(
            tx,
            [(w.acme.east, w.ids["B"]), (w.acme.east, w.ids["D"])],
            {(w.acme.east, w.ids["D"]): "1.5", (w.acme.east, w.ids["C"]): "3.5"},
        ),
        """
        level_fraction EAST of Acme, B of Acme: -
        level_fraction EAST of Acme, C of Acme: reported '2.5' -> '3.5'
        level_fraction EAST of Acme, D of Acme: +
        level_fraction EAST of Acme, D of Acme: + reported '1.5'
        """,
    ),
    "products that a download no longer has, and one that is back": (
        ("UPDATE product SET missing_since = 9 WHERE id IN (:B, :D)",),
        lambda w, tx: (
            products.flag_missing(tx, [w.ids["A"], w.ids["B"]], AT, SEQ),
            products.confirm_present(tx, w.merchant, {w.ids["D"], w.ids["C"]}, SEQ),
        ),
        """
        product A of Acme: missing_since None -> 1760001000
        product A of Acme: seq 7 -> 900
        product D of Acme: missing_since 9 -> None
        product D of Acme: seq 7 -> 900
        -> (2, 1)
        """,
    ),
    "a product loses its code, one gets an alias, one is as it was": (
        (listed("gone_at = 3", "B"),),
        lambda w, tx: (
            products.upsert_products(
                tx,
                w.merchant,
                [
                    Thing("A", "NEW", "Thing A"),
                    Thing("B", "NEW-B", "Thing B", (("UPC", "0012"),)),
                    Thing("C", "SKU-C", "Thing C"),
                ],
                AT,
                SEQ,
            ).changed
        ),
        """
        alias_type 7: +
        alias_type 7: + merchant_id Acme
        alias_type 7: + name 'UPC'
        census products, 13, 0,7: +
        census products, 13, 0,7: + n 1
        census products, 13, 0: n 5 -> 4
        listing L-SKU-A in Acme Shop: seq 10 -> 900
        listing L-SKU-A in Second Shop: seq 11 -> 900
        listing L-SKU-B in Second Shop: seq 11 -> 900
        product A of Acme: codes_text 'sku-a' -> 'new'
        product A of Acme: seq 7 -> 900
        product A of Acme: sku 'SKU-A' -> 'NEW'
        product A of Acme: sku_key 'sku-a' -> 'new'
        product B of Acme: codes_text 'sku-b' -> 'new-b\\n0012'
        product B of Acme: kinds '0' -> '0,7'
        product B of Acme: seq 7 -> 900
        product B of Acme: sku 'SKU-B' -> 'NEW-B'
        product B of Acme: sku_key 'sku-b' -> 'new-b'
        product_code Acme, 0012, 7, B of Acme, 0012: +
        product_code Acme, new, 0, A of Acme, NEW: +
        product_code Acme, new-b, 0, B of Acme, NEW-B: +
        product_code Acme, sku-a, 0, A of Acme, SKU-A: -
        product_code Acme, sku-b, 0, B of Acme, SKU-B: -
        -> 2
        """,
    ),
    "a kit has other parts, one of them unknown": (
        (),
        lambda w, tx: products.write_components(
            tx, w.merchant, [Thing("K", "SKU-K", "Kit", (), (("A", 1), ("Z", 3)))], [w.ids["K"]], AT, SEQ
        ),
        """
        kit_component K of Acme, B of Acme: -
        kit_component K of Acme, Z of Acme: +
        kit_component K of Acme, Z of Acme: + needed 3
        product B of Acme: seq 7 -> 900
        product K of Acme: seq 7 -> 900
        product Z of Acme: +
        product Z of Acme: + inactive 0
        product Z of Acme: + is_kit 0
        product Z of Acme: + merchant_id Acme
        product Z of Acme: + missing_since 1760001000
        product Z of Acme: + ref 'Z'
        product Z of Acme: + seq 900
        product Z of Acme: + uncounted 0
        """,
    ),
    "wishes for listings": (
        (
            listed("override = 3", "A"),
            listed("excluded = 1, acked = 5", "B"),
        ),
        lambda w, tx: (
            products.wish(tx, [w.shown["A"], w.shown["C"]], "override", 3, SEQ),
            products.wish(tx, [w.shown["B"], w.shown["D"]], "excluded", 0, SEQ),
            products.wish(tx, [w.shown["K"]], "locked", 1, SEQ),
        ),
        """
        listing L-SKU-B in Acme Shop: acked 5 -> None
        listing L-SKU-B in Acme Shop: excluded 1 -> 0
        listing L-SKU-B in Acme Shop: pending 0 -> 1
        listing L-SKU-B in Acme Shop: seq 10 -> 900
        listing L-SKU-C in Acme Shop: override None -> 3
        listing L-SKU-C in Acme Shop: seq 10 -> 900
        listing L-SKU-K in Acme Shop: locked 0 -> 1
        listing L-SKU-K in Acme Shop: seq 10 -> 900
        -> (1, 1, 1)
        """,
    ),
    "what a cart accepted is in doubt": (
        (listed("acked = 5, pending = 0", "A"),),
        lambda w, tx: products.doubt(tx, [w.shown["A"]]),
        """
        listing L-SKU-A in Acme Shop: acked 5 -> None
        listing L-SKU-A in Acme Shop: pending 0 -> 1
        """,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_write_changes_these_columns_and_no_others(tmp_path: Path, name: str) -> None:
    check(tmp_path, CASES[name])
