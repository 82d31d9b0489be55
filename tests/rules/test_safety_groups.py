"""Each change of a plan has one risk, and the worst comes first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from invsync_tui.rules.safety import RANKS, Risk, risk

UNITS = st.integers(0, 100_000)


def test_examples_of_each_risk() -> None:
    assert risk(9, 0) is Risk.TO_ZERO
    assert risk(3, 31) is risk(31, 3) is Risk.LARGE_CHANGE
    assert risk(40, 12) is Risk.DECREASE
    assert risk(12, 40) is risk(0, 500) is risk(None, 5) is Risk.INCREASE
    assert risk(7, 6) is risk(100, 105) is risk(None, 0) is Risk.SMALL


def test_a_cart_without_jumps_knows_none() -> None:
    assert risk(3, 31, 0) is Risk.INCREASE
    assert risk(31, 3, 0) is Risk.DECREASE


@given(UNITS, UNITS)
def test_nothing_is_worse_than_selling_out_and_it_means_stock_to_none(before: int, after: int) -> None:
    found = risk(before, after)
    assert (found is Risk.TO_ZERO) == (before > 0 and after == 0)
    assert RANKS[Risk.TO_ZERO] <= RANKS[found]


@given(UNITS, UNITS)
def test_showing_too_much_is_never_called_a_rise(before: int, after: int) -> None:
    found = risk(before, after)
    assert found is not (Risk.INCREASE if after < before else Risk.DECREASE)
