"""The identity workbench on a store without carts behind it: suggestions, links, and who may make them."""

from __future__ import annotations

import json
from typing import ClassVar

import pytest

from invsync_tui.operations.errors import NotFoundError, OperationError, RefusedError
from invsync_tui.operations.listings import identity, links
from invsync_tui.operations.listings.identity import UnmatchedLine
from invsync_tui.store.paging import identity as paging_identity
from tests.support.stores.products_store import Shelf, Thing


def _by_sku(acme: Shelf, kind: str | None = None, text: str = "") -> dict[str, UnmatchedLine]:
    return {line.sku: line for line in identity.unmatched(acme.session, acme.cart, kind, text).after(None, 1000)}


@pytest.fixture
def mixed(acme: Shelf) -> Shelf:
    """Listings that mean nothing exactly, each for another cause."""
    acme.put(
        [
            Thing("1", "Alpha-1", "Alpha"),
            Thing("2", "0042", "Zeros"),
            Thing("3", "TWIN-07", "Twin"),
            Thing("4", "TWIN-7", "Other twin"),
            Thing("5", "UPCED", "By UPC", [("UPC", "036000291452")]),
            Thing("6", "FINE", "Fine"),
        ]
    )
    acme.list(["ALPHA-1", "42", "TWIN7", "036000291452", "FINE", "nothing like it"])
    return acme


def test_each_listing_stands_under_the_word_of_its_cause(mixed: Shelf) -> None:
    # when
    found = _by_sku(mixed)
    # then
    kinds = {sku: (one.kind, one.product_sku) for sku, one in found.items()}
    assert kinds == {
        "ALPHA-1": ("CASE", "Alpha-1"),
        "42": ("ZEROS", "0042"),
        "TWIN7": ("DASH", "TWIN-7"),
        "036000291452": ("OTHER_KIND", "UPCED"),
        "nothing like it": ("NONE", None),
    }
    assert found["ALPHA-1"].words == "differs by upper and lower case"
    tally = identity.tally(mixed.session, mixed.cart)
    assert {kind: n for kind, n in tally.counts.items() if n} == dict.fromkeys(
        ("CASE", "ZEROS", "DASH", "OTHER_KIND", "NONE"), 1
    )
    assert (tally.exact, tally.links) == (True, 0)


def test_two_products_that_fit_equally_well_are_named_and_neither_is_suggested(acme: Shelf) -> None:
    # given
    acme.put([Thing("1", "ab1"), Thing("2", "aB1")])
    acme.list(["AB1"])
    # when
    (found,) = _by_sku(acme, "AMBIGUOUS").values()
    # then
    assert found.product_id is None
    assert [sku for _, sku in found.candidates] == ["ab1", "aB1"]
    assert [one.sku for one in identity.side_by_side(acme.session, [n for n, _ in found.candidates])] == ["ab1", "aB1"]


def test_a_filter_by_kind_and_by_text_shows_these_only(mixed: Shelf) -> None:
    assert set(_by_sku(mixed, "CASE")) == {"ALPHA-1"}
    assert set(_by_sku(mixed, None, "win")) == {"TWIN7"}
    assert set(_by_sku(mixed, None, "no")) == {"nothing like it"}
    with pytest.raises(OperationError, match="SPACE"):
        identity.unmatched(mixed.session, mixed.cart, "SPICE")


def test_pages_of_a_kind_are_the_whole_kind_in_both_directions(acme: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    # given many listings, every third of them by case
    monkeypatch.setattr("invsync_tui.store.paging.identity.CHUNK", 4)
    acme.put([Thing(str(n), f"Item{n:03}") for n in range(30)])
    acme.list([f"ITEM{n:03}" if n % 3 == 0 else f"STRANGE{n:03}" for n in range(30)])
    rows = identity.unmatched(acme.session, acme.cart, "CASE")
    # when
    found: list[UnmatchedLine] = []
    while page := rows.after(rows.key(found[-1]) if found else None, 3):
        found += page
    back: list[UnmatchedLine] = []
    while page := rows.before(rows.key(back[0]) if back else None, 3):
        back = [*page, *back]
    # then
    assert [one.sku for one in found] == [f"ITEM{n:03}" for n in range(0, 30, 3)]
    assert back == found
    assert rows.exact_count() == 10 and rows.count().exact


def test_accepted_ones_leave_the_list_and_come_back_when_they_are_taken_back(mixed: Shelf) -> None:
    # given
    before = _by_sku(mixed)
    one = before["ALPHA-1"]
    assert one.product_id is not None
    # when
    told = links.accept(mixed.session, mixed.cart, {one.cart_listing_id: one.product_id})
    # then
    assert told == "1 listing linked; the next push uses it."
    assert "ALPHA-1" not in _by_sku(mixed)
    (link,) = identity.link_list(mixed.session, mixed.cart).after(None, 9)
    assert (link.cart_listing_id, link.product_sku, link.kind, link.made_by) == (
        one.cart_listing_id,
        "Alpha-1",
        "CASE",
        "tester",
    )
    assert link.state == "takes effect with the next push"
    # and when
    links.remove(mixed.session, mixed.cart, [one.cart_listing_id])
    # then
    assert _by_sku(mixed) == before
    assert mixed.bench.store.read("SELECT action, who FROM audit WHERE who <> 'neighbor' ORDER BY id") == [
        ("link", "tester"),
        ("unlink", "tester"),
    ]
    entries = mixed.bench.store.read("SELECT before, after FROM audit WHERE who <> 'neighbor' ORDER BY id")
    assert json.loads(entries[0][1])["links"] == json.loads(entries[1][0])["links"]


def test_what_is_no_longer_suggested_is_not_linked(mixed: Shelf) -> None:
    # given: the list was looked at, and the WMS got a better product since
    one = _by_sku(mixed)["42"]
    assert one.product_id is not None
    mixed.put([Thing("7", " 42\u00a0")])
    # when
    told = links.accept(mixed.session, mixed.cart, {one.cart_listing_id: one.product_id})
    # then
    assert "0 listings linked" in told and "1 listing left" in told
    assert identity.link_list(mixed.session, mixed.cart).exact_count() == 0


def test_all_of_a_kind_in_pieces_and_back(acme: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    monkeypatch.setattr(links, "PIECE", 7)
    acme.put([Thing(str(n), f"Item{n:03}") for n in range(30)])
    acme.list([f"ITEM{n:03}" if n % 3 else f"Item-{n:03}" for n in range(30)])
    seen: list[tuple[int, int]] = []

    def told(done: int, looked_at: int) -> bool:
        seen.append((done, looked_at))
        return True

    # when
    done = links.accept_all(acme.session, acme.cart, "CASE", told)
    # then
    assert done == 20 and len(seen) > 2 and seen[-1][0] == 20
    assert set(_by_sku(acme)) == {f"Item-{n:03}" for n in range(0, 30, 3)}
    assert links.remove_all(acme.session, acme.cart, "DASH") == 0
    assert links.remove_all(acme.session, acme.cart, "CASE") == 20
    assert len(_by_sku(acme)) == 30


def test_a_link_by_hand_names_what_it_cannot_find(mixed: Shelf) -> None:
    # when
    links.link(mixed.session, mixed.cart, "nothing like it", "FINE")
    # then
    (link,) = identity.link_list(mixed.session, mixed.cart).after(None, 9)
    assert (link.product_sku, link.kind) == ("FINE", "MANUAL")
    with pytest.raises(NotFoundError, match="no listing 'absent'"):
        links.link(mixed.session, mixed.cart, "absent", "FINE")
    with pytest.raises(NotFoundError, match="Nearly: Alpha-1"):
        links.link(mixed.session, mixed.cart, "42", "ALPHA-1")
    with pytest.raises(NotFoundError, match="no link"):
        links.remove(mixed.session, mixed.cart, ["42"])


def test_a_viewer_and_a_read_only_session_link_nothing(mixed: Shelf) -> None:
    for session in (mixed.viewer(), mixed.viewer(read_only=True)):
        with pytest.raises(RefusedError):
            links.accept_all(session, mixed.cart, "CASE")
        with pytest.raises(RefusedError):
            links.link(session, mixed.cart, "42", "0042")
        with pytest.raises(RefusedError):
            links.remove_all(session, mixed.cart, "")
    assert mixed.audited() == []


def test_a_quick_count_looks_at_five_hundred_listings_and_no_more() -> None:
    class Asked:
        limits: ClassVar[list[int]] = []

        def after(self, key: object, limit: int) -> list[int]:
            self.limits.append(limit)
            return list(range(limit))

    found = paging_identity.Sorted(Asked(), lambda rows: rows[::2])  # type: ignore[arg-type]
    assert found.count(1000) == 250
    assert Asked.limits == [500]
