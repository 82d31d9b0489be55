"""A screen whose styles are named by what they mean."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, TypeVar

from textual import screen as textual_screen
from textual.screen import Screen

from invsync_tui.tui.text.styled import Tone

Result = TypeVar("Result")
"""What a screen is dismissed with."""
STYLES = Path(__file__).parents[2] / "screens.tcss"
"""Of every screen but the first one; Textual would look for a relative path beside each subclass."""

FRAME = 0.004
"""Seconds after which what changed is drawn, at least. Textual's own, a sixtieth, is waited for up to twice over, so that an
answer of 10 ms stands there after 50. More frames are not sent for it: each has what changed until then."""
textual_screen.UPDATE_PERIOD = FRAME  # type: ignore[misc]


class TonedScreen(Screen[Result]):
    """A screen on which `widgets.diff_canvas` can draw."""

    CSS_PATH: ClassVar[Path | None] = STYLES
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"tone--{tone}" for tone in Tone}
