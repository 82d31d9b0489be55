"""Drift of a cart on the screen: classes, exposure, correcting and the check."""

from __future__ import annotations

from textual.widgets import Input

from invsync_tui.tui.screens.base.dialogs import ConfirmDialog
from invsync_tui.tui.screens.listings.drift import DriftScreen
from tests.support.fakes.store import FakeStore
from tests.support.screens.control_room import Driver, room


async def opened(driver: Driver) -> None:
    """The drift of the first cart."""
    await driver.press("colon", *"carts", "enter")
    await driver.sees("Demo Cart EU")
    await driver.press("d")
    await driver.until(lambda: isinstance(driver.app.screen, DriftScreen))
    await driver.sees("DEMO-1")


async def test_classes_come_one_after_the_other() -> None:
    async with room(FakeStore()) as driver:
        # when
        await opened(driver)
        # then
        await driver.sees("3 drifted")
        await driver.sees("5 too many")
        # and when
        await driver.press("v", "v", "v")
        # then
        await driver.sees("Drift: oversell")
        await driver.sees("1 drifted")
        await driver.press("v")
        await driver.sees("Nothing is undersell")


async def test_the_selected_listing_is_healed_for_a_reason() -> None:
    store = FakeStore()
    async with room(store) as driver:
        await opened(driver)
        # when
        await driver.press("h")
        # then
        assert isinstance(driver.app.screen, ConfirmDialog)
        await driver.press("right", "enter")
        assert isinstance(driver.app.focused, Input)
        assert store.drift.orders == []
        # and when
        await driver.press(*"phone", "enter", "right")
        # A button that was pressed takes no other press for a fifth of a second.
        await driver.until(lambda: not driver.app.screen.query(".-active"))
        await driver.press("enter")
        # then
        await driver.until(lambda: len(store.drift.orders) == 1)
        assert store.drift.orders[0][2:] == ("DEMO-1", "phone")
        # and what has vanished cannot be written
        await driver.press("down", "h")
        assert isinstance(driver.app.screen, DriftScreen)


async def test_the_drift_check_is_let_look() -> None:
    store = FakeStore()
    async with room(store) as driver:
        await opened(driver)
        await driver.press("R")
        await driver.until(lambda: [order[0] for order in store.drift.orders] == ["radar"])


async def test_a_viewer_looks_and_orders_nothing() -> None:
    store = FakeStore(read_only=True)
    async with room(store) as driver:
        await opened(driver)
        await driver.press("h", "R")
        assert isinstance(driver.app.screen, DriftScreen)
        assert store.drift.orders == []


async def test_all_of_a_class_are_healed_for_a_reason() -> None:
    store = FakeStore()
    async with room(store) as driver:
        await opened(driver)
        await driver.press("H")
        assert isinstance(driver.app.screen, DriftScreen), "no class is chosen yet"
        await driver.press("v", "v", "v")
        await driver.sees("Drift: oversell")
        await driver.press("H", *"promised", "tab", "tab", "enter")
        await driver.until(lambda: len(store.drift.orders) == 1)
        assert store.drift.orders[0][0] == "heal class" and store.drift.orders[0][2:] == ("oversell", "promised")
