"""The control room in this process with an emulator for a terminal: what really stands on the screen, cell by cell.

The emulator knows what the control room sends and nothing else, and is fast enough for storms; `pty_harness` has a whole one.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from rich.cells import get_character_cell_size
from textual import events
from textual.app import App
from textual.drivers.headless_driver import HeadlessDriver
from textual.geometry import Size
from textual.pilot import Pilot

from invsync_tui.tui.app import ControlRoom

PILOT_KEYS = {"Enter": "enter", "Esc": "escape", "Down": "down", "Up": "up", "PgDn": "pagedown", "End": "end"}
Cells = list[list[tuple[str, str]]]
BLANK = (" ", "")
SEQUENCE = re.compile(r"\x1b\[(\??[\d;]*)([A-Za-z])|\x1b\[?[?<>=]?[\d;$]*[A-Za-z]|[\x00-\x1f]")


class Grid:
    """Characters with the codes of their style; lines do not wrap."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.cells: Cells = [[BLANK] * columns for _ in range(rows)]
        self.x = self.y = 0
        self.style = ""

    def resize(self, columns: int, rows: int) -> None:
        kept = [(row + [BLANK] * columns)[:columns] for row in self.cells[:rows]]
        self.cells = kept + [[BLANK] * columns for _ in range(rows - len(kept))]
        self.columns, self.rows = columns, rows
        self.x, self.y = min(self.x, columns - 1), min(self.y, rows - 1)

    def feed(self, data: str) -> None:
        at = 0
        for found in SEQUENCE.finditer(data):
            self._text(data[at : found.start()])
            at = found.end()
            if found[2] == "m":
                self.style = "" if found[1] in ("", "0") else self.style + found[1] + ";"
            elif found[2] == "H":
                y, x = (int(n or 1) for n in (found[1] or "1;1").split(";"))
                self.x, self.y = min(x, self.columns) - 1, min(y, self.rows) - 1
        self._text(data[at:])

    def _text(self, text: str) -> None:
        row = self.cells[self.y]
        for char in text:
            width = 1 if char < "\x7f" else get_character_cell_size(char)
            if not width:
                if self.x:
                    row[self.x - 1] = (row[self.x - 1][0] + char, row[self.x - 1][1])
                continue
            for cell in [char, *[""] * (width - 1)]:
                row[min(self.x, self.columns - 1)] = (cell, self.style)
                self.x = min(self.x + 1, self.columns)


class EmulatedDriver(HeadlessDriver):
    """Writes to an emulator, and is believed to be a real terminal."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        columns, rows = self._size or (80, 24)
        self.grid = Grid(columns, rows)
        self.sent = 0

    @property
    def is_headless(self) -> bool:
        return False

    def write(self, data: str) -> None:
        self.sent += len(data)
        self.grid.feed(data)

    def resize(self, columns: int, rows: int) -> None:
        """The terminal is another size at once; the program hears of it when its turn comes."""
        self._size = (columns, rows)
        self.grid.resize(columns, rows)
        size = Size(columns, rows)
        self.send_message(events.Resize(size, size))

    def cells(self) -> Cells:
        """Everything that can be seen of every cell."""
        return [list(row) for row in self.grid.cells]

    def lines(self) -> list[str]:
        return ["".join(char for char, _ in row).rstrip() for row in self.grid.cells]


class Emulated:
    """A running control room on its terminal."""

    def __init__(self, app: App[Any], pilot: Pilot[Any]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def terminal(self) -> EmulatedDriver:
        driver = self.app._driver
        assert isinstance(driver, EmulatedDriver)
        return driver

    async def press(self, *keys: str) -> None:
        """Names as on the footer, or text as it is typed."""
        for key in keys:
            await self.pilot.press(*([PILOT_KEYS[key]] if key in PILOT_KEYS else list(_typed(key))))
            await self.pilot.pause()

    async def until_shown(self, text: str) -> None:
        for _ in range(600):
            if text in "\n".join(self.terminal.lines()):
                return
            await self.pilot.pause(0.01)
        raise AssertionError(f"waited for {text!r}, but the screen is:\n" + "\n".join(self.terminal.lines()))

    async def settled(self) -> None:
        """Nothing was sent for a while."""
        quiet = 0
        for _ in range(500):
            before = self.terminal.sent
            await self.pilot.pause(0.02)
            quiet = quiet + 1 if self.terminal.sent == before else 0
            if quiet >= 8:
                return
        raise AssertionError("the screen never comes to rest")

    async def drawn_anew(self) -> Cells:
        """What a redraw of everything shows: no line that is kept, and an emulator that was just switched on."""
        terminal = self.terminal
        terminal.grid = Grid(terminal.grid.columns, terminal.grid.rows)
        for widget in self.app.screen.walk_children(with_self=True):
            widget.refresh()  # type: ignore[attr-defined]
        self.app.draw_anew()  # type: ignore[attr-defined]
        await self.settled()
        return terminal.cells()


def _typed(text: str) -> list[str]:
    names = {" ": "space", "/": "slash", ":": "colon", "?": "question_mark", "[": "left_square_bracket",
             "]": "right_square_bracket", "-": "minus"}  # fmt: skip
    return [names.get(char, char) for char in text]


@asynccontextmanager
async def emulated(app: App[Any], size: tuple[int, int] = (80, 24)) -> AsyncIterator[Emulated]:
    """The application on an emulated terminal, closed at the end."""

    def build(headless: bool, inline: bool, mouse: bool, size: tuple[int, int] | None) -> EmulatedDriver:
        app._driver = EmulatedDriver(app, debug=False, mouse=mouse, size=size)
        return app._driver

    app._build_driver = build  # type: ignore[method-assign, assignment]
    try:
        async with app.run_test(size=size) as pilot:
            yield Emulated(app, pilot)
            await asyncio.sleep(0)
    finally:
        if isinstance(app, ControlRoom):
            app.close_store()


def difference(shown: Cells, fresh: Cells) -> list[str]:
    """Rows that are not the same, in words."""
    rows = [(y, a, b) for y, (a, b) in enumerate(zip(shown, fresh, strict=True)) if a != b]
    return [f"{y}: {''.join(c[0] for c in a)!r} is not {''.join(c[0] for c in b)!r}" for y, a, b in rows]
