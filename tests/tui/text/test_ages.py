"""Ages grow on every screen, also where nothing but the time of day has changed."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from invsync_tui.tui.app import control_room
from invsync_tui.tui.terminal import Terminal
from tests.support.fakes.store import FakeStore
from tests.support.terminal.emulator import Emulated, emulated
from tests.support.terminal.tour import Stop
from tests.support.terminal.tour_stops import STOPS

PLAIN = Terminal(ascii_only=False, ansi_theme=False, mouse=False, interval=0.02)
LATER = 3 * 3600.0
"""Seconds: enough that each age of minutes becomes one of hours."""


async def shown_by(
    store: FakeStore, stop: Stop, clock: Callable[[], float], then: Callable[[], None] | None = None
) -> list[str]:
    """The screen of a stop by this clock, after something else has happened and the store was read again."""
    app, begin = control_room(store, PLAIN), clock()
    app.context.clock, elapsed = clock, app.context.elapsed
    app.context.elapsed = lambda: elapsed() + clock() - begin
    async with emulated(app) as shown:
        shown.terminal.resize(120, 40)
        await shown.settled()
        await shown.go(stop.keys)
        if then is not None:
            then()
            await read_again(shown, store)
        return shown.terminal.lines()


async def read_again(shown: Emulated, store: FakeStore) -> None:
    """Past the longest pause that a screen makes between two questions."""
    until = time.monotonic() + 1.0
    while time.monotonic() < until:
        store.commit()
        await shown.settled()


@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.name)
async def test_ages_on_every_screen_grow_with_the_time(stop: Stop) -> None:
    # given a screen that was opened hours ago over a store in which nothing happens
    store, now = FakeStore(), time.time()
    hours = [0.0]

    def pass_hours() -> None:
        hours[0] = LATER

    stayed = await shown_by(store, stop, lambda: now + hours[0], pass_hours)
    # then it says what one says that is opened now
    assert stayed == await shown_by(store, stop, lambda: now + LATER)
