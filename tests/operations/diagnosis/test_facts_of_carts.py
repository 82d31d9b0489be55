"""What the doctor knows of a cart among others, and rows of a plan without and with the settings that it was made by."""

from __future__ import annotations

from array import array
from types import SimpleNamespace
from typing import Any

from invsync_tui.operations.diagnosis import doctor
from invsync_tui.operations.plans import freeze, rows
from invsync_tui.rules.outcomes import Reason
from invsync_tui.store.listings.plans import Changes
from tests.support.stores.products_store import Shelf, Thing


def test_shared_codes_are_counted_of_the_kind_that_the_cart_pushes_by(acme: Shelf) -> None:
    acme.put([Thing("1", "A", aliases=(("EAN", "7"),)), Thing("2", "B", aliases=(("EAN", "7"),)), Thing("3", "C")])
    with acme.bench.store.transaction() as tx:
        (kind,) = tx.execute(
            "SELECT id FROM alias_type WHERE merchant_id = ? AND name = 'EAN'", (acme.merchant,)
        ).fetchone()
        tx.execute("UPDATE cart SET push_kind = ? WHERE id = ?", (kind, acme.cart))
    found = doctor.doctor(acme.session, acme.merchant, acme.cart)
    shared = [check for check in found.checks if check.id.startswith("cart.") and "share" in check.cause]
    assert [check.subject for check in shared] == ["Acme Shop"]
    assert "1" in f"{shared[0].evidence} {shared[0].cause}"


def test_a_frozen_cart_is_frozen_and_no_other(acme: Shelf) -> None:
    acme.put([Thing("1", "A")])
    other = acme.another_cart("Second Shop")
    acme.list(["A"], 5)
    acme.list(["A"], 5, other)
    freeze.freeze(acme.session, "cart", acme.cart, "stock count")
    for cart, frozen in ((acme.cart, True), (other, False)):
        found = doctor.doctor(acme.session, acme.merchant, cart)
        assert any(group.cause is Reason.FROZEN for group in found.groups) is frozen


def test_rows_of_a_plan_that_no_settings_made_have_its_own_reason(acme: Shelf) -> None:
    (number, other) = acme.list(["A", "B"], 5)
    changes = Changes.none()
    changes.add(number, 5, 8)
    changes.add(other, None, 3)
    found = rows.PlanRows.of(acme.session, acme.cart, changes, None, "sku", reason_text="undo of run 7").after(None, 9)
    assert [(line.sku, line.in_cart, line.target, line.change, line.reason) for line in found] == [
        ("A", 5, 8, 3, "undo of run 7"), ("B", None, 3, None, "undo of run 7"),
    ]  # fmt: skip
    nothing: Any = SimpleNamespace(ground=object())
    assert rows.PlanRows._decided(nothing, None, array("q")) == {}
