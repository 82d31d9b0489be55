"""The stops of the tour, what is done at each, and what a cursor move may cost."""

from __future__ import annotations

import sys
import time
from statistics import median

import pytest

from tests.support.terminal.pty import Terminal
from tests.support.terminal.tour import Stop, Tour, advertised, check, doable, go, press, pressed

DEMO = (sys.executable, "-m", "tests.support.fakes.demo_app", "--hostile")
NARROW, WIDE = (80, 24), (120, 40)
"""Both in one process: to start one and to go to a stop takes longer than what is done there."""
LISTINGS = ("c", "Enter")
STOPS = (
    Stop("merchants", (), "merchants"),
    Stop("warehouses", ("w",), "3 warehouses"),
    Stop("levels", ("w", "Enter"), "900 levels"),
    Stop("all warehouses", ("w", "a"), "900 products"),
    Stop("search", ("/", "demo-0004"), "10 found"),
    Stop("SKU", ("/", "demo-00042", "Enter"), "Demo product 42"),
    Stop("hostile SKU", ("/", "[red]x", "Enter"), "[red]x"),
    Stop("product sync", LISTINGS, "900 listings"),
    Stop("mismatches of a cart", (*LISTINGS, "]"), "41 listings"),
    Stop("listings of all carts", ("U",), "41 listings"),
    Stop("why", ("/", "demo-00042", "Enter", "w"), "matched as SKU"),
    Stop("hostile why", (*LISTINGS, "w"), "matched as SKU"),
    Stop("history of a SKU", ("/", "demo-00042", "Enter", "h"), "9 events"),
    Stop("doctor", ("D",), "Check Merchant Settings"),
    Stop("identity", ("c", "i"), "40 listings"),
    Stop("plan", ("c", "p"), "40 to update"),
    Stop("aliases", ("a",), "3 alias types"),
    Stop("collisions", ("a", "Down", "Enter"), "3 codes"),
    Stop("side by side", ("a", "Down", "Enter", "Enter"), "Side by side"),
    Stop("missing", ("a", "Down", "n"), "4 products"),
    Stop("carts", ("c",), "2 carts"),
    Stop("runs", ("r",), "200 runs"),
    Stop("run", (":", "run 11", "Enter"), "API rate limit"),
    Stop("held run", (":", "run 21", "Enter"), "Held"),
    Stop("drift", (":", "carts", "Enter", "d"), "Exposure"),
    Stop("what a held run would send", (":", "run 21", "Enter", "Enter"), "Would send"),
    Stop("comparison of runs", (":", "run 11", "Enter", "d"), "against run"),
    Stop("outcomes of a run", (":", "run 11", "Enter", "Enter"), "outcomes"),
    Stop("changes of a run", (":", "run 11", "Enter", "v"), "400 changes"),
    Stop("events", (":", "events", "Enter"), "300 events"),
    Stop("audit", (":", "audit", "Enter"), "300 entries"),
    Stop("merchant settings", ("E",), "Synchronization With WMS"),
    Stop("cart settings", (":", "setup 7", "Enter"), "Inventory Upload Service"),
    Stop("choice of a system", ("A",), "Tryton"),
    Stop("new merchant", ("A", "~Tryton", "Enter"), "Display name"),
    Stop("about a system", ("A", "~Tryton", "Enter", "~Display name", "i"), "What to set up there"),
    Stop("connection test", ("T",), "does not work"),
    Stop("why by command", (":", "why DEMO-00042", "Enter"), "matched as SKU"),
    Stop("themes", (":", "theme", "Enter"), "high-contrast"),
    Stop("help", ("w", "?"), "Keys for this screen"),
)


def opened(size: tuple[int, int], *options: str) -> Tour:
    terminal = Tour((*DEMO, *options), *size)
    terminal.wait_for("merchants")
    terminal.rest()
    return terminal


def shown(terminal: Terminal) -> list[str]:
    """The screen but for its notice."""
    rows = terminal.lines()
    return [*rows[:-2], rows[-1]]


def restored(terminal: Tour, before: list[str]) -> bool:
    """Whether Esc, as often as it takes, leads back to exactly what was there."""
    for _ in range(2):
        if shown(terminal) == before:
            return True
        pressed(terminal, "Esc", 0.5)
    return shown(terminal) == before


def home(terminal: Tour) -> None:
    """Back to the merchants from wherever a key led, with every filter ended."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if (
            terminal.lines()[1].rstrip().endswith(("merchants", "merchants and carts"))
            and "s Sync" in terminal.lines()[-1]
        ):
            return
        # A form that is left with something unsaved asks, and Esc there goes on editing.
        edited = "Enter Edit" in terminal.lines()[-1] and "u Undo" in terminal.lines()[-1]
        pressed(terminal, "u" if edited else "Esc", 0.5)
    raise AssertionError("no way back to the merchants from:\n" + "\n".join(terminal.lines()))


def drive(stop: Stop) -> None:
    """Press every advertised key of a stop; each must do something, and nothing hostile may reach the terminal.

    In the narrow size first; in the wide one those that only its footer has the room for, since the others were pressed.
    """
    with opened(NARROW) as terminal:
        go(terminal, stop)
        check(terminal)
        keys = list(doable(terminal, stop))
        assert keys
        resized(terminal, WIDE)
        more = [key for key in doable(terminal, stop) if key not in keys]
        resized(terminal, NARROW)
        assert list(doable(terminal, stop)) == keys
        press_each(terminal, stop, keys)
        resized(terminal, WIDE)
        press_each(terminal, stop, more)


def resized(terminal: Tour, size: tuple[int, int]) -> None:
    """The same screen in another size: nothing hostile in it either."""
    terminal.resize(*size)
    terminal.rest()
    check(terminal)


def press_each(terminal: Tour, stop: Stop, keys: list[str]) -> None:
    """Each key from the stop as it was, with the way back to it after each."""
    idle = []
    before = shown(terminal)
    for key in keys:
        if not pressed(terminal, key):
            idle.append(key)
        check(terminal)
        if not restored(terminal, before):
            home(terminal)
            go(terminal, stop)
            before = shown(terminal)
    assert not idle, f"advertised, but nothing happens: {idle}"
    advertised(terminal)


OFTEN = ("merchants", "levels", "product sync")
SELDOM = (
    "warehouses", "all warehouses", "mismatches of a cart", "listings of all carts", "identity", "plan", "aliases",
    "collisions", "missing", "carts", "runs", "drift", "what a held run would send", "outcomes of a run",
    "changes of a run", "audit", "events",
)  # fmt: skip
MORE_LISTS = (
    Stop("results of a search", ("/", "demo-0004"), "10 found"),
    Stop("SKUs of an outcome", (":", "run 11", "Enter", "Enter", "Enter"), "SKUs"),
    Stop("SKUs of a reason", (":", "run 11", "Enter", "Enter", "End", "Enter"), "SKUs"),
    Stop("a group of a held run", (":", "run 21", "Enter", "Enter", "v"), "Would send:"),
    Stop("bookmarks", (":", "bookmarks", "Enter"), "60 bookmarks"),
    Stop("saved filters", (":", "filters", "Enter"), "60 filters"),
)
"""Lists that are weighed and no stops of the tour, since their keys are those of others, or what they list has to be kept."""
LISTS = [
    pytest.param(stop, marks=() if stop.name in OFTEN else pytest.mark.slow)
    for stop in (*STOPS, *MORE_LISTS)
    if stop.name in (*OFTEN, *SELDOM) or stop in MORE_LISTS
]
"""Stops with a list, of which a move of the cursor is weighed: some always, all with the slow tests."""
SILENT, ONE_LOOK = 1.5, 0.6
"""Seconds, with three looks whether the store has changed, and with one: the same timers run in each size."""
MOST_BYTES = 400
"""Of most moves of the cursor by one row, with its strip, in every size: DESIGN's budget."""
MOST_BYTES_OF_ONE = {80: 550, 120: 1100}
"""Of a move to a row about which the strip says much more than about the one before."""


def weigh(stop: Stop) -> None:
    """In both sizes a move of the cursor by a row is cheap, in the window and where the list scrolls; at rest it is silent."""
    with opened(NARROW, "--kept") as terminal:
        go(terminal, stop)
        press(terminal, "PgDn")
        assert terminal.pump(SILENT) == 0
        weigh_moves(terminal, stop, NARROW)
        resized(terminal, WIDE)
        press(terminal, "Home")
        press(terminal, "PgDn")
        assert terminal.pump(ONE_LOOK) == 0
        weigh_moves(terminal, stop, WIDE)


def weigh_moves(terminal: Tour, stop: Stop, size: tuple[int, int]) -> None:
    """From the second page of a list, where there is one: the first page of the demo's lists has one of each fault."""
    within, beyond = moves(terminal, "Up", size[1] // 4), moves(terminal, "Down", size[1])[-8:]
    for where, costs in (("within", within), ("beyond", beyond)):
        print(f"{stop.name}, {size}: {median(costs or [0]):.0f} B per move {where} the window, {costs}")
    assert within, "the list has one row, which no cursor leaves"
    for costs in (within, beyond):
        assert median(costs or [0]) < MOST_BYTES, costs
        assert max(costs, default=0) < MOST_BYTES_OF_ONE[size[0]], costs


def moves(terminal: Tour, key: str, most: int) -> list[int]:
    """Bytes of each move until the list ends."""
    costs = []
    for _ in range(most):
        before = terminal.bytes_out
        press(terminal, key)
        if terminal.bytes_out == before:
            break
        costs.append(terminal.bytes_out - before)
    return costs
