"""What tests wait for instead of a while: that nothing more is on its way to the terminal."""

from __future__ import annotations

import time

import pytest
from textual.widget import Widget

from invsync_tui.tui.app import ControlRoom, control_room
from invsync_tui.tui.terminal import Terminal
from tests.support.fakes.store import FakeStore
from tests.support.terminal.emulator import Emulated, emulated
from tests.support.terminal.rest import at_rest, mark
from tests.support.terminal.tour import Tour
from tests.support.terminal.tour_stops import DEMO

MANNERS = Terminal(ascii_only=False, ansi_theme=False, mouse=False, interval=0.02)


def screen(shown: Emulated) -> Widget:
    assert isinstance(shown.app, ControlRoom)
    return shown.app.screen


async def test_an_answer_that_takes_its_time_is_waited_for() -> None:
    room = control_room(FakeStore(), MANNERS)
    async with emulated(room) as shown:
        await at_rest(room)
        told: list[str] = []
        room.context.store.ask(screen(shown), lambda _: time.sleep(0.4), lambda _: told.append("answer"))
        await at_rest(room)
        assert told == ["answer"]


async def test_what_an_answer_asks_for_is_waited_for_as_well() -> None:
    room = control_room(FakeStore(), MANNERS)
    async with emulated(room) as shown:
        await at_rest(room)
        told: list[str] = []

        def ask_again(_: object) -> None:
            room.context.slow_store.ask(screen(shown), lambda _: time.sleep(0.2), lambda _: told.append("second"))

        room.context.store.ask(screen(shown), lambda _: time.sleep(0.2), ask_again)
        await at_rest(room)
        assert told == ["second"]


async def test_a_timer_is_waited_for_if_its_time_is_soon() -> None:
    room = control_room(FakeStore(), MANNERS)
    async with emulated(room) as shown:
        await at_rest(room)
        told: list[str] = []
        screen(shown).set_timer(0.1, lambda: told.append("soon"))
        screen(shown).set_timer(5, lambda: told.append("late"))
        await at_rest(room)
        assert told == ["soon"]


async def test_what_was_committed_is_read_first() -> None:
    store = FakeStore()
    room = control_room(store, MANNERS)
    async with emulated(room) as shown:
        await at_rest(room)
        assert "Demo Books" in "\n".join(shown.terminal.lines())
        store.merchants = store.merchants[:1]
        store.commit()
        await at_rest(room)
        assert "Demo Books" not in "\n".join(shown.terminal.lines())


@pytest.mark.parametrize("cut", range(1, len(mark(7))))
def test_a_mark_that_comes_in_two_pieces_is_not_shown(cut: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tour, "forks", False)
    with Tour(("sh", "-c", "sleep 60"), 80, 24) as terminal:
        whole = f"before{mark(7)}after".encode()
        terminal._show(whole[: 6 + cut])
        assert (terminal.lines()[0], terminal._answered) == ("before", 0)
        terminal._show(whole[6 + cut :])
        assert (terminal.lines()[0], terminal._answered) == ("beforeafter", 7)
        assert (terminal.bytes_out, bytes(terminal.raw)) == (11, b"beforeafter")


def test_a_tour_waits_for_the_last_of_its_keys() -> None:
    with Tour(DEMO, 80, 24) as terminal:
        terminal.wait_for("merchants")
        terminal.press("w", 1)
        assert "3 warehouses" in "\n".join(terminal.lines())


def test_a_program_that_is_stuck_is_not_at_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.support.terminal.tour.LONGEST", 1.0)
    with Tour((*DEMO, "--stuck"), 80, 24) as terminal:
        terminal.wait_for("merchants")
        with pytest.raises(AssertionError, match="waited for rest"):
            terminal.press("F", 1)
