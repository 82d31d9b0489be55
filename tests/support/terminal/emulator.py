"""The control room in this process with an emulator for a terminal: what really stands on the screen, cell by cell.

The emulator knows what the control room sends and nothing else, and is fast enough for storms; `pty_harness` has a whole one.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from rich.cells import get_character_cell_size
from textual import events
from textual.app import App
from textual.drivers.headless_driver import HeadlessDriver
from textual.geometry import Size
from textual.pilot import Pilot

from invsync_tui.tui.app import ControlRoom
from tests.support.terminal.rest import at_rest, count_all_questions, count_questions

PILOT_KEYS = {
    "Enter": "enter",
    "Esc": "escape",
    "Down": "down",
    "Up": "up",
    "PgDn": "pagedown",
    "End": "end",
    "Left": "left",
}
Cells = list[list[tuple[str, str]]]
BLANK = (" ", "")
SEQUENCE = re.compile(
    r"\x1b\[(\??[\d;]*)([A-Za-z])|\x1b([DM])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[?[?<>=]?[\d;$]*[A-Za-z]|[\x00-\x1f]"
)
ENDS = {22: {1, 2}, 23: {3}, 24: {4, 21}, 25: {5, 6}, 27: {7}, 28: {8}, 29: {9}, 54: {51, 52}, 55: {53}}
"""Codes that end attributes, and those that they end."""
SEEN_ON_BLANKS = frozenset({4, 5, 6, 7, 9, 21, 51, 52, 53})
"""Attributes that can be seen where there is no character."""


class Brush:
    """How characters look from now on: attributes and the two colors, as codes."""

    def __init__(self) -> None:
        self.attributes: set[int] = set()
        self.fore = self.back = ""
        self._told: tuple[str, str] | None = None

    def take(self, codes: str) -> None:
        self._told = None
        numbers = [int(code or 0) for code in codes.split(";")]
        while numbers:
            code = numbers.pop(0)
            if code in (38, 48):
                length = 4 if numbers[0] == 2 else 2
                color, numbers = f"{numbers[:length]}", numbers[length:]
            else:
                color = "" if code in (39, 49) else str(code % 10 + (60 if code >= 90 else 0))
            if code == 0:
                self.attributes, self.fore, self.back = set(), "", ""
            elif code in (38, 39) or code // 10 in (3, 9):
                self.fore = color
            elif code in (48, 49) or code // 10 in (4, 10):
                self.back = color
            elif code in ENDS:
                self.attributes -= ENDS[code]
            else:
                self.attributes.add(code)

    def on(self, character: str) -> str:
        """What can be seen of the style on a character: of a blank, not whether it is bold."""
        if self._told is None:
            plain = not self.attributes and not self.fore and not self.back
            ink = "" if plain else f"{sorted(self.attributes)} {self.fore} on {self.back}"
            blank = f"on {self.back}" if self.back else ""
            self._told = (ink if self.attributes & SEEN_ON_BLANKS else blank), ink
        return self._told[character != " "]


class Grid:
    """Characters with what can be seen of their style; lines do not wrap."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.cells: Cells = [[BLANK] * columns for _ in range(rows)]
        self.x = self.y = 0
        self.brush = Brush()
        self.top, self.bottom = 0, rows - 1

    def resize(self, columns: int, rows: int) -> None:
        rows_left = [(row + [BLANK] * columns)[:columns] for row in self.cells[:rows]]
        self.cells = rows_left + [[BLANK] * columns for _ in range(rows - len(rows_left))]
        self.columns, self.rows = columns, rows
        self.x, self.y = min(self.x, columns - 1), min(self.y, rows - 1)
        self.top, self.bottom = 0, rows - 1

    def feed(self, data: str) -> None:
        at = 0
        for sequence in SEQUENCE.finditer(data):
            self._text(data[at : sequence.start()])
            at = sequence.end()
            if sequence[0] in "\r\n":
                self._feed(sequence[0])
            elif sequence[3]:
                self._scroll(up=sequence[3] == "D")
            elif sequence[2]:
                self._command(sequence[2], sequence[1])
        self._text(data[at:])

    def _feed(self, control: str) -> None:
        """Carriage return and line feed; the second as of a terminal that adds the first, for nobody may rely on either."""
        self.x = 0
        if control == "\n":
            self._scroll(up=True)

    def _command(self, name: str, numbers: str) -> None:
        if name == "m":
            self.brush.take(numbers)
        elif name == "H":
            y, x = (int(n or 1) for n in f"{numbers};".split(";")[:2])
            self.x, self.y = min(x, self.columns) - 1, min(y, self.rows) - 1
        elif name == "X":
            for x in range(self.x, min(self.x + int(numbers), self.columns)):
                self.cells[self.y][x] = (" ", f"on {self.brush.back}" if self.brush.back else "")
        elif name == "K":
            self._command("X", str(self.columns - self.x))
        elif name == "G":
            self.x = min(int(numbers or 1), self.columns) - 1
        elif name == "r":
            top, bottom = (int(n) for n in (numbers or f"1;{self.rows}").split(";"))
            if top < min(bottom, self.rows):
                self.top, self.bottom = top - 1, min(bottom, self.rows) - 1
            self.x = self.y = 0

    def _scroll(self, *, up: bool) -> None:
        """Index and reverse index: they scroll at the edge of the region, and move the cursor inside."""
        if self.y != (self.bottom if up else self.top):
            self.y = max(0, min(self.y + (1 if up else -1), self.rows - 1))
            return
        gone, new = (self.top, self.bottom) if up else (self.bottom, self.top)
        del self.cells[gone]
        self.cells.insert(new, [BLANK] * self.columns)

    def _text(self, text: str) -> None:
        row = self.cells[self.y]
        if text.isascii() and "\x7f" not in text and self.x + len(text) <= self.columns:
            blank, ink = self.brush.on(" "), self.brush.on("x")
            row[self.x : self.x + len(text)] = [(char, blank if char == " " else ink) for char in text]
            self.x += len(text)
            return
        for char in text:
            width = 1 if char < "\x7f" else get_character_cell_size(char)
            if not width:
                if self.x:
                    row[self.x - 1] = (row[self.x - 1][0] + char, row[self.x - 1][1])
                continue
            for cell in [char, *[""] * (width - 1)]:
                row[min(self.x, self.columns - 1)] = (cell, self.brush.on(char))
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

    async def go(self, keys: Sequence[str]) -> None:
        """Press the keys of a stop of the tour, each after the one before has had its effect; `~text` waits for a text."""
        await self.until_shown("merchants")
        await self.settled()
        for key in keys:
            await (self.until_shown(key[1:]) if key.startswith("~") else self.press(key))
            await self.settled()

    async def settled(self) -> None:
        """Nothing more is on its way to the terminal."""
        try:
            await asyncio.wait_for(at_rest(self.app), 20)
        except TimeoutError:
            raise AssertionError("the screen never comes to rest") from None

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
    end_counting = count_all_questions()
    if isinstance(app, ControlRoom):
        count_questions(app.context.store)
    try:
        async with app.run_test(size=size) as pilot:
            yield Emulated(app, pilot)
            await asyncio.sleep(0)
    finally:
        end_counting()
        if isinstance(app, ControlRoom):
            app.close_store()


def difference(shown: Cells, fresh: Cells) -> list[str]:
    """Rows that are not the same, in words."""
    rows = [(y, a, b) for y, (a, b) in enumerate(zip(shown, fresh, strict=True)) if a != b]
    return [f"{y}: {''.join(c[0] for c in a)!r} is not {''.join(c[0] for c in b)!r}" for y, a, b in rows]
