"""What changed is drawn as soon as it is known, not at the next sixtieth of a second or the one after."""

from __future__ import annotations

from invsync_tui.tui.app import control_room
from invsync_tui.tui.screens.base.toned_screen import FRAME
from invsync_tui.tui.terminal import Terminal
from tests.support.fakes.store import FakeStore
from tests.support.terminal.emulator import emulated

PLAIN = Terminal(ascii_only=False, ansi_theme=False, mouse=False, interval=0.02)


async def test_every_screen_draws_within_a_few_milliseconds() -> None:
    async with emulated(control_room(FakeStore(), PLAIN)) as room:
        for key in ("w", "/", "escape"):
            assert room.app.screen._update_timer._interval == FRAME < 0.005
            await room.press("Esc" if key == "escape" else key)
            await room.settled()
