"""Search: exact before prefix before substring before name, and the guide's verdict."""

from __future__ import annotations

import pytest

from invsync_tui.operations.catalog.search import exact_count, search
from invsync_tui.operations.catalog.sku import resolve
from invsync_tui.operations.lists.list_views import HitRank
from tests.support.stores.products_store import NOW, Shelf, Thing


@pytest.fixture(autouse=True)
def _four_minutes_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("invsync_tui.clock.now", lambda: NOW + 245.0)


def stocked(acme: Shelf, *things: Thing) -> list[int]:
    ids = acme.put(things)
    acme.stock(acme.default, [(number, 5) for number in ids])
    return ids


def test_one_product_is_told_with_the_age_of_its_load(acme: Shelf) -> None:
    stocked(acme, Thing("a", "TENT-1"), Thing("b", "TENT-12"), Thing("c", "OLD-TENT-1"))
    answer = search(acme.session, "TENT-1", acme.merchant)
    assert answer.verdict == "1 product, loaded 4 min ago"
    assert [(hit.sku, hit.rank) for hit in answer.hits] == [
        ("TENT-1", HitRank.EXACT),
        ("TENT-12", HitRank.PREFIX),
        ("OLD-TENT-1", HitRank.SUBSTRING),
    ]
    assert (answer.count.n, answer.count.exact) == (3, True)
    assert answer.hits[0].available == 5


def test_names_come_last(acme: Shelf) -> None:
    stocked(acme, Thing("a", "X1", "Summit pack, blue"), Thing("b", "PACK-9", "Bag"))
    assert [(hit.sku, hit.rank) for hit in search(acme.session, "pack", acme.merchant).hits] == [
        ("PACK-9", HitRank.PREFIX),
        ("X1", HitRank.NAME),
    ]
    assert [hit.sku for hit in search(acme.session, "blu summ").hits] == ["X1"]


def test_none_offers_what_differs_only_by_case(acme: Shelf) -> None:
    stocked(acme, Thing("a", "Tent-1"))
    assert search(acme.session, "tent-1").verdict == "none: closest are Tent-1 (differs only by case or a space)"


@pytest.mark.parametrize("typed", ["42", "000-42", "00042 ", "TENT0042", "tent 0042", "TENT--42", "TENT.42"])
def test_none_offers_what_differs_by_zeros_dashes_or_spaces(acme: Shelf, typed: str) -> None:
    stocked(acme, Thing("a", "TENT-0042"), Thing("b", "00420000042"))
    verdict = search(acme.session, typed).verdict
    if typed.lower().startswith("tent"):
        assert verdict == "none: closest are TENT-0042 (differs only by zeros, dashes or spaces)"
    else:
        assert verdict.startswith("none"), "too little to tell what is near"


def test_a_shared_alias_is_told_with_its_type(acme: Shelf) -> None:
    stocked(acme, *(Thing(sku, sku, "", (("UPC", "0012345"),)) for sku in "ABC"))
    assert search(acme.session, "0012345").verdict == "3 products share UPC 0012345: an alias must be unique"
    assert len(resolve(acme.session, "0012345")) == 3


def test_a_text_that_nothing_has_points_at_the_product_codes(acme: Shelf) -> None:
    stocked(acme, Thing("a", "A"))
    assert search(acme.session, "zzz").verdict.startswith("none: the product codes do not match up")
    assert search(acme.session, "").hits == ()


def test_a_product_that_left_the_wms_is_told(acme: Shelf) -> None:
    (number,) = stocked(acme, Thing("a", "GONE"))
    with acme.bench.store.transaction() as tx:
        tx.execute("UPDATE product SET missing_since = ? WHERE id = ?", (NOW, number))
    assert (
        search(acme.session, "GONE").verdict == "1 product, no longer in the WMS: a full download 4 min ago lacked it"
    )


def test_a_product_without_a_level_was_never_loaded(acme: Shelf) -> None:
    acme.put([Thing("a", "A-1")])
    assert search(acme.session, "A-1").verdict == "1 product, never loaded: no warehouse has reported a level"


def test_two_characters_find_beginnings_and_say_so(acme: Shelf) -> None:
    stocked(acme, Thing("a", "AB1"), Thing("b", "XAB"))
    answer = search(acme.session, "ab")
    assert [hit.sku for hit in answer.hits] == ["AB1"]
    assert "anywhere" in answer.hint and not search(acme.session, "xab").hint


def test_counts_are_bounded_at_a_keystroke_and_exact_on_request(acme: Shelf) -> None:
    acme.put(Thing(f"r{n}", f"BOOT-{n:05d}") for n in range(1205))
    answer = search(acme.session, "boot", acme.merchant, limit=20)
    assert (answer.count.n, answer.count.exact, len(answer.hits)) == (1000, False, 20)
    assert exact_count(acme.session, "boot", acme.merchant) == 1205
    assert exact_count(acme.session, "bo", acme.merchant) == 1205


def test_another_merchants_products_are_found_only_without_a_merchant(acme: Shelf) -> None:
    stocked(acme, Thing("a", "A-100"))
    assert search(acme.session, "A-100", acme.merchant).hits
    for text in ("A-100", "A-1", "-10", "zz"):
        assert not search(acme.session, text, acme.merchant + 1).hits
        assert exact_count(acme.session, text, acme.merchant + 1) == 0


@pytest.mark.parametrize(
    "text", ['"', "*", "a OR b", "NEAR(x)", "-", "(", "^a", "a:b", "\x1b[2J", "😀😀😀", "%%%", "''';--", "\\" * 5]
)
def test_no_text_is_an_error(acme: Shelf, text: str) -> None:
    stocked(acme, Thing("a", f"x{text}y"))
    assert search(acme.session, text).verdict
    assert [hit.sku for hit in search(acme.session, f"x{text}y").hits] == [f"x{text}y".strip()]


def test_a_hit_says_what_matched_whether_it_is_shown_elsewhere_or_not(acme: Shelf) -> None:
    stocked(acme, Thing("a", "X1", "Summit pack, blue", (("UPC", "4006381333931"), ("EAN", "99"))))
    matched = {
        text: [(hit.kind, hit.code) for hit in search(acme.session, text, acme.merchant).hits] for text in MATCHED
    }
    assert matched == {text: [by] for text, by in MATCHED.items()}


MATCHED = {
    "X1": ("SKU", "X1"),
    "4006381333931": ("UPC", "4006381333931"),
    "6381333": ("UPC", "4006381333931"),
    "99": ("EAN", "99"),
    "summit": ("name", "Summit pack, blue"),
}


def test_hits_go_on_to_the_last_one_however_many_there_are(acme: Shelf) -> None:
    stocked(acme, *(Thing(f"r{n}", f"AB-{n:04}") for n in range(1200)))
    stocked(acme, Thing("late", "Z9", "b-11 by name"))
    hits = search(acme.session, "b-", acme.merchant, 5000).hits
    assert hits == (), "two characters are the beginning of a code"
    skus = [hit.sku for hit in search(acme.session, "ab-", acme.merchant, 5000).hits]
    assert sorted(skus) == [f"AB-{n:04}" for n in range(1200)]
    inside = [hit.sku for hit in search(acme.session, "b-11", acme.merchant, 5000).hits]
    assert sorted(inside) == [*(f"AB-{n}" for n in range(1100, 1200)), "Z9"]
