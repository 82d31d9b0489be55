"""Textual's command palette over the route table."""

from __future__ import annotations

from textual.command import CommandPalette

from invsync_tui.tui.screens.diagnosis.why import WhyScreen
from invsync_tui.tui.screens.listings.product_sync import ProductSyncScreen
from invsync_tui.tui.screens.merchants.merchants import MerchantsScreen
from invsync_tui.tui.screens.runs.runs import RunsScreen
from tests.support.fakes.lists import HOSTILE
from tests.support.fakes.store import FakeStore, merchant
from tests.support.screens.control_room import Driver, room


async def opened(driver: Driver) -> None:
    await driver.press("ctrl+p")
    await driver.until(lambda: isinstance(driver.app.screen, CommandPalette))


async def test_a_place_is_found_by_its_word() -> None:
    async with room(FakeStore()) as driver:
        await opened(driver)
        await driver.press(*"runs")
        await driver.sees("Runs")
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, RunsScreen))


async def test_a_cart_is_found_by_a_part_of_its_name() -> None:
    async with room(FakeStore()) as driver:
        await opened(driver)
        await driver.press(*"products Cart EU")
        await driver.sees("products Demo Cart EU")
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, ProductSyncScreen))


async def test_what_takes_any_text_takes_what_was_typed() -> None:
    async with room(FakeStore()) as driver:
        await opened(driver)
        await driver.press(*"why DEMO-00008")
        await driver.sees("Why")
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, WhyScreen))


async def test_escape_leaves_it_and_names_from_outside_are_harmless() -> None:
    store = FakeStore()
    store.merchants += tuple(merchant(number, name) for number, name in enumerate(HOSTILE, 20))
    async with room(store) as driver:
        await opened(driver)
        await driver.press(*"carts")
        await driver.sees("carts")
        assert not any(char in "\u202e\x1b\x9b" for line in driver.lines() for char in line)
        await driver.press("escape")
        await driver.until(lambda: isinstance(driver.app.screen, MerchantsScreen))
