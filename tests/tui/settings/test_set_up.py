"""Setting up without leaving: from an empty store to a first push held for review, by keys at 80x24, on real servers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from invsync_tui.operations.runs import request as run_request
from invsync_tui.operations.settings.removal import Contents
from invsync_tui.store.database import Store, create_store
from invsync_tui.sync.worker import Worker
from invsync_tui.tui.app import control_room
from invsync_tui.tui.screens.base.dialogs import ListDialog
from invsync_tui.tui.screens.base.remove_dialog import RemoveDialog
from invsync_tui.tui.screens.listings.carts import CartsScreen
from invsync_tui.tui.screens.merchants.merchants import MerchantsScreen
from invsync_tui.tui.screens.settings.about_system import AboutSystemScreen
from invsync_tui.tui.screens.settings.add import AddSetupScreen
from invsync_tui.tui.screens.settings.connection_test import NewConnectionScreen
from invsync_tui.tui.store_connection import StoreConnection
from tests.support.runs.sandbox_world import hurry
from tests.support.screens.control_room import QUICK, Driver
from tests.support.screens.settings_screens import sheet
from tests.support.servers.sandbox import CartHandle, WmsHandle, sandbox_cart, sandbox_wms

PRODUCTS = 6
NOWHERE = "http://127.0.0.1:9"


@dataclass
class Stage:
    """An empty store, a WMS and a shop."""

    store: Store
    wms: WmsHandle
    shop: CartHandle

    async def work(self) -> None:
        """Execute what was asked for, as a service would."""
        await Worker(self.store, scheduled=False).run_until_idle(0.0)

    def one(self, sql: str) -> object:
        return self.store.one(sql)[0]


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    hurry(monkeypatch)
    monkeypatch.setattr(run_request, "ensure_worker", lambda _: False)
    with sandbox_wms(PRODUCTS, warehouses=2) as wms, sandbox_cart(PRODUCTS) as shop:
        store = create_store(tmp_path / "store.db")
        yield Stage(store, wms, shop)
        store.close()


@asynccontextmanager
async def room(stage: Stage, *, read_only: bool = False) -> AsyncIterator[Driver]:
    app = control_room(StoreConnection(stage.store.path, read_only=read_only), QUICK)
    try:
        async with app.run_test(size=(80, 24)) as pilot:
            driver = Driver(app, pilot)
            await driver.until(lambda: driver.table.counted)
            yield driver
    finally:
        app.close_store()


def screen_is(driver: Driver, kind: type) -> bool:
    return isinstance(driver.app.screen, kind)


async def choose_system(driver: Driver, title: str, system: str = ":sandbox") -> None:
    """`A`, and the system in the list."""
    await driver.press("A")
    await driver.until(lambda: screen_is(driver, ListDialog))
    await driver.sees(title)
    for _ in range(40):
        row = driver.table.cursor_key
        if str(row).endswith(system):
            break
        await driver.press("down")
    await driver.press("enter")
    await driver.until(lambda: screen_is(driver, AddSetupScreen))
    await driver.sees("Display name")


async def fill(driver: Driver, **values: str) -> None:
    """Type values into fields, each reached by the arrow keys."""
    for name, text in values.items():
        wanted = name.replace("_", "-")
        await driver.press("home")
        for _ in range(60):
            if sheet(driver).field == wanted:
                break
            await driver.press("down")
        assert sheet(driver).field == wanted, wanted
        await driver.press("enter", "ctrl+u", *text, "enter")


async def save_after_test(driver: Driver) -> None:
    await driver.press("s")
    await driver.until(lambda: screen_is(driver, NewConnectionScreen))
    await driver.sees("All steps passed.")
    await driver.press("s")
    await driver.until(lambda: not screen_is(driver, NewConnectionScreen))


async def add_merchant(driver: Driver, stage: Stage, name: str = "Acme") -> None:
    await choose_system(driver, "Sandbox WMS")
    await fill(driver, name=name, url=stage.wms.url, secret=stage.wms.secret)
    await save_after_test(driver)
    await driver.until(lambda: screen_is(driver, MerchantsScreen))
    await driver.until(lambda: driver.table.cursor_line is not None)


async def add_cart(driver: Driver, stage: Stage, name: str = "Acme Shop") -> None:
    await driver.press("c")
    await driver.until(lambda: screen_is(driver, CartsScreen))
    await driver.sees("No carts yet.")
    await choose_system(driver, "Sandbox cart")
    await fill(driver, name=name, url=stage.shop.url, secret=stage.shop.secret, option_shop="main")
    await save_after_test(driver)
    await driver.until(lambda: screen_is(driver, CartsScreen))
    await driver.until(lambda: driver.table.cursor_line is not None)


async def test_from_an_empty_store_to_a_first_push_held_for_review(stage: Stage) -> None:
    async with room(stage) as driver:
        # the first screen says how to begin
        await driver.sees("No merchants yet.")
        await driver.sees("A   adds the first one")
        # a merchant with its WMS
        await add_merchant(driver, stage)
        assert "Acme is added. s starts its first inventory download" in driver.notice()
        assert stage.store.read("SELECT name, inventory_sync FROM merchant") == [("Acme", 1)]
        # its first download
        await driver.press("s")
        await driver.sees("Acme  run 1")
        await stage.work()
        assert stage.one("SELECT state FROM run WHERE id = 1") == "done"
        assert stage.one("SELECT count(*) FROM product") == PRODUCTS
        await driver.press("escape")
        await driver.until(lambda: screen_is(driver, MerchantsScreen))
        # a cart
        await add_cart(driver, stage)
        assert "s starts its first push" in driver.notice()
        # its first push
        await driver.press("s")
        await driver.until(lambda: stage.one("SELECT count(*) FROM run WHERE kind = 'push'") == 1)
        await stage.work()
        assert stage.store.read("SELECT state FROM run WHERE kind = 'push'") == [("held",)]
        await driver.until(lambda: any("held" in line.lower() for line in driver.lines()))
        assert stage.one("SELECT count(*) FROM push_batch") == 0
        assert not [
            entry for entry in stage.shop.requests() if entry["method"] != "GET" and "_control" not in entry["path"]
        ]


async def test_the_cursor_is_on_what_was_added(stage: Stage) -> None:
    """Its notice says that `s` starts its first push: on another row that would be another cart's."""
    async with room(stage) as driver:
        await add_merchant(driver, stage, "Beta")
        await add_cart(driver, stage, "Beta Shop")
        await choose_system(driver, "Sandbox cart")
        await fill(driver, name="Zeta Shop", url=stage.shop.url, secret=stage.shop.secret, option_shop="main")
        await save_after_test(driver)
        await driver.until(lambda: screen_is(driver, CartsScreen))
        # when the key of the notice is pressed at once
        await driver.press("s")
        await driver.until(lambda: stage.one("SELECT count(*) FROM run WHERE kind = 'push'") == 1)
        # then it is for the new one
        assert stage.one("SELECT key FROM run WHERE kind = 'push'") == 2
        assert getattr(driver.table.cursor_line, "name", "") == "Zeta Shop"
        await driver.press("escape")
        await driver.until(lambda: screen_is(driver, MerchantsScreen))
        await add_merchant(driver, stage, "Zeta")
        await driver.until(lambda: getattr(driver.table.cursor_line, "name", "") == "Zeta")


async def test_a_further_location_of_a_cart_is_added_and_uses_its_connection(stage: Stage) -> None:
    async with room(stage) as driver:
        await add_merchant(driver, stage)
        await add_cart(driver, stage)
        with stage.store.transaction() as tx:
            tx.execute("UPDATE cart SET options = ?, buffer = 2", ('{"shop": "main", "location": "MAIN"}',))
        await choose_system(driver, "Location of Acme Shop", "new-location:1")
        assert not any("Address" in line for line in driver.lines())
        await driver.press("s")
        await driver.until(lambda: "Not complete: Display name" in driver.notice())
        await fill(driver, name="Acme Shop East", option_location="EAST")
        await save_after_test(driver)
        await driver.until(lambda: stage.one("SELECT count(*) FROM cart") == 2)
        added = stage.store.read("SELECT name, of_cart, system, url, buffer, options FROM cart WHERE id = 2")
        assert added == [("Acme Shop East", 1, "sandbox", stage.shop.url, 2, '{"shop": "main", "location": "EAST"}')]


async def test_what_is_missing_is_told_and_the_cursor_goes_there(stage: Stage) -> None:
    async with room(stage) as driver:
        await choose_system(driver, "Sandbox WMS")
        await driver.press("s")
        await driver.until(lambda: "Not complete: Display name: it is needed." in driver.notice())
        await fill(driver, name="Acme")
        await driver.press("s")
        await driver.until(lambda: "Not complete: Address: it is needed." in driver.notice())
        assert sheet(driver).field == "url"
        assert stage.one("SELECT count(*) FROM merchant") == 0


async def test_a_test_that_fails_leads_back_and_is_saved_only_when_confirmed(stage: Stage) -> None:
    async with room(stage) as driver:
        await choose_system(driver, "Sandbox WMS")
        await fill(driver, name="Acme", url=NOWHERE, secret=stage.wms.secret)
        await driver.press("s")
        await driver.sees("does not work")
        await driver.sees("Esc leads back to the fields")
        await driver.press("s")
        await driver.sees("Save it although the test did not pass?")
        await driver.press("enter")  # Cancel has the focus
        await driver.until(lambda: screen_is(driver, NewConnectionScreen))
        assert stage.one("SELECT count(*) FROM merchant") == 0
        await driver.press("escape")
        await driver.until(lambda: screen_is(driver, AddSetupScreen))
        assert NOWHERE in "\n".join(driver.lines())
        await driver.press("s")
        await driver.sees("does not work")
        await driver.press("s")
        await driver.sees("Save it although")
        await driver.press("right", "enter")
        await driver.until(lambda: screen_is(driver, MerchantsScreen))
        assert stage.one("SELECT count(*) FROM merchant") == 1


async def test_a_reference_that_cannot_be_read_is_told_when_its_field_is_left(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_SUCH_NAME", raising=False)
    async with room(stage) as driver:
        await choose_system(driver, "Sandbox WMS")
        await fill(driver, secret="env:NO_SUCH_NAME")
        await driver.press("down")
        await driver.until(lambda: "NO_SUCH_NAME is empty or not set" in driver.notice())
        await fill(driver, secret=stage.wms.secret)
        await driver.press("down")
        await driver.until(lambda: "The secret can be read." in driver.notice())


async def test_what_to_set_up_in_the_system_is_a_key_away_and_nothing_typed_is_lost(stage: Stage) -> None:
    async with room(stage) as driver:
        await choose_system(driver, "Sandbox WMS")
        await fill(driver, name="Acme")
        await driver.press("i")
        await driver.until(lambda: screen_is(driver, AboutSystemScreen))
        await driver.sees("Sandbox WMS")
        await driver.press("escape")
        await driver.until(lambda: screen_is(driver, AddSetupScreen))
        assert "Acme" in "\n".join(driver.lines())
        await driver.press("escape")
        await driver.sees("Leave without saving?")


async def test_a_merchant_and_a_cart_are_renamed_and_switched_off(stage: Stage) -> None:
    async with room(stage) as driver:
        await add_merchant(driver, stage)
        await driver.press("N", "ctrl+u", *"Acme Ltd", "enter")
        await driver.until(lambda: stage.one("SELECT name FROM merchant") == "Acme Ltd")
        await driver.sees("Acme Ltd")
        await driver.press("x")
        await driver.sees("Switch it off?")
        await driver.press("enter")  # Cancel has the focus
        assert stage.one("SELECT inventory_sync FROM merchant") == 1
        await driver.press("x", "right", "enter")
        await driver.until(lambda: stage.one("SELECT inventory_sync FROM merchant") == 0)
        await driver.until(lambda: "is off" in driver.notice())
        await driver.until(lambda: not getattr(driver.table.cursor_line, "sync_on", True))
        await driver.press("x")
        await driver.sees("Switch it on?")
        await driver.press("right", "enter")
        await driver.until(lambda: stage.one("SELECT inventory_sync FROM merchant") == 1)


async def test_a_name_is_for_the_merchant_that_it_was_begun_for(stage: Stage) -> None:
    async with room(stage) as driver:
        await add_merchant(driver, stage)
        screen = driver.app.screen
        assert isinstance(screen, MerchantsScreen)
        await driver.press("N", "ctrl+u", *"Acme Ltd")
        # when its row has left the list by the time that the name is typed
        screen.table._key = screen.table._record = None
        await driver.press("enter")
        await driver.until(lambda: stage.one("SELECT name FROM merchant") == "Acme Ltd")


async def test_a_cart_is_removed_when_its_name_is_typed(stage: Stage) -> None:
    async with room(stage) as driver:
        await add_merchant(driver, stage)
        await add_cart(driver, stage)
        await driver.press("X")
        await driver.until(lambda: screen_is(driver, RemoveDialog))
        for text in ("Remove this cart?", "Acme Shop, a cart of Acme", "0 listings", "The audit is kept."):
            await driver.sees(text)
        await driver.press("enter")  # Cancel has the focus
        assert stage.one("SELECT count(*) FROM cart") == 1
        await driver.press("X")
        await driver.until(lambda: screen_is(driver, RemoveDialog))
        await driver.press(*"acme shop", "enter", "right", "enter")
        assert screen_is(driver, RemoveDialog)  # another name removes nothing
        await driver.press("ctrl+u", *"Acme Shop", "enter", "right", "enter")
        await driver.until(lambda: stage.one("SELECT count(*) FROM cart") == 0)
        await driver.sees("No carts yet.")
        assert "Cart 'Acme Shop' is removed." in driver.notice()
        await driver.until(lambda: stage.one("SELECT count(*) FROM counter WHERE name GLOB 'removed *'") == 0)


async def test_a_merchant_is_removed_with_its_cart_and_the_first_screen_begins_anew(stage: Stage) -> None:
    async with room(stage) as driver:
        await add_merchant(driver, stage)
        await add_cart(driver, stage)
        await driver.press("escape")
        await driver.until(lambda: screen_is(driver, MerchantsScreen))
        await driver.press("X")
        await driver.sees("1 cart: Acme Shop")
        await driver.press(*"Acme", "enter", "right", "enter")
        await driver.sees("No merchants yet.")
        assert stage.one("SELECT count(*) FROM cart") == 0
        assert stage.one("SELECT count(*) FROM audit WHERE action IN ('merchant remove', 'cart remove')") == 2


async def test_nothing_is_removed_while_a_run_waits(stage: Stage) -> None:
    async with room(stage) as driver:
        await add_merchant(driver, stage)
        await driver.press("s")
        await driver.sees("Acme  run 1")
        await driver.press("escape")
        await driver.until(lambda: screen_is(driver, MerchantsScreen))
        await driver.press("X")
        await driver.until(lambda: "cannot be removed now: run 1 is requested or under way" in driver.notice())
        assert stage.one("SELECT count(*) FROM merchant") == 1


async def test_who_may_only_look_is_told_why(stage: Stage) -> None:
    async with room(stage, read_only=True) as driver:
        await driver.press("A")
        await driver.until(lambda: "Read-only" in driver.notice())
        assert screen_is(driver, MerchantsScreen)


async def test_all_that_goes_fits_on_a_small_screen(stage: Stage) -> None:
    counts = dict.fromkeys(
        ("products", "levels", "warehouses", "listings", "runs", "history", "plans", "links", "orders", "unanswered"),
        1_234_567,
    )
    names = tuple(f"A shop with a rather long name {n}" for n in range(9))
    going = Contents("merchant:1", "Acme", "Acme", names, names[:2], counts, (), (4, 5))
    async with room(stage) as driver:
        driver.app.push_screen(RemoveDialog(going, driver.app.context.glyphs))
        await driver.sees("Remove this merchant?")
        for text in ("1,234,567 products", "and 4 more", "without an answer", "Type its name: Acme", "Cancel"):
            await driver.sees(text)
        assert driver.lines()[-1].strip() == "" or "╰" in "\n".join(driver.lines())
