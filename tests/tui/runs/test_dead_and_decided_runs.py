"""A run without a worker looks like one, what was decided on a held run is said, and no run is promised that nobody starts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.geometry import Size

from invsync_tui.operations.views import Action, Decision, RunDetail, RunKind, RunState, Stall
from invsync_tui.rules.outcomes import Counts
from invsync_tui.tui.screens.listings import carts as cart_screen
from invsync_tui.tui.screens.merchants.text import CELLS
from invsync_tui.tui.screens.runs.run import RunScreen
from invsync_tui.tui.screens.runs.run_text import Page, title, write
from invsync_tui.tui.screens.runs.runs import FIELDS
from invsync_tui.tui.text.formatting import clock
from invsync_tui.tui.text.glyphs import UNICODE
from invsync_tui.tui.widgets.columns import RenderContext
from tests.support.fakes.runs import cart_line
from tests.support.fakes.store import NOW, FakeStore, detail, live_detail, merchant, run_row
from tests.support.screens.control_room import room

PAGE = Page(Size(100, 30), float(NOW), UNICODE, frozenset(Action))
RENDERING = RenderContext(float(NOW), UNICODE)
STALL = Stall("gone", NOW - 600, "Its worker is gone.", "invsync serve", "Press s on the merchants screen.")


def sheet(run_detail: RunDetail, page: Page = PAGE) -> str:
    return "\n".join(line.text for line in write(run_detail, page))


def decided(decision: Decision, **changes: object) -> RunDetail:
    state = RunState.DONE if decision is Decision.PARTLY_RELEASED else RunState.CANCELLED
    return detail(run_row(5, decision=decision, state=state, **changes), reasons=(), events=())


def test_a_stalled_run_says_since_when_in_the_place_of_its_rate_and_what_to_press() -> None:
    live = live_detail(1, 999)
    dead = replace(live, run=replace(live.run, stall=STALL), per_second=None, eta=None)
    text = sheet(dead)
    at = clock(NOW - 600, NOW)
    assert f"Stalled since {at}, 10 min ago. Its worker is gone." in text and STALL.key in text
    (phase,) = [row for row in text.splitlines() if "999 of 4,122" in row]
    assert phase.startswith("▲") and phase.endswith(f"stalled since {at}")
    assert "API rate limit" not in text and "API rate limit" in sheet(live)


def test_a_discarded_run_says_so_and_offers_the_plan_and_another_sync() -> None:
    run_detail = decided(Decision.DISCARDED, counts=Counts(total=412, held=412))
    assert title(run_detail.run, 80, UNICODE).text.rstrip().endswith("discarded")
    text = sheet(run_detail)
    assert "discarded: nothing was sent" in text and "s starts a sync now" in text and "p shows what" in text
    assert "s starts" not in sheet(run_detail, replace(PAGE, offered=frozenset()))


def test_a_discarded_download_has_no_plan() -> None:
    run_detail = decided(Decision.DISCARDED, kind=RunKind.PULL, cart_id=None, cart=None)
    assert "p shows what" not in sheet(run_detail)


@pytest.mark.parametrize(("held", "text"), [(1, "1 listing is still held"), (4200, "4,200 listings are still held")])
def test_a_run_that_was_released_in_part_says_what_is_still_held(held: int, text: str) -> None:
    run_detail = decided(Decision.PARTLY_RELEASED, counts=Counts(total=held + 6, set=6, held=held))
    assert text in sheet(run_detail)
    assert "partly released" in title(run_detail.run, 80, UNICODE).text


async def test_the_plan_of_a_discarded_push_opens_by_its_key() -> None:
    store = FakeStore()
    discarded = decided(Decision.DISCARDED)
    store.details[11] = replace(discarded, run=replace(discarded.run, id=11))
    async with room(store) as driver:
        await driver.press("enter")
        await driver.sees("discarded: nothing was sent")
        assert isinstance(driver.app.screen, RunScreen)
        await driver.press("p")
        await driver.until(lambda: type(driver.app.screen).__name__ == "PlanScreen")


def test_the_list_of_runs_says_what_was_decided() -> None:
    state = next(field for field in FIELDS if field.title == "State")
    story = next(field for field in FIELDS if field.title == "What happened")
    run = decided(Decision.PARTLY_RELEASED, counts=Counts(total=10, set=6, held=4)).run
    assert state.cell(run, RENDERING)[0] == "▲ partly released" and state.value(run) == "partly released"
    assert story.value(run) == "4 still held"
    assert state.cell(decided(Decision.DISCARDED).run, RENDERING)[0] == "○ discarded"


def cell(name: str, **changes: object) -> str:
    return CELLS[name](merchant(1, "Demo", **changes), RENDERING)[0]


@pytest.mark.parametrize("word", ["no service", "stalled", "unknown"])
def test_no_next_run_is_promised_where_nobody_starts_it(word: str) -> None:
    assert cell("next", next_run_at=None, scheduled=True, not_due=word) == word
    line = cart_line(7, "Demo Cart", next_run_at=None, not_due=word)
    assert cart_screen._next(line, RENDERING)[0] == word


def test_a_merchant_that_is_switched_off_is_off_and_has_no_next_run() -> None:
    assert cell("status", sync_on=False, status="off") == "off"
    assert cell("next", sync_on=False, next_run_at=None) == "N/A"
    assert cell("last", sync_on=False, last_run_at=None) == "N/A"


@pytest.mark.parametrize("stalled", [True, False])
async def test_a_stalled_run_is_resumed_by_the_key_on_its_own_screen(stalled: bool) -> None:
    store = FakeStore()
    live = live_detail(11, 999)
    dead = replace(live, run=replace(live.run, stall=STALL), actions=frozenset({Action.CANCEL, Action.RESUME}))
    store.details[11] = dead if stalled else live
    async with room(store, (120, 40)) as driver:
        await driver.press("enter")
        await driver.sees("c Stop run")
        assert any("s Resume" in row for row in driver.lines()) is stalled
        await driver.press("s")
        await driver.until(lambda: (("resume", 11) in store.orders) is stalled)
        if stalled:
            await driver.sees("continues run 11")
