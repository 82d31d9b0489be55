"""From a finding to the change in the shop: what it will do is shown, it asks for a reason, and says what became of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from invsync_tui.operations.roles import Role
from invsync_tui.operations.runs import request as run_request
from invsync_tui.rules.outcomes import Reason
from invsync_tui.tui.app import control_room
from invsync_tui.tui.navigation import routes
from invsync_tui.tui.navigation.links import of_cause
from invsync_tui.tui.screens.base.dialogs import ConfirmDialog
from invsync_tui.tui.screens.diagnosis.doctor import DoctorScreen
from invsync_tui.tui.screens.diagnosis.fixes import FixesScreen
from invsync_tui.tui.store_connection import StoreConnection
from tests.support.runs.sandbox_world import Town, hurry, town
from tests.support.screens.control_room import QUICK, Driver


@pytest.fixture
async def synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Town]:
    """A cart with two listings that are not tracked any more."""
    hurry(monkeypatch)
    monkeypatch.setattr(run_request, "ensure_worker", lambda _: False)
    with town(tmp_path, products=8) as our_town:
        await our_town.bench.pull()
        await our_town.bench.push(our_town.cart_id)
        for sku in our_town.in_stock()[:2]:
            our_town.cart.edit(sku, tracked=False)
        await our_town.bench.push(our_town.cart_id, full=True)
        yield our_town


@asynccontextmanager
async def opened(synced: Town, name: str, *what: object) -> AsyncIterator[Driver]:
    app = control_room(StoreConnection(synced.bench.store.path), QUICK)
    try:
        async with app.run_test(size=(80, 24)) as pilot:
            driver = Driver(app, pilot)
            await driver.until(lambda: driver.table.counted)
            app.push_screen(routes.screen(app.context, name, *what))
            await pilot.pause()
            yield driver
    finally:
        app.close_store()


def tracked(synced: Town) -> list[bool]:
    states = {listing["sku"]: listing["tracked"] for listing in synced.cart.dump()["main"]}
    return [states[sku] for sku in synced.in_stock()[:2]]


async def test_a_finding_leads_to_what_can_be_changed_and_a_reason_makes_it(synced: Town) -> None:
    one, two = synced.in_stock()[:2]
    async with opened(synced, "doctor", synced.bench.merchant, "Demo") as driver:
        await driver.sees("CART_NOT_TRACKING")
        screen = driver.app.screen
        assert isinstance(screen, DoctorScreen)
        for _ in range(30):
            if screen.finding is not None and screen.finding.reason is Reason.CART_NOT_TRACKING:
                break
            await driver.press("down")
        await driver.press("f")
        await driver.until(lambda: isinstance(driver.app.screen, FixesScreen))
        await driver.sees(f"{one}: will be changed")
        assert "2 of 2 listings would be changed." in "\n".join(driver.lines()) and tracked(synced) == [False, False]
        await driver.press("a")
        await driver.until(lambda: isinstance(driver.app.screen, ConfirmDialog))
        await driver.press("escape")
        await driver.until(lambda: isinstance(driver.app.screen, FixesScreen))
        assert tracked(synced) == [False, False]
        await driver.press("a")
        await driver.until(lambda: isinstance(driver.app.screen, ConfirmDialog))
        await driver.press(*"new goods", "enter", "right", "enter")
        await driver.sees(f"{two}: done, in cart 0")
        assert tracked(synced) == [True, True]
    reason = synced.bench.one("SELECT reason FROM audit WHERE action = 'change in the shop'")
    assert reason == "new goods"
    assert (await synced.bench.push(synced.cart_id)).state == "done"


async def test_one_listing_alone_is_changed_from_its_explanation(synced: Town) -> None:
    one = synced.in_stock()[0]
    link = of_cause("Demo", one, Reason.CART_NOT_TRACKING)
    assert link is not None and (link.kind, link.at) == ("fix", one)
    async with opened(synced, "fixes", synced.cart_id, "Shop", "Demo", one) as driver:
        await driver.sees("1 of 1 listing would be changed.")
        await driver.press("a")
        await driver.until(lambda: isinstance(driver.app.screen, ConfirmDialog))
        await driver.press(*"new goods", "enter", "right", "enter")
        await driver.sees("1 of 1 listing changed.")
    assert tracked(synced) == [True, False]


async def test_only_the_listings_that_were_asked_about_are_changed(synced: Town) -> None:
    async with opened(synced, "fixes", synced.cart_id, "Shop", "Demo") as driver:
        await driver.sees("2 of 2 listings would be changed.")
        await driver.press("a")
        await driver.sees("Change 2 listings in the shop?")
        # when another one needs it by the time that the question is answered
        third = synced.in_stock()[2]
        synced.cart.edit(third, tracked=False)
        await synced.bench.push(synced.cart_id, full=True)
        await driver.press(*"new goods", "enter", "right", "enter")
        await driver.sees("2 of 2 listings changed.")
    assert tracked(synced) == [True, True]
    assert {row["sku"]: row["tracked"] for row in synced.cart.dump()["main"]}[third] is False


async def test_an_operator_sees_it_and_may_not(synced: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("invsync_tui.operations.session.role_of", lambda *_: Role.OPERATOR)
    async with opened(synced, "fixes", synced.cart_id, "Shop", "Demo") as driver:
        await driver.sees("2 of 2 listings would be changed.")
        await driver.press("a")
        await driver.until(lambda: "takes the role admin" in driver.notice())
        assert isinstance(driver.app.screen, FixesScreen)
    assert tracked(synced) == [False, False]
