"""How many names a check lists, and what it says where there are more, or where nobody counted further."""

from __future__ import annotations

import pytest

from invsync_tui.rules import location_checks
from invsync_tui.rules.merchant_checks import ROUNDED_MOST, SAMPLE, RoundedLevel, rounded_checks


@pytest.mark.parametrize("names", [1, SAMPLE - 1, SAMPLE, SAMPLE + 1])
def test_names_beyond_the_sample_are_told_by_dots(names: int) -> None:
    listed = location_checks._named([f"N{n}" for n in range(names)])
    shown = min(names, SAMPLE)
    assert listed == ", ".join(f"N{n}" for n in range(shown)) + (", ..." if names > SAMPLE else "")


@pytest.mark.parametrize(("levels", "said"), [
    (1, "1 level with a fraction"), (SAMPLE + 1, "11 levels with a fraction"),
    (ROUNDED_MOST - 1, "999 levels with a fraction"), (ROUNDED_MOST, "1,000 levels or more with a fraction"),
])  # fmt: skip
def test_levels_that_are_fractions_are_counted_as_far_as_they_were_read(levels: int, said: str) -> None:
    rows = [RoundedLevel(f"S{n}", "EAST", "1.5", 1) for n in range(levels)]
    (check,) = rounded_checks("Acme", rows)
    listed = ", ".join(f"S{n} in EAST: 1.5, counted as 1" for n in range(min(levels, SAMPLE)))
    more = ", ..." if levels > SAMPLE else ""
    assert f"{said}: {listed}{more}" in check.evidence


def test_no_level_that_is_a_fraction_is_no_finding() -> None:
    assert list(rounded_checks("Acme", [])) == []
