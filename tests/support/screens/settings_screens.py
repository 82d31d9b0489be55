"""Edit Setup for tests: its form, its draft, a place in it, and saving."""

from __future__ import annotations

from invsync_tui.tui.screens.base.dialogs import ChoiceDialog
from invsync_tui.tui.screens.settings.edit_setup import EditSetupScreen
from invsync_tui.tui.widgets.form import FormView
from invsync_tui.tui.widgets.form_draft import Draft
from tests.support.screens.control_room import Driver


def draft(driver: Driver) -> Draft:
    screen = next(each for each in reversed(driver.app.screen_stack) if isinstance(each, EditSetupScreen))
    assert screen.draft is not None
    return screen.draft


def sheet(driver: Driver) -> FormView:
    return driver.app.screen.query_one(FormView)


def at(driver: Driver, text: str) -> bool:
    return any(text in line for line in driver.lines())


async def save(driver: Driver) -> None:
    """`s`, and yes."""
    await driver.press("s")
    await driver.until(lambda: isinstance(driver.app.screen, ChoiceDialog))
    await driver.press("right", "enter")
