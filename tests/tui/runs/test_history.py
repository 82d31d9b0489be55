"""Carts and runs in the control room: lists, filters, comparison, and the way down to the SKUs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from invsync_tui.operations.views import RunState
from invsync_tui.rules.outcomes import Counts
from invsync_tui.tui.navigation.names import Known, Named
from invsync_tui.tui.screens.listings.carts import CartsScreen
from invsync_tui.tui.screens.merchants.merchants import MerchantsScreen
from invsync_tui.tui.screens.runs.diff import RunDiffScreen
from invsync_tui.tui.screens.runs.filter import RunFilter, understand
from invsync_tui.tui.screens.runs.reasons import ReasonSkusScreen, ReasonsScreen
from invsync_tui.tui.screens.runs.run import RunScreen
from invsync_tui.tui.screens.runs.runs import RunsScreen
from invsync_tui.tui.screens.settings.connection_test import ConnectionScreen
from invsync_tui.tui.screens.settings.edit_setup import EditSetupScreen
from tests.support.fakes.runs import RUNS
from tests.support.fakes.store import FakeStore
from tests.support.screens.control_room import Driver, room

KNOWN = Known((Named(1, "Outdoor Demo"), Named(2, "Books Demo")), (Named(7, "Vendure Demo"), Named(8, "Shop US Demo")))


async def typed(driver: Driver, *words: str) -> None:
    """The filter with these words in it."""
    await driver.press("f")
    await driver.until(lambda: driver.app.focused is not None and driver.app.focused.id == "list-filter")
    await driver.press(*" ".join(words), "enter")


async def test_the_carts_of_a_merchant_and_the_way_to_everything_about_one() -> None:
    store = FakeStore()
    async with room(store) as driver:
        await driver.press("c")
        await driver.sees("Demo Cart US")
        assert isinstance(driver.app.screen, CartsScreen)
        assert not any("Demo Closed" in line for line in driver.lines())
        await driver.press("down", "E")
        await driver.sees("Inventory Upload Service")
        assert isinstance(driver.app.screen, EditSetupScreen)
        await driver.press("escape")
        await driver.press("r")
        await driver.sees("Demo Cart US › Runs")
        await driver.press("escape", "T")
        assert isinstance(driver.app.screen, ConnectionScreen)
        await driver.press("escape", "s")
        await driver.until(lambda: ("start", 1, 8) in store.orders)
        assert driver.table.cursor_position == 1


async def test_the_strip_tells_what_a_narrow_table_has_no_room_for() -> None:
    async with room() as driver:
        await driver.press("c")
        await driver.sees("Demo Cart US")
        await driver.press("down")
        await driver.sees("Combine All Locations")


async def test_read_only_starts_no_sync_from_the_carts() -> None:
    store = FakeStore(read_only=True)
    async with room(store) as driver:
        await driver.press("c")
        await driver.sees("Demo Cart US")
        await driver.press("s")
        assert store.orders == []
        assert "Read-only" in driver.notice()


async def test_runs_are_filtered_by_words_and_opened() -> None:
    async with room() as driver:
        await driver.press("r")
        await driver.sees(f"{RUNS // 2} runs")
        await typed(driver, "failed", "who:demo-2")
        await driver.until(lambda: 0 < driver.table.count < 30)
        assert all("failed" in line for line in driver.lines()[3:5])
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, RunScreen))
        await driver.press("escape")
        assert isinstance(driver.app.screen, RunsScreen)
        await driver.press("escape")
        await driver.sees(f"{RUNS // 2} runs")


async def test_a_filter_that_cannot_match_says_so() -> None:
    async with room() as driver:
        await driver.press("r")
        await driver.sees("runs")
        await typed(driver, "cart:nowhere")
        await driver.sees("Nothing matches cart:nowhere")


async def test_a_run_is_compared_with_the_one_before() -> None:
    store = FakeStore()
    async with room(store) as driver:
        await driver.press("down", "down", "enter")
        await driver.sees("run 13")
        await driver.press("d")
        await driver.sees("against run 11")
        assert isinstance(driver.app.screen, RunDiffScreen)
        await driver.sees("REJECTED_BY_CART")
        await driver.sees("+40")
        await driver.press("enter")
        await driver.sees("Run 11 against run 9")
        await driver.press("escape", "escape")
        assert isinstance(driver.app.screen, RunScreen)


async def test_the_first_run_has_nothing_to_compare_with() -> None:
    async with room() as driver:
        await driver.press("colon", *"run 2", "enter")
        await driver.sees("run 2")
        await driver.press("d")
        await driver.sees("nothing to compare")


async def test_a_reason_leads_down_to_its_skus() -> None:
    async with room() as driver:
        await driver.press("down", "down", "enter")
        await driver.sees("NOT_IN_WMS")
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, ReasonsScreen))
        await driver.press("down", "down")
        await driver.sees("Load the SKU in the WMS")
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, ReasonSkusScreen))
        await driver.sees("FRN-1014")
        await driver.press("escape", "escape", "escape")
        assert isinstance(driver.app.screen, MerchantsScreen)


async def test_a_run_with_one_reason_needs_no_detour() -> None:
    store = FakeStore()
    detail = store.details[11]
    only = replace(detail.run, counts=Counts(total=14, skipped=14))
    store.details[11] = replace(detail, run=only, reasons=detail.reasons[:1])
    async with room(store) as driver:
        await driver.press("enter")
        await driver.sees("NOT_IN_WMS")
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, ReasonSkusScreen))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", RunFilter()),
        ("held", RunFilter(state="held")),
        ("state:fail", RunFilter(state="failed")),
        ("vend", RunFilter(cart_id=7)),
        ("us", RunFilter(cart_id=8)),
        ("outd", RunFilter(merchant_id=1)),
        ("merchant:boo failed", RunFilter(merchant_id=2, state="failed")),
        ("trigger:sched", RunFilter(trigger="schedule")),
        ("trigger:check", RunFilter(trigger="look again")),
        ("trigger:look", RunFilter(trigger="look again")),
        ("state:canceled", RunFilter(state="cancelled")),
        ("state:cancelled", RunFilter(state="cancelled")),
        ("Ada", RunFilter(who="Ada")),
        ("who:held", RunFilter(who="held")),
        ("who:", RunFilter()),
        ("cart:none", None),
        ("state:none", None),
    ],
)
def test_words_of_the_filter(text: str, wanted: RunFilter | None) -> None:
    assert understand(text, RunFilter(), KNOWN) == wanted


def test_every_state_can_be_named() -> None:
    for state in RunState:
        assert understand(str(state), RunFilter(), KNOWN) == RunFilter(state=str(state))


async def test_a_comparison_says_where_it_is_as_other_screens_do() -> None:
    async with room(size=(80, 24)) as driver:
        await driver.press("colon", *"run 11", "enter")
        await driver.press("d")
        await driver.sees("Runs › Run 11 against run 9")
