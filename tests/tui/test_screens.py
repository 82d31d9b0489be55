"""What the control room does, with a fake store and no terminal."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.widgets import Button, Input

from invsync_tui.operations.views import Action, RunState
from invsync_tui.rules import words
from invsync_tui.tui.screens.base.dialogs import ConfirmDialog
from invsync_tui.tui.screens.base.help import HelpScreen
from invsync_tui.tui.screens.merchants.merchants import MerchantsScreen
from invsync_tui.tui.screens.runs.run import RunScreen
from invsync_tui.tui.terminal import refusal, terminal_of
from invsync_tui.tui.widgets.footer import hints_of
from invsync_tui.tui.widgets.text_view import TextView
from tests.support.fakes.store import FakeStore, detail, live_detail, merchant, run_row
from tests.support.screens.control_room import room


async def test_enter_opens_the_run_and_escape_returns_to_the_same_row() -> None:
    async with room() as driver:
        await driver.press("down", "enter")
        await driver.sees("run 12")
        await driver.press("escape")
        assert isinstance(driver.app.screen, MerchantsScreen)
        assert driver.table.cursor_key == (2,)


async def test_the_cursor_stays_on_its_merchant_when_another_appears() -> None:
    store = FakeStore()
    async with room(store) as driver:
        await driver.press("down")
        store.merchants = (merchant(9, "A Demo"), *store.merchants)
        store.commit()
        await driver.sees("A Demo")
        assert driver.table.cursor_key == (2,)


async def test_a_live_run_follows_the_store() -> None:
    store = FakeStore()
    async with room(store) as driver:
        await driver.press("enter")
        await driver.sees("1,800 updated")
        store.details[11] = live_detail(11, 2600)
        store.commit()
        await driver.sees("2,600 updated")


async def test_cancel_asks_first_with_cancel_focused() -> None:
    store = FakeStore()
    async with room(store) as driver:
        await driver.press("enter")
        await driver.sees("Stop run")
        await driver.press("c")
        assert isinstance(driver.app.screen, ConfirmDialog)
        assert isinstance(driver.app.focused, Button)
        assert driver.app.focused.id == "cancel"
        await driver.press("enter")
        assert isinstance(driver.app.screen, RunScreen)
        assert store.orders == []
        await driver.press("c", "right", "enter")
        await driver.until(lambda: store.orders == [("cancel", 11)])


async def test_a_release_needs_a_reason() -> None:
    store = FakeStore()
    async with room(store) as driver:
        await driver.press("enter")
        await driver.sees("Demo Cart EU")
        await driver.press("left_square_bracket")
        await driver.sees("Mass zero")
        await driver.press("r", "right", "enter")
        assert isinstance(driver.app.focused, Input)
        assert store.orders == []
        # A button that was pressed takes no other press for a fifth of a second.
        await driver.until(lambda: not driver.app.screen.query(".-active"))
        await driver.press(*"seen", "tab", "tab", "enter")
        await driver.until(lambda: store.orders == [("release", 21, "seen")])


async def test_typing_while_cancel_has_the_focus_is_the_reason() -> None:
    store = FakeStore()
    async with room(store) as driver:
        await driver.press("enter")
        await driver.sees("Demo Cart EU")
        await driver.press("left_square_bracket")
        await driver.sees("Mass zero")
        await driver.press("r", *"seen", "enter")
        assert store.orders == [], "Enter in the reason confirms nothing"
        await driver.press("right", "enter")
        await driver.until(lambda: store.orders == [("release", 21, "seen")])


async def test_an_order_that_came_too_late_is_not_given() -> None:
    store = FakeStore()
    async with room(store) as driver:
        await driver.press("enter")
        await driver.sees("Stop run")
        screen = driver.app.screen
        assert isinstance(screen, RunScreen)
        await driver.press("c")
        screen._detail = detail(run_row(11), actions=frozenset({Action.START}))
        await driver.press("right", "enter")
        assert store.orders == []
        assert "moved on" in driver.notice()


async def test_a_question_about_a_run_is_about_no_other_run_that_is_shown_by_then() -> None:
    store = FakeStore()
    async with room(store) as driver:
        await driver.press("enter")
        await driver.sees("Stop run")
        screen = driver.app.screen
        assert isinstance(screen, RunScreen)
        await driver.press("c")
        # when a sync that was asked for before opens its own run while the question is open
        screen.run_id = 12
        screen._detail = detail(run_row(12), actions=frozenset({Action.CANCEL}))
        await driver.press("right", "enter")
        assert store.orders == []
        assert "nothing was changed in run 11" in driver.notice()


async def test_starting_a_sync_opens_its_run_and_says_that_it_survives() -> None:
    store = FakeStore()
    async with room(store) as driver:
        await driver.press("s")
        await driver.sees("run 20")
        assert store.orders == [("start", 1, None)]
        assert driver.notice().count("started") == 1 and "continues when this terminal closes" in driver.notice()


async def test_read_only_hides_and_refuses_every_order() -> None:
    store = FakeStore(read_only=True)
    async with room(store) as driver:
        assert "read-only" in driver.header()
        await driver.press("s")
        assert "Read-only" in driver.notice()
        await driver.press("enter")
        await driver.sees("1,800 updated")
        await driver.press("s", "c", "r", "x")
        assert store.orders == []
        assert "Read-only" in driver.notice()
        assert not any("Stop run" in line for line in driver.lines())


async def test_the_filter_narrows_and_escape_shows_all() -> None:
    async with room() as driver:
        await driver.press("f", *"boo")
        assert driver.table.count == 1
        await driver.press("enter")
        assert driver.app.focused is driver.table
        await driver.sees("filter boo: 1 merchant")
        await driver.press("escape")
        assert driver.table.count == 5


async def test_a_letter_in_the_filter_is_text_and_not_an_order() -> None:
    store = FakeStore()
    async with room(store) as driver:
        await driver.press("f", *"sq?:/")
        prompt = driver.app.focused
        assert isinstance(prompt, Input)
        assert prompt.value == "sq?:/"
        assert store.orders == []


async def test_the_command_line_goes_places() -> None:
    async with room() as driver:
        await driver.press("colon", *"run 12", "enter")
        await driver.sees("refused our login")
        await driver.press("colon", "m", "tab", "enter")
        assert isinstance(driver.app.screen, MerchantsScreen)
        await driver.press("colon", *"nowhere", "enter")
        await driver.sees("0 found")  # what is no place is looked for
        await driver.press("escape", "colon", *"run 99", "enter")
        await driver.until(lambda: "no run 99" in driver.notice())


async def test_help_lists_every_binding() -> None:
    async with room() as driver:
        wanted = hints_of(driver.app, driver.app.screen.active_bindings.values())
        await driver.press("question_mark")
        assert isinstance(driver.app.screen, HelpScreen)
        text = driver.app.screen.query_one(TextView).text
        for hint in wanted:
            assert ", ".join(hint.keys) in text
            assert hint.explanation.split()[0] in text
        await driver.press("question_mark")
        assert isinstance(driver.app.screen, MerchantsScreen)


async def test_keys_can_be_remapped() -> None:
    store = FakeStore()
    async with room(store) as driver:
        driver.app.set_keymap({"sync.start": "f5"})
        await driver.press("s")
        assert store.orders == []
        await driver.press("f5")
        await driver.until(lambda: bool(store.orders))


async def test_an_empty_store_says_what_to_do_next() -> None:
    async with room(FakeStore(())) as driver:
        await driver.sees("A   adds the first one: choose its WMS, fill in, test the connection, save")
        await driver.sees("invsync demo")


async def test_a_merchant_that_was_never_synced_says_how_to_start() -> None:
    store = FakeStore((merchant(4, "Demo New", latest_run=None, last_run_at=None, status=""),))
    async with room(store) as driver:
        await driver.press("enter")
        assert "never been synced" in driver.notice()


async def test_hostile_names_stay_names() -> None:
    names = ("[red]x", "\x1b[2J", "😀 Shop", "שלום חנות", "x" * 300)
    async with room(FakeStore(tuple(merchant(n, name) for n, name in enumerate(names, 1)))) as driver:
        await driver.sees("[red]x")
        for line in driver.lines():
            assert "\x1b" not in line
        await driver.press("end", "enter")
        await driver.press("escape")
        assert driver.table.cursor_key == (5,)


async def test_a_store_that_cannot_be_opened_is_explained() -> None:
    store = FakeStore()
    store.failure = (
        "The store is from a newer invsync (9 > 3). Upgrade invsync, or open another one: a store with --store."
    )
    async with room(store) as driver:
        await driver.sees("newer invsync (9 > 3)")
        assert store.failure in driver.notice()


async def test_a_failed_reading_is_taken_back_when_it_works_again() -> None:
    store = FakeStore()
    async with room(store) as driver:
        store.failure = "The disk is full."
        store.commit()
        await driver.until(lambda: "disk is full" in driver.notice())
        store.failure = ""
        store.commit()
        await driver.until(lambda: driver.notice() == "")


async def test_a_covered_screen_reads_nothing() -> None:
    store = FakeStore()
    async with room(store) as driver:
        await driver.press("enter")
        await driver.sees("1,800 updated")
        asked: list[int] = []
        original = store.overview
        store.overview = lambda: asked.append(1) or original()  # type: ignore[func-returns-value, method-assign]
        store.commit()
        await driver.pilot.pause(0.2)
        assert asked == []


@pytest.mark.parametrize("state", list(RunState))
async def test_every_state_has_a_screen(state: RunState) -> None:
    store = FakeStore()
    found = detail(run_row(11, state=state))
    store.details[11] = replace(found, run=found.run)
    async with room(store) as driver:
        await driver.press("enter")
        await driver.sees(words.state(state))


def test_terminals_that_cannot_draw_are_refused_with_a_way_out() -> None:
    assert refusal({"TERM": "xterm-256color"}, True) is None
    for environ, isatty in (({"TERM": "dumb"}, True), ({}, True), ({"TERM": "xterm"}, False)):
        assert "invsync status" in (refusal(environ, isatty) or "")


def test_manners_follow_the_terminal() -> None:
    remote = terminal_of({"TERM": "xterm-256color", "SSH_CONNECTION": "a 1 b 2"})
    assert (remote.mouse, remote.interval) == (False, 1.0)
    assert terminal_of({"SSH_CONNECTION": "a"}, mouse=True).mouse
    assert terminal_of({"TERM": "linux"}).ansi_theme
    assert terminal_of({"TERM": "linux"}).ascii_only
    assert terminal_of({"TERM": "xterm-256color", "NO_COLOR": ""}).ansi_theme
    assert terminal_of({"LANG": "C"}).ascii_only


@pytest.mark.parametrize(
    ("term", "scrolls", "erases"),
    [("xterm-256color", True, True), ("tmux-256color", True, False), ("vt220", True, False), ("ansi", False, False)],
)
def test_a_terminal_is_believed_to_scroll_and_to_erase_in_color_only_where_that_is_known(
    term: str, scrolls: bool, erases: bool
) -> None:
    terminal = terminal_of({"TERM": term})
    assert (terminal.scrolls, terminal.erases) == (scrolls, erases)


async def test_a_very_small_terminal_shows_rows_of_the_list_too() -> None:
    async with room(FakeStore(), (40, 10)) as driver:
        await driver.until(lambda: sum("Demo Outdoor" in row for row in driver.lines()) == 2)
        assert "Demo Outdoor" in driver.lines()[3], "a row of the list, above what is said about it"
