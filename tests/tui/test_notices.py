"""A notice ends when its subject changes or after a while; an error and what is under way stay."""

from __future__ import annotations

from dataclasses import replace

import pytest

from invsync_tui.operations.views import RunState
from invsync_tui.tui.screens.base import base_screen
from invsync_tui.tui.screens.base.base_screen import BaseScreen
from invsync_tui.tui.text.styled import Tone
from tests.support.fakes.store import FakeStore, detail, run_row
from tests.support.screens.control_room import Driver, room


def screen(driver: Driver) -> BaseScreen:
    assert isinstance(driver.app.screen, BaseScreen)
    return driver.app.screen


@pytest.mark.parametrize("tone", [Tone.PLAIN, Tone.GOOD, Tone.FAINT, Tone.WARN])
async def test_a_notice_ends_after_a_while(monkeypatch: pytest.MonkeyPatch, tone: Tone) -> None:
    monkeypatch.setattr(base_screen, "NOTICE_SECONDS", 0.05)
    async with room() as driver:
        screen(driver).notice("It was done.", tone)
        assert driver.notice()
        await driver.until(lambda: not driver.notice())
        assert screen(driver)._notice_timer is None


async def test_an_error_and_what_is_under_way_have_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base_screen, "NOTICE_SECONDS", 0.0)
    async with room() as driver:
        screen(driver).notice("It failed.", Tone.BAD)
        assert driver.notice().endswith("It failed.") and screen(driver)._notice_timer is None
        screen(driver).notice("Counting", Tone.FAINT, lasts=True)
        assert driver.notice() == "Counting" and screen(driver)._notice_timer is None


async def test_a_newer_notice_has_its_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async with room() as driver:
        screen(driver).notice("First")
        first = screen(driver)._notice_timer
        screen(driver).notice("It failed.", Tone.BAD)
        assert first is not None and screen(driver)._notice_timer is None
        assert driver.notice().endswith("It failed.")


@pytest.mark.parametrize("tone", [Tone.GOOD, Tone.BAD])
async def test_a_notice_about_a_run_goes_when_the_run_changes(monkeypatch: pytest.MonkeyPatch, tone: Tone) -> None:
    monkeypatch.setattr(base_screen, "READ_FOR", 0.0)
    store = FakeStore()
    async with room(store) as driver:
        await driver.press("enter")
        await driver.sees("1,800 updated")
        screen(driver).notice("Run 11 stops after the request in flight.", tone)
        # when it progresses, then the notice stays
        live = store.details[11]
        store.details[11] = replace(live, run=replace(live.run, done=1900, error="slower"))
        store.commit()
        await driver.sees("slower")
        assert "Run 11 stops" in driver.notice()
        # when it ends, then it goes
        store.details[11] = detail(run_row(11, state=RunState.CANCELLED))
        store.commit()
        await driver.until(lambda: not driver.notice())


async def test_a_notice_stands_long_enough_to_be_read() -> None:
    store = FakeStore()
    async with room(store) as driver:
        await driver.press("enter")
        await driver.sees("1,800 updated")
        screen(driver).notice("Run 11 stops after the request in flight.", Tone.GOOD)
        store.details[11] = detail(run_row(11, state=RunState.CANCELLED))
        store.commit()
        await driver.sees("canceled")
        timer = screen(driver)._notice_timer
        assert "Run 11 stops" in driver.notice() and timer is not None and timer._interval <= base_screen.READ_FOR


async def test_a_notice_about_a_run_is_not_shown_on_another(monkeypatch: pytest.MonkeyPatch) -> None:
    async with room() as driver:
        await driver.press("enter")
        await driver.sees("1,800 updated")
        screen(driver).notice("Run 11 stops after the request in flight.", Tone.GOOD)
        await driver.press("right_square_bracket")
        await driver.until(lambda: "Run 11 stops" not in driver.notice())
