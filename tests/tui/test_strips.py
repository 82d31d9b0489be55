"""What a list has no room for is said below it: of the line under the cursor each cell that is cut, whole."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from invsync_tui.rules.outcomes import REASONS, Reason
from invsync_tui.tui.screens.base.list_screen import ListScreen
from invsync_tui.tui.text.sanitize import clean
from invsync_tui.tui.widgets.text_view import TextView
from tests.support.fakes.store import FakeStore
from tests.support.screens.control_room import Driver, room

LISTS: tuple[tuple[str, ...], ...] = (
    *((), ("w",), ("w", "enter"), ("c",), ("c", "enter"), ("U",), ("r",), ("a",), ("c", "i"), ("c", "p"), ("c", "d")),
    *(("colon", *words, "enter") for words in ("audit", "events")),
    ("colon", *"run 11", "enter", "enter"),
    ("colon", *"run 21", "enter", "v"),
)
ROWS = 9
LONGEST = 100
"""Cells of a text that the strip has room for beside others; the fakes have names that no terminal has room for."""


def not_said(driver: Driver) -> Iterator[str]:
    """Cells of the cursor's line that are cut, and not whole below the list."""
    screen = driver.app.screen
    assert isinstance(screen, ListScreen)
    table = screen.table
    row = table._row(table._cursor)
    strip = "".join(screen.query_one("#about", TextView).text.split())
    for place in sorted(table.cut()):
        text = clean(row.cells[place][0]) if row else ""
        # A reason is said there in a sentence; to say both costs too much with each move of the cursor.
        reason = getattr(row.line if row else None, "reason", None)
        said = REASONS[Reason(reason)].text if reason in REASONS and str(reason) in text else text
        if len(text) <= LONGEST and "".join(said.split()) not in strip:
            yield f"{screen._row_fields()[place].title}: {text!r}"


@pytest.mark.parametrize("keys", LISTS, ids=lambda keys: "".join(keys) or "merchants")
@pytest.mark.parametrize("size", [(60, 24), (80, 24)])
async def test_each_cell_that_is_cut_is_said_below(size: tuple[int, int], keys: tuple[str, ...]) -> None:
    async with room(FakeStore(), size) as driver:
        await driver.press(*keys)
        await driver.until(lambda: isinstance(driver.app.screen, ListScreen) and driver.table.cursor_line is not None)
        for _ in range(min(ROWS, driver.table.count)):
            assert list(not_said(driver)) == []
            await driver.press("down")
