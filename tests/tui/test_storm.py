"""Every screen survives a storm of sizes, and shows afterwards exactly what a fresh one shows."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass

import pytest

from invsync_tui.tui.app import ControlRoom, control_room
from invsync_tui.tui.navigation.routes import BY_NAME
from invsync_tui.tui.terminal import Terminal
from invsync_tui.tui.text.styled import line
from invsync_tui.tui.widgets.footer import KeyFooter
from tests.support.fakes.lists import HOSTILE, TROUBLED, troubled
from tests.support.fakes.store import FakeStore, merchant
from tests.support.terminal.emulator import Emulated, difference, emulated
from tests.support.terminal.tour import Stop
from tests.support.terminal.tour_stops import STOPS

MANNERS = Terminal(ascii_only=False, ansi_theme=False, mouse=False, interval=0.02)
RUN, LISTINGS = (":", "run 11", "Enter"), ("c", "Enter")
ALL_STOPS = (
    *STOPS,
    Stop("SKUs of an outcome", (*RUN, "Enter", "Enter"), "cart listing ID"),
    Stop("SKUs of a reason", (*RUN, "Enter", "End", "Enter"), "cart listing ID"),
    Stop("changes in the shop", (":", "fixes 7", "Enter"), "DEMO-1"),
    Stop("bookmarks", (":", "bookmarks", "Enter"), "No bookmark of this store"),
    Stop("saved filters", (*LISTINGS, "F"), "Saved filters"),
    Stop(
        "test of a new connection", ("A", "~Tryton", "Enter", "~Display name", "Enter", "New", "Enter", "s"), "s Save"
    ),
    Stop("question", (*RUN, "c"), "Keep running"),
    Stop("choice of columns", (*LISTINGS, "C"), "marked"),
    Stop("filter", (*LISTINGS, "f"), "Filter:"),
    Stop("palette", (":",), "merchants"),
)
"""Those of the tour, the screens that it leaves out, and what opens over a screen."""
STOP_OF = {
    "merchants": "merchants", "run": "run", "runs": "runs", "held": "what a held run would send", "reasons": "outcomes of a run",
    "reason SKUs": "SKUs of a reason", "outcome SKUs": "SKUs of an outcome", "run changes": "changes of a run",
    "run comparison": "comparison of runs", "carts": "carts", "products": "product sync", "listings": "listings of all carts",
    "warehouses": "warehouses", "levels": "levels", "all warehouses": "all warehouses", "settings": "merchant settings",
    "setup": "cart settings", "add": "new merchant", "new connection test": "test of a new connection",
    "about system": "about a system", "connection test": "connection test", "search": "search", "sku": "SKU", "why": "why",
    "history": "history of a SKU", "plan": "plan", "identity": "identity", "drift": "drift", "aliases": "aliases",
    "collisions": "collisions", "missing aliases": "missing", "compare": "side by side", "events": "events", "audit": "audit",
    "themes": "themes", "bookmarks": "bookmarks", "filters": "saved filters", "fixes": "changes in the shop", "doctor": "doctor",
}  # fmt: skip
"""By the name of a screen's route, the stop that leads there."""


@dataclass(frozen=True, slots=True)
class Storm:
    """So many sizes, ten milliseconds apart, none larger than this."""

    sizes: int
    largest: tuple[int, int]


SHORT, LONG = Storm(6, (180, 60)), Storm(12, (300, 100))
IN_A_LONG_ONE = frozenset({"product sync", "cart settings", "run"})
"""A table, a form and a page of text: the other screens are drawn by the same widgets, and large sizes take most of the time."""


def room() -> ControlRoom:
    """The control room over hostile data, at a time that stands still: no age may change between two pictures."""
    store = FakeStore()
    store.merchants += tuple(merchant(number, name) for number, name in enumerate(HOSTILE, 20))
    store.held |= {number: troubled(number) for number in TROUBLED}
    app, now = control_room(store, MANNERS), time.time()
    app.context.clock = lambda: now
    return app


async def go(shown: Emulated, stop: Stop) -> None:
    await shown.go(stop.keys)
    await shown.until_shown(stop.shows)
    await shown.settled()


async def endure(storm: Storm, shown: Emulated, chance: random.Random, last: tuple[int, int]) -> None:
    columns, rows = storm.largest
    for _ in range(storm.sizes):
        shown.terminal.resize(chance.randint(1, columns), chance.randint(1, rows))
        await asyncio.sleep(0.01)
    shown.terminal.resize(*last)
    await shown.settled()


def test_every_screen_has_a_stop() -> None:
    assert set(STOP_OF) == set(BY_NAME)
    assert {*STOP_OF.values(), *IN_A_LONG_ONE} <= {stop.name for stop in ALL_STOPS}


@pytest.mark.parametrize("stop", ALL_STOPS, ids=lambda stop: stop.name)
async def test_after_a_storm_of_sizes_every_screen_is_what_a_full_redraw_shows(stop: Stop) -> None:
    # given a screen
    chance = random.Random(stop.name)
    async with emulated(room()) as shown:
        await go(shown, stop)
        for route in (BY_NAME[name] for name, at in STOP_OF.items() if at == stop.name):
            assert type(shown.app.screen).__name__ == route.screen
        # when its terminal changes its size again and again, down to a single cell
        for last in ((1, 1), (130, 40), (80, 24)):
            await endure(LONG if stop.name in IN_A_LONG_ONE else SHORT, shown, chance, last)
            # then the terminal shows what is drawn anew, cell by cell
            stands = shown.terminal.cells()
            assert difference(stands, await shown.drawn_anew()) == []
        await shown.until_shown(stop.shows)


async def test_a_line_that_changes_between_being_asked_for_and_being_drawn_is_shown_whole() -> None:
    """The footer stood at `: Go to  ?` for good: drawn whole, sent in part, and believed to be there."""
    async with emulated(room()) as shown:
        await shown.until_shown("merchants")
        await shown.settled()
        hints = shown.app.screen.query_one(KeyFooter)
        # given a footer of which the first cells were asked for
        hints._line = lambda width: line("a")  # type: ignore[method-assign]
        hints.repaint()
        # when it has more to say by the time it is drawn
        hints._line = lambda width: line("a Aliases  : Go to  ? Help  q Quit")  # type: ignore[method-assign]
        await shown.settled()
        # then all of it is there
        assert shown.terminal.lines()[-1] == "a Aliases  : Go to  ? Help  q Quit"


async def test_what_is_told_of_a_row_follows_the_room_of_its_columns() -> None:
    """Back from 40 columns the strip went on telling what the row had no room for there."""
    async with emulated(room()) as shown:
        await go(shown, next(stop for stop in STOPS if stop.name == "product sync"))
        await shown.until_shown("Confirmed")
        await shown.settled()
        before = shown.terminal.lines()[1:]
        for size in ((40, 10), (80, 24)):
            shown.terminal.resize(*size)
            await shown.settled()
        await shown.until_shown("Confirmed")
        assert shown.terminal.lines()[1:] == before


async def test_a_terminal_that_was_another_size_for_a_moment_gets_everything_again() -> None:
    async with emulated(room()) as shown:
        await shown.until_shown("merchants")
        await shown.settled()
        before = shown.terminal.cells()
        # given a size that is changed and changed back before the program hears of it
        shown.terminal.grid.resize(10, 3)
        shown.terminal.resize(80, 24)
        await shown.settled()
        # then what the terminal has lost is there again
        assert difference(shown.terminal.cells(), before) == []
