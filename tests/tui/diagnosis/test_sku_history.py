"""The past of a SKU on the screen: one chart, a cursor along its events, at several sizes and in ASCII."""

from __future__ import annotations

import dataclasses
import time

import pytest

from invsync_tui.operations.lists.list_views import Point
from invsync_tui.tui.navigation import routes
from invsync_tui.tui.navigation.links import LinkedLines
from invsync_tui.tui.screens.diagnosis.sku_history import SkuHistoryScreen
from invsync_tui.tui.screens.diagnosis.sku_history_text import SelectedEvent, first_shown, write
from invsync_tui.tui.screens.runs.run import RunScreen
from invsync_tui.tui.text.glyphs import ASCII, UNICODE, Glyphs
from invsync_tui.tui.text.line_chart import BRAILLE
from tests.support.fakes.runs import sku_history
from tests.support.screens.control_room import Driver
from tests.support.screens.list_screens import at as list_at
from tests.support.screens.report_screens import SIZES, SKU, answered, sheet

HISTORY = sku_history(SKU)


def written(width: int = 80, height: int = 19, selected: int = 0, glyphs: Glyphs = UNICODE) -> LinkedLines:
    first = first_shown(HISTORY, width, height, SelectedEvent(selected), glyphs)
    return write(HISTORY, 1, width, height, SelectedEvent(selected, first), glyphs)


@pytest.mark.parametrize(("width", "height"), [(40, 14), (80, 19), (120, 35), (200, 55)])
@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_every_row_fits_and_the_chart_says_its_scale(width: int, height: int, glyphs: Glyphs) -> None:
    for selected in range(len(HISTORY.happenings)):
        rows = written(width, height, selected, glyphs)
        assert max(row.width for row in rows) <= width
        assert width < 80 or len(rows) <= height
        text = "\n".join(row.text for row in rows)
        assert "\x1b" not in text
        beside = [row.text.split(glyphs.tick)[0].strip() for row in rows if f" {glyphs.tick}" in row.text[:8]]
        scale = [label for label in beside if label]
        assert scale[0] == "40" and scale[-1] == "0" and (len(scale) == 3 or height < 19)
        if glyphs is ASCII:
            assert text.isascii()


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_the_legend_names_each_line_with_its_present_value(glyphs: Glyphs) -> None:
    text = " ".join(" ".join(row.text for row in written(glyphs=glyphs)).split())
    for words in ("available 1", "target 1", "in cart 6, read "):
        assert words in text


def test_what_is_not_known_is_a_gap_and_said() -> None:
    unread = dataclasses.replace(HISTORY, source=(), target=(), confirmed=(), in_cart=(), last_read=None)
    rows = write(unread, 0, 80, 19, SelectedEvent(0), UNICODE)
    text = "\n".join(row.text for row in rows)
    assert text.count("unknown") == 6, "in the legend and at the selected event"
    assert not any(BRAILLE <= ord(character) < BRAILLE + 256 for character in text[text.index("┤") : text.index("└")])
    read = dataclasses.replace(unread, last_read=Point(HISTORY.end, None))
    assert "in cart unknown, read" in "\n".join(row.text for row in write(read, 0, 80, 19, SelectedEvent(0), UNICODE))


def test_what_the_cart_showed_is_a_line_that_ends_where_it_was_read_last() -> None:
    shown = (Point(HISTORY.begin, 20), Point(HISTORY.begin + 86400, 40))
    half = (HISTORY.begin + HISTORY.end) // 2
    read = dataclasses.replace(
        HISTORY, source=(), target=(), in_cart=shown, last_read=Point(half, 40), confirmed=(Point(HISTORY.begin, 7),)
    )
    rows = [row.text for row in write(read, 0, 80, 19, SelectedEvent(0), ASCII)]
    chart = [row.split(ASCII.tick, 1)[1] for row in rows if f" {ASCII.tick}" in row[:5]]
    top, middle = chart[0], next(row for row in chart[1:-1] if "=" in row)
    assert abs(len(middle.rstrip()) - len(top) // 7) <= 1 and top[: len(middle.rstrip()) - 1].strip() == ""
    assert abs(len(top.rstrip()) - len(top) // 2) <= 1
    assert not any("=" in row for row in chart[-2:]), "what the cart accepted is no line"


def test_times_of_events_have_seconds_where_the_axis_has_them() -> None:
    happened = dataclasses.replace(HISTORY.happenings[0], at=HISTORY.end - 20)
    minutes = dataclasses.replace(HISTORY, begin=HISTORY.end - 90, happenings=(happened,))
    clock = time.strftime("%H:%M:%S", time.localtime(HISTORY.end - 20))
    (row,) = [row.text for row in write(minutes, 0, 80, 19, SelectedEvent(0), UNICODE) if "push" in row.text]
    assert row.startswith(clock)
    days = dataclasses.replace(HISTORY, happenings=(happened,))
    (row,) = [row.text for row in write(days, 0, 80, 19, SelectedEvent(0), UNICODE) if "push" in row.text]
    assert row.startswith(f"{clock[:5]} ")


def test_the_values_are_those_at_the_selected_event() -> None:
    at_lock = next(n for n, event in enumerate(HISTORY.happenings) if event.what == "lock")
    rows = [row.text for row in written(selected=at_lock)]
    (values,) = [row for row in rows if row.startswith(UNICODE.bar_full)]
    assert values.endswith("available 31  target 31  in cart 31")


def test_what_the_cart_accepted_is_told_where_it_showed_something_else() -> None:
    sold = dataclasses.replace(HISTORY, in_cart=(*HISTORY.in_cart[:-1], Point(HISTORY.happenings[0].at, 12_345)))
    (values,) = [row.text for row in write(sold, 0, 80, 19, SelectedEvent(0), UNICODE) if "target" in row.text][1:]
    assert values.endswith("in cart 12,345  confirmed 4")


@pytest.mark.parametrize("selected", range(len(HISTORY.happenings)))
def test_the_selected_event_is_on_the_screen_and_marked(selected: int) -> None:
    rows = written(height=16, selected=selected)
    assert len(rows) <= 16
    (at,) = rows.links
    run_id = HISTORY.happenings[selected].run_id
    assert (f"push {run_id}" if run_id else "lock: photo") in rows[at].text
    assert (rows.links[at] is None) == (run_id is None)
    assert UNICODE.bar_full in rows[at].text


async def _open(driver: Driver) -> None:
    await driver.press("h")
    await answered(driver)
    assert isinstance(driver.app.screen, SkuHistoryScreen)


@pytest.mark.parametrize("size", SIZES)
async def test_h_on_a_sku_tells_its_past(size: tuple[int, int]) -> None:
    async with list_at(lambda context: routes.screen(context, "sku", 42, SKU), size=size) as driver:
        await _open(driver)
        text = sheet(driver)
        for word in ("available", "target", "in cart", "push 307: should show 1", "demo, after pull"):
            assert word in text
        assert all(len(row) <= size[0] for row in text.splitlines())
        assert text.index("push 307") < text.index("push 306"), "the newest first"
        await driver.press("end")
        assert "push 300" in sheet(driver) and "lock: photo" in sheet(driver)
        await driver.press("home", "enter")
        await driver.until(lambda: isinstance(driver.app.screen, RunScreen))
        await driver.press("escape", "escape")
        assert not isinstance(driver.app.screen, SkuHistoryScreen)


async def test_the_cursor_moves_along_the_events() -> None:
    async with list_at(lambda context: routes.screen(context, "sku", 42, SKU)) as driver:
        await _open(driver)

        def selected() -> str:
            return next(row for row in sheet(driver).splitlines() if "push" in row and UNICODE.bar_full in row)

        assert "push 307" in selected()
        await driver.press("down", "left")
        assert "push 305" in selected()
        await driver.press("right", "up", "up")
        assert "push 307" in selected()
        await driver.press("right_square_bracket")
        assert "Demo Cart US" in sheet(driver) and "push 307" in selected()


def test_where_the_first_row_is_too_long_the_keys_of_the_other_carts_are_not_what_is_cut() -> None:
    long = dataclasses.replace(HISTORY, cart="Demo Outdoor EU", sku="DEMO-LAMP-00002", cart_listing_id="L0000002")
    for width, named in ((80, "(L0000002)"), (120, ", cart listing ID L0000002")):
        first = write(long, 2, width, 19, SelectedEvent(0), UNICODE)[0].text
        assert first == f"Demo Outdoor EU: listing DEMO-LAMP-00002{' ' * (named[0] == '(')}{named}; [ and ] show 2 more"
