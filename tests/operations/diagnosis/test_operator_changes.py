"""What operators set for listings is a finding with who, when and why; nothing is said to be fine under one."""

from __future__ import annotations

import pytest

from invsync_tui import clock, local_time
from invsync_tui.operations.catalog import sku
from invsync_tui.operations.diagnosis import causes, operator_changes, why
from invsync_tui.rules.outcomes import Reason
from invsync_tui.store.diagnosis import checkup
from tests.support.stores.merchant_store import NOW
from tests.support.stores.products_store import Shelf, Thing

SETS = {
    Reason.EXCLUDED: lambda acme, ids: sku.set_excluded(acme.session, ids, True, "sold in the shop alone"),
    Reason.LOCKED: lambda acme, ids: sku.set_locked(acme.session, ids, True, "sold in the shop alone"),
    Reason.OVERRIDDEN: lambda acme, ids: sku.set_override(acme.session, ids, 4, "sold in the shop alone"),
}
UNDOES = {
    Reason.EXCLUDED: lambda acme, ids: sku.set_excluded(acme.session, ids, False, "over"),
    Reason.LOCKED: lambda acme, ids: sku.set_locked(acme.session, ids, False, "over"),
    Reason.OVERRIDDEN: lambda acme, ids: sku.set_override(acme.session, ids, None, "over"),
}


@pytest.fixture(autouse=True)
def _just_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "seconds", lambda: NOW + 60)


@pytest.mark.parametrize("cause", SETS)
def test_why_tells_who_set_it_when_and_why_until_it_is_taken_back(acme: Shelf, cause: Reason) -> None:
    (product,) = acme.put([Thing("a", "A")])
    acme.stock(acme.default, [(product, 4)])
    ids = acme.list(["A"], shown=4)
    acme.set(ids[0], acked=4)
    assert not why.why(acme.session, "A").listings[0].causes
    SETS[cause](acme, ids)
    listing = why.why(acme.session, "A").listings[0]
    assert listing.causes == (cause,)
    (change,) = listing.set_by
    assert (change.cause, change.who, change.reason, change.certain) == (
        cause,
        acme.session.operator,
        "sold in the shop alone",
        True,
    )
    assert change.text.startswith(f"by {acme.session.operator} at 20") and change.text.endswith(
        f" {local_time.zone(NOW)}: sold in the shop alone"
    )
    UNDOES[cause](acme, ids)
    listing = why.why(acme.session, "A").listings[0]
    assert (listing.causes, listing.set_by) == ((), ())


def test_of_an_entry_that_does_not_name_all_its_listings_it_is_said_so(
    acme: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sku, "SUBJECTS_MOST", 1)
    ids = acme.list(["A", "B"])
    SETS[Reason.LOCKED](acme, ids)
    with acme.bench.store.reading() as cx:
        named, unnamed = (operator_changes.of_listing(cx, acme.cart, number, (Reason.LOCKED,)) for number in ids)
    assert [change.certain for change in (*named, *unnamed)] == [True, False]
    assert "perhaps" in unnamed[0].text


def test_the_doctor_counts_overrides_with_the_last_one_that_was_set(acme: Shelf) -> None:
    acme.put(Thing(f"r{n}", f"S{n}") for n in range(3))
    ids = acme.list([f"S{n}" for n in range(3)])
    SETS[Reason.OVERRIDDEN](acme, ids[:2])
    UNDOES[Reason.OVERRIDDEN](acme, ids[:1])
    with acme.bench.store.reading() as cx:
        merchant = next(row for row in checkup.merchants(cx) if row.id == acme.merchant)
        (cart,) = checkup.carts(cx, acme.merchant)
    found = causes.of_cart(acme.session, merchant, cart, 10, usable=True)
    (group,) = [group for group in found.groups if group.cause is Reason.OVERRIDDEN]
    assert (group.count, group.sample) == (1, ("S1",))
    assert group.note.startswith(f"last for 2 listings by {acme.session.operator} at ")
