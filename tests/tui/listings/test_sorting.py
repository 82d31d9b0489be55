"""Lists are sorted by the number of a column: the header says by which and which way, and the rows follow."""

from __future__ import annotations

import pytest

from invsync_tui.tui.text.glyphs import UNICODE
from tests.support.screens.control_room import room

WIDE = (140, 30)
UP, DOWN = UNICODE.ascending, UNICODE.descending
CASES = (
    ("runs", ("colon", *"runs", "enter"), "Run", 1, "State", 4, "canceled"),
    ("audit", ("colon", *"audit", "enter"), "When", 1, "Who", 2, "[red]demo"),
    ("events", ("colon", *"events", "enter"), "When", 1, "Severity", 2, "info"),
    ("held", ("colon", *"run 21", "enter", "enter"), "", 0, "Target", 4, " 0"),
    ("changes", ("colon", *"run 11", "enter", "v"), "", 0, "Set to", 4, " 0"),
    ("drift", ("colon", *"carts", "enter", "d"), "", 0, "Exposure", 3, "vanished"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
async def test_a_number_sorts_by_its_column_both_ways(
    case: tuple[str, tuple[str, ...], str, int, str, int, str],
) -> None:
    _, keys, own, own_place, title, place, first = case
    async with room(size=WIDE) as driver:
        # given
        for key in keys:
            await driver.press(key)
        await driver.sees(title)
        if own:
            await driver.sees(f"{own} {DOWN}")
        # when
        await driver.press(str(place))
        # then
        await driver.sees(f"{title} {UP}")
        rows = driver.lines()
        header = next(n for n, row in enumerate(rows) if f"{title} {UP}" in row)
        assert first in rows[header + 1], rows[header : header + 3]
        assert not own or f"{own} {DOWN}" not in rows[header]
        # when
        await driver.press(str(place))
        # then
        await driver.sees(f"{title} {DOWN}")
        assert first not in driver.lines()[header + 1]
        if own:
            await driver.press(str(own_place))
            await driver.sees(f"{own} {UP}")


async def test_runs_are_folded_only_where_neighbors_in_the_list_are_neighbors_in_time() -> None:
    async with room(size=WIDE) as driver:
        await driver.press("colon", *"runs", "enter")
        await driver.sees(f"Run {DOWN}")
        assert any("z Fold" in row for row in driver.lines())
        await driver.press("4")
        await driver.sees(f"State {UP}")
        assert not any("z Fold" in row for row in driver.lines())
