"""What every list does, on the screens of locations, products, listings, aliases and search, over a fake store."""

from __future__ import annotations

import base64
import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from invsync_tui.operations.errors import OperationError
from invsync_tui.operations.lists.list_views import ListingFilter
from invsync_tui.tui.navigation import routes
from invsync_tui.tui.screens.base.dialogs import ConfirmDialog
from invsync_tui.tui.screens.base.list_screen import RECOUNT_AFTER
from invsync_tui.tui.screens.catalog.all_warehouses import AllWarehousesScreen
from invsync_tui.tui.screens.catalog.search import SearchScreen
from invsync_tui.tui.screens.catalog.sku import SkuScreen
from invsync_tui.tui.screens.catalog.warehouses import LevelsScreen, WarehousesScreen
from invsync_tui.tui.screens.listings.all_carts import AllCartsScreen
from invsync_tui.tui.screens.listings.product_sync import ProductSyncScreen
from invsync_tui.tui.widgets.text_view import TextView
from tests.support.fakes.lists import PRODUCTS
from tests.support.fakes.store import FakeStore
from tests.support.screens.control_room import Driver, room
from tests.support.screens.list_screens import ALIASES, LISTINGS, WAREHOUSES, at, ready


async def levels(driver: Driver) -> None:
    await driver.press("enter")
    await driver.until(lambda: ready(driver, LevelsScreen))


def shown(driver: Driver) -> str:
    return "\n".join(driver.lines())


# --- lists -----------------------------------------------------------------------------------------------------------


async def test_enter_leads_from_warehouses_to_a_sku_and_escape_back_to_the_same_rows() -> None:
    async with at(WAREHOUSES) as driver:
        await driver.press("down")
        await levels(driver)
        await driver.press("down", "down")
        wanted = driver.table.cursor_line
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, SkuScreen))
        await driver.press("escape")
        assert driver.table.cursor_line == wanted
        await driver.press("escape")
        assert isinstance(driver.app.screen, WarehousesScreen)
        assert driver.table.cursor_line.id == 2


async def test_an_exact_count_arrives_later_and_end_follows_it() -> None:
    async with at(WAREHOUSES) as driver:
        await levels(driver)
        await driver.press("G")
        await driver.sees(f"{PRODUCTS} levels")
        await driver.until(lambda: driver.table.cursor_position == PRODUCTS - 1)
        await driver.until(lambda: driver.table.cursor_line is not None)
        await driver.press("g")
        await driver.until(lambda: driver.table.cursor_position == 0)


async def test_a_list_is_filtered_in_place_and_remembers_it() -> None:
    async with at(WAREHOUSES) as driver:
        await levels(driver)
        await driver.press("f", *"demo-0001")
        await driver.until(lambda: driver.table.count == 10)
        await driver.press("enter", "enter")
        await driver.until(lambda: isinstance(driver.app.screen, SkuScreen))
        await driver.press("escape")
        assert driver.table.count == 10
        await driver.press("escape")
        await driver.until(lambda: driver.table.count == PRODUCTS)
        await driver.press("f", *"product 77", "enter")
        await driver.until(lambda: driver.table.count == 18)
        driver.app.pop_screen()
        await levels(driver)
        await driver.sees("filter product 77: 18 levels")


async def test_nothing_found_says_how_to_see_everything_again() -> None:
    async with at(WAREHOUSES) as driver:
        await levels(driver)
        await driver.press("f", *"zzz", "enter")
        await driver.sees("Nothing matches zzz.")
        await driver.press("escape")
        await driver.until(lambda: driver.table.count == PRODUCTS)


async def test_the_order_is_shown_in_the_header_and_turned_round() -> None:
    async with at(WAREHOUSES) as driver:
        await levels(driver)
        await driver.sees("SKU ▲")
        await driver.press("o")
        await driver.sees("Available ▲")
        await driver.press("O")
        await driver.sees("Available ▼")
        await driver.until(lambda: driver.table.cursor_line is not None and driver.table.cursor_line.available == 96)


async def test_rows_at_any_depth_are_the_right_ones() -> None:
    """Forward, from the end, and after others moved: number and key of a row stay together."""
    store = FakeStore()
    async with at(WAREHOUSES, store) as driver:
        await levels(driver)
        await driver.sees(f"{PRODUCTS} levels")
        order = [line.sku for line in store.levels(1, "", None)._lines]
        for keys in (["G"], ["pageup"] * 12, ["g"], ["pagedown"] * 25):
            await driver.press(*keys)
            await driver.until(lambda: driver.table.cursor_line is not None)
            assert driver.table.cursor_line.sku == order[driver.table.cursor_position]
        wanted = driver.table.cursor_line
        store.commit()
        await driver.pilot.pause(0.2)
        assert driver.table.cursor_line == wanted
        assert order[driver.table.cursor_position] == wanted.sku


async def test_the_sku_is_copied_by_the_terminal() -> None:
    async with at(WAREHOUSES) as driver:
        await levels(driver)
        await driver.press("down", "y")
        assert driver.app.clipboard == driver.table.cursor_line.sku
        assert base64.b64encode(driver.app.clipboard.encode())
        assert driver.notice().startswith("Sent to the terminal's clipboard: ") and "Copied" not in driver.notice()


@pytest.mark.parametrize("form", ["csv", "json"])
async def test_what_is_shown_is_exported(tmp_path: Path, form: str) -> None:
    async with at(WAREHOUSES) as driver:
        await levels(driver)
        await driver.press("f", *"demo-0001", "enter")
        await driver.until(lambda: driver.table.count == 10)
        await driver.press("e")
        driver.app.screen.query_one("#list-export", Input).value = str(tmp_path / f"levels.{form}")
        await driver.press("enter")
        await driver.until(lambda: "10 rows written" in driver.notice())
        written = (tmp_path / f"levels.{form}").read_text()
        assert len(json.loads(written) if form == "json" else written.splitlines()[1:]) == 10


async def test_an_export_needs_a_known_form() -> None:
    async with at(WAREHOUSES) as driver:
        await driver.press("e")
        driver.app.screen.query_one("#list-export", Input).value = "/tmp/levels.xls"
        await driver.press("enter")
        assert "must end in .csv or .json" in driver.notice()


async def test_all_warehouses_scroll_sideways_with_their_times() -> None:
    async with at(WAREHOUSES) as driver:
        await driver.press("a")
        await driver.until(lambda: ready(driver, AllWarehousesScreen))
        await driver.sees("loaded")
        await driver.sees("min ago")
        await driver.pilot.resize_terminal(60, 24)
        before = driver.table.scroll_offset.x
        await driver.press("right")
        assert driver.table.scroll_offset.x > before


async def test_a_merchant_without_warehouses_says_what_to_do() -> None:
    async with room() as driver:
        driver.app.push_screen(routes.screen(driver.app.context, "warehouses", 2, "Demo Books"))
        await driver.sees("loaded with the first inventory download")


async def test_a_warehouse_is_disabled_with_a_reason_and_enabled_without() -> None:
    store = FakeStore()
    async with at(WAREHOUSES, store) as driver:
        # given
        await driver.press("down")
        # when it is confirmed without a reason, nothing happens
        await driver.press("d")
        await driver.sees("Disable this warehouse?")
        await driver.press("right", "enter")
        assert store.orders == []
        await driver.press(*"flooded", "tab", "tab", "enter")
        # then
        await driver.until(lambda: store.orders == [("disable", 1, "#2", "flooded")])
        await driver.sees("is disabled")
        await driver.until(lambda: any("Hall East" in row and "disabled" in row for row in driver.lines()))
        # and back
        await driver.press("d")
        await driver.sees("Enable this warehouse?")
        await driver.press("right", "enter")
        await driver.until(lambda: store.orders[-1] == ("enable", 1, "#2", ""))
        await driver.until(lambda: not any("Hall East" in row and "disabled" in row for row in driver.lines()))


async def test_leaving_the_question_changes_no_warehouse() -> None:
    store = FakeStore()
    async with at(WAREHOUSES, store) as driver:
        await driver.press("d", "escape")
        await driver.until(lambda: isinstance(driver.app.screen, WarehousesScreen))
        assert store.orders == []


async def test_wide_terminals_show_more_columns() -> None:
    async with at(LISTINGS) as driver:
        assert "Confirmed" not in driver.lines()[3]
        await driver.pilot.resize_terminal(120, 40)
        await driver.sees("Confirmed")
        await driver.pilot.resize_terminal(80, 24)
        await driver.until(lambda: "Confirmed" not in driver.lines()[3])


async def test_aliases_lead_down_to_products() -> None:
    async with at(ALIASES) as driver:
        await driver.press("down", "enter")
        await driver.sees("UPC collisions")
        await driver.sees("An alias must name one product")
        await driver.press("escape", "n")
        await driver.sees("without UPC")
        await driver.until(lambda: driver.table.count == 4)
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, SkuScreen))


# --- product sync ----------------------------------------------------------------------------------------------------


async def test_tabs_show_their_counts_and_narrow_the_list() -> None:
    async with at(LISTINGS, size=(120, 40)) as driver:
        await driver.sees("Never 2")
        await driver.press(*["right_square_bracket"] * 4)
        await driver.until(lambda: driver.table.count == 1)
        await driver.sees("[Failed 1]")
        await driver.sees("[red]no")


async def test_at_80_columns_a_row_tells_target_cart_and_difference_and_the_key_of_why_is_shown() -> None:
    async with at(LISTINGS) as driver:
        assert "Target In cart Diff" in " ".join(driver.lines()[3].split())
        await driver.sees("w Why")


async def test_the_mismatch_tab_begins_with_what_is_offered_most_beyond_stock() -> None:
    async with at(LISTINGS) as driver:
        await driver.press("right_square_bracket")
        await driver.sees("[Mismatch 2]")
        await driver.sees("Diff ▼")
        await driver.until(lambda: driver.table.cursor_line is not None and driver.table.cursor_line.id == 10)
        await driver.sees("+44")
        await driver.press("O")
        await driver.sees("Diff ▲")
        await driver.until(lambda: driver.table.cursor_line is not None and driver.table.cursor_line.id == 8)
        await driver.press("right_square_bracket")
        await driver.sees("SKU ▲")


async def test_the_strip_tells_the_carts_own_count_where_it_is_another_one() -> None:
    async with at(LISTINGS) as driver:
        await driver.press("f", *"DEMO-00008", "enter")
        await driver.until(lambda: driver.table.count == 1)
        await driver.sees("3 on hand - 2 on open orders")
        await driver.press("escape", "f", *"DEMO-00020", "enter")
        await driver.until(lambda: driver.table.cursor_line is not None and driver.table.cursor_line.id == 20)
        assert "on hand" not in shown(driver)


async def test_mismatches_of_all_merchants_are_a_key_and_a_word_away() -> None:
    async with room(FakeStore()) as driver:
        await driver.press("U")
        await driver.until(lambda: ready(driver, AllCartsScreen))
        await driver.sees("[Mismatch 2]")
        assert "Cart" in driver.lines()[3] and "Diff ▼" in driver.lines()[3]
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, SkuScreen))
        await driver.press("escape", "escape", "colon", *"listings Demo Outdoor", "enter")
        await driver.until(lambda: ready(driver, AllCartsScreen))
        await driver.sees("Demo Outdoor › Listings of all carts")
        await driver.press("escape", "u")
        await driver.sees("Demo Outdoor › Listings of all carts")


async def test_the_selected_listings_are_synced_after_a_question() -> None:
    store = FakeStore()
    async with at(LISTINGS, store) as driver:
        first = driver.table.cursor_line.id
        await driver.press("space")
        second = driver.table.cursor_line.id
        await driver.press("space")
        await driver.sees("2 selected")
        await driver.press("s")
        assert isinstance(driver.app.screen, ConfirmDialog)
        await driver.press("right", "enter")
        await driver.until(lambda: store.orders == [("sync", first, second)])
        await driver.until(lambda: isinstance(driver.app.screen, ProductSyncScreen) and "sent again" in driver.notice())
        assert "selected" not in driver.lines()[2]


async def test_excluding_needs_a_reason_and_is_taken_back_with_the_same_key() -> None:
    store = FakeStore()
    async with at(LISTINGS, store) as driver:
        await driver.press("f", *"DEMO-00020", "enter")
        await driver.until(lambda: driver.table.count == 1)
        await driver.press("x")
        await driver.press(*"why", "tab", "tab", "enter")
        await driver.until(lambda: store.orders == [("excluded", 20, True, "why")])
        await driver.until(lambda: driver.table.cursor_line is not None and driver.table.cursor_line.excluded)
        await driver.press("x")
        assert "Include" in shown(driver)
        await driver.press("escape")
        assert "Nothing was changed" in driver.notice()


async def test_read_only_shows_and_gives_no_order() -> None:
    store = FakeStore(read_only=True)
    async with at(LISTINGS, store) as driver:
        await driver.press("space", "s", "x", "l", "v")
        assert store.orders == []
        assert "Read-only" in driver.notice()
        assert "Exclude" not in driver.lines()[-1]


async def test_a_listing_that_means_no_product_leads_to_the_search() -> None:
    async with at(LISTINGS) as driver:
        await driver.press("f", *"[red]", "enter")
        await driver.until(lambda: driver.table.count == 1)
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, SearchScreen))
        await driver.sees("[red]x")


# --- SKU -------------------------------------------------------------------------------------------------------------


async def test_a_sku_tells_everything_about_itself() -> None:
    async with room(size=(120, 60)) as driver:
        driver.app.push_screen(routes.screen(driver.app.context, "sku", 7, "DEMO-00007"))
        await driver.sees("Demo product 7")
        text = driver.app.screen.query_one("#sheet", TextView).text
        for wanted in (
            "no ?[2J such variant",
            "Levels",
            "Default",
            "4000000000012",
            "also the code of",
            "History",
            "⠶⠶ in cart",
        ):
            assert wanted in text
        await driver.press("down")
        await driver.until(lambda: "Drift" in driver.app.screen.query_one("#sheet", TextView).text)


async def test_locking_a_listing_of_a_sku_asks_for_a_reason() -> None:
    store = FakeStore()
    async with room(store) as driver:
        driver.app.push_screen(routes.screen(driver.app.context, "sku", 20, "DEMO-00020"))
        await driver.until(lambda: ready(driver, SkuScreen))
        await driver.press("l", *"hold", "tab", "tab", "enter")
        await driver.until(lambda: store.orders == [("locked", 20, True, "hold")])


# --- search ----------------------------------------------------------------------------------------------------------


async def test_slash_searches_from_anywhere_and_enter_opens_the_sku() -> None:
    async with at(WAREHOUSES) as driver:
        await driver.press("slash", *"DEMO-00042")
        await driver.sees("1 product, loaded 4 min ago")
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, SkuScreen))
        await driver.sees("Demo product 42")
        await driver.press("escape", "escape")
        assert isinstance(driver.app.screen, WarehousesScreen)


async def test_answers_to_earlier_keystrokes_are_not_worked_out() -> None:
    store = FakeStore()
    store.delay = 0.2
    async with room(store) as driver:
        await driver.press("slash")
        await driver.until(lambda: isinstance(driver.app.screen, SearchScreen) and bool(driver.app.focused))
        box = driver.app.screen.query_one("#query", Input)
        for end in range(1, 11):
            box.value = "DEMO-00042"[:end]
            await driver.pilot.pause(0.01)
        await driver.sees("1 found")
        assert store.asked[-1] == "DEMO-00042"
        assert len(store.asked) <= 5


async def test_enter_waits_for_the_answer_so_that_a_scanner_works() -> None:
    store = FakeStore()
    store.delay = 0.3
    async with room(store) as driver:
        await driver.press("slash")
        await driver.until(lambda: isinstance(driver.app.screen, SearchScreen) and bool(driver.app.focused))
        driver.app.screen.query_one("#query", Input).value = "DEMO-00042"
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, SkuScreen))
        await driver.sees("Demo product 42")


async def test_a_bounded_count_becomes_exact() -> None:
    async with room() as driver:
        await driver.press("slash", *"demo")
        await driver.sees("found, the best 50 shown; Down shows more")
        await driver.until(lambda: "+" not in driver.lines()[1])


async def test_hits_are_counted_again_while_others_sync() -> None:
    store = FakeStore()
    async with room(store) as driver:
        await driver.press("slash", *"demo")
        await driver.sees("896 found")
        # when there are more of them by now, and a while has passed
        store.search_count = lambda text, merchant_id=None: 12345  # type: ignore[method-assign]
        elapsed = driver.app.context.elapsed
        store.commit()
        await driver.pilot.pause(0.6)
        assert "896 found" in driver.lines()[1]
        driver.app.context.elapsed = lambda: elapsed() + RECOUNT_AFTER
        store.commit()
        await driver.sees("12,345 found")


async def test_hits_go_on_as_the_cursor_comes_near_the_last() -> None:
    async with room() as driver:
        await driver.press("slash", *"demo")
        await driver.sees("the best 50 shown")
        await driver.press(*["pagedown"] * 5)
        await driver.sees("the best 250 shown")
        line = driver.table.cursor_line
        assert driver.table.cursor_position < 60 and line is not None
        await driver.press(*["pagedown"] * 20)
        await driver.sees("896 found")
        await driver.until(lambda: "shown" not in driver.lines()[1])


async def test_letters_in_the_search_are_text() -> None:
    async with room() as driver:
        await driver.press("slash", *"y?:/q")
        assert driver.app.screen.query_one("#query", Input).value == "y?:/q"
        assert "Copy" not in driver.lines()[-1]


async def test_an_open_list_follows_the_store() -> None:
    store = FakeStore()
    async with at(LISTINGS, store) as driver:
        await driver.press("f", *"DEMO-00020", "enter")
        await driver.until(lambda: driver.table.count == 1)
        store.held[20] = {"outcome": "failed", "reason": "THROTTLED"}
        store.commit()
        await driver.sees("THROTTLED")


async def test_a_slow_count_keeps_no_key_waiting() -> None:
    store = FakeStore()
    async with at(WAREHOUSES, store) as driver:
        await levels(driver)
        rows = type(store.levels(1, "", None))
        original = rows.exact_count
        try:
            rows.exact_count = lambda self: time.sleep(1.0) or original(self)  # type: ignore[method-assign, func-returns-value]
            await driver.press("f", *"demo", "enter")
            begun = time.monotonic()
            await driver.press("down")
            await driver.until(lambda: driver.table.cursor_position == 1 and driver.table.cursor_line is not None)
            assert time.monotonic() - begun < 0.8
        finally:
            rows.exact_count = original  # type: ignore[method-assign]


async def test_a_quantity_is_fixed_with_a_reason_and_let_go_with_the_same_key() -> None:
    store = FakeStore()
    async with at(LISTINGS, store) as driver:
        await driver.press("f", *"DEMO-00020", "enter")
        await driver.until(lambda: driver.table.count == 1)
        await driver.press("v", *"many", "enter")
        assert "whole number" in driver.notice() and not store.orders
        await driver.press("v", *"3", "enter")
        assert "Override the quantity to 3?" in shown(driver)
        await driver.press(*"why", "tab", "tab", "enter")
        await driver.until(lambda: store.orders == [("override", 20, 3, "why")])
        await driver.until(lambda: driver.table.cursor_line is not None and driver.table.cursor_line.override == 3)
        await driver.press("v", "backspace", "enter")
        assert "Remove the override?" in shown(driver)
        await driver.press("escape")
        assert "Nothing was changed" in driver.notice()


async def test_a_quantity_is_for_the_listing_that_it_was_begun_for() -> None:
    """Also where that has left the list by the time it is typed, and the cursor is on another."""
    store = FakeStore()
    async with at(LISTINGS, store) as driver:
        await driver.press("down")
        first = driver.table.cursor_line
        await driver.press("v", *"3")
        driver.table.move_to(5)
        await driver.until(lambda: driver.table.cursor_line not in (None, first))
        await driver.press("enter")
        await driver.sees(first.product_sku)
        await driver.press(*"why", "tab", "tab", "enter")
        await driver.until(lambda: store.orders == [("override", first.id, 3, "why")])


async def test_the_trail_has_what_fits_at_every_width() -> None:
    async with at(LISTINGS, size=(30, 24)) as driver:
        whole = "Merchants › Demo Outdoor › Demo Cart EU › Product Sync"
        parts = [whole, *(f"… › {whole.split(' › ', n)[-1]}" for n in (1, 2, 3))]
        # when the terminal gets wider, column by column
        for width in range(31, 110):
            await driver.pilot.resize_terminal(width, 24)
            await driver.pilot.pause()
            shown = driver.lines()[1]
            state = shown.rstrip().rsplit("  ", 1)[-1]
            # then the longest trail that has room beside the count is shown
            longest = next((part for part in parts if len(part) <= width - len(state) - 2), parts[-1])
            assert shown.startswith(longest), (width, shown)


# --- filters with conditions -----------------------------------------------------------------------------------------


async def test_a_filter_compares_numbers_and_states() -> None:
    async with at(LISTINGS) as driver:
        await driver.until(lambda: driver.table.count == PRODUCTS)
        await driver.press("f", *"-locked diff>0", "enter")
        await driver.sees("diff>0: 1 listing")
        assert driver.table.cursor_line.difference > 0
        await driver.press("escape")
        await driver.until(lambda: driver.table.count == PRODUCTS)


async def test_a_wrong_filter_says_what_is_known() -> None:
    async with at(LISTINGS, size=(160, 30)) as driver:
        await driver.until(lambda: driver.table.count == PRODUCTS)
        await driver.press("f", *"tarqet<5")
        await driver.sees("Did you mean target?")
        await driver.press("enter")
        await driver.until(lambda: "tarqet is nothing" not in driver.lines()[1])
        await driver.sees("tarqet is nothing to filter by")


class SlowFilter(FakeStore):
    """Looks for rows until it is interrupted."""

    def __init__(self) -> None:
        super().__init__()
        self.interrupted = threading.Event()

    def interrupt(self) -> None:
        self.interrupted.set()

    def listings(self, cart_id: int, filter: Any = ListingFilter.ALL, text: str = "", ordering: Any = None) -> Any:  # noqa: A002
        if "<" in text:
            assert self.interrupted.wait(20)
            raise OperationError("interrupted")
        return super().listings(cart_id, filter, text, ordering)


async def test_a_filter_that_takes_long_says_so_and_escape_stops_it() -> None:
    store = SlowFilter()
    async with at(LISTINGS, store) as driver:
        await driver.until(lambda: driver.table.count == PRODUCTS)
        await driver.press("f", *"target<5", "enter")
        await driver.sees("filtering, Esc stops")
        await driver.sees("Looking for listings that match target<5")
        await driver.press("escape")
        await driver.until(store.interrupted.is_set)
        await driver.sees(f"{PRODUCTS} listings")
        assert "interrupted" not in shown(driver)


# --- selections ------------------------------------------------------------------------------------------------------


async def test_a_range_is_selected_and_the_question_says_how_many_of_how_many() -> None:
    async with at(LISTINGS) as driver:
        await driver.sees(f"{PRODUCTS} listings")
        await driver.press("down", "shift+down", "shift+down")
        await driver.sees("3 selected")
        await driver.press("x")
        await driver.sees(f"Exclude 3 of {PRODUCTS} listings from the sync?")
        assert driver.app.focused.id == "cancel"
        await driver.press("escape", "shift+up")
        assert len(driver.app.screen.selected) == 3


async def test_all_of_a_filter_are_selected_and_let_go_again() -> None:
    async with at(LISTINGS) as driver:
        await driver.press("f", *"demo-0004", "enter")
        await driver.until(lambda: driver.table.count == 10)
        await driver.press("asterisk")
        await driver.sees("10 selected")
        await driver.press("l")
        await driver.sees("Lock 10 of 10 listings (filter demo-0004) at what the cart")
        await driver.press("escape", "asterisk")
        assert not driver.app.screen.selected


async def test_too_many_for_one_action_are_not_selected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("invsync_tui.tui.screens.base.listing_tabs.SELECTED_MOST", 20)
    async with at(LISTINGS) as driver:
        await driver.press("asterisk")
        await driver.sees("More than 20 listings are too many for one action")
        assert not driver.app.screen.selected


# --- order by the number of a column ---------------------------------------------------------------------------------


async def test_a_number_sorts_by_the_column_at_its_place_and_again_the_other_way_round() -> None:
    async with at(WAREHOUSES) as driver:
        await levels(driver)
        await driver.sees("SKU ▲")
        await driver.press("3")
        await driver.sees("Available ▲")
        await driver.press("3")
        await driver.sees("Available ▼")
        await driver.until(lambda: driver.table.cursor_line is not None and driver.table.cursor_line.available == 96)
        await driver.press("1")
        await driver.sees("SKU ▲")


async def test_a_column_that_a_list_cannot_be_sorted_by_says_why() -> None:
    async with at(WAREHOUSES) as driver:
        await levels(driver)
        await driver.press("4")
        assert driver.notice().endswith(
            "This list is too large to be sorted by Committed. It can be sorted by SKU, Available."
        )
        await driver.press("0")
        assert driver.notice().endswith("The table shows 6 columns.")
        await driver.sees("SKU ▲")


async def test_a_column_whose_order_takes_too_long_at_this_size_says_so() -> None:
    from invsync_tui.tui.screens.base.list_order import why_not
    from invsync_tui.tui.screens.base.listing_fields import SYNC_FIELDS

    state = next(field for field in SYNC_FIELDS if field.title == "State")
    assert why_not(state, SYNC_FIELDS, ("sku", "synced_at", "outcome")) == ""
    said = why_not(state, SYNC_FIELDS, ("sku", "synced_at"))
    assert said == "This list is too large to be sorted by State. It can be sorted by Listing SKU, Synced."
    bare = state._replace(sort="")
    assert why_not(bare, SYNC_FIELDS, ()) == "The store keeps no order by State for this list. It has one order only."


def test_the_keys_of_columns_are_one_line_of_the_help() -> None:
    from invsync_tui.tui import keymap

    lists = next(group for group in keymap.sheet() if group.title == "Lists")
    assert [entry.keys for entry in lists.entries if entry.id == "list.sort-column"] == [("1-9, 0",)]


# --- what an empty list offers ---------------------------------------------------------------------------------------


async def test_an_empty_list_offers_no_order_and_no_file() -> None:
    async with at(WAREHOUSES) as driver:
        await levels(driver)
        await driver.sees("o Sort")
        await driver.press("f", *"no such code at all", "enter")
        await driver.sees("Nothing matches no such code at all.")
        await driver.until(lambda: not any("o Sort" in row or "e Export" in row for row in driver.lines()))
        await driver.press("escape")
        await driver.sees("o Sort")
