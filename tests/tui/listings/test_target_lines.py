"""The strip of Product Sync begins with how the target of the selected listing is made."""

from __future__ import annotations

import pytest

from invsync_tui.operations.listings.arithmetic import Target
from invsync_tui.tui.navigation import routes
from invsync_tui.tui.screens.listings import product_sync
from tests.support.fakes.store import FakeStore
from tests.support.screens.control_room import Driver
from tests.support.screens.list_screens import at

PRODUCTS = lambda context: routes.screen(context, "products", 7, "Demo Cart EU", "Demo Outdoor")  # noqa: E731


def first_line(driver: Driver) -> str:
    """The first row under the rule of the strip."""
    rows = driver.lines()
    rule = max(n for n, row in enumerate(rows) if row.startswith("\u2500" * 20))
    return rows[rule + 1].strip()


async def test_each_row_says_how_its_target_is_made_and_is_asked_about_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(product_sync, "AROUND", 2)
    store = FakeStore()
    asked: list[set[int]] = []
    answer = store.targets

    def targets(listings):  # type: ignore[no-untyped-def]
        numbers = list(listings)
        asked.append({number for _, number in numbers})
        return answer(numbers)

    monkeypatch.setattr(store, "targets", targets)
    async with at(PRODUCTS, store) as driver:
        # given a listing with a target
        await driver.press("f", *"demo-0004", "enter")
        for _ in range(8):
            line = driver.table.cursor_line
            assert line is not None
            # then
            await driver.until(
                lambda line=line: first_line(driver) == f"Target {line.target} = WH-1 {line.target + 3} - buffer 3"
            )
            await driver.press("down")
        # and what is known is not asked again, while the store stays as it is
        questions = len(asked)
        await driver.press(*["up"] * 5)
        assert len(asked) == questions and max(map(len, asked)) <= 5
        # when the store changes, the selected one is asked about again, and what differs from the plan says so
        monkeypatch.setattr(
            store, "targets", lambda listings: {number: Target(99, "99 = WH-1 99") for _, number in listings}
        )
        store.commit()
        await driver.until(lambda: first_line(driver) == "Next push 99 = WH-1 99")


async def test_a_listing_without_a_product_or_without_a_target_has_no_such_line() -> None:
    async with at(PRODUCTS) as driver:
        await driver.press("f", *"never", "enter")
        await driver.until(lambda: driver.table.count == 2 and driver.table.cursor_line is not None)
        for _ in range(2):
            assert " = WH-1" not in first_line(driver)
            await driver.press("down")
