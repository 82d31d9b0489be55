"""How the control room looks in 256 colours: dark and light. The terminal's own 16 need no theme of ours."""

from __future__ import annotations

from textual.theme import Theme

DARK, LIGHT = "dark", "light"

NIGHT = Theme(
    name="invsync",
    primary="#5f87d7",
    secondary="#5f87af",
    accent="#5fafff",
    foreground="#d0d0d0",
    background="#1c1c1c",
    surface="#262626",
    panel="#303030",
    success="#87d787",
    warning="#ffaf5f",
    error="#ff5f5f",
    dark=True,
)
DAY = Theme(
    name="invsync-light",
    primary="#005faf",
    secondary="#5f87af",
    accent="#005fd7",
    foreground="#262626",
    background="#ffffff",
    surface="#eeeeee",
    panel="#dadada",
    success="#005f00",
    warning="#875f00",
    error="#af0000",
    dark=False,
    # Rules between parts of a screen; lighter than the panel they would vanish on white.
    variables={"panel-lighten-2": "#a8a8a8"},
)
"""Colours of the 256-colour cube, so that SSH without truecolor shows the same."""
THEMES = {DARK: NIGHT, LIGHT: DAY}
