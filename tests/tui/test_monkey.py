"""A monkey at the keys: whatever is pressed, pasted and resized, on any screen, with rows and without, nothing ends it."""

from __future__ import annotations

import asyncio
import random
import time

import pytest
from textual import events

from invsync_tui.tui.app import ControlRoom, control_room
from invsync_tui.tui.terminal import Terminal
from tests.support.fakes.lists import HOSTILE
from tests.support.fakes.store import FakeStore, merchant
from tests.support.terminal.emulator import Emulated, difference, emulated

MANNERS = Terminal(ascii_only=False, ansi_theme=False, mouse=True, interval=0.02)
KEYS = (
    *"abcdefghijklmnoprstuvwxyzADEFGOTRLS0123456789", "enter", "enter", "enter", "escape", "up", "down", "left", "right", "tab",
    "shift+tab", "space", "pageup", "pagedown", "home", "end", "backspace", "delete", "slash", "colon", "question_mark",
    "left_square_bracket", "right_square_bracket", "ctrl+c", "ctrl+l", "f1", "f5",
)  # fmt: skip
PASTES = ("", "\n", "\x1b[2J", "\u202eabc", "👨‍👩‍👧", "हिन्दी", "run 11", "carts", "x" * 5000, "\ud800", "a\nb")
STEPS = 120


def room(*, empty: bool) -> ControlRoom:
    store = FakeStore(() if empty else None)
    if not empty:
        store.merchants += tuple(merchant(number, name) for number, name in enumerate(HOSTILE, 20))
    app, now = control_room(store, MANNERS), time.time()
    app.context.clock = lambda: now  # no age may change between two pictures
    return app


async def step(shown: Emulated, chance: random.Random) -> str:
    """One thing that can happen to a terminal; what it was."""
    what = chance.random()
    if what < 0.1:
        size = chance.randint(1, 140), chance.randint(1, 50)
        shown.terminal.resize(*size)
        return f"size {size}"
    if what < 0.15:
        text = chance.choice(PASTES)
        shown.app.post_message(events.Paste(text))
        return f"paste {text[:20]!r}"
    if what < 0.22:
        x, y = chance.randint(0, 140), chance.randint(0, 50)
        for kind in (events.MouseMove, events.MouseDown, events.MouseUp):
            shown.terminal.process_message(kind(None, x, y, 0, 0, 1, False, False, False, x, y))
        return f"click {x, y}"
    key = chance.choice(KEYS)
    shown.app.simulate_key(key)
    await asyncio.sleep(0)
    if chance.random() < 0.4:
        await shown.pilot.pause()
    return key


@pytest.mark.parametrize("empty", [False, True], ids=["with rows", "without"])
@pytest.mark.parametrize("seed", range(3))
async def test_no_key_paste_click_or_size_ends_the_control_room(seed: int, empty: bool) -> None:
    chance = random.Random(seed)
    done: list[str] = []
    async with emulated(room(empty=empty)) as shown:
        await shown.until_shown("Merchant")
        for _ in range(STEPS):
            done.append(await step(shown, chance))
            assert shown.app._exception is None and shown.app.is_running, done
        # then everything that stands there is what a redraw shows
        shown.terminal.resize(80, 24)
        await shown.settled()
        stands = shown.terminal.cells()
        assert difference(stands, await shown.drawn_anew()) == [], done
        assert not any(char in "\u202e\x1b\x9b\u200d" for row in stands for cell, _ in row for char in cell)
