"""Why and Doctor: what is asked, when it is asked again, and that unknown is said as unknown."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from invsync_tui.tui.app import control_room
from invsync_tui.tui.navigation import routes
from invsync_tui.tui.screens.diagnosis.doctor import DoctorScreen
from invsync_tui.tui.screens.diagnosis.why import WhyScreen
from invsync_tui.tui.screens.diagnosis.why_text import write
from invsync_tui.tui.screens.settings.cart import CartSettingsScreen
from invsync_tui.tui.store_connection import StoreConnection
from invsync_tui.tui.text.glyphs import UNICODE
from invsync_tui.tui.widgets.form import FormView
from tests.support.fakes.lists import HOSTILE
from tests.support.fakes.reports import why_of
from tests.support.fakes.store import FakeStore
from tests.support.screens.control_room import QUICK, Driver, room
from tests.support.screens.list_screens import LISTINGS, ready
from tests.support.screens.list_screens import at as list_at
from tests.support.screens.report_screens import SIZES, SKU, answered, sheet
from tests.support.stores.products_store import Thing, shelf


def later(driver: Driver, seconds: float) -> None:
    """Let so many seconds pass in the control room."""
    context = driver.app.context
    clock, elapsed = context.clock, context.elapsed
    context.clock = lambda: clock() + seconds
    context.elapsed = lambda: elapsed() + seconds


@pytest.mark.parametrize("size", SIZES)
async def test_why_of_a_listing_in_product_sync_starts_with_that_listing(size: tuple[int, int]) -> None:
    store = FakeStore(read_only=True)
    async with list_at(LISTINGS, store, size) as driver:
        await driver.press("G")
        await driver.until(lambda: driver.table.cursor_line is not None and driver.table.cursor_position > 0)
        present = driver.table.cursor_line
        await driver.press("w")
        await answered(driver)
        assert store.explained == [present.product_sku]
        assert isinstance(driver.app.screen, WhyScreen)
        await driver.press("escape")
        assert driver.table.cursor_line == present


@pytest.mark.parametrize("size", SIZES)
async def test_why_of_a_sku_tells_all_carts_the_chosen_one_first(size: tuple[int, int]) -> None:
    async with list_at(lambda context: routes.screen(context, "sku", 42, SKU), size=size) as driver:
        await driver.press("w")
        await answered(driver)
        told = sheet(driver)
        assert told.index("Demo Cart EU") < told.index("cart listing ID R1") < told.index("not listed")
        assert any(row.split()[:3] == ["stock", "unknown", "never"] for row in told.splitlines())
        assert "buffer" in told and "AMBIGUOUS_ALIAS: " in told
        assert all(len(row) <= size[0] for row in told.splitlines())


def test_unknown_numbers_are_said_as_unknown_and_hostile_names_are_cleaned() -> None:
    for width in (80, 120):
        rows = [row.text for row in write(why_of(SKU), None, width, UNICODE)]
        told = "\n".join(rows)
        assert "target unknown, confirmed 3, in cart unknown" in told
        assert "outcome unknown" in told
        assert "\x1b" not in told and HOSTILE[1] not in told
        assert max(row.width for row in write(why_of(SKU), None, width, UNICODE)) <= width


@pytest.mark.parametrize("size", SIZES)
async def test_the_doctor_shows_every_verdict_and_the_groups(size: tuple[int, int]) -> None:
    store = FakeStore(read_only=True)
    async with room(store, size) as driver:
        await driver.press("D")
        await answered(driver)
        assert store.walked == [1]
        await driver.sees("1 problem, 1 unknown")
        told = sheet(driver)
        for word in (
            "✗ problem",
            "? unknown",
            "✓ 1 check passed",
            "○ 1 check skipped",
            "→ Switch it on",
            ": 3 listings: ",
            "e.g. DEMO-00042",
        ):
            assert word in " ".join(told.split())
        assert "\x1b" not in told
        await driver.press("v")
        assert "✓ ok" in sheet(driver) and "asked 1 times" in sheet(driver) and "○ skipped" in sheet(driver)
        await driver.press("v")
        assert sheet(driver) == told
        await driver.press("escape")
        assert driver.table.cursor_key == (1,)


@pytest.mark.parametrize(("words", "walked"), [("doctor Demo Books", 2), ("doctor", None)])
async def test_the_command_line_leads_to_the_doctor_of_one_or_all(words: str, walked: int | None) -> None:
    store = FakeStore()
    async with room(store) as driver:
        await driver.press("colon", *words, "enter")
        await answered(driver)
        assert isinstance(driver.app.screen, DoctorScreen)
        assert store.walked == [walked]


async def test_the_doctor_looks_again_after_a_minute_in_which_nobody_wrote(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that has died writes nothing, and that is what is to be found."""
    monkeypatch.setattr("invsync_tui.tui.store_thread.STALE_AFTER", 0.05)
    store = FakeStore()
    async with room(store) as driver:
        await driver.press("D")
        await answered(driver)
        later(driver, 55)
        await driver.pilot.pause(0.3)
        assert len(store.walked) == 1
        later(driver, 6)
        await driver.until(lambda: len(store.walked) == 2)
        # and where that takes long, not all the time
        assert isinstance(driver.app.screen, DoctorScreen)
        await driver.pilot.pause(0.1)
        driver.app.screen._took = 9.0
        later(driver, 80)
        await driver.pilot.pause(0.3)
        assert len(store.walked) == 2
        later(driver, 11)
        await driver.until(lambda: len(store.walked) == 3)


async def test_the_doctor_looks_again_after_a_change_but_not_within_ten_seconds() -> None:
    store = FakeStore()
    async with room(store) as driver:
        await driver.press("D")
        await answered(driver)
        store.commit()
        await driver.pilot.pause(0.3)
        assert len(store.walked) == 1
        later(driver, 11)
        store.commit()
        await driver.press("v")
        await driver.sees("asked 2 times")


async def test_the_doctor_looks_again_though_the_clock_was_set_back() -> None:
    store = FakeStore()
    async with room(store) as driver:
        await driver.press("D")
        await answered(driver)
        later(driver, 11)
        clock = driver.app.context.clock
        driver.app.context.clock = lambda: clock() - 86_400
        store.commit()
        await driver.press("v")
        await driver.sees("asked 2 times")


async def test_nothing_is_asked_again_within_a_minute_in_which_nothing_changes() -> None:
    store = FakeStore()
    async with room(store) as driver:
        await driver.press("D")
        await answered(driver)
        later(driver, 40)
        screen = driver.app.screen
        assert isinstance(screen, DoctorScreen)
        screen.watch_facts()
        await driver.pilot.pause(0.3)
        assert len(store.walked) == 1


async def test_a_failure_is_said_and_taken_back_when_it_is_over() -> None:
    store = FakeStore()
    async with list_at(LISTINGS, store) as driver:
        await driver.until(lambda: ready(driver, type(driver.app.screen)))
        store.failure = "Nothing is called so."
        await driver.press("w")
        await driver.until(lambda: "Nothing is called so." in driver.notice())
        store.failure = ""
        later(driver, 2)
        store.commit()
        await answered(driver)
        assert driver.notice() == ""


async def test_over_a_real_store_operations_answer_the_same(tmp_path: Path) -> None:
    our_shelf = shelf(tmp_path)
    (known, _) = our_shelf.put([Thing("a", "DEMO-KNOWN"), Thing("b", "DEMO-UNREAD")])
    our_shelf.stock(our_shelf.default, [(known, 7)], now=int(time.time()))
    our_shelf.list(["DEMO-KNOWN", "DEMO-UNREAD"])
    app = control_room(StoreConnection(our_shelf.bench.store.path, read_only=True), QUICK)
    async with app.run_test(size=(120, 40)) as pilot:
        driver = Driver(app, pilot)
        await driver.until(lambda: driver.table.cursor_line is not None)
        app.push_screen(routes.screen(app.context, "products", our_shelf.cart, "Acme Shop", "Acme"))
        await driver.sees("DEMO-UNREAD")
        await driver.press("w")
        await answered(driver)
        assert "DEMO-KNOWN: matched as SKU" in sheet(driver) and "target 7" in sheet(driver)
        await driver.press("escape", "down", "w")
        await answered(driver)
        assert "target unknown" in sheet(driver) and "NO_LEVEL: " in sheet(driver)
        await driver.press("colon", *"doctor Acme", "enter")
        await driver.until(lambda: isinstance(app.screen, DoctorScreen) and app.screen.answer is not None)
        assert "Check Merchant Settings" in sheet(driver).splitlines()
    app.close_store()
    our_shelf.bench.store.close()


async def test_enter_on_a_step_leads_to_its_setting(tmp_path: Path) -> None:
    async with list_at(lambda context: routes.screen(context, "sku", 42, SKU)) as driver:
        await driver.press("w")
        await answered(driver)
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, CartSettingsScreen))
        await driver.until(lambda: driver.app.screen.query_one(FormView).field == "warehouses")
        await driver.press("escape")
        await driver.press("down", "enter")
        await driver.until(lambda: isinstance(driver.app.screen, CartSettingsScreen))
        await driver.until(lambda: driver.app.screen.query_one(FormView).field == "buffer")


async def test_a_line_of_the_doctor_leads_to_what_it_is_about() -> None:
    async with room(FakeStore()) as driver:
        await driver.press("D")
        await answered(driver)
        await driver.press("down", "down", "enter")
        await driver.until(lambda: not isinstance(driver.app.screen, DoctorScreen) or "not there" in driver.notice())


async def test_carts_are_read_back_on_a_key_and_one_that_is_down_hides_no_other() -> None:
    async with list_at(lambda context: routes.screen(context, "sku", 42, SKU)) as driver:
        await driver.press("w")
        await answered(driver)
        told = sheet(driver)
        assert "source WH-1: DEMO: on hand 44, available 40, committed 4, incoming unknown" in " ".join(told.split())
        assert "now:" not in told
        await driver.press("b")
        await driver.until(lambda: "1 of 2 carts could not be asked" in driver.notice())
        told = " ".join(sheet(driver).split())
        assert "now: the cart shows 41 in its own count, 1 of it held for its own orders" in told
        assert "now: the cart could not be asked: The cart is down" in told
        assert "\x1b" not in told


async def test_records_are_folded_until_a_key_shows_them_as_keys_and_values() -> None:
    async with list_at(lambda context: routes.screen(context, "sku", 42, SKU)) as driver:
        await driver.press("w")
        await answered(driver)
        folded = sheet(driver)
        assert "1 record of the WMS, 1 request to the cart: v shows them" in folded and "req-77" not in folded
        await driver.press("v")
        rows = [" ".join(row.split()) for row in sheet(driver).splitlines()]
        assert "available: 40" in rows and "{" not in "".join(row for row in rows if "available" in row)
        assert "their request id req-77" in " ".join(rows) and "v shows them" not in " ".join(rows)
        assert "\x1b" not in sheet(driver)
        await driver.press("v")
        assert sheet(driver) == folded


def test_times_are_local_and_say_their_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        told = " ".join(" ".join(row.text for row in write(why_of(SKU), None, 120, UNICODE)).split())
    finally:
        monkeypatch.undo()
        time.tzset()
    assert "loaded 2025-10-09 04:53:20 EDT" in told and "sent 2025-10-09 04:55:00 EDT" in told


@pytest.mark.parametrize("width", [30, 60, 80, 200])
def test_numbers_of_the_chain_stand_below_each_other(width: int) -> None:
    rows = [row.text for row in write(why_of(SKU), None, width, UNICODE)]
    (stock,) = [row for row in rows if row.startswith("  stock") and "42" in row]
    (buffer,) = [row for row in rows if row.startswith("  buffer")]
    head = rows[rows.index(stock) - 1]
    end = head.index("total") + len("total")
    assert stock[:end].endswith(" 42") and buffer[:end].endswith(" 40")
    assert buffer[:end].split() == ["buffer", "-2", "40"]
    assert max(map(len, (head, stock, buffer))) <= max(width, end + 1)


async def test_a_bundle_is_written_where_one_says() -> None:
    store = FakeStore()
    async with list_at(lambda context: routes.screen(context, "sku", 42, SKU), store) as driver:
        await driver.press("w")
        await answered(driver)
        await driver.press("B", *"/tmp", "enter")
        await driver.until(lambda: store.orders == [("bundle", SKU, Path("tmp"))])
        await driver.until(lambda: "Written: tmp/bundle.zip" in driver.notice())
