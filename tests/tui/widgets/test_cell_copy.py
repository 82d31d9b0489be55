"""`Y` copies one value of a line, whole, or all of them with their titles."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.screens.control_room import Driver
from tests.support.screens.list_screens import LISTINGS, at


@pytest.fixture
async def listings(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Driver, list[str]]]:
    """View Product Sync with the cursor on its third line, and what was sent to the clipboard."""
    async with at(LISTINGS) as driver:
        sent: list[str] = []
        monkeypatch.setattr(driver.app, "copy_to_clipboard", sent.append)
        await driver.press("down", "down", "Y")
        await driver.sees("Enter takes")
        yield driver, sent


def row_of(driver: Driver, title: str) -> int:
    """The number of a choice, from the top of the dialog."""
    begin = next(n for n, row in enumerate(driver.lines()) if "Value" in row) + 1
    return next(n for n, row in enumerate(driver.lines()[begin:]) if row[3:].startswith(title))


async def test_a_value_is_chosen_by_its_column_and_sent(listings: tuple[Driver, list[str]]) -> None:
    driver, sent = listings
    shown = driver.lines()
    target = next(row for row in shown if row[3:].startswith("Target")).split()[-1]
    await driver.press(*["down"] * row_of(driver, "Target"), "enter")
    await driver.until(lambda: bool(sent))
    assert sent == [target]
    assert f"clipboard: {target}" in driver.notice()


async def test_all_values_have_their_titles_and_a_text_is_whole(listings: tuple[Driver, list[str]]) -> None:
    driver, sent = listings
    await driver.press("up", "end", "enter")
    await driver.until(lambda: bool(sent))
    rows = dict(row.split(": ", 1) for row in sent[0].splitlines())
    line = driver.table.cursor_line
    assert {"Target", "Confirmed", "In cart"} <= set(rows)
    assert rows["Target"] == str(line.target)
    assert line.sku in rows.values()


async def test_escape_copies_nothing(listings: tuple[Driver, list[str]]) -> None:
    driver, sent = listings
    await driver.press("escape")
    await driver.until(lambda: "Nothing was copied" in driver.notice())
    assert sent == []
