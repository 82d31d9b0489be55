"""A field is edited in Textual's input, which lies over the field's value and takes no other cells."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from textual import events
from textual.geometry import Region
from textual.widgets import Input

from invsync_tui.operations.lists.list_views import Field, FieldKind
from invsync_tui.tui.app import control_room
from invsync_tui.tui.navigation import routes
from invsync_tui.tui.terminal import Terminal
from invsync_tui.tui.widgets.form import FormView
from invsync_tui.tui.widgets.form_draft import Draft
from tests.support.fakes.settings import cart_form
from tests.support.fakes.store import FakeStore
from tests.support.screens.control_room import Driver, room
from tests.support.screens.settings_screens import draft, sheet
from tests.support.terminal.emulator import Emulated, difference, emulated

WORDS = "west hall, gate 4"
LONG = "-".join(f"part{n}" for n in range(40))
WIDE = "東京ショップ" * 12
TEXTS = {"words": WORDS, "long": LONG, "wide": WIDE, "last": "end"}


def store() -> FakeStore:
    """A cart whose form has texts below fields of other kinds, more than 24 rows hold."""
    fake = FakeStore()
    texts = [Field(name, f"Text {name}", FieldKind.TEXT, text, "Some text.") for name, text in TEXTS.items()]
    fake.forms.saved["cart:7"] = replace(cart_form(), fields=(*cart_form().fields, *texts))
    return fake


@asynccontextmanager
async def opened(size: tuple[int, int] = (80, 24), at: str = "words") -> AsyncIterator[Driver]:
    """The form with the cursor on a field."""
    async with room(store(), size) as driver:
        driver.app.push_screen(routes.screen(driver.app.context, "setup", 7, "Demo Cart EU", "Demo Outdoor", at))
        await driver.until(lambda: bool(driver.app.screen.query(FormView)) and sheet(driver).field == at)
        await driver.press()
        yield driver


def field(driver: Driver) -> Input:
    """The input that has the focus."""
    assert isinstance(driver.app.focused, Input)
    return driver.app.focused


def value_cells(driver: Driver) -> Region:
    """Where the value of the field under the cursor is: values begin in one column."""
    form = sheet(driver)
    view = form.scrollable_content_region
    row = next(y for y, each in enumerate(form._rows) if each.field == form.field)
    start = next(each.line.text.index("100") for each in form._rows if each.field == "share")
    return Region(view.x + start, view.y + row - form.scroll_offset.y, view.width - start, 1)


async def test_the_input_covers_the_value_and_nothing_else() -> None:
    async with opened() as driver:
        before = driver.lines()
        # when
        await driver.press("enter")
        # then
        assert field(driver).value == WORDS and field(driver).region == value_cells(driver)
        assert driver.lines()[:-1] == before[:-1]
        await driver.press("!")
        y = field(driver).region.y
        assert driver.lines()[y].rstrip() == "*" + before[y][1:].rstrip() + "!"


@pytest.mark.parametrize("at", ["wide", "long", "last"])
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (44, 14)])
async def test_a_field_at_the_bottom_of_a_scrolled_form_has_its_input_on_its_row(
    size: tuple[int, int], at: str
) -> None:
    async with opened(size, at) as driver:
        await driver.press("enter", "x")
        await driver.until(lambda: field(driver).region == value_cells(driver))
        line = driver.lines()[field(driver).region.y]
        assert line.startswith("* Text") and (TEXTS[at][-3:] + "x") in line


async def test_the_input_follows_when_the_form_scrolls() -> None:
    async with opened(at="last") as driver:
        await driver.press("enter")
        place = field(driver).region
        sheet(driver).scroll_to(y=sheet(driver).scroll_offset.y - 2, animate=False)
        await driver.until(lambda: sheet(driver).scroll_offset.y < sheet(driver).max_scroll_y)
        # then its row is out of sight, so it is nowhere
        await driver.until(lambda: not field(driver).region)
        sheet(driver).scroll_end(animate=False)
        await driver.until(lambda: field(driver).region == place)


async def test_what_is_typed_into_a_field_that_vanishes_goes_into_no_other() -> None:
    async with opened() as driver:
        await driver.press("enter", "a")
        form = cart_form()
        # when another save of a moment ago brings a form without it
        driver.app.screen.put(Draft(form))  # type: ignore[attr-defined]
        await driver.press()
        # then
        assert not sheet(driver).editing and not driver.app.screen.query(Input)
        assert draft(driver).edits == {} and driver.app.focused is sheet(driver)


@pytest.mark.parametrize("key", ["enter", "tab"])
async def test_enter_and_tab_take_what_was_typed(key: str) -> None:
    async with opened() as driver:
        await driver.press("enter", *"ab", key)
        assert draft(driver).edits == {"words": WORDS + "ab"}
        assert driver.app.focused is sheet(driver) and not driver.app.screen.query(Input)
        assert not driver.app.screen.has_class("-editing") and sheet(driver).field == "words"


async def test_escape_brings_back_what_was_there_before() -> None:
    async with opened() as driver:
        await driver.press("enter", "a", "enter", "enter", "b")
        assert draft(driver).value("words") == WORDS + "ab"
        await driver.press("escape")
        assert draft(driver).value("words") == WORDS + "a"
        assert driver.app.focused is sheet(driver) and not driver.app.screen.query(Input)


@pytest.mark.parametrize(("key", "reached"), [("up", "stale-after"), ("down", "long"), ("pagedown", "last")])
async def test_up_and_down_take_it_and_go_to_another_field(key: str, reached: str) -> None:
    async with opened() as driver:
        await driver.press("enter", "a", key)
        assert draft(driver).edits == {"words": WORDS + "a"}
        assert sheet(driver).field == reached and not sheet(driver).editing
        assert driver.app.focused is sheet(driver)


@pytest.mark.parametrize(
    ("keys", "result"),
    [
        (("ctrl+left", "x"), "west hall, gate x4"),
        (("home", "ctrl+right", "x"), "west xhall, gate 4"),
        (("ctrl+a", "x"), "xwest hall, gate 4"),
        (("ctrl+a", "ctrl+e", "x"), "west hall, gate 4x"),
        (("ctrl+left", "ctrl+k"), "west hall, gate "),
        (("ctrl+left", "ctrl+u"), "4"),
        (("ctrl+w", "ctrl+w"), "west hall, "),
        (("shift+home", "x"), "x"),
        (("home", "delete"), "est hall, gate 4"),
    ],
)
async def test_all_that_an_input_offers_works(keys: tuple[str, ...], result: str) -> None:
    async with opened() as driver:
        await driver.press("enter", *keys, "enter")
        assert draft(driver).value("words") == result


async def test_only_the_first_line_of_what_is_pasted_is_taken_and_nothing_unprintable() -> None:
    async with opened() as driver:
        await driver.press("enter")
        driver.app.post_message(events.Paste("a\x1b[2Jb\tc\nsecond"))
        await driver.until(lambda: draft(driver).value("words") == WORDS + "a[2Jbc")
        # and of the program's own clipboard
        driver.app._clipboard = "d\x07e\nf"
        await driver.press("ctrl+v")
        assert field(driver).value == WORDS + "a[2Jbcde"


async def test_a_field_holds_a_thousand_characters() -> None:
    async with opened() as driver:
        await driver.press("enter", "ctrl+u")
        driver.app.post_message(events.Paste("a" * 1200))
        await driver.until(lambda: draft(driver).value("words") == "a" * 1000)
        await driver.press("b", "backspace", "c")
        assert draft(driver).value("words") == "a" * 999 + "c"
        # what is selected makes room
        await driver.press("shift+left", "d")
        assert draft(driver).value("words") == "a" * 999 + "d"


async def test_a_text_that_is_too_long_can_be_shortened() -> None:
    async with opened() as driver:
        driver.app.screen._set("words", "a" * 1010)  # type: ignore[attr-defined]
        await driver.press("enter", "backspace", "x")
        assert draft(driver).value("words") == "a" * 1009


async def test_letters_behind_enter_in_one_burst_reach_the_input() -> None:
    async with opened() as driver:
        for key in ("enter", "s", "T", "q", "enter", "up", "up"):
            event = events.Key(key, key if len(key) == 1 else None)
            event.set_sender(driver.app)
            driver.app.post_message(event)
        await driver.until(lambda: sheet(driver).field == "every")
        assert draft(driver).edits == {"words": WORDS + "sTq"}


async def test_a_part_of_the_screen_that_takes_the_focus_takes_what_was_typed() -> None:
    async with opened() as driver:
        await driver.press("enter", "a")
        driver.app.screen.query_one("#about").focus()
        await driver.until(lambda: not sheet(driver).editing)
        assert draft(driver).edits == {"words": WORDS + "a"}
        assert driver.app.focused is driver.app.screen.query_one("#about")


async def test_a_window_that_loses_the_focus_leaves_the_field_open() -> None:
    async with opened() as driver:
        await driver.press("enter", "a")
        driver.app.post_message(events.AppBlur())
        await driver.until(lambda: driver.app.focused is None)
        await driver.pilot.pause()
        assert sheet(driver).editing
        driver.app.post_message(events.AppFocus())
        await driver.until(lambda: isinstance(driver.app.focused, Input))
        await driver.press("b", "enter")
        assert draft(driver).edits == {"words": WORDS + "ab"}


async def test_the_footer_says_what_keys_do_to_the_text() -> None:
    async with opened() as driver:
        await driver.press("enter")
        await driver.until(lambda: driver.lines()[-1].strip() == "Enter OK  Esc Undo")
        await driver.press("escape")
        await driver.until(lambda: driver.lines()[-1].startswith("Enter Edit"))


def test_the_input_is_imported_when_a_field_is_edited_first() -> None:
    code = (
        "import invsync_tui.tui.app, invsync_tui.tui.screens.settings.cart, sys;"
        "print([m for m in sys.modules if m.endswith(('.prompt', '.field_input'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# --- what stands on the terminal -----------------------------------------------------------------------------------------


@asynccontextmanager
async def edited(name: str, *, ansi: bool = False) -> AsyncIterator[Emulated]:
    """A terminal on which a field is edited."""
    app = control_room(store(), Terminal(ascii_only=ansi, ansi_theme=ansi, mouse=False, interval=0.02))
    async with emulated(app) as shown:
        await shown.until_shown("merchants")
        await shown.press(":", "setup 7", "Enter")
        await shown.until_shown("Inventory Upload Service")
        await shown.settled()
        shown.app.screen.query_one(FormView).go_to(name)
        await shown.press("Enter", "x")
        await shown.settled()
        yield shown


@pytest.mark.parametrize("name", ["words", "long", "wide", "last"])
async def test_a_field_that_is_edited_follows_every_size(name: str) -> None:
    chance = random.Random(name)
    async with edited(name) as shown:
        for last in ((1, 1), (20, 6), (130, 40), (44, 12), (80, 24)):
            for _ in range(8):
                shown.terminal.resize(chance.randint(1, 200), chance.randint(1, 60))
                await shown.pilot.pause(0.01)
            shown.terminal.resize(*last)
            await shown.settled()
            stands = shown.terminal.cells()
            assert difference(stands, await shown.drawn_anew()) == []
            form = shown.app.screen.query_one(FormView)
            # the end of the text, where the cursor is, is in sight wherever the form has room
            if last[1] >= 12:
                row = next(line for line in shown.terminal.lines() if f"Text {name}" in line)
                assert row.rstrip(" ┃▁▂▃▄▅▆▇█").endswith(TEXTS[name][-1] + "x")
            assert form.editing
        await shown.press("y", "Enter")
        assert shown.app.screen.draft.value(name) == TEXTS[name] + "xy"  # type: ignore[attr-defined]


async def test_without_colors_the_cursor_is_reversed_and_a_selection_underlined() -> None:
    async with edited("words", ansi=True) as shown:
        await shown.pilot.press("left", "shift+left", "shift+left")
        await shown.settled()
        y = next(y for y, line in enumerate(shown.terminal.lines()) if "Text words" in line)
        row = shown.terminal.cells()[y]
        end = "".join(char for char, _ in row).index(WORDS) + len(WORDS)
        attributes = [seen.partition("]")[0].lstrip("[").split(", ") for _, seen in row[end - 3 : end + 1]]
        assert ["7" in codes for codes in attributes] == [False, True, False, False]
        assert ["4" in codes for codes in attributes] == [False, True, True, False]
