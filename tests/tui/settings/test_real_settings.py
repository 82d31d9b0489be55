"""Settings and runs in the control room over a real store: what the fakes promise, operations keep."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from invsync_tui.connectors.base import Connection
from invsync_tui.operations.lists.list_views import Saved
from invsync_tui.operations.session import Session
from invsync_tui.operations.settings import forms
from invsync_tui.tui.app import control_room
from invsync_tui.tui.screens.runs.runs import RunsScreen
from invsync_tui.tui.store_connection import StoreConnection
from tests.support.screens.control_room import QUICK, Driver
from tests.support.screens.settings_screens import at, draft, save, sheet
from tests.support.stores.merchant_store import Bench

NOWHERE = Connection("Demo", "sandbox", "http://127.0.0.1:9", secret="env:INVSYNC_NO_SUCH_TOKEN")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench.make(tmp_path, alone=True)
    made.add_merchant(NOWHERE)
    made.add_cart(NOWHERE)
    yield made
    made.store.close()


@asynccontextmanager
async def opened(bench: Bench, *typed: str) -> AsyncIterator[Driver]:
    """The control room on the store, after these words on its command line."""
    app = control_room(StoreConnection(bench.store.path), QUICK)
    async with app.run_test(size=(80, 24)) as pilot:
        driver = Driver(app, pilot)
        await driver.sees("Demo  1 cart")
        for words in typed:
            await driver.press("colon", *words, "enter")
        yield driver
    app.close_store()


async def to_field(driver: Driver, name: str) -> None:
    for _ in range(30):
        if sheet(driver).field == name:
            return
        await driver.press("down")
    raise AssertionError(f"no field {name}")


async def test_a_carts_rules_are_edited_previewed_and_saved(bench: Bench) -> None:
    async with opened(bench, "setup Demo Cart") as driver:
        await driver.sees("Inventory Upload Service")
        await to_field(driver, "minimum")
        await driver.press("enter", *"x")
        await driver.sees("not allowed")
        await driver.press("backspace", "5", "enter")
        await driver.sees("of 0 listings")
        await save(driver)
        await driver.until(lambda: "Saved." in driver.notice())
        assert bench.one("SELECT cutoff_below FROM cart") == 5
        assert not draft(driver).dirty


async def test_two_operators_lose_nothing(bench: Bench) -> None:
    async with opened(bench, "setup Demo Cart") as driver:
        await driver.sees("Inventory Upload Service")
        await to_field(driver, "buffer")
        await driver.press("enter", "ctrl+u", "3", "enter")
        session = Session(bench.store, "other", read_only=False)
        now = forms.form(session, "cart:1")
        assert isinstance(forms.save(session, "cart:1", now.rev, {"buffer": "7", "share": "50"}), Saved)
        await save(driver)
        await driver.sees("other saved these settings")
        await driver.sees("You both changed: Buffer")
        await driver.press("right", "right", "enter")
        await driver.until(lambda: draft(driver).value("share") == "50")
        assert draft(driver).edits == {"buffer": "3"}
        await save(driver)
        await driver.until(lambda: bench.one("SELECT buffer FROM cart") == 3)
        assert bench.one("SELECT share_percent FROM cart") == 50


async def test_a_merchants_settings_are_saved(bench: Bench) -> None:
    async with opened(bench, "settings Demo") as driver:
        await driver.sees("Synchronization With WMS - Inventory")
        await driver.press("space")
        await save(driver)
        await driver.until(lambda: "Saved." in driver.notice())
        assert bench.one("SELECT inventory_sync FROM merchant") == 0


async def test_a_connection_that_cannot_work_says_what_to_do(bench: Bench) -> None:
    async with opened(bench, "settings Demo") as driver:
        await driver.sees("Synchronization With WMS")
        await driver.press("T")
        await driver.sees("does not work")
        await driver.until(lambda: at(driver, "→") or bool(driver.notice()))


async def test_runs_are_listed_and_compared(bench: Bench) -> None:
    for _ in range(2):
        await bench.pull()
    async with opened(bench, "runs") as driver:
        await driver.until(lambda: isinstance(driver.app.screen, RunsScreen))
        await driver.sees("2 runs")
        await driver.press("d")
        await driver.sees("Run 2 against run 1")
        await driver.press("escape", "f")
        await driver.until(lambda: driver.app.focused is not None and driver.app.focused.id == "list-filter")
        await driver.press(*"state:failed", "enter")
        await driver.until(lambda: driver.table.count == 2)


async def test_a_viewer_may_look_and_is_told_what_is_refused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    config = bench.store.path.with_name("config.toml")
    config.write_text("[roles]\nadmin = []\n")
    monkeypatch.setenv("INVSYNC_CONFIG", str(config))
    async with opened(bench, "setup Demo Cart") as driver:
        await driver.until(lambda: "viewer" in driver.header())
        await driver.sees("Inventory Upload Service")
        await driver.press("space")
        await driver.until(lambda: "takes the role admin" in driver.notice())
        assert not draft(driver).dirty
