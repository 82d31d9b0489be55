"""Screens of worked-out text for tests: waited for, and read as text."""

from __future__ import annotations

from invsync_tui.tui.screens.base.report_screen import ReportScreen
from invsync_tui.tui.widgets.text_view import TextView
from tests.support.screens.control_room import Driver

SIZES = [(80, 24), (120, 40)]
SKU = "DEMO-00042"


def sheet(driver: Driver) -> str:
    return driver.app.screen.query_one("#sheet", TextView).text


async def answered(driver: Driver) -> None:
    await driver.until(lambda: isinstance(driver.app.screen, ReportScreen) and driver.app.screen.answer is not None)
