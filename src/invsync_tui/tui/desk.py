"""What every screen is given: the reader, the terminal's manners and the clock. Not an application object."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from invsync_tui.tui.glyphs import Glyphs, glyphs_for
from invsync_tui.tui.reader import Reader
from invsync_tui.tui.terminal import Terminal


@dataclass(slots=True)
class Desk:
    """Shared by the screens of one control room."""

    reader: Reader
    terminal: Terminal
    clock: Callable[[], float] = time.time
    known_runs: tuple[int, ...] = ()
    """Run numbers that the command line can complete."""
    glyphs: Glyphs = field(init=False)

    def __post_init__(self) -> None:
        self.glyphs = glyphs_for(self.terminal.ascii_only)

    @property
    def read_only(self) -> bool:
        return self.reader.gateway.read_only
