"""One SKU with everything around it, and an operator's orders for its listings."""

from __future__ import annotations

import pytest

from invsync_tui.operations.catalog import sku
from invsync_tui.operations.errors import InvalidError, NotFoundError, OperationError
from invsync_tui.operations.plans import undo
from invsync_tui.store.listings import listings
from tests.support.stores.products_store import NOW, Shelf, Thing


def test_a_sku_is_shown_with_codes_levels_listings_and_parts(acme: Shelf) -> None:
    part, other = acme.put([Thing("p", "PART"), Thing("o", "OTHER", "", (("UPC", "77"),))])
    (kit,) = acme.put([Thing("k", "KIT", "A kit", (("UPC", "77"),), (("p", 2),))])
    acme.stock(acme.default, [(kit, 4), (part, 9)])
    (listed,) = acme.list(["KIT"])
    view = sku.view(acme.session, kit)
    assert view.components == (("PART", 2),)
    assert [(one.kind, one.code, one.shared_with) for one in view.aliases] == [
        ("SKU", "KIT", ()),
        ("UPC", "77", ("OTHER",)),
    ]
    assert [(level.warehouse, level.available) for level in view.levels] == [("Default", 4)]
    assert [listing.id for listing in view.listings] == [listed] and view.not_listed == ()
    assert sku.view(acme.session, other).not_listed == (("Acme Shop", "NOT_IN_CART"),)


def test_a_listing_that_carries_the_code_without_meaning_it_is_shown_too(acme: Shelf) -> None:
    first, _ = acme.put([Thing("a", "TWICE"), Thing("b", "TWICE")])
    (listed,) = acme.list(["TWICE"])
    (line,) = sku.view(acme.session, first).listings
    assert (line.id, line.product_id, line.reason) == (listed, None, "AMBIGUOUS_ALIAS")


def test_history_begins_with_what_was_before_the_first_change(acme: Shelf) -> None:
    (number,) = acme.put([Thing("a", "A")])
    acme.stock(acme.default, [(number, 5)], now=NOW)
    acme.stock(acme.east, [(number, 1)], now=NOW)
    acme.stock(acme.default, [(number, 7)], now=NOW + 7200)
    acme.stock(acme.east, [(number, 0)], now=NOW + 14400)
    (total,) = sku.view(acme.session, number).history
    assert [point.value for point in total.points] == [None, 6, 8, 7]
    assert [point.at for point in total.points][1:] == [NOW, NOW + 7200, NOW + 14400]


def test_excluding_is_audited_and_makes_the_next_plan_look(acme: Shelf) -> None:
    acme.put([Thing("a", "A")])
    (number,) = acme.list(["A"])
    before = acme.bench.one("SELECT value FROM counter WHERE name = 'seq'")
    sku.set_excluded(acme.session, [number], True, "sold at the fair")
    assert acme.audited() == [("exclude", f"cart:{acme.cart}", "sold at the fair")]
    with acme.bench.store.reading() as cx:
        assert list(listings.changed_since(cx, acme.cart, before)) == [number]
    sku.set_excluded(acme.session, [number], True, "again")
    assert len(acme.audited()) == 1, "what changes nothing is no order"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("Ab-1", "Ab-1: "),
        (" Ab-1 ", "Ab-1: "),
        ("ab-1", "'ab-1' was matched as Ab-1: "),
        ("4006381333931", "'4006381333931' is an alias of Ab-1: "),
    ],
)
def test_a_change_says_which_sku_a_text_was_taken_as(acme: Shelf, typed: str, said: str) -> None:
    (number,) = acme.put([Thing("a", "Ab-1", "", (("EAN", "4006381333931"),))])
    assert sku.resolve(acme.session, typed) == [number]
    assert sku.taken(sku.view(acme.session, number), typed) == said


def test_codes_that_differ_by_case_only_are_told_apart_by_it(acme: Shelf) -> None:
    upper, lower = acme.put([Thing("a", "AB-1"), Thing("b", "ab-1")])
    assert sku.resolve(acme.session, "AB-1") == [upper]
    assert sku.resolve(acme.session, "ab-1") == [lower]
    assert sorted(sku.resolve(acme.session, "Ab-1")) == sorted([upper, lower])


def test_a_safe_level_is_for_the_listings_that_are_written_so(acme: Shelf) -> None:
    upper, lower, other = acme.list(["AB-1", "ab-1", "Other"])

    def chosen(*words: str) -> list[int]:
        return [number for number, _ in undo._quantities_shown(acme.session, acme.cart, words)]

    assert chosen("ab-1") == [lower]
    assert chosen("AB-1 ", "other") == sorted([upper, other])
    with pytest.raises(OperationError, match="'Ab-1' may be any of 'AB-1', 'ab-1'"):
        chosen("Other", "Ab-1")
    with pytest.raises(NotFoundError, match="no listing 'x', 'y'"):
        chosen("x", "Other", "y")


def test_lock_and_override_are_kept(acme: Shelf) -> None:
    (number,) = acme.list(["A"])
    sku.set_locked(acme.session, [number], True, "why")
    sku.set_override(acme.session, [number], 3, "why")
    assert acme.bench.store.read("SELECT locked, override FROM listing WHERE cart_id = ?", (acme.cart,)) == [(1, 3)]
    sku.set_locked(acme.session, [number], False, "why")
    sku.set_override(acme.session, [number], None, "why")
    assert acme.bench.store.read("SELECT locked, override FROM listing WHERE cart_id = ?", (acme.cart,)) == [(0, None)]
    assert [action for action, _, _ in acme.audited()] == ["lock", "override", "unlock", "override"]


def test_an_order_needs_a_reason_a_listing_and_a_sensible_number(acme: Shelf) -> None:
    (number,) = acme.list(["A"])
    with pytest.raises(InvalidError):
        sku.set_excluded(acme.session, [number], True, "  ")
    with pytest.raises(InvalidError):
        sku.set_override(acme.session, [number], -1, "why")
    with pytest.raises(NotFoundError):
        sku.set_locked(acme.session, [number + 1], True, "why")
    assert acme.audited() == []


def test_sync_now_forgets_what_was_sent_and_asks_for_one_push_per_cart(acme: Shelf) -> None:
    ids = acme.list(["A", "B"])
    for number in ids:
        acme.set(number, acked=3, pending=0)
    asked = sku.sync_now(acme.session, ids)
    assert (
        acme.bench.store.read("SELECT acked, pending FROM listing WHERE cart_id = ?", (acme.cart,)) == [(None, 1)] * 2
    )
    (run,) = asked.runs
    assert (acme.bench.run(run).kind, acme.bench.run(run).key) == ("push", acme.cart)
    assert [action for action, _, _ in acme.audited()] == ["sync listings"]


def test_an_unknown_product_is_told(acme: Shelf) -> None:
    with pytest.raises(NotFoundError, match="invsync search"):
        sku.view(acme.session, 12345)
