"""What a run set, and how its SKUs ended, opened from its screen."""

from __future__ import annotations

from dataclasses import replace

from invsync_tui.operations.views import RunKind, RunSize
from invsync_tui.rules.outcomes import Counts
from invsync_tui.tui.screens.catalog.sku import SkuScreen
from invsync_tui.tui.screens.runs.changes import ChangesScreen
from invsync_tui.tui.screens.runs.reasons import OutcomeSkusScreen, ReasonsScreen
from invsync_tui.tui.screens.runs.run import RunScreen
from tests.support.fakes.store import FakeStore
from tests.support.screens.control_room import Driver, room

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


async def test_a_download_offers_no_changes_and_says_what_it_counts() -> None:
    store = FakeStore()
    detail = store.details[RUN]
    run = replace(detail.run, kind=RunKind.PULL, cart=None, cart_id=None, counts=Counts(total=14144, set=14144))
    store.details[RUN] = replace(detail, run=run, counted=RunSize(levels=14144, products=5000))
    async with room(store) as driver:
        await _opened(driver)
        # then
        await driver.sees("14144 stock levels of 5000 products")
        # when
        await driver.press("v")
        await driver.press("enter")
        # then
        assert isinstance(driver.app.screen, RunScreen)
