"""Keys: one sheet from all bindings, a keymap that keeps nobody from working, and the command line behind `:`."""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module
from pathlib import Path

import pytest
from textual.screen import Screen

from invsync_tui.tui import keymap, screens
from invsync_tui.tui.app import control_room
from invsync_tui.tui.navigation.commands import WORDS, GoTo, UnknownCommandError, completions, understand
from invsync_tui.tui.navigation.go_to import places_for
from invsync_tui.tui.navigation.history import MOST, CommandHistory
from invsync_tui.tui.navigation.names import Fit, Known, Named, fit, named
from invsync_tui.tui.screens.base.help import HelpScreen
from invsync_tui.tui.screens.catalog.search import SearchScreen
from invsync_tui.tui.screens.catalog.sku import SkuScreen
from invsync_tui.tui.screens.catalog.warehouses import WarehousesScreen
from invsync_tui.tui.screens.diagnosis.sku_history import SkuHistoryScreen
from invsync_tui.tui.screens.listings.carts import CartsScreen
from invsync_tui.tui.screens.listings.drift import DriftScreen
from invsync_tui.tui.screens.listings.identity import IdentityScreen
from invsync_tui.tui.screens.listings.plan import PlanScreen
from invsync_tui.tui.screens.listings.product_sync import ProductSyncScreen
from invsync_tui.tui.screens.merchants.merchants import MerchantsScreen
from invsync_tui.tui.screens.runs.run import RunScreen
from invsync_tui.tui.screens.runs.runs import RunsScreen
from invsync_tui.tui.screens.settings.edit_setup import EditSetupScreen
from invsync_tui.tui.terminal import GREETING, greeting
from invsync_tui.tui.widgets.prompt import CommandLine
from tests.support.fakes.store import FakeStore
from tests.support.screens.control_room import QUICK, Driver, room

SOME = Known((Named(1, "Demo Outdoor"), Named(2, "Demo Books")), (Named(7, "Demo Cart", "Demo Outdoor"),))


def test_every_screen_is_on_the_sheet() -> None:
    there = set()
    for module in pkgutil.walk_packages(screens.__path__, "invsync_tui.tui.screens."):
        found = import_module(module.name)
        there |= {
            (module.name.removeprefix("invsync_tui.tui."), name)
            for name, each in inspect.getmembers(found, inspect.isclass)
            if issubclass(each, Screen) and each.__module__ == found.__name__ and name != "TonedScreen"
        }
    assert there == {(part.module, part.name) for part in keymap.PARTS if part.module.startswith("screens.")}


def test_every_key_has_an_id_and_words() -> None:
    for group in keymap.sheet():
        for entry in group.entries:
            assert entry.id and entry.keys and entry.label and entry.explanation, (group.title, entry)


def test_one_id_means_one_thing_on_one_screen() -> None:
    for group in keymap.sheet():
        ids = [entry.id for entry in group.entries]
        assert len(ids) == len(set(ids)), group.title


def test_a_keymap_replaces_keys_on_the_sheet() -> None:
    kept, wrong = keymap.accepted({"sync.start": "f5,f6"})
    assert (kept, wrong) == ({"sync.start": "f5,f6"}, ())
    merchants = next(group for group in keymap.sheet(kept) if group.title == "Merchants")
    assert next(entry for entry in merchants.entries if entry.id == "sync.start").keys == ("f5", "f6")


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("sync.strat", "f5", "Did you mean sync.start?"),
        ("nonsense", "f5", "invsync keys lists them"),
        ("sync.start", " ", "give keys"),
        ("sync.start", "q", "quit's already"),
        ("sync.start", "?", "help's already"),
    ],
)
def test_what_is_wrong_with_a_keymap_is_said(name: str, given: str, said: str) -> None:
    kept, wrong = keymap.accepted({name: given, "quit": "f10"} if given != "q" else {name: given})
    assert name not in kept
    assert said in wrong[0]


def test_the_defaults_do_not_clash_with_themselves() -> None:
    for context in keymap.contexts():
        for name, given in context.items():
            assert keymap.accepted({name: ",".join(given)})[1] == (), name


async def test_a_wrong_keymap_is_told_on_the_first_screen() -> None:
    store = FakeStore()
    app = control_room(store, QUICK, keymap={"nonsense": "f5", "sync.start": "f6"})
    async with app.run_test(size=(80, 24)) as pilot:
        driver = Driver(app, pilot)
        await driver.until(lambda: "no such id" in driver.notice())
        await driver.sees("1 run is held")
        await driver.press("f6")
        await driver.until(lambda: bool(store.orders))
    app.close_store()


async def test_somebody_new_is_greeted_once(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    environ = {"XDG_STATE_HOME": str(tmp_path)}
    assert greeting(environ) == GREETING
    assert greeting(environ) == ""
    app = control_room(FakeStore(), QUICK, greeting=GREETING)
    async with app.run_test(size=(80, 24)) as pilot:
        driver = Driver(app, pilot)
        assert driver.notice() == GREETING
        await driver.press("question_mark", "escape")
    app.close_store()


# --- command line --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "to"),
    [
        ("m", GoTo("merchants")),
        ("42", GoTo("run", "42")),
        ("run 42", GoTo("run", "42")),
        ("runs", GoTo("runs")),
        ("  carts Demo Books ", GoTo("carts", "Demo Books")),
        ("sett Demo", GoTo("settings", "Demo")),
        ("setu 7", GoTo("setup", "7")),
        ("search", GoTo("search")),
        ("sku A b", GoTo("sku", "A b")),
        ("why A b", GoTo("why", "A b")),
        ("hist A b", GoTo("history", "A b")),
        ("plan Demo Cart", GoTo("plan", "Demo Cart")),
        ("id 7", GoTo("identity", "7")),
        ("dr 7", GoTo("drift", "7")),
        ("SYNC Demo", GoTo("sync", "Demo")),
        ("q", GoTo("quit")),
        (" nowhere at all ", GoTo("find", "nowhere at all")),
        ("²", GoTo("find", "²")),
    ],
)
def test_words_of_the_command_line(text: str, to: GoTo) -> None:
    assert understand(text) == to


@pytest.mark.parametrize(
    "text",
    [
        "",
        "s",
        "run",
        "run x",
        "run " + "9" * 21,
        "9" * 5000,
        "run ²",
        "run -1",
        "setup",
        "plan",
        "identity",
        "drift",
        "history",
        "quit now",
        "theme green",
    ],
)
def test_what_means_nothing_is_told(text: str) -> None:
    with pytest.raises(UnknownCommandError) as raised:
        understand(text)
    assert len(str(raised.value)) > 10


def test_every_word_is_offered_with_names() -> None:
    offered = completions([12], SOME)
    assert set(WORDS) <= set(offered)
    assert {"run 12", "settings Demo Books", "setup Demo Cart", "theme light"} <= set(offered)


def test_names_are_found_by_the_best_fit() -> None:
    shops = (Named(1, "Shop 2"), Named(2, "Old Shop"), Named(3, "Shop"))
    assert named("shop", shops) == shops[2]
    assert named("2", shops) == shops[1]
    assert named("old", shops) == shops[1]
    assert named("SHOP 2", shops) == shops[0]
    assert named("x", shops) is None
    assert named(" ", shops) is None


@pytest.mark.parametrize(
    ("typed", "screen"),
    [
        ("runs", RunsScreen),
        ("carts", CartsScreen),
        ("carts Demo Outdoor", CartsScreen),
        ("settings Demo Outdoor", EditSetupScreen),
        ("setup 7", EditSetupScreen),
        ("warehouses Demo Outdoor", WarehousesScreen),
        ("search demo", SearchScreen),
        ("sku no such thing", SearchScreen),
        ("run 12", RunScreen),
        ("sync Demo Outdoor", RunScreen),
        ("plan 7", PlanScreen),
        ("identity 7", IdentityScreen),
        ("drift 7", DriftScreen),
        ("history DEMO-1", SkuHistoryScreen),
    ],
)
async def test_the_command_line_reaches_every_screen(typed: str, screen: type) -> None:
    async with room() as driver:
        await driver.press("colon", *typed, "enter")
        await driver.until(lambda: isinstance(driver.app.screen, screen))
        assert driver.app.return_code is None


async def test_a_command_without_a_name_means_the_merchant_one_is_busy_with() -> None:
    async with room() as driver:
        await driver.press("colon", *"carts Demo Books", "enter")
        await driver.until(lambda: isinstance(driver.app.screen, CartsScreen))
        await driver.press("colon", *"settings", "enter")
        await driver.sees("Demo Books › Edit Setup")


async def test_a_name_that_is_nobodys_is_told() -> None:
    async with room() as driver:
        await driver.press("colon", *"settings nobody", "enter")
        await driver.until(lambda: "no merchant 'nobody'" in driver.notice())
        assert isinstance(driver.app.screen, MerchantsScreen)


async def test_the_theme_changes_at_once() -> None:
    async with room() as driver:
        await driver.press("colon", *"theme light", "enter")
        await driver.until(lambda: driver.app.theme == "invsync-light")


async def test_the_role_stands_in_the_header() -> None:
    store = FakeStore()
    store.role = "viewer"
    async with room(store) as driver:
        await driver.until(lambda: "viewer" in driver.header())


async def test_the_mouse_is_kept_where_it_cannot_be_switched() -> None:
    async with room() as driver:
        await driver.press("m")
        await driver.until(lambda: "mouse" in driver.notice().lower())


# --- a SKU or a name behind `:` --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "typed", "quality"),
    [
        ("Demo Cart", "demo cart", Fit.EXACT),
        ("Demo Cart", "DEMO", Fit.BEGINNING),
        ("Demo Cart", "cart", Fit.WORD),
        ("Demo-Cart, EU", "eu", Fit.WORD),
        ("Scartter cart", "cart", Fit.WORD),
        ("Demo Cart", "emo", Fit.PART),
        ("Demo Cart", "dct", Fit.SUBSEQUENCE),
        ("Demo Cart", "tcd", None),
        ("Demo Cart", "  ", None),
    ],
)
def test_how_well_a_name_fits(name: str, typed: str, quality: Fit | None) -> None:
    assert fit(name, typed) == quality


def test_places_are_offered_the_best_first() -> None:
    assert [place.name for place in places_for("demo", SOME)] == ["Demo Cart", "Demo Outdoor", "Demo Books"]
    assert places_for("demo books", SOME)[0].name == "Demo Books"
    assert places_for("doctor", SOME)[0].name == "Doctor"
    assert places_for("lctns", SOME)[0].name == "Locations & Products"


async def go(driver: Driver, text: str) -> None:
    await driver.press("colon")
    await driver.until(lambda: isinstance(driver.app.focused, CommandLine))
    await driver.press(*text, "enter")


async def test_a_sku_a_cart_and_a_title_behind_the_colon_are_opened() -> None:
    async with room() as driver:
        await go(driver, "DEMO-00042")
        await driver.until(lambda: isinstance(driver.app.screen, SkuScreen))
        await go(driver, "demo cart us")
        await driver.until(lambda: isinstance(driver.app.screen, ProductSyncScreen))
        await go(driver, "lctns")
        await driver.until(lambda: isinstance(driver.app.screen, WarehousesScreen))
        await go(driver, "demo-0001")
        await driver.until(lambda: isinstance(driver.app.screen, SearchScreen))


async def test_up_and_down_go_through_what_was_typed_behind_the_colon() -> None:
    async with room() as driver:
        for text in ("carts", "doctor"):
            await go(driver, text)
            await driver.until(lambda: not driver.app.screen.awaits_text)
        await driver.press("colon")
        await driver.until(lambda: isinstance(driver.app.focused, CommandLine))
        line = driver.app.focused
        await driver.press("x")
        for key, shown in (("up", "doctor"), ("up", "carts"), ("up", "carts"), ("down", "doctor"), ("down", "x")):
            await driver.press(key)
            assert line.value == shown


def test_commands_are_kept_for_this_user_alone_and_not_without_end(tmp_path: Path) -> None:
    file = tmp_path / "state" / "command-history"
    history = CommandHistory(file)
    for number in range(MOST + 5):
        history.add(f"run {number}")
    history.add("run 50")
    history.add("  ")
    history.add("x" * 5000)
    commands = CommandHistory(file).commands
    assert len(commands) == MOST
    assert list(commands[-2:]) == [f"run {MOST + 4}", "run 50"]
    assert file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in file.parent.iterdir()] == [file.name]


def test_commands_of_a_folder_that_cannot_be_written_are_kept_as_long_as_the_program(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for file in (tmp_path / "file" / "command-history", None):
        history = CommandHistory(file)
        history.add("doctor")
        assert list(history.commands) == ["doctor"]


@pytest.mark.parametrize("keys", [(), ("c", "enter"), ("E",), ("slash",), ("r",)], ids=str)
async def test_help_says_nothing_but_what_stands_on_the_sheet(keys: tuple[str, ...]) -> None:
    """A library's bindings have words of their own, such as "command prompt"; those of a text field are left as they are."""
    written = {entry.explanation for group in keymap.sheet() for entry in group.entries}
    async with room() as driver:
        await driver.press(*keys)
        await driver.app.run_action("screen.help")
        await driver.until(lambda: isinstance(driver.app.screen, HelpScreen))
        hints = driver.app.screen._hints
    assert [hint for hint in hints if hint.group != "Input" and hint.explanation not in written] == []
    assert any("ctrl+q" in key.lower() for hint in hints for key in hint.keys)
