"""A screen whose styles are named by what they mean."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual.screen import Screen

from invsync_tui.tui.text.styled import Tone

Result = TypeVar("Result")
"""What a screen is dismissed with."""


class TonedScreen(Screen[Result]):
    """A screen on which `widgets.canvas` can draw."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"tone--{tone}" for tone in Tone}
