"""The merchants screen on a wide terminal: carts beneath their merchants, what Enter opens, and whom each key is about."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from invsync_tui.operations.lists.rows import Count
from invsync_tui.operations.views import CartRow, PastPush, Problem, ProblemKind, RunState
from invsync_tui.tui.screens.merchants import text
from invsync_tui.tui.screens.merchants.worst import Opens, WorstLink, worst
from invsync_tui.tui.text.glyphs import ASCII, UNICODE, Glyphs
from invsync_tui.tui.widgets.columns import RenderContext
from tests.support.fakes.store import FakeStore, home_cart, merchant
from tests.support.screens.control_room import Driver, room

WIDE = (120, 40)


@pytest.fixture
async def wide() -> AsyncIterator[Driver]:
    async with room(FakeStore(), WIDE) as driver:
        await driver.sees("Demo Closed")
        yield driver


def rows(driver: Driver) -> list[str]:
    """What stands in the first column, top to bottom."""
    begin = next(n for n, row in enumerate(driver.lines()) if "Status" in row) + 1
    return [row[:34].rstrip() for row in driver.lines()[begin : begin + 8]]


async def test_carts_stand_beneath_their_merchant_further_in_on_wide_terminals_only(wide: Driver) -> None:
    shown = rows(wide)
    assert [row.split("  ")[0].strip() or row for row in shown[:1]] == ["Demo Outdoor"]
    assert shown[1].startswith("  └ Demo Cart EU")
    assert shown[2].startswith("  └ Demo Cart US")
    assert [row for row in shown if row.startswith("  └ Demo Closed")]
    assert "8 merchants and carts" in "\n".join(wide.lines())
    await wide.pilot.resize_terminal(80, 24)
    await wide.until(lambda: not any("└" in row for row in wide.lines()))
    assert "5 merchants" in wide.lines()[1]
    assert any("Last Inventory Run" in row for row in wide.lines())
    await wide.pilot.resize_terminal(*WIDE)
    await wide.sees("└ Demo Cart EU")


async def test_the_cursor_stays_on_its_line_when_carts_come_and_go(wide: Driver) -> None:
    await wide.press("down", "down", "down")
    assert wide.table.cursor_line.name == "Demo Books"
    await wide.pilot.resize_terminal(80, 24)
    await wide.until(lambda: not any("└" in row for row in wide.lines()))
    assert wide.table.cursor_line.name == "Demo Books"


async def test_an_order_sorts_merchants_and_carts_follow_theirs(wide: Driver) -> None:
    await wide.press("1", "1")  # by name, and the other way round
    await wide.until(lambda: rows(wide)[0].startswith("Demo Outdoor"))
    assert [row.strip() for row in rows(wide)[1:3]] == [row.strip() for row in rows(wide)[1:3] if "└" in row]
    assert rows(wide)[-1].startswith("Demo Books")


async def test_a_filter_shows_a_merchant_whole_where_one_of_its_carts_has_the_word(wide: Driver) -> None:
    await wide.press("f", *"closed")
    await wide.until(lambda: not any("Outdoor" in row for row in wide.lines()[3:]))
    assert [row.strip().split("  ")[0] for row in rows(wide)[:2]] == ["Demo Café", "└ Demo Closed"]


@pytest.mark.parametrize(
    ("key", "sees"),
    [
        ("r", "Demo Outdoor › Demo Cart EU › Runs"),
        ("E", "Inventory Upload Service"),
        ("w", "Locations & Products"),
        ("c", "Demo Outdoor › Carts"),
        ("u", "Demo Cart EU › Product Sync"),
        ("a", "Alias"),
        ("D", "Doctor"),
    ],
)
async def test_a_key_on_a_cart_is_about_the_cart_where_it_has_a_place_else_its_merchant(
    wide: Driver, key: str, sees: str
) -> None:
    await wide.press("down")
    assert isinstance(wide.table.cursor_line, CartRow)
    await wide.press(key)
    await wide.until(lambda: sees in " ".join(wide.lines()[:6]) and "merchants and carts" not in wide.lines()[1])


async def test_the_connection_that_is_tested_is_the_cart_s_own(wide: Driver) -> None:
    await wide.press("down", "T")
    await wide.sees("Connection test")
    visit = getattr(wide.app.screen, "visit", None)
    assert visit is not None
    assert visit.what == ("cart:7",)


async def test_a_sync_of_a_cart_is_of_that_cart(wide: Driver) -> None:
    store = wide.app.context.connection
    assert isinstance(store, FakeStore)
    await wide.press("down", "s")
    await wide.until(lambda: ("start", 1, 7) in store.orders)


async def test_a_cart_is_switched_off_by_its_own_switch(wide: Driver) -> None:
    await wide.press("down", "x")
    await wide.sees("Inventory Upload Service: off")


HELD = Problem("held", "", place=("run", "21", ""), kind=ProblemKind.HELD)
FAILING = Problem("failing", "", place=("run", "22", ""), kind=ProblemKind.FAILING)
STALLED = Problem("stalled", "", place=("run", "23", ""), kind=ProblemKind.STALLED)
OFF = Problem("off", "", place=("cart", "Demo", "upload"))
VAGUE = Problem("no place", "")
SOME = Count(3, exact=True)
CART = home_cart(FakeStore().history.carts[0], active_run=None, latest_run=40)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (merchant(1, "M", problems=(OFF, STALLED, FAILING, HELD)), WorstLink(place=HELD.place)),
        (merchant(1, "M", problems=(OFF, STALLED, FAILING), mismatches=SOME), WorstLink(place=FAILING.place)),
        (merchant(1, "M", problems=(OFF, STALLED), active_run=23), WorstLink(place=STALLED.place)),
        (merchant(1, "M", problems=(OFF,), active_run=30, mismatches=SOME), WorstLink(run=30)),
        (merchant(1, "M", problems=(OFF,), mismatches=SOME), WorstLink(opens=Opens.MISMATCHES)),
        (merchant(1, "M", problems=(VAGUE, OFF)), WorstLink(place=OFF.place)),
        (merchant(1, "M", problems=(VAGUE,)), WorstLink(run=11)),
        (merchant(1, "M", latest_run=None), WorstLink()),
        (replace(CART, problems=(FAILING, HELD)), WorstLink(place=HELD.place)),
        (replace(CART, mismatches=SOME), WorstLink(opens=Opens.MISMATCHES)),
        (CART, WorstLink(opens=Opens.PRODUCTS)),
    ],
)
def test_what_is_most_wrong(line: CartRow, expected: WorstLink) -> None:
    assert worst(line) == expected


async def test_enter_on_a_cart_opens_its_products_and_with_mismatches_these() -> None:
    store = FakeStore()
    found = replace(home_cart(store.history.carts[0]), active_run=None, mismatches=SOME)
    plain = replace(home_cart(store.history.carts[1]), active_run=None)
    store.home_few = lambda *, carts: (store.merchants[0], found, plain)  # type: ignore[method-assign]
    async with room(store, WIDE) as driver:
        await driver.sees("└ Demo Cart US")
        await driver.press("down", "enter")
        await driver.sees("2 listings")
        await driver.press("escape", "down", "enter")
        await driver.sees("900 listings")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            merchant(1, "M", mismatches=SOME, mismatched=("A", "B")),
            "Listings of A, B do not show their target.|Enter opens them.",
        ),
        (
            merchant(1, "M", mismatches=SOME, mismatched=tuple("ABCD")),
            "Listings of 4 carts do not show|Enter opens them.",
        ),
        (
            merchant(1, "M", mismatches=SOME, mismatched=("A",), active_run=30),
            "Listings of A do not show|u opens them.",
        ),
        (replace(CART, mismatches=SOME), f"Listings of {CART.name} do not show|Enter opens them."),
        (merchant(1, "M"), "No problems known."),
        (merchant(1, "M", mismatches=None), "No problems known."),
    ],
)
def test_what_enter_opens_is_said_below(line: CartRow, said: str) -> None:
    shown = "\n".join(row.text for row in text.about(line, 100, 0.0, UNICODE))
    assert all(part in shown for part in said.split("|")), shown
    assert ("No problems known." in shown) is (said == "No problems known.")


@pytest.mark.parametrize(
    ("name", "line", "shown"),
    [
        ("mismatches", replace(CART, mismatches=Count(0, exact=True)), "0"),
        ("mismatches", replace(CART, mismatches=Count(0, exact=False)), "0+"),
        ("mismatches", replace(CART, mismatches=SOME), "3"),
        ("mismatches", replace(CART, mismatches=None), "-"),
        ("held", CART, "0"),
        ("problems", merchant(1, "M"), "0"),
        ("next", replace(CART, next_run_at=None), "after run"),
        ("next", replace(CART, next_run_at=None, status="off"), "N/A"),
        ("next", replace(CART, next_run_at=None, status="off: merchant is off"), "N/A"),
        ("next", merchant(1, "M", next_run_at=None), "on request"),
        ("next", merchant(1, "M", next_run_at=None, sync_on=False), "N/A"),
    ],
)
def test_none_unknown_and_off_read_differently(name: str, line: CartRow, shown: str) -> None:
    assert text.CELLS[name](line, RenderContext(0.0, UNICODE))[0] == shown


def pushes(glyphs: Glyphs, *past: PastPush) -> str:
    return text.CELLS["pushes"](replace(CART, pushes=past), RenderContext(0.0, glyphs))[0]


def done(updated: int) -> PastPush:
    return PastPush(RunState.DONE, updated)


def test_the_line_of_pushes_is_in_proportion_and_marks_those_that_did_not_end_well() -> None:
    assert pushes(UNICODE) == "-"
    assert pushes(UNICODE, done(0), done(0)) == "▁▁"
    assert pushes(UNICODE, done(0), done(1), done(350), done(700)) == "▁▂▅█"
    assert pushes(UNICODE, done(5), PastPush(RunState.FAILED, 3), PastPush(RunState.HELD, 0)) == "█✗▲"
    assert pushes(UNICODE, PastPush(RunState.CANCELLED, 0), done(1)) == "○█"
    assert pushes(ASCII, done(0), done(7), PastPush(RunState.FAILED, 0)).isascii()


def test_advice_that_several_problems_share_is_said_once_beneath_them() -> None:
    off = Problem("Demo C is off.", "", urgent=False, key="E switches it on.")
    found = (Problem(f"New in Demo {cart}.", "", urgent=False, key="D tells each with its fix.") for cart in "AB")
    line = merchant(1, "M", status="success", problems=(off, *found))
    rows = text.about(line, 80, 0.0, ASCII)[1:]
    assert [row.text.split(maxsplit=1)[1] for row in rows] == [
        "Demo C is off.", "E switches it on.", "New in Demo A.", "New in Demo B.", "D tells each with its fix.",
    ]  # fmt: skip


async def test_help_says_what_the_column_pushes_is_drawn_with_where_it_is_shown() -> None:
    async with room(size=(120, 40)) as driver:
        await driver.press("question_mark")
        await driver.sees("Pushes: the last eight, the newest at the right")
        await driver.sees("A push that is held for review")
    async with room(size=(80, 24)) as driver:
        await driver.press("question_mark")
        await driver.sees("Keys for this screen")
        assert not any("Pushes: " in row for row in driver.lines())
