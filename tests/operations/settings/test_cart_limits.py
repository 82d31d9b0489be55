"""Limits of a merchant: said once, written to each cart that has others, audited for each."""

from __future__ import annotations

import json

import pytest

from invsync_tui.operations.errors import InvalidError, RefusedError
from invsync_tui.operations.lists.list_views import Saved
from invsync_tui.operations.session import Session
from invsync_tui.operations.settings import forms
from invsync_tui.operations.settings.merchants import MIXED
from invsync_tui.store import models
from invsync_tui.store.settings import write as settings_write
from tests.support.stores.products_store import Shelf


@pytest.fixture
def pair(acme: Shelf) -> Shelf:
    """A second cart that holds earlier."""
    with acme.session.store.session() as db:
        row = models.Cart(
            merchant_id=acme.merchant,
            name="Careful",
            system="sandbox",
            url="http://127.0.0.1:9",
            created_at=1,
            zero_count=5,
        )
        settings_write.add_cart(db, row, [])
    return acme


def counts(our_shelf: Shelf) -> dict[str, int]:
    return dict(
        our_shelf.session.store.read(
            "SELECT name, zero_count FROM cart WHERE merchant_id = ? ORDER BY id", (our_shelf.merchant,)
        )
    )


def revisions(our_shelf: Shelf) -> list[int]:
    return [
        row[0]
        for row in our_shelf.session.store.read(
            "SELECT rev FROM cart WHERE merchant_id = ? ORDER BY id", (our_shelf.merchant,)
        )
    ]


def merchant(our_shelf: Shelf) -> str:
    return f"merchant:{our_shelf.merchant}"


def test_what_carts_do_not_agree_on_is_mixed_and_named(pair: Shelf) -> None:
    shown = {field.name: field for field in forms.form(pair.session, merchant(pair)).fields}
    assert shown["zero-count"].value == MIXED and "Careful 5" in shown["zero-count"].help
    assert shown["large-change-factor"].value == "10"
    assert forms.diff(pair.session, merchant(pair), {"zero-count": MIXED, "large-change-factor": "10"}) == ()


def test_saving_writes_to_the_carts_that_have_another(pair: Shelf) -> None:
    # given
    before = revisions(pair)
    found = forms.diff(pair.session, merchant(pair), {"zero-count": "25"})
    assert [(one.before, one.after) for one in found] == [(MIXED, "25")] and "1 of 2 carts (Careful)" in found[0].label
    # when
    rev = forms.form(pair.session, merchant(pair)).rev
    answer = forms.save(pair.session, merchant(pair), rev, {"zero-count": "25"}, "one rule for all")
    # then
    assert isinstance(answer, Saved) and set(counts(pair).values()) == {25}
    assert revisions(pair) == [before[0], before[1] + 1]
    rows = pair.session.store.read("SELECT action, before, after, reason FROM audit ORDER BY id DESC LIMIT 1")
    action, was, now, reason = rows[0]
    assert (action, json.loads(was), json.loads(now)) == ("cart set", {"zero_count": 5}, {"zero_count": 25})
    assert reason == "one rule for all"
    # and: no rule changed, so that no push is held for it
    assert forms.diff(pair.session, merchant(pair), {"zero-count": "25"}) == ()


def test_a_wrong_limit_and_a_viewer_change_nothing(pair: Shelf) -> None:
    before = counts(pair)
    problems = forms.check(pair.session, merchant(pair), {"zero-percent": "101", "large-change-factor": MIXED})
    assert {problem.field for problem in problems} == {"zero-percent", "large-change-factor"}
    with pytest.raises(InvalidError):
        forms.save(pair.session, merchant(pair), 1, {"zero-percent": "101"})
    reader = Session(pair.session.store, "reader", read_only=True)
    with pytest.raises(RefusedError):
        forms.save(reader, merchant(pair), forms.form(reader, merchant(pair)).rev, {"zero-count": "1"})
    assert counts(pair) == before


def test_a_merchant_without_carts_has_no_limits(pair: Shelf) -> None:
    with pair.session.store.transaction() as tx:
        tx.execute("DELETE FROM cart WHERE merchant_id = ?", (pair.merchant,))
    assert "zero-count" not in {field.name for field in forms.form(pair.session, merchant(pair)).fields}
