"""List screens of the control room for tests: opened at a place, and waited for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from invsync_tui.tui.context import AppContext
from invsync_tui.tui.navigation import routes
from invsync_tui.tui.screens.base.base_screen import BaseScreen
from invsync_tui.tui.screens.merchants.merchants import MerchantsScreen
from invsync_tui.tui.widgets.table import WindowTable
from tests.support.fakes.store import FakeStore
from tests.support.screens.control_room import Driver, room

Place = Callable[[AppContext], BaseScreen]
WAREHOUSES: Place = lambda context: routes.screen(context, "warehouses", 1, "Demo Outdoor")  # noqa: E731
LISTINGS: Place = lambda context: routes.screen(context, "products", 7, "Demo Cart EU", "Demo Outdoor")  # noqa: E731
MISMATCHES: Place = lambda context: routes.screen(context, "listings", None, "")  # noqa: E731
ALIASES: Place = lambda context: routes.screen(context, "aliases", 1, "Demo Outdoor")  # noqa: E731


@asynccontextmanager
async def at(place: Place, store: FakeStore | None = None, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Driver]:
    """The control room with a screen on top, after its first reading."""
    async with room(store or FakeStore(), size) as driver:
        driver.app.push_screen(place(driver.app.context))
        await driver.until(lambda: not isinstance(driver.app.screen, MerchantsScreen) and ready(driver, BaseScreen))
        yield driver


def ready(driver: Driver, kind: type[BaseScreen]) -> bool:
    """Whether a screen of this kind is on top and its table has a row."""
    screen = driver.app.screen
    return isinstance(screen, kind) and bool(screen.query(WindowTable)) and driver.table.cursor_line is not None
