"""Each class of drift, and that what a shop sold itself is none."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invsync_tui.rules.drift import LAG, Drift, ListingState, classify, corrects

NOW = 1_760_000_000
QUIET = ListingState(
    acked=10, shown=10, observed=10, allocated=0, tracked=True, present=True, synced_at=NOW - 3600, observed_at=NOW,
    exists=20, sold=0,
)  # fmt: skip


@pytest.mark.parametrize(
    ("seen", "drift", "exposure"),
    [
        (QUIET, None, 0),
        (replace(QUIET, acked=None, observed=99), None, 0),
        (replace(QUIET, present=False), Drift.VANISHED, 0),
        (replace(QUIET, tracked=False), Drift.UNTRACKED, 0),
        (replace(QUIET, tracked=None), None, 0),
        (replace(QUIET, observed=None), Drift.UNTRACKED, 0),
        (replace(QUIET, observed=15), Drift.EDITED, 5),
        (replace(QUIET, observed=20), Drift.EDITED, 10),
        (replace(QUIET, observed=21), Drift.OVERSELL, 1),
        (replace(QUIET, observed=99, exists=None), Drift.EDITED, 89),
        (replace(QUIET, observed=4), Drift.UNDERSELL, 6),
        (replace(QUIET, observed=4, sold=6), None, 0),
        (replace(QUIET, observed=4, sold=2), Drift.UNDERSELL, 4),
        (replace(QUIET, observed=4, sold=None), None, 0),
        (replace(QUIET, observed=0, sold=None), None, 0),
        (replace(QUIET, observed=15, synced_at=NOW - 5), Drift.LAGGING, 0),
        (replace(QUIET, observed=4, synced_at=NOW - 5), Drift.LAGGING, 0),
        (replace(QUIET, observed=15, synced_at=NOW - LAG), Drift.EDITED, 5),
        # the stock fell and the push of it did not get through: the cart accepted more than there is now
        (replace(QUIET, exists=7), Drift.OVERSELL, 3),
        (replace(QUIET, exists=7, synced_at=NOW - 5), Drift.OVERSELL, 3),
    ],
)
def test_a_listing_has_its_class(seen: ListingState, drift: Drift | None, exposure: int) -> None:
    # when
    found = classify(seen)
    # then
    assert (found.drift if found else None, found.exposure if found else 0) == (drift, exposure)
    if found is not None and seen.acked is not None:
        assert str(seen.acked) in found.text or found.drift is Drift.OVERSELL


ON_HAND = replace(QUIET, shown=13, observed=13, allocated=3)
"""10 sellable: the cart holds 3 back for its open orders."""


@pytest.mark.parametrize(
    ("seen", "drift"),
    [
        (ON_HAND, None),
        (replace(ON_HAND, allocated=5, sold=2), None),  # two more were ordered
        (replace(ON_HAND, observed=10, allocated=0), None),  # what was ordered was shipped
        (replace(ON_HAND, allocated=0), None),  # an order was canceled; nobody wrote a number
        (replace(ON_HAND, allocated=0, exists=12), Drift.OVERSELL),
        (replace(ON_HAND, observed=18), Drift.EDITED),
    ],
)
def test_a_cart_that_holds_units_back_is_compared_by_what_it_sells(seen: ListingState, drift: Drift | None) -> None:
    found = classify(seen)
    assert (found.drift if found else None) == drift


@given(st.integers(0, 500), st.integers(0, 500), st.booleans())
def test_sales_are_never_drift(acked: int, sold: int, known: bool) -> None:
    # given a cart that took orders and nothing else
    left = max(acked - sold, 0)
    seen = replace(QUIET, acked=acked, shown=acked, observed=left, exists=acked, sold=sold if known else None)
    # then
    assert classify(seen) is None


UNITS = st.integers(0, 50)
SEEN = st.builds(
    ListingState, UNITS, UNITS, UNITS, st.integers(0, 5), st.booleans(), st.booleans(), st.just(NOW - 9999), st.just(NOW), UNITS,
    st.none() | UNITS,
)  # fmt: skip


@given(SEEN)
def test_an_oversell_is_told_exactly_when_more_is_promised_than_exists(seen: ListingState) -> None:
    found = classify(seen)
    promises_more = (seen.observed or 0) - seen.allocated > (seen.exists or 0)
    if seen.present and seen.tracked:
        assert (found is not None and found.drift is Drift.OVERSELL) == promises_more


def test_a_policy_heals_what_can_be_written() -> None:
    assert [drift for drift in Drift if corrects("never", drift)] == []
    assert [drift for drift in Drift if corrects("oversell", drift)] == [Drift.OVERSELL]
    assert {drift for drift in Drift if corrects("always", drift)} == {Drift.OVERSELL, Drift.UNDERSELL, Drift.EDITED}
