"""Ages grow on every screen, also where nothing but the time of day has changed."""

from __future__ import annotations

import re
import time

import pytest

from invsync_tui.tui.app import control_room
from invsync_tui.tui.terminal import Terminal
from tests.support.fakes.store import FakeStore
from tests.support.terminal.emulator import Emulated, emulated
from tests.support.terminal.tour import Stop
from tests.support.terminal.tour_stops import STOPS

PLAIN = Terminal(ascii_only=False, ansi_theme=False, mouse=False, interval=0.02)
YOUNG = re.compile(r"\d+ min ago|just now|in \d+ min\b")
"""What nothing can be any more when hours have passed."""
HOURS = 3 * 3600.0
"""Seconds."""
READS = 20
WITH_AGES = frozenset(
    {
        "all warehouses", "listings of all carts", "warehouses", "mismatches of a cart", "hostile SKU", "product sync", "levels",
        "held run", "merchants", "run 1", "search", "SKU",
    }
)  # fmt: skip
"""Those that show an age of minutes at first."""


def young(shown: Emulated) -> list[str]:
    return [line for line in shown.terminal.lines() if YOUNG.search(line)]


@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.name)
async def test_ages_on_every_screen_grow_with_the_time(stop: Stop) -> None:
    # given a screen
    store, now, passed = FakeStore(), time.time(), [0.0]
    app = control_room(store, PLAIN)
    elapsed = app.context.elapsed
    app.context.clock, app.context.elapsed = lambda: now + passed[0], lambda: elapsed() + passed[0]
    async with emulated(app, (120, 40)) as shown:
        await shown.go(stop.keys)
        before = young(shown)
        assert before or stop.name not in WITH_AGES
        # when hours pass in which nothing happens, but that the store is read again
        passed[0] = HOURS
        for _ in range(READS):
            if not young(shown):
                break
            store.commit()
            await shown.pilot.pause(0.05)
            await shown.settled()
        # then nothing on it is minutes old
        assert young(shown) == []
