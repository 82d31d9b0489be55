"""A store names some reasons by their former codes: they are read, found and written under them, and shown by the new ones."""

from __future__ import annotations

import pytest

from invsync_tui.operations.runs import history
from invsync_tui.rules.outcomes import REASONS, UNKNOWN, Outcome, Reason
from invsync_tui.store.listings import listings
from tests.support.stores.products_store import Shelf, Thing

FORMER = {"UNCHANGED": "IN_SYNC", "BREAKER_TRIPPED": "HELD_FOR_REVIEW", "CANCELLED": "CANCELED"}


@pytest.mark.parametrize(("former", "present"), FORMER.items())
def test_a_former_code_is_the_present_reason(former: str, present: str) -> None:
    assert Reason(former) is Reason(present)
    assert Reason(present).stored == former
    assert REASONS[Reason(former)] is not UNKNOWN
    assert former not in list(Reason)


@pytest.mark.parametrize(("former", "present"), FORMER.items())
def test_a_store_with_former_codes_is_read_by_the_present_ones(acme: Shelf, former: str, present: str) -> None:
    acme.put([Thing("1", "A")])
    acme.list(["X"])
    run_id = acme.bench.request("push", acme.cart)
    with acme.bench.store.transaction() as tx:
        tx.execute(
            "UPDATE listing SET outcome = 'skipped', reason = ?, match_reason = NULL, run_id = ? WHERE cart_id = ?",
            (former, run_id, acme.cart),
        )
    for asked in (former, present):
        (line,) = history.skus(acme.session, run_id, asked).after(None, 10)
        assert line.reason == present


def test_a_run_writes_the_codes_that_the_store_has(acme: Shelf) -> None:
    acme.put([Thing("1", "A")])
    acme.list(["X"])
    run_id = acme.bench.request("push", acme.cart)
    with acme.bench.store.transaction() as tx:
        tx.execute("UPDATE listing SET outcome = 'planned', run_id = ? WHERE cart_id = ?", (run_id, acme.cart))
        listings.end_planned(tx, run_id, Outcome.HELD, Reason.HELD_FOR_REVIEW)
    rows = acme.bench.store.read("SELECT reason FROM listing WHERE cart_id = ?", (acme.cart,))
    assert [row[0] for row in rows] == ["BREAKER_TRIPPED"]
