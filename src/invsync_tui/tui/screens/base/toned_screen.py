"""A screen whose styles are named by what they mean."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual.screen import Screen

from invsync_tui.tui.text.styled import Tone

Result = TypeVar("Result")
"""What a screen is dismissed with."""


class TonedScreen(Screen[Result]):
    """A screen on which `widgets.canvas` can draw."""

    DEFAULT_CSS = """
    TonedScreen {
        background: $background;
        & > .tone--plain { color: $foreground; }
        & > .tone--faint { color: $text-muted; }
        & > .tone--strong { color: $foreground; text-style: bold; }
        & > .tone--good { color: $success; }
        & > .tone--warn { color: $warning; }
        & > .tone--bad { color: $error; text-style: bold; }
        & > .tone--accent { color: $accent; }
        & > .tone--key { color: $accent; text-style: bold; }
    }
    TonedScreen:ansi > .tone--faint { text-style: dim; color: $foreground; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"tone--{tone}" for tone in Tone}
