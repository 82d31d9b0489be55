"""The control room over a fake store in a headless terminal, driven by keys."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from textual.pilot import Pilot

from invsync_tui.tui.app import ControlRoom, control_room
from invsync_tui.tui.terminal import Terminal
from invsync_tui.tui.text.advice import SHOWN
from invsync_tui.tui.widgets.table import WindowTable
from invsync_tui.tui.widgets.text_line import StatusMessage, TextLine
from tests.support.fakes.store import FakeStore

SHOW_COMMANDS = {"DoctorScreen", "AuditScreen", "EventsScreen", "AboutSystemScreen", "HelpScreen", "FixesScreen"}
"""Screens that show commands on purpose: fixes to be copied, what was recorded, and what a connector's page says."""
COMMAND = re.compile(rf": invsync (?!(?:{'|'.join(SHOWN)})\b)[a-z]+")
CLIPBOARD = "clipboard: "

QUICK = Terminal(ascii_only=False, ansi_theme=False, mouse=False, interval=0.02)


class Driver:
    """A running control room and what it shows."""

    def __init__(self, app: ControlRoom, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot

    async def press(self, *keys: str) -> None:
        """Press one key after the other. A button that was pressed takes no other press for a fifth of a second."""
        for key in keys:
            if key == "enter":
                await self.until(lambda: not self.app.screen.query("Button.-active"))
            await self.pilot.press(key)
        await self.pilot.pause()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for the reader's facts, bounded."""
        for _ in range(250):
            if holds():
                return
            await self.pilot.pause(0.02)
        raise AssertionError("\n".join(self.lines()))

    async def sees(self, text: str) -> None:
        await self.until(lambda: any(text in line for line in self.lines()))

    def lines(self) -> list[str]:
        """What is shown. Screens speak of keys: none but those that mean to show a command may name one."""
        lines = [strip.text for strip in self.app.screen._compositor.render_strips()]
        if type(self.app.screen).__name__ not in SHOW_COMMANDS:
            named = [line for line in lines if COMMAND.search(line) and CLIPBOARD not in line]
            assert not named, f"{type(self.app.screen).__name__} names a command: {named}"
        return lines

    @property
    def table(self) -> WindowTable:
        return self.app.screen.query_one(WindowTable)

    def notice(self) -> str:
        return self.app.screen.query_one(StatusMessage).text

    def header(self) -> str:
        return self.app.screen.query_one("#header", TextLine).text


@asynccontextmanager
async def room(store: FakeStore | None = None, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Driver]:
    """The control room after its first reading."""
    store = store or FakeStore()
    app = control_room(store, QUICK)
    try:
        async with app.run_test(size=size) as pilot:
            driver = Driver(app, pilot)
            await driver.until(
                lambda: driver.table.cursor_line is not None or bool(driver.notice()) or not store.merchants
            )
            yield driver
    finally:
        app.close_store()
