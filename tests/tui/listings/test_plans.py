"""The plan screen, undo from a run, and freezing from the carts, over a fake store."""

from __future__ import annotations

from dataclasses import replace

import pytest

from invsync_tui.operations.plans.plans import ApplyResult
from invsync_tui.tui.navigation import routes
from invsync_tui.tui.screens.base.dialogs import ConfirmDialog
from invsync_tui.tui.screens.listings import plan as plan_screen
from invsync_tui.tui.screens.listings.carts import CartsScreen
from invsync_tui.tui.screens.listings.plan import PlanScreen
from invsync_tui.tui.screens.runs.run import RunScreen
from tests.support.fakes.plans import VIEW
from tests.support.fakes.store import FakeStore, detail, run_row
from tests.support.screens.control_room import room
from tests.support.screens.list_screens import at, ready

PLAN = lambda context: routes.screen(context, "plan", 7, "Demo Cart EU")  # noqa: E731
CARTS = lambda context: routes.screen(context, "carts", None, "All merchants")  # noqa: E731


async def test_a_plan_is_shown_sorted_and_applied_with_a_reason() -> None:
    store = FakeStore()
    async with at(PLAN, store, (120, 40)) as driver:
        # given
        await driver.sees("40 to update")
        await driver.sees("16 up, 24 down, 8 to 0, 1 request, 860 in sync, 3 skipped")
        await driver.sees("would show 0; the limit is 5")
        # when it is sorted and filtered, it is not made again
        await driver.press("o")
        await driver.sees("Sorted by")
        await driver.press("f", *"demo-00001", "enter")
        assert [order for order in store.plans.orders if order[0] == "make"] == [("make", 7)]
        # and when it is applied; Cancel has the focus
        await driver.press("a")
        await driver.until(lambda: isinstance(driver.app.screen, ConfirmDialog))
        assert driver.app.screen.focused is not None and driver.app.screen.focused.id == "cancel"
        await driver.press(*"looked", "enter", "right", "enter")
        # then the run is followed
        await driver.until(lambda: isinstance(driver.app.screen, RunScreen))
        assert store.plans.orders[-2:] == [("save", 7), ("apply", 4, "looked")]


async def test_the_plan_that_was_confirmed_is_applied_and_not_one_that_came_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    applied: list[int] = []

    def apply(shown: plan_screen.ShownPlan, *_: object) -> ApplyResult:
        applied.append(shown.view.totals.to_set)
        return ApplyResult(11, worker_started=False, frozen=False, message="Applied.")

    monkeypatch.setattr(plan_screen, "apply_plan", apply)
    async with at(PLAN, FakeStore(), (120, 40)) as driver:
        await driver.sees("40 to update")
        screen = driver.app.screen
        assert isinstance(screen, PlanScreen) and screen._shown is not None
        asked_about = screen._shown
        await driver.press("a")
        await driver.sees("Send exactly this plan: 40 listings?")
        # when the answer to an earlier wish to plan again comes while the question is open
        totals = replace(VIEW.totals, to_set=3)
        screen._plan_received(replace(asked_about, view=replace(asked_about.view, totals=totals)))
        await driver.press(*"looked", "enter", "right", "enter")
        # then what is sent is what was asked about
        await driver.until(lambda: applied == [40])


async def test_a_plan_that_is_not_confirmed_orders_nothing_and_a_frozen_one_cannot_be_applied() -> None:
    store = FakeStore()
    async with at(PLAN, store) as driver:
        await driver.press("a")
        await driver.until(lambda: isinstance(driver.app.screen, ConfirmDialog))
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, PlanScreen))
        assert driver.notice() == "Nothing was changed."
        # when somebody freezes the cart and it is planned again
        store.plans.view = replace(VIEW, frozen="Frozen 2 min ago by demo: stocktaking.")
        await driver.press("p")
        await driver.sees("Frozen 2 min ago by demo")
        await driver.sees("Planned again: the same totals.")
        await driver.press("a")
        # then
        assert isinstance(driver.app.screen, PlanScreen)
        assert [order[0] for order in store.plans.orders] == ["make", "make"]


async def test_read_only_shows_a_plan_and_applies_nothing() -> None:
    async with at(PLAN, FakeStore(read_only=True)) as driver:
        await driver.sees("40 to update")
        await driver.press("a")
        assert isinstance(driver.app.screen, PlanScreen)


async def test_a_cart_is_frozen_and_thawed_with_a_reason() -> None:
    store = FakeStore()
    async with at(CARTS, store, (120, 40)) as driver:
        first = driver.table.cursor_line.id
        for word, order in (("count", "freeze"), ("done", "thaw")):
            await driver.press("z")
            await driver.until(lambda: isinstance(driver.app.screen, ConfirmDialog))
            await driver.press(*word, "enter", "right", "enter")
            await driver.until(lambda: isinstance(driver.app.screen, CartsScreen))
            await driver.until(lambda: store.plans.orders[-1:] == [(order, first, word)])  # noqa: B023
            store.history.carts = tuple(
                replace(cart, frozen=cart.id == first and order == "freeze") for cart in store.history.carts
            )
            store.commit()
            await driver.until(lambda: driver.table.cursor_line.frozen is (order == "freeze"))  # noqa: B023
        await driver.press("p")
        await driver.until(lambda: ready(driver, PlanScreen))


async def test_an_ended_push_is_undone_by_a_plan_that_is_shown_first() -> None:
    store = FakeStore()
    run = run_row(14)
    store.details[14] = detail(run)
    async with room(store) as driver:
        driver.app.push_screen(RunScreen(driver.app.context, 14))
        await driver.until(lambda: "u" in driver.app.screen.active_bindings)
        await driver.press("u")
        await driver.until(lambda: isinstance(driver.app.screen, ConfirmDialog))
        await driver.press(*"wrong", "enter", "right", "enter")
        await driver.until(lambda: ready(driver, PlanScreen))
        await driver.sees("Plan 13")
        assert store.plans.orders == [("undo", 14, "wrong")]
