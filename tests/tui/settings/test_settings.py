"""Settings in the control room: edited in place, checked while typing, reviewed, saved, and never lost."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from invsync_tui.operations.lists.list_views import Field, FieldKind
from invsync_tui.tui.navigation import routes
from invsync_tui.tui.screens.base.dialogs import ChoiceDialog, ListDialog
from invsync_tui.tui.screens.listings.plan import PlanScreen
from invsync_tui.tui.screens.merchants.merchants import MerchantsScreen
from invsync_tui.tui.screens.settings import edit_setup
from invsync_tui.tui.screens.settings.connection_test import ConnectionScreen
from invsync_tui.tui.screens.settings.edit_setup import EditSetupScreen
from invsync_tui.tui.widgets.form_draft import Draft
from tests.support.fakes.settings import FakeTest, cart_form
from tests.support.fakes.store import FakeStore
from tests.support.screens.control_room import Driver, room
from tests.support.screens.settings_screens import at, draft, save, sheet

SHARE_BELOW = 5
"""Steps down from the first field of the cart's form to its share."""


@asynccontextmanager
async def cart(store: FakeStore | None = None, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Driver]:
    """Edit Setup of a cart, read."""
    async with room(store, size) as driver:
        await open_cart(driver)
        yield driver


async def open_cart(driver: Driver) -> None:
    context = driver.app.context
    driver.app.push_screen(routes.screen(context, "setup", 7, "Demo Cart EU", "Demo Outdoor"))
    await driver.sees("Inventory Upload Service")


async def type_share(driver: Driver, text: str) -> None:
    """The share's field with this in it, accepted."""
    await driver.press(*["down"] * SHARE_BELOW, "enter", "ctrl+u", *text, "enter")


async def test_a_field_is_edited_in_place_and_checked_while_typing() -> None:
    async with cart() as driver:
        await driver.press(*["down"] * SHARE_BELOW, "enter", *"x")
        await driver.sees("not allowed")
        assert sheet(driver).editing
        await driver.press("backspace")
        await driver.until(lambda: not at(driver, "not allowed"))
        await driver.press("ctrl+u", *"80", "enter")
        assert not sheet(driver).editing
        assert draft(driver).edits == {"share": "80"}
        await driver.sees("was 100")


async def test_fields_stand_under_their_sections_and_the_cursor_passes_headings() -> None:
    async with cart() as driver:
        for heading in ("Sync  what is synced", "Quantity rules  how the number", "Safety rules  when it is held"):
            await driver.sees(heading)
        await driver.press(*["down"] * 3)
        assert sheet(driver).field == "minimum"
        lines = sheet(driver).text.splitlines()
        heading = next(y for y, text in enumerate(lines) if text.startswith("Quantity rules"))
        assert "Minimum Inventory Level" in lines[heading + 1]


async def test_the_heading_of_the_first_field_comes_back_into_sight() -> None:
    async with cart(size=(80, 14)) as driver:
        await driver.press("end")
        assert not at(driver, "Sync  what is synced")
        await driver.press("home")
        await driver.sees("Sync  what is synced")


async def test_letters_are_text_while_a_field_is_edited() -> None:
    async with room() as driver:
        driver.app.push_screen(routes.screen(driver.app.context, "settings", 1, "Demo Outdoor"))
        await driver.sees("WMS address")
        await driver.press(*["down"] * 3, "enter", *"/sq?:kjTu")
        assert draft(driver).value("url") == "https://wms.example/sq?:kjTu"
        await driver.press("escape")
        assert not draft(driver).dirty
        assert isinstance(driver.app.screen, EditSetupScreen)


async def test_a_switch_switches_and_u_takes_it_back() -> None:
    async with cart() as driver:
        await driver.press("space")
        assert draft(driver).edits == {"upload": "off"}
        await driver.press("u")
        assert not draft(driver).dirty


async def test_several_warehouses_are_marked_and_none_combines_all() -> None:
    async with cart() as driver:
        await driver.press("down", "enter")
        assert isinstance(driver.app.screen, ListDialog)
        await driver.sees("None is marked: Combine All Locations")
        await driver.sees("4,102 products")
        await driver.press("down", "space", "up", "space", "enter")
        assert draft(driver).value("warehouses") == "WH-1,WH-2"
        await driver.sees("Main, Overflow")


async def test_an_alias_is_chosen_with_its_collisions_in_sight() -> None:
    async with cart() as driver:
        await driver.press("down", "down", "enter")
        await driver.sees("3 collide")
        await driver.press("down", "enter")
        assert draft(driver).edits == {"alias": "UPC"}
        await driver.press("left")
        assert not draft(driver).dirty


async def test_the_preview_counts_on_in_the_background() -> None:
    store = FakeStore()
    async with cart(store) as driver:
        await driver.sees("nothing has been changed yet")
        await type_share(driver, "80")
        await driver.sees("48 go to 0")
        await driver.sees("of 4,812 listings")
        await driver.press("u")
        await driver.sees("nothing has been changed yet")


async def test_p_plans_what_is_not_saved_and_such_a_plan_cannot_be_applied() -> None:
    store = FakeStore()
    async with cart(store, (120, 40)) as driver:
        # given: nothing to try yet
        await driver.press("p")
        assert isinstance(driver.app.screen, EditSetupScreen)
        # when
        await type_share(driver, "80")
        await driver.press("p")
        # then
        await driver.until(lambda: isinstance(driver.app.screen, PlanScreen))
        await driver.sees("Not saved: share=80")
        assert store.plans.orders == [("make", 7, ("share", "80"))]
        await driver.press("a")
        assert isinstance(driver.app.screen, PlanScreen)
        # and: the draft is as it was
        await driver.press("escape")
        assert draft(driver).edits == {"share": "80"}
        # and when it is wrong
        await driver.press("enter", "ctrl+u", *"x", "enter")
        await driver.sees("not allowed")
        await driver.press("p")
        await driver.until(lambda: "Not planned" in driver.notice())
        assert isinstance(driver.app.screen, EditSetupScreen)


async def test_saving_shows_what_changes_with_cancel_focused() -> None:
    store = FakeStore()
    async with cart(store) as driver:
        await type_share(driver, "80")
        await driver.press("s")
        await driver.until(lambda: isinstance(driver.app.screen, ChoiceDialog))
        await driver.sees("100 → 80")
        await driver.sees("After this change the next push is held for review.")
        assert driver.app.focused is not None and driver.app.focused.id == "answer-stay"
        await driver.press("enter")
        assert store.forms.saved["cart:7"].rev == 5
        await driver.press("s")
        await driver.until(lambda: isinstance(driver.app.screen, ChoiceDialog))
        await driver.press("right", "enter")
        await driver.until(lambda: store.forms.saved["cart:7"].rev == 6)
        await driver.until(lambda: "held as a plan" in driver.notice())
        assert not draft(driver).dirty


async def test_what_cannot_be_saved_is_not_saved() -> None:
    store = FakeStore()
    async with cart(store) as driver:
        await type_share(driver, "many")
        await driver.sees("not allowed")
        await driver.press("home", "s")
        await driver.until(lambda: "Not saved" in driver.notice())
        assert sheet(driver).field == "share"
        assert store.forms.saved["cart:7"].rev == 5


async def test_another_operator_saved_first_and_mine_go_on_top() -> None:
    store = FakeStore()
    async with cart(store) as driver:
        await type_share(driver, "80")
        store.forms.elsewhere("cart:7", share="50", buffer="2")
        await save(driver)
        await driver.sees("bo saved these settings")
        await driver.sees("You both changed: Share of stock (%)")
        assert driver.app.focused is not None and driver.app.focused.id == "answer-stay"
        await driver.press("right", "right", "enter")
        await driver.until(lambda: draft(driver).form.rev == 6)
        assert draft(driver).edits == {"share": "80"}
        assert draft(driver).value("buffer") == "2"
        await driver.sees("other operator set it to 50")
        await save(driver)
        await driver.until(lambda: store.forms.saved["cart:7"].rev == 7)


async def test_taking_theirs_loses_nothing() -> None:
    store = FakeStore()
    async with cart(store) as driver:
        await type_share(driver, "80")
        store.forms.elsewhere("cart:7", buffer="2")
        await save(driver)
        await driver.sees("bo saved these settings")
        await driver.press("right", "enter")
        await driver.until(lambda: not draft(driver).dirty)
        await driver.press("z")
        assert draft(driver).edits == {"share": "80"}


async def test_a_form_that_is_only_looked_at_shows_what_is_there_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers beside choices grow while a first download runs; what another operator saves is shown, and said."""
    monkeypatch.setattr(edit_setup, "PAUSE", 0.0)
    store = FakeStore()
    async with cart(store) as driver:
        saved = store.forms.saved["cart:7"]
        fields = tuple(replace(field, label="Inventory Upload Service (5 products)") for field in saved.fields[:1])
        store.forms.saved["cart:7"] = replace(saved, fields=(*fields, *saved.fields[1:]))
        store.commit()
        await driver.sees("(5 products)")
        assert driver.notice() == ""
        store.forms.elsewhere("cart:7", buffer="2")
        store.commit()
        await driver.until(lambda: draft(driver).value("buffer") == "2")
        assert "Somebody else saved" in driver.notice()


async def test_a_form_is_not_read_under_the_hand_that_types(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edit_setup, "PAUSE", 0.0)
    store = FakeStore()
    async with cart(store) as driver:
        await driver.press(*["down"] * SHARE_BELOW, "enter", "ctrl+u", *"8")
        store.forms.elsewhere("cart:7", buffer="2")
        store.commit()
        await driver.until(lambda: not store.uncollected)
        await driver.press(*"0", "enter")
        assert draft(driver).edits == {"share": "80"}
        assert draft(driver).value("buffer") != "2"


async def test_leaving_asks_about_unsaved_changes() -> None:
    async with cart() as driver:
        await type_share(driver, "80")
        await driver.press("escape")
        await driver.sees("Leave without saving?")
        await driver.press("enter")
        assert isinstance(driver.app.screen, EditSetupScreen)
        await driver.press("escape", "right", "enter")
        assert isinstance(driver.app.screen, MerchantsScreen)
        await open_cart(driver)
        assert not draft(driver).dirty


async def test_a_draft_that_was_walked_away_from_comes_back() -> None:
    async with cart() as driver:
        await type_share(driver, "80")
        await driver.press("colon", *"merchants", "enter")
        await driver.until(lambda: isinstance(driver.app.screen, MerchantsScreen))
        await open_cart(driver)
        await driver.until(lambda: draft(driver).edits == {"share": "80"})
        assert "here again" in driver.notice()


async def test_quitting_asks_about_unsaved_changes() -> None:
    async with cart() as driver:
        await type_share(driver, "80")
        await driver.press("q")
        await driver.sees("not saved")
        await driver.press("enter")
        assert isinstance(driver.app.screen, EditSetupScreen)
        assert driver.app.return_code is None


async def test_read_only_shows_and_refuses() -> None:
    async with cart(FakeStore(read_only=True)) as driver:
        await driver.press("space")
        assert "Read-only" in driver.notice()
        assert not draft(driver).dirty


async def test_a_connection_is_tested_step_by_step() -> None:
    store = FakeStore()
    gate = threading.Semaphore(0)
    store.forms.test = FakeTest(gate=gate)
    async with cart(store) as driver:
        await driver.press("T")
        assert isinstance(driver.app.screen, ConnectionScreen)
        await driver.sees("waiting for the next answer")
        gate.release()
        await driver.sees("192.0.2.7")
        assert not at(driver, "certificate")
        gate.release()
        gate.release()
        await driver.sees("refused our login (401)")
        await driver.sees("Correct the secret")
        await driver.sees("does not work")
        await driver.press("escape")
        assert isinstance(driver.app.screen, EditSetupScreen)


async def test_a_test_that_is_left_is_broken_off() -> None:
    store = FakeStore()
    gate = threading.Semaphore(0)
    store.forms.test = FakeTest(gate=gate)
    async with cart(store) as driver:
        await driver.press("T", "escape")
        gate.release()
        await driver.pilot.pause(0.1)
        assert gate.acquire(blocking=False) is False
        assert isinstance(driver.app.screen, EditSetupScreen)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (40, 12)])
async def test_hostile_settings_stay_settings(size: tuple[int, int]) -> None:
    store = FakeStore()
    hostile = ("[red]x", "\x1b[2J", "😀😀", "שלום", "x" * 300)
    fields = tuple(Field(f"f{n}", name, FieldKind.TEXT, name, name) for n, name in enumerate(hostile))
    store.forms.saved["cart:7"] = replace(cart_form(), fields=(*cart_form().fields[:1], *fields))
    async with cart(store, size) as driver:
        for _ in hostile:
            await driver.press("down", "enter", "x", "enter")
        assert not any("\x1b" in line for line in driver.lines())
        assert all(len(line) <= size[0] for line in driver.lines())
        assert len(draft(driver).edits) == len(hostile)


def test_edits_that_are_saved_meanwhile_are_edits_no_more() -> None:
    mine = Draft(cart_form()).with_value("share", "80").with_value("buffer", "1")
    fresh = replace(
        cart_form(), fields=tuple(replace(f, value="80") if f.name == "share" else f for f in cart_form().fields)
    )
    assert mine.rebased(fresh).edits == {"buffer": "1"}
    assert not mine.with_value("share", "100").with_value("buffer", "0").dirty


@pytest.mark.parametrize(("name", "field"), [("buffer", "buffer"), ("options", "option-shop"), ("nothing", "nothing")])
def test_a_link_to_a_setting_finds_its_field(name: str, field: str) -> None:
    form = cart_form()
    one = form.fields[0]
    form = replace(
        form, fields=tuple(replace(one, name=called) for called in ("upload", "buffer", "option-shop", "option-place"))
    )
    assert edit_setup.first_of(form, name) == field
