"""Back and forward, bookmarks, saved filters, and chosen columns, by their keys."""

from __future__ import annotations

import os

import pytest

from invsync_tui.preferences import Bookmark, ColumnChoice, Preferences
from invsync_tui.tui.navigation import routes
from invsync_tui.tui.navigation.go_to import places_for
from invsync_tui.tui.navigation.names import Known
from invsync_tui.tui.navigation.visits import open_bookmark
from invsync_tui.tui.screens.base.dialogs import ListDialog
from invsync_tui.tui.screens.catalog.aliases import AliasesScreen
from invsync_tui.tui.screens.catalog.sku import SkuScreen
from invsync_tui.tui.screens.catalog.warehouses import LevelsScreen, WarehousesScreen
from invsync_tui.tui.screens.listings.product_sync import ProductSyncScreen
from invsync_tui.tui.screens.merchants.merchants import MerchantsScreen
from invsync_tui.tui.screens.personal.bookmarks import BookmarksScreen
from invsync_tui.tui.screens.personal.filters import FiltersScreen
from tests.support.screens.control_room import Driver, room
from tests.support.screens.list_screens import LISTINGS, WAREHOUSES, at, ready


def kept() -> Preferences:
    """What is in the user's file now."""
    return Preferences.of(os.environ)


async def on(driver: Driver, screen: type) -> None:
    await driver.until(lambda: isinstance(driver.app.screen, screen))


async def test_back_and_forward_go_through_what_was_open() -> None:
    async with at(WAREHOUSES) as driver:
        await driver.press("enter")
        await driver.until(lambda: ready(driver, LevelsScreen))
        await driver.press("enter")
        await on(driver, SkuScreen)
        await driver.press("alt+left")
        await on(driver, LevelsScreen)
        await driver.press("less_than_sign")
        await on(driver, WarehousesScreen)
        await driver.press("alt+right")
        await driver.until(lambda: ready(driver, LevelsScreen))
        await driver.press("greater_than_sign")
        await on(driver, SkuScreen)
        await driver.press("alt+right")
        assert "nothing to go forward to" in driver.notice()
        await driver.press("alt+left", "alt+left", "alt+left", "alt+left")
        await on(driver, MerchantsScreen)
        assert "nothing to go back to" in driver.notice()


async def test_forward_opens_the_tab_that_was_left_and_ends_where_another_way_is_taken() -> None:
    async with at(LISTINGS) as driver:
        await driver.press("left_square_bracket", "alt+left")
        await on(driver, MerchantsScreen)
        await driver.press("alt+right")
        await on(driver, ProductSyncScreen)
        await driver.sees("[Locked")
        await driver.press("alt+left", *":audit", "enter")
        await driver.sees("Audit")
        await driver.press("alt+left", "alt+left")
        await on(driver, MerchantsScreen)
        await driver.press("alt+right")
        await driver.sees("Audit")
        await driver.press("alt+right")
        assert "nothing to go forward to" in driver.notice()


async def test_a_bookmark_opens_the_screen_with_its_tab_and_filter() -> None:
    async with at(LISTINGS) as driver:
        await driver.press("right_square_bracket", "f", *"diff>0", "enter", "M")
        await driver.sees("Bookmark as: Demo Outdoor / Demo Cart EU / Product Sync / mismatch")
        await driver.press("ctrl+u", *"too much", "enter")
        await driver.until(lambda: "Bookmarked as too much" in driver.notice())
        await driver.press("escape", "escape", *":bookmarks", "enter")
        await driver.until(lambda: ready(driver, BookmarksScreen))
        await driver.press("enter")
        await driver.sees("filter diff>0")
        assert isinstance(driver.app.screen, ProductSyncScreen)
        assert driver.app.screen.tab.value == "mismatch"
        await driver.press("alt+left", "x")
        await driver.sees("No bookmark of this store yet.")
    assert kept().bookmarks(driver.app.context.connection.label) == []


async def test_a_bookmark_is_opened_by_its_name_behind_the_colon() -> None:
    async with at(LISTINGS) as driver:
        await driver.press("M", "ctrl+u", *"my cart", "enter", "escape", *":my cart", "enter")
        await on(driver, ProductSyncScreen)
    places = places_for("my c", Known(), kept().bookmarks(driver.app.context.connection.label))
    assert [place.name for place in places] == ["my cart"]


async def test_a_bookmark_of_what_is_gone_or_unknown_says_so() -> None:
    async with at(LISTINGS) as driver:
        for bookmark, said in (
            (Bookmark("old", "s", "products", (999, "Gone", "Nobody")), "is not there any more"),
            (Bookmark("odd", "s", "a screen of tomorrow", ()), "this version cannot open it"),
            (Bookmark("odd", "s", "products", (7, "x", "y", "no such tab")), "this version cannot open it"),
            (Bookmark("odd", "s", "run", ()), "this version cannot open it"),
        ):
            driver.app.screen.notice("")  # type: ignore[attr-defined]
            open_bookmark(driver.app.screen, bookmark)  # type: ignore[arg-type]
            await driver.until(lambda said=said: said in driver.notice())  # type: ignore[misc]
            assert isinstance(driver.app.screen, ProductSyncScreen)


async def test_a_screen_that_cannot_be_opened_again_is_not_bookmarked() -> None:
    async with at(WAREHOUSES) as driver:
        await driver.press("enter")
        await driver.until(lambda: ready(driver, LevelsScreen))
        await driver.press("M")
        assert "cannot be bookmarked" in driver.notice()


async def test_a_filter_is_saved_applied_typed_by_its_name_and_removed() -> None:
    async with at(LISTINGS) as driver:
        await driver.press("f", *"diff>0", "enter")
        await driver.sees("filter diff>0: 1 listing")
        await driver.press("F")
        await on(driver, FiltersScreen)
        await driver.sees("No filter is saved yet.")
        await driver.press("a", *"not this", "enter")
        await driver.until(lambda: "Nothing was saved" in driver.notice())
        await driver.press("a", *"over", "enter")
        await driver.until(lambda: "Saved as @over" in driver.notice())
        assert kept().filters == {"over": "diff>0"}
        await driver.press("escape", "escape", "F")
        await driver.until(lambda: ready(driver, FiltersScreen))
        await driver.press("enter")
        await driver.sees("filter diff>0: 1 listing")
        await driver.press("escape", "f", *"@ove")
        await driver.sees("No filter is saved as 'ove'")
        await driver.press("r")
        await driver.sees("filter diff>0: 1 listing")
        await driver.press("enter", "F")
        await driver.until(lambda: ready(driver, FiltersScreen))
        await driver.press("x")
        await driver.sees("No filter is saved yet.")
    assert kept().filters == {}


async def test_columns_are_chosen_and_kept_for_the_kind_of_screen() -> None:
    async with at(LISTINGS) as driver:
        assert "Name" not in driver.lines()[3]
        await driver.press("C")
        await on(driver, ListDialog)
        await driver.sees("[ ] Name")
        await driver.press("down", "space", "enter")
        await on(driver, ProductSyncScreen)
        await driver.until(lambda: "Name" in driver.lines()[3])
        assert kept().columns("ProductSyncScreen").titles[:2] == ("Listing SKU", "Name")
    async with at(LISTINGS) as driver:
        await driver.until(lambda: "Name" in driver.lines()[3])


async def test_wide_shows_all_columns_and_again_those_of_before() -> None:
    async with at(LISTINGS) as driver:
        before = driver.lines()[3]
        await driver.press("W")
        await driver.until(lambda: "Tracked" in driver.lines()[3])
        assert kept().columns("ProductSyncScreen") == ColumnChoice(wide=True)
        await driver.press("W")
        await driver.until(lambda: driver.lines()[3] == before)
        assert kept().columns("ProductSyncScreen") == ColumnChoice()


CART_ROUTES = [route.name for route in routes.ROUTES if route.takes is routes.Takes.CART]


@pytest.mark.parametrize("name", CART_ROUTES)
async def test_every_screen_of_a_cart_knows_its_merchant(name: str) -> None:
    async with room() as driver:
        context = driver.app.context
        driver.app.push_screen(routes.screen(context, name, 7, "Demo Cart EU", "Demo Outdoor"))
        await driver.pilot.pause(0.1)
        await driver.press("colon", *"aliases", "enter")
        await on(driver, AliasesScreen)
        assert context.merchant is not None
        assert context.merchant.name == "Demo Outdoor"
