"""The identity workbench: kinds in tabs, one accepted, all of a kind accepted, and taken back."""

from __future__ import annotations

from dataclasses import replace

from invsync_tui.operations.listings.identity import UnmatchedLine
from invsync_tui.tui.context import AppContext
from invsync_tui.tui.navigation import routes
from invsync_tui.tui.screens.base.base_screen import BaseScreen
from invsync_tui.tui.screens.base.dialogs import ConfirmDialog
from invsync_tui.tui.screens.catalog.sku import SkuScreen
from invsync_tui.tui.screens.listings.identity_fields import about
from tests.support.fakes.store import FakeStore
from tests.support.screens.control_room import Driver
from tests.support.screens.list_screens import at


def IDENTITY(context: AppContext) -> BaseScreen:  # noqa: N802 - the screen that this file is about
    return routes.screen(context, "identity", 7, "Demo Cart EU", "Demo Outdoor")


def text(driver: Driver) -> str:
    return "\n".join(driver.lines())


async def cases(driver: Driver) -> None:
    """The listings that differ by case, once the kinds are counted."""
    await driver.sees("Case 10")
    await driver.press("right_square_bracket")
    await driver.sees("10 listings")
    await driver.until(lambda: driver.table.cursor_line is not None)


async def test_kinds_that_there_are_stand_in_tabs_with_their_numbers() -> None:
    async with at(IDENTITY) as driver:
        await driver.sees("[All 40]")
        await driver.sees("Case 10")
        await driver.sees("Ambiguous 10")
        assert "Dash" not in text(driver)
        await driver.press("right_square_bracket")
        await driver.sees("10 listings")


async def test_one_is_accepted_after_a_question_with_cancel_focused_and_taken_back() -> None:
    store = FakeStore()
    async with at(IDENTITY, store) as driver:
        await cases(driver)
        await driver.press("a")
        await driver.until(lambda: isinstance(driver.app.screen, ConfirmDialog))
        await driver.press("enter")
        assert store.identity.orders == []
        await driver.press("a")
        await driver.until(lambda: isinstance(driver.app.screen, ConfirmDialog))
        await driver.press("right", "enter")
        await driver.sees("9 listings")
        assert [order[0] for order in store.identity.orders] == ["accept"]
        (ref,) = store.identity.linked
        await driver.press("left_square_bracket", "left_square_bracket", "left_square_bracket")
        await driver.sees("[Links 1]")
        await driver.until(lambda: driver.table.cursor_line is not None)
        await driver.press("u")
        await driver.until(lambda: isinstance(driver.app.screen, ConfirmDialog))
        await driver.press("right", "enter")
        await driver.sees("No listing of this cart is linked.")
        assert store.identity.orders[1:] == [("remove", ref)]


async def test_all_of_a_kind_are_accepted_in_pieces() -> None:
    store = FakeStore()
    async with at(IDENTITY, store) as driver:
        await driver.sees("Case 10")
        assert "Accept all" not in text(driver), "offered for a kind only"
        await cases(driver)
        await driver.press("A")
        await driver.sees("10 listings: Case")
        await driver.press("right", "enter")
        await driver.sees("10 listings linked.")
        assert [order[0] for order in store.identity.orders] == ["accept all"] * 3
        await driver.sees("No listing here: Case.")


async def test_enter_opens_the_product_that_is_suggested() -> None:
    async with at(IDENTITY) as driver:
        await cases(driver)
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, SkuScreen))


async def test_read_only_offers_no_orders_and_says_why() -> None:
    store = FakeStore()
    store.read_only = True
    async with at(IDENTITY, store) as driver:
        await driver.sees("40 listings")
        assert "Accept" not in text(driver)
        await driver.press("a")
        await driver.sees("Read-only")
        assert store.identity.orders == []


def test_the_strip_says_what_the_row_does_not_show_whole() -> None:
    line = UnmatchedLine(
        1,
        "L-1",
        "demo-1",
        "Tent",
        "NOT_IN_WMS",
        "CASE",
        ("CASE",),
        "differs by case",
        7,
        "DEMO-1",
        "Demo tent",
        "DEMO-1",
        (),
    )

    def said(record: UnmatchedLine, *left_out: str) -> list[str]:
        return [row.text for row in about(record, 80, set(left_out))]

    assert said(line) == []
    assert said(line, "Why") == ["differs by case"]
    assert said(line, "Listing", "Why", "Name") == ["demo-1: differs by case", "DEMO-1 Demo tent"]
    assert said(replace(line, code="4006")) == ["Suggested by the product's code 4006."]
    none = replace(line, product_id=None, product_sku=None, words="no similar product")
    advice = "Correct its code in the cart or the WMS, or link it to a SKU on the command"
    assert said(none)[:2] == ["Tent", advice]
    assert said(none, "Listing", "Why")[0] == "demo-1 Tent: no similar product"
    assert said(replace(none, candidates=((1, "A"), (2, "B"))))[1:] == ["A, B"]
