"""Explicit links in real syncs: an accepted one sets the listing, taking it back brings the old reason back."""

from __future__ import annotations

from invsync_tui.operations.diagnosis.doctor import doctor
from invsync_tui.operations.diagnosis.why import why
from invsync_tui.operations.listings import identity, links
from invsync_tui.operations.listings.identity import UnmatchedLine
from invsync_tui.store.listings import matching
from tests.support.runs.sandbox_world import Town


def _unmatched(our_town: Town) -> dict[str, UnmatchedLine]:
    lines = identity.unmatched(our_town.bench.session(), our_town.cart_id).after(None, 100)
    return {line.cart_listing_id: line for line in lines}


def _ref(our_town: Town, sku: str) -> str:
    return str(our_town.bench.listings(our_town.cart_id)[sku]["ref"])


def _row(our_town: Town, ref: str) -> tuple[int | None, str | None, str | None]:
    """(product, why none, outcome)."""
    sql = "SELECT product_id, match_reason, outcome FROM our_listing WHERE cart_id = ? AND ref = ?"
    row: tuple[int | None, str | None, str | None] = our_town.bench.store.one(sql, (our_town.cart_id, ref))
    return row


def _lacked(our_town: Town) -> list[str]:
    rows = our_town.bench.store.read(
        "SELECT p.sku FROM our_unlisted AS u JOIN product AS p ON p.id = u.product_id WHERE u.cart_id = ?",
        (our_town.cart_id,),
    )
    return [row[0] for row in rows]


def _change(our_town: Town, sku: str, units: int) -> None:
    for place in ("DEFAULT", "EAST", "WEST", "NORTH"):
        our_town.wms.set_level(sku, place, units if place == "DEFAULT" else 0)


async def _miscased(our_town: Town) -> tuple[str, str]:
    """One listing is renamed in the cart so that it means no product, and the WMS's stock of it changes."""
    sku = our_town.in_stock()[0]
    ref = _ref(our_town, sku)
    our_town.cart.edit(ref, sku=sku.swapcase())
    _change(our_town, sku, 77)
    await our_town.bench.pull()
    await our_town.bench.push(our_town.cart_id, full=True)
    assert _row(our_town, ref) == (None, "NOT_IN_WMS", "skipped")
    return sku, ref


async def test_an_accepted_link_sets_the_listing_and_its_end_brings_the_old_reason_back(synced: Town) -> None:
    # given
    sku, ref = await _miscased(synced)
    shown = synced.cart.quantities(by="ref")[ref]
    before = synced.bench.run(max(row[0] for row in synced.bench.store.read("SELECT id FROM our_run")))
    line = _unmatched(synced)[ref]
    assert (line.kind, line.product_sku) == ("CASE", sku)
    # when
    assert line.product_id is not None
    links.accept(synced.bench.session(), synced.cart_id, {ref: line.product_id})
    run = await synced.bench.push(synced.cart_id)
    # then
    assert run.state == "done"
    assert synced.cart.quantities(by="ref")[ref] == 77 != shown
    assert _row(synced, ref)[1:] == (None, "set")
    assert _lacked(synced) == []
    # and when it is taken back
    links.remove(synced.bench.session(), synced.cart_id, [ref])
    after = await synced.bench.push(synced.cart_id)
    # then all is as it was, and the cart keeps what it shows
    assert _row(synced, ref) == (None, "NOT_IN_WMS", "skipped")
    assert _unmatched(synced)[ref] == line
    assert synced.bench.reasons(after).get("NOT_IN_WMS") == synced.bench.reasons(before).get("NOT_IN_WMS") == 1
    assert synced.cart.quantities(by="ref")[ref] == 77
    assert synced.bench.sums_hold()


async def test_a_linked_product_is_listed_and_the_one_whose_code_is_on_the_listing_is_not(synced: Town) -> None:
    # given a listing under the code of one product
    first, other = synced.in_stock()[:2]
    ref, others = _ref(synced, first), _ref(synced, other)
    synced.cart.control("remove", {"shop": "main", "refs": [others]})
    await synced.bench.push(synced.cart_id, full=True)
    assert _lacked(synced) == [other]
    # when it is linked to another
    links.link(synced.bench.session(), synced.cart_id, ref, other)
    _change(synced, other, 55)
    await synced.bench.pull()
    await synced.bench.push(synced.cart_id)
    # then
    assert synced.cart.quantities(by="ref")[ref] == 55
    assert _lacked(synced) == [first]
    # and when it is taken back
    links.remove(synced.bench.session(), synced.cart_id, [ref])
    await synced.bench.push(synced.cart_id)
    # then
    assert synced.cart.quantities(by="ref")[ref] == synced.stock()[first]
    assert _lacked(synced) == [other]


async def test_the_same_code_on_two_listings_is_ambiguous_until_each_is_linked(synced: Town) -> None:
    # given
    sku = synced.in_stock()[0]
    ref = _ref(synced, sku)
    synced.cart.control(
        "add", {"shop": "main", "listing": {"ref": "twin", "sku": sku, "name": "Demo twin", "quantity": 1}}
    )
    await synced.bench.push(synced.cart_id, full=True)
    assert {_row(synced, code)[1] for code in (ref, "twin")} == {"DUPLICATE_IN_CART"}
    assert {_unmatched(synced)[code].kind for code in (ref, "twin")} == {"SHARED"}
    # when one is linked
    links.link(synced.bench.session(), synced.cart_id, "twin", sku)
    await synced.bench.push(synced.cart_id)
    # then the other waits still
    assert _row(synced, "twin")[1] is None
    assert _row(synced, ref)[1] == "DUPLICATE_IN_CART"
    # and when both are
    assert links.accept_all(synced.bench.session(), synced.cart_id, "SHARED") == 1
    await synced.bench.push(synced.cart_id)
    # then both get its stock
    quantities = synced.cart.quantities(by="ref")
    assert quantities["twin"] == quantities[ref] == synced.stock()[sku]


async def test_a_link_to_a_product_that_vanished_is_told_and_holds_again_when_it_is_back(synced: Town) -> None:
    # given
    first, other = synced.in_stock()[:2]
    ref = _ref(synced, first)
    links.link(synced.bench.session(), synced.cart_id, ref, other)
    await synced.bench.push(synced.cart_id)
    product = _row(synced, ref)[0]
    # when
    synced.wms.control("remove", {"skus": [other]})
    await synced.bench.pull(full=True)
    await synced.bench.push(synced.cart_id)
    # then
    assert _row(synced, ref)[:2] == (None, "NOT_IN_WMS")
    (link,) = identity.link_list(synced.bench.session(), synced.cart_id).after(None, 9)
    assert (link.product_id, link.state) == (product, "the WMS no longer has the product")


async def test_a_renamed_listing_shows_before_and_after_and_is_linked_to_what_it_meant(synced: Town) -> None:
    # given
    sku = synced.in_stock()[0]
    ref = _ref(synced, sku)
    synced.cart.edit(ref, sku="Demo Summer Sale")
    await synced.bench.push(synced.cart_id, full=True)
    # when
    (line,) = identity.renamed(synced.bench.session(), synced.cart_id).after(None, 9)
    found = _unmatched(synced)[ref]
    # then
    assert (line.before, line.after, line.product_id, line.former_sku) == (sku, "Demo Summer Sale", None, sku)
    assert (found.kind, found.product_sku) == ("RENAMED", sku)
    # and when
    links.accept_all(synced.bench.session(), synced.cart_id, "RENAMED")
    _change(synced, sku, 31)
    await synced.bench.pull()
    await synced.bench.push(synced.cart_id)
    # then
    assert synced.cart.quantities(by="ref")[ref] == 31


async def test_a_preview_of_other_settings_honours_links(synced: Town) -> None:
    # given
    sku, ref = await _miscased(synced)
    links.link(synced.bench.session(), synced.cart_id, ref, sku)
    number = synced.bench.one("SELECT id FROM our_listing WHERE cart_id = ? AND ref = ?", synced.cart_id, ref)
    # when codes of a type that no product has would be matched
    with synced.bench.store.reading() as cx:
        (meant,) = matching.look_up(cx, synced.bench.merchant, synced.cart_id, 99, [number])
    # then
    assert meant.now[0] is not None and meant.now[1] is None


async def test_why_tells_of_a_link_and_the_doctor_finds_no_cause_behind_it(synced: Town) -> None:
    # given
    sku, ref = await _miscased(synced)
    session = synced.bench.session()
    links.link(session, synced.cart_id, ref, sku)
    # when, then
    (explained,) = why(session, ref, synced.cart_id).listings
    assert explained.linked.startswith(f"linked to {sku} by tester at ")
    assert explained.linked.endswith("(MANUAL); takes effect with the next push")
    # and when
    await synced.bench.push(synced.cart_id)
    # then
    for word in (ref, sku):
        (explained,) = why(session, word, synced.cart_id).listings
        assert explained.causes == () and explained.linked.endswith("(MANUAL)")
        assert explained.target == explained.confirmed == 77
    assert not any("NOT_IN" in group.cause for group in doctor(session, synced.bench.merchant).groups)
