"""Keys that are pressed before the rows they are meant for have come: none is lost, none hits another row."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import pytest
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.pilot import Pilot
from textual.widgets import Input, Static

from invsync_tui.operations.lists.list_views import Choice, Field, FieldKind
from invsync_tui.tui.app import control_room
from invsync_tui.tui.key_order import LOST_AFTER, KeyDone, KeysInOrder
from invsync_tui.tui.navigation import go_to, names
from invsync_tui.tui.screens.base.base_screen import BaseScreen
from invsync_tui.tui.screens.base.dialogs import ListDialog
from invsync_tui.tui.screens.catalog.search import SearchScreen
from invsync_tui.tui.screens.catalog.sku import SkuScreen
from invsync_tui.tui.screens.diagnosis.doctor import DoctorScreen
from invsync_tui.tui.screens.diagnosis.why import WhyScreen
from invsync_tui.tui.screens.listings.carts import CartsScreen
from invsync_tui.tui.screens.listings.product_sync import ProductSyncScreen
from invsync_tui.tui.screens.merchants.merchants import MerchantsScreen
from invsync_tui.tui.widgets.columns import ListView
from invsync_tui.tui.widgets.table import WindowTable
from tests.support.fakes.store import FakeStore
from tests.support.screens.control_room import QUICK, Driver
from tests.support.terminal import rest


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """The lists of carts and listings are read when it opens: an answer that no key waits for, long."""
    monkeypatch.setattr(rest, "SLOW", 0.05)
    opened = threading.Event()

    def late(real: Callable[..., Any]) -> Callable[..., Any]:
        def read(self: Any, session: Any, look: ListView) -> Any:
            opened.wait(20)
            return real(self, session, look)

        return read

    for screen in (CartsScreen, ProductSyncScreen):
        monkeypatch.setattr(screen, "rows", late(screen.rows))

    def late_answer(name: str) -> None:
        real = getattr(FakeStore, name)

        def answer(self: FakeStore, *given: Any) -> Any:
            opened.wait(20)
            return real(self, *given)

        monkeypatch.setattr(FakeStore, name, answer)

    for name in ("search", "sku"):
        late_answer(name)
    return opened


async def test_a_verb_waits_for_the_row_that_it_is_for(gate: threading.Event) -> None:
    app = control_room(FakeStore(), QUICK)
    async with app.run_test(size=(80, 24)) as pilot:
        driver = Driver(app, pilot)
        await driver.press("c")
        await driver.until(lambda: isinstance(app.screen, CartsScreen))
        # when
        await driver.press("down", "enter")
        gate.set()
        # then it is the second cart's listings that are opened
        await driver.until(lambda: isinstance(app.screen, ProductSyncScreen))
        behind = app.screen_stack[-2]
        assert isinstance(behind, CartsScreen) and behind.table.cursor_position == 1
    app.close_store()


async def test_escape_takes_back_what_waits(gate: threading.Event) -> None:
    app = control_room(FakeStore(), QUICK)
    async with app.run_test(size=(80, 24)) as pilot:
        driver = Driver(app, pilot)
        await driver.press("c")
        await driver.until(lambda: isinstance(app.screen, CartsScreen))
        # when
        await driver.press("enter", "escape")
        gate.set()
        # then
        await driver.until(lambda: not isinstance(app.screen, CartsScreen))
        await pilot.pause(0.2)
        assert not isinstance(app.screen, ProductSyncScreen)
    app.close_store()


async def test_what_follows_enter_in_the_search_is_for_the_sku_that_it_opens(gate: threading.Event) -> None:
    app = control_room(FakeStore(), QUICK)
    async with app.run_test(size=(80, 24)) as pilot:
        driver = Driver(app, pilot)
        await driver.press("/")
        await driver.until(lambda: isinstance(app.screen, SearchScreen) and app.focused is not None)
        # when everything is pressed before the first answer
        await driver.press(*"demo-0004", "down", "down", "enter", "w")
        gate.set()
        # then the third of what is found is opened, and why it shows what it shows
        await driver.until(lambda: isinstance(app.screen, WhyScreen))
        search, sku = app.screen_stack[-3:-1]
        assert isinstance(search, SearchScreen) and isinstance(sku, SkuScreen)
        assert search.query_one("#query").value == "demo-0004"  # type: ignore[attr-defined]
        assert search.table.cursor_position == 2 and sku._product_id == search.table.cursor_line.product_id
    app.close_store()


async def test_escape_takes_back_an_enter_that_waits(gate: threading.Event) -> None:
    app = control_room(FakeStore(), QUICK)
    async with app.run_test(size=(80, 24)) as pilot:
        driver = Driver(app, pilot)
        await driver.press("/")
        await driver.until(lambda: isinstance(app.screen, SearchScreen) and app.focused is not None)
        # when
        await driver.press(*"demo-00042", "enter", "w", "escape")
        gate.set()
        # then
        await driver.until(lambda: not isinstance(app.screen, SearchScreen))
        await pilot.pause(0.2)
        assert not isinstance(app.screen, SkuScreen | WhyScreen)
    app.close_store()


async def test_what_follows_an_enter_that_finds_nothing_is_typed(gate: threading.Event) -> None:
    app = control_room(FakeStore(), QUICK)
    async with app.run_test(size=(80, 24)) as pilot:
        driver = Driver(app, pilot)
        await driver.press("/")
        await driver.until(lambda: isinstance(app.screen, SearchScreen) and app.focused is not None)
        # when
        await driver.press(*"nosuchthing", "enter", "x")
        gate.set()
        # then
        query = app.screen.query_one("#query")
        await driver.until(lambda: query.value == "nosuchthingx")  # type: ignore[attr-defined]
    app.close_store()


async def test_words_behind_a_colon_are_words_though_the_rows_are_on_their_way(gate: threading.Event) -> None:
    app = control_room(FakeStore(), QUICK)
    async with app.run_test(size=(80, 24)) as pilot:
        driver = Driver(app, pilot)
        await driver.press("c")
        await driver.until(lambda: isinstance(app.screen, CartsScreen))
        # when it comes in bursts, as from a slow line
        for part in (":doc", "tor\r"):
            burst(app, part)
            await pilot.pause(0.3)
        gate.set()
        # then no letter is an order, now or later
        await driver.until(lambda: isinstance(app.screen, DoctorScreen))
        await pilot.pause(0.3)
        assert isinstance(app.screen, DoctorScreen) and isinstance(app.screen_stack[-2], CartsScreen)
    app.close_store()


async def test_a_key_that_is_under_way_while_the_program_ends_harms_nothing() -> None:
    app = control_room(FakeStore(), QUICK)
    async with app.run_test(size=(80, 24)) as pilot:
        await Driver(app, pilot).sees("Demo Outdoor")
        # given a key that is still on its way, and others behind it
        for key in ("down", "j", "k"):
            app.post_message(events.Key(key, None))
        # when the screens are gone by the time it arrives
        stack, app._screen_stacks[app.current_mode] = app._screen_stack, []
        await app.on_key_done(KeyDone(app._key_number))
        app._key_under_way, app._key_number = True, 1
        await app.on_key_done(KeyDone(1))
        await app.on_event(events.Key("j", "j"))
        app._screen_stacks[app.current_mode] = stack
        # then it is over, and the next one is handled as ever
        assert not app._key_under_way
        await pilot.press("down")
    app.close_store()


@pytest.mark.parametrize(
    ("name", "what", "key", "expected"),
    [
        pytest.param("sku", (142, "DEMO-00042"), "w", WhyScreen, id="what is shown"),
        pytest.param("carts", (1, "Demo Outdoor"), "enter", ProductSyncScreen, id="rows"),
    ],
)
async def test_a_key_that_comes_before_its_screen_is_mounted_is_for_that_screen(
    name: str,
    what: tuple[Any, ...],
    key: str,
    expected: type,
    gate: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After Enter in the search `w` was handled before the screen of the SKU was mounted, and lost."""
    app = control_room(FakeStore(), QUICK)
    async with app.run_test(size=(80, 24)) as pilot:
        driver = Driver(app, pilot)
        await driver.sees("Demo Outdoor")
        home, put_off = app.screen, app.put_off
        assert isinstance(home, BaseScreen)

        def before_mount(event: events.Key) -> bool:
            with monkeypatch.context() as patch:
                patch.setattr(app.screen, "_is_mounted", False)
                return put_off(event)

        # given a screen that is not mounted when its key is looked at
        home.go_to(name, *what)
        opened = app.screen
        with monkeypatch.context() as patch:
            patch.setattr(app, "put_off", before_mount)
            await driver.press(key)
        assert app.screen is opened
        # when what it shows comes
        gate.set()
        # then the key does there what it does later
        await driver.until(lambda: isinstance(app.screen, expected))
        assert app.screen_stack[-2] is opened
    app.close_store()


def burst(app: KeysInOrder, text: str) -> None:
    """Keys as a slow line sends them: all of them before the program has looked at one."""
    for character in text:
        event = events.Key({":": "colon", "\r": "enter"}.get(character, character), character)
        event.set_sender(app)
        app.post_message(event)


async def takes(pilot: Pilot[int], text: str) -> None:
    """Wait until the input that a key opened has this text."""
    until = time.monotonic() + 10
    while [field.value for field in pilot.app.query(Input)] != [text]:
        assert time.monotonic() < until, [field.value for field in pilot.app.query(Input)]
        await pilot.pause(0.05)


class Slow(KeysInOrder):
    """An application whose first key loads something before the input is there, on a busy machine."""

    BINDINGS: ClassVar[list[BindingType]] = [("e", "edit", "Edit")]

    def compose(self) -> ComposeResult:
        yield Static("bare")

    async def action_edit(self) -> None:
        await asyncio.sleep(2 * LOST_AFTER)
        field = Input()
        await self.screen.mount(field)
        field.focus()


async def test_letters_wait_for_a_key_that_takes_long() -> None:
    """Under load the input of a form took more than half a second to come, and the name typed into it was lost."""
    app = Slow()
    async with app.run_test() as pilot:
        burst(app, "eLamp")
        await pilot.pause(2 * LOST_AFTER)
        await takes(pilot, "Lamp")


async def test_a_widget_that_was_removed_with_a_key_in_its_queue_holds_up_no_other() -> None:
    app = Slow()
    async with app.run_test() as pilot:
        gone = app.query_one(Static)
        app._key_under_way, app._key_number, app._key_went_to = True, 7, gone
        app._key_sent_at = time.monotonic()
        await gone.remove()
        burst(app, "eOK")
        await takes(pilot, "OK")


async def test_a_key_behind_a_command_is_for_the_screen_that_it_leads_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """`:carts`, Enter and at once a verb: the names are looked up first, and the verb fell on the screen before."""
    opened = threading.Event()
    real = names.known
    monkeypatch.setattr(rest, "SLOW", 0.05)

    def late(session: Any) -> Any:
        opened.wait(20)
        return real(session)

    app = control_room(FakeStore(), QUICK)
    async with app.run_test(size=(80, 24)) as pilot:
        driver = Driver(app, pilot)
        await driver.sees("Demo Outdoor")
        monkeypatch.setattr(go_to, "known", late)
        for key in (*":carts", "enter", "down", "enter"):
            await driver.press({":": "colon"}.get(key, key))
        # given that nothing fell on the merchants
        await pilot.pause(0.3)
        assert isinstance(app.screen, MerchantsScreen) and app.screen.table.cursor_position == 0
        # when the names are there
        opened.set()
        # then the second cart is opened
        await driver.until(lambda: isinstance(app.screen, ProductSyncScreen))
        behind = app.screen_stack[-2]
        assert isinstance(behind, CartsScreen) and behind.table.cursor_position == 1
    app.close_store()


async def test_keys_behind_a_command_that_leads_nowhere_are_for_the_screen_as_it_is() -> None:
    app = control_room(FakeStore(), QUICK)
    async with app.run_test(size=(80, 24)) as pilot:
        driver = Driver(app, pilot)
        await driver.sees("Demo Outdoor")
        for key in (*":carts nobody", "enter", "down"):
            await driver.press({":": "colon", " ": "space"}.get(key, key))
        await driver.sees("There is no merchant")
        screen = app.screen
        assert isinstance(screen, MerchantsScreen)
        await driver.until(lambda: screen.table.cursor_position == 1)
    app.close_store()


async def test_what_waited_is_pressed_before_what_is_typed_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a name typed into a form that just opened, letters came before the Enter that was to open its field."""
    app = control_room(FakeStore(), QUICK)
    async with app.run_test(size=(80, 24)) as pilot:
        driver = Driver(app, pilot)
        await driver.sees("Demo Outdoor")
        screen = app.screen
        assert isinstance(screen, MerchantsScreen)
        pressed: list[str] = []
        press = app._press

        async def recorded(event: events.Key | events.Paste) -> None:
            pressed.append(getattr(event, "key", ""))
            await press(event)

        monkeypatch.setattr(app, "_press", recorded)
        # given keys that wait, and others that have come in behind them and were not looked at yet
        for key in ("down", "up"):
            assert screen.early.keep(events.Key(key, None))
        burst(app, "jk")
        # when what they wait for is there
        screen.press_again()
        # then all come in the order in which they were pressed
        await driver.until(lambda: len(pressed) == 4)
        assert pressed == ["down", "up", "j", "k"]
    app.close_store()


@pytest.mark.parametrize(("present", "expected"), [("v0", 1), ("v2", 3), ("v38", 39)])
async def test_a_key_that_is_quicker_than_the_refresh_of_a_list_counts(present: str, expected: int) -> None:
    """`down` in the list of systems was undone by what came after its refresh, and Enter took the first one."""
    choices = tuple(Choice(f"v{number}", f"Value {number}") for number in range(50))
    app = control_room(FakeStore(), QUICK)
    async with app.run_test(size=(80, 24)) as pilot:
        # given a list that is not drawn yet
        dialog = ListDialog(Field("x", "Which", FieldKind.CHOICE, "", "", choices), present, app.context.glyphs)
        waiting: list[Callable[[], object]] = []
        dialog.call_after_refresh = lambda call, *given: bool(waiting.append(partial(call, *given))) or True  # type: ignore[method-assign]
        await app.push_screen(dialog)
        table = dialog.query_one("#choices", WindowTable)
        # when a key comes before what waits for its refresh
        table.action_step(1)
        for call in waiting:
            call()
        await pilot.pause()
        # then it is not undone, and the cursor can be seen
        assert table.cursor_position == expected
        assert table.scroll_offset.y <= expected < table.scroll_offset.y + table.size.height - 1
    app.close_store()
