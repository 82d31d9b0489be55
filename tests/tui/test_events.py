"""The event log on the screen: filtered by words, each event in full, and its run."""

from __future__ import annotations

import pytest

from invsync_tui.tui.navigation.names import Known, Named
from invsync_tui.tui.screens.events.events import EventsScreen
from invsync_tui.tui.screens.events.filter import Typed, understand
from invsync_tui.tui.screens.runs.run import RunScreen
from tests.support.screens.control_room import room

KNOWN = Known(merchants=(Named(1, "Acme Outdoor"),), carts=(Named(7, "Web shop"),))


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("", Typed()),
        ("err", Typed(severity="error")),
        ("severity:warning since:-2h", Typed(severity="warning", since="-2h")),
        ("web", Typed(cart="Web shop")),
        ("acme error", Typed(merchant="Acme Outdoor", severity="error")),
        ('cart:"Web shop" until:2026-11-01', Typed(cart="Web shop", until="2026-11-01")),
        ("severity:loud", None),
        ("nobody", None),
        ("run:17", None),
    ],
)
def test_words_of_the_filter(text: str, typed: Typed | None) -> None:
    assert understand(text, KNOWN) == typed


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_events_are_filtered_and_lead_to_the_run(size: tuple[int, int]) -> None:
    async with room(size=size) as driver:
        # given
        await driver.press("colon", *"events", "enter")
        await driver.until(lambda: isinstance(driver.app.screen, EventsScreen))
        await driver.sees("300 events")
        await driver.sees("The cart refused")
        assert not any("\x1b" in row for row in driver.lines())
        # when
        await driver.press("f", *"error", "enter")
        await driver.sees("30 events")
        await driver.press("enter")
        # then
        await driver.until(lambda: isinstance(driver.app.screen, RunScreen))


async def test_a_word_that_means_nothing_leaves_no_event() -> None:
    async with room() as driver:
        await driver.press("colon", *"events", "enter")
        await driver.sees("300 events")
        await driver.press("f", *"nobody", "enter")
        await driver.sees("Nothing matches nobody")
