"""A held run on the screen: what it would send, by group, and its release whole or by group."""

from __future__ import annotations

from dataclasses import replace

from invsync_tui.tui.screens.base.dialogs import ChoiceDialog, ConfirmDialog
from invsync_tui.tui.screens.listings.plan import PlanScreen
from invsync_tui.tui.screens.runs.held import HeldScreen
from invsync_tui.tui.screens.runs.run import RunScreen
from tests.support.fakes.store import FakeStore
from tests.support.screens.control_room import Driver, room

GROUPS = {"zero": 380, "jump": 12, "rest": 20}


def held_in_groups() -> FakeStore:
    """Run 21 is held, with listings in all three groups."""
    store = FakeStore()
    found = store.details[21]
    assert found.hold is not None
    store.details[21] = replace(found, hold=replace(found.hold, groups=GROUPS))
    return store


async def opened(driver: Driver) -> None:
    """The held run is on the screen."""
    await driver.press("enter")
    await driver.sees("Demo Cart EU")
    await driver.press("left_square_bracket")
    await driver.sees("Mass zero")


async def test_enter_shows_what_it_would_send_and_v_one_group_after_the_other() -> None:
    async with room(held_in_groups()) as driver:
        await opened(driver)
        # when
        await driver.press("enter")
        # then
        await driver.until(lambda: isinstance(driver.app.screen, HeldScreen))
        await driver.sees("399 held listings")
        await driver.sees("900")
        # and when
        await driver.press("v")
        # then
        await driver.sees("Would send: to zero")
        await driver.sees("133 held listings")
        await driver.press("v", "v", "v")
        await driver.sees("399 held listings")
        await driver.press("escape")
        await driver.sees("Mass zero")


async def test_a_release_asks_for_the_group_and_then_for_the_reason() -> None:
    store = held_in_groups()
    async with room(store) as driver:
        await opened(driver)
        # when
        await driver.press("r")
        # then the safe answer has the focus
        assert isinstance(driver.app.screen, ChoiceDialog)
        await driver.sees("To zero: 380 listings, in stock now, would go to 0")
        await driver.press("enter")
        assert store.orders == []
        # and when the second group is chosen: Cancel, All, zero, jump
        await driver.press("r", "right", "right", "right", "enter")
        await driver.until(lambda: isinstance(driver.app.screen, ConfirmDialog))
        await driver.sees("Release 12 of 412 listings (large changes)?")
        await driver.press(*"seen", "enter", "right", "enter")
        # then
        await driver.until(lambda: store.orders == [("release", 21, "seen", "jump")])
        # and when all of it is
        await driver.press("r", "right", "enter")
        await driver.until(lambda: isinstance(driver.app.screen, ConfirmDialog))
        await driver.sees("Release all 412 held listings?")
        await driver.press(*"seen", "enter", "right", "enter")
        await driver.until(lambda: store.orders[1:] == [("release", 21, "seen")])


async def test_p_plans_what_the_held_push_would_send_now() -> None:
    async with room(held_in_groups()) as driver:
        await opened(driver)
        await driver.sees("Show what would be sent now")
        # when
        await driver.press("p")
        # then
        await driver.until(lambda: isinstance(driver.app.screen, PlanScreen))
        # and: a run that is not held has nothing to plan
        await driver.press("escape", "right_square_bracket", "p")
        assert isinstance(driver.app.screen, RunScreen)
