"""What a run set, and how its SKUs ended, opened from its screen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from invsync_tui.operations.views import RunKind, RunSize
from invsync_tui.rules.outcomes import Counts
from invsync_tui.tui.screens.base.conditions import ConditionsScreen
from invsync_tui.tui.screens.catalog.sku import SkuScreen
from invsync_tui.tui.screens.runs.changes import ChangesScreen
from invsync_tui.tui.screens.runs.reasons import OutcomeSkusScreen, ReasonsScreen
from invsync_tui.tui.screens.runs.run import RunScreen
from invsync_tui.tui.widgets.table import WindowTable
from tests.support.fakes.store import FakeStore
from tests.support.screens.control_room import Driver, room

KEYS = {"<": "less_than_sign", "=": "equals_sign", "-": "minus"}
RUN = 11


async def _opened(driver: Driver) -> None:
    await driver.press("colon", *"run", "space", *str(RUN), "enter")
    await driver.until(lambda: isinstance(driver.app.screen, RunScreen))
    await driver.sees("API rate limit")


async def test_v_lists_what_the_run_set_from_what_to_what() -> None:
    async with room() as driver:
        await _opened(driver)
        # when
        await driver.press("v")
        # then
        await driver.until(lambda: isinstance(driver.app.screen, ChangesScreen))
        await driver.sees("400 changes")
        await driver.sees("-40")
        assert not any("\x1b" in row for row in driver.lines())
        # and Enter leads to the SKU
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, SkuScreen))


async def test_an_outcome_without_a_reason_opens_as_a_list() -> None:
    async with room() as driver:
        await _opened(driver)
        # when: the first row is "updated", which has no reason
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, ReasonsScreen))
        await driver.sees("updated")
        await driver.press("enter")
        # then
        await driver.until(lambda: isinstance(driver.app.screen, OutcomeSkusScreen))
        await driver.sees("FRN-1001")


@pytest.mark.parametrize(
    ("keys", "typed", "first"),
    [
        (("v",), "change<-36", "DEMO-00000"),
        (("v",), "DEMO-00042", "DEMO-00042"),
        (("enter", "enter"), "sku=FRN-1003", "FRN-1003"),
    ],
)
async def test_what_a_run_did_is_filtered_by_words_and_by_conditions(
    keys: tuple[str, ...], typed: str, first: str
) -> None:
    async with room() as driver:
        await _opened(driver)
        for key in keys:
            await driver.press(key)
            await driver.until(
                lambda: bool(driver.app.screen.query(WindowTable)) and driver.table.cursor_line is not None
            )
        assert isinstance(driver.app.screen, ConditionsScreen)
        # when
        await driver.press("f", *(KEYS.get(char, char) for char in typed), "enter")
        # then
        await driver.sees(f"filter {typed}: ")
        await driver.until(lambda: driver.table.count < 100 and driver.table.cursor_line is not None)
        assert driver.table.cursor_line is not None and driver.table.cursor_line.sku == first
        # when: Esc shows all again, and what is typed then means nothing
        await driver.press("escape")
        await driver.press("f", *"chang", KEYS["="], *"3", "enter")
        assert "chang is nothing to filter by" in driver.notice()


async def test_a_download_offers_no_changes_and_says_what_it_counts() -> None:
    store = FakeStore()
    detail = store.details[RUN]
    run = replace(detail.run, kind=RunKind.PULL, cart=None, cart_id=None, counts=Counts(total=14144, set=14144))
    store.details[RUN] = replace(detail, run=run, counted=RunSize(levels=14144, products=5000))
    async with room(store) as driver:
        await _opened(driver)
        # then
        await driver.sees("5,000 products + 14,144 stock levels")
        # when
        await driver.press("v")
        await driver.press("enter")
        # then
        assert isinstance(driver.app.screen, RunScreen)
