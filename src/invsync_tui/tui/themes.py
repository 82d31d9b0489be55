"""How the control room looks in 256 colors. The terminal's own 16 need no theme of ours."""

from __future__ import annotations

from textual.theme import Theme

DARK, LIGHT, CONTRAST, COLOR_BLIND, OWN = "dark", "light", "high-contrast", "color-blind", "16"

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
"""Colors of the 256-color cube, so that SSH without truecolor shows the same."""
HIGH_CONTRAST = Theme(
    name="invsync-high-contrast",
    primary="#5fafff",
    secondary="#87afff",
    accent="#5fffff",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#303030",
    success="#87ff87",
    warning="#ffff5f",
    error="#ff8787",
    dark=True,
    variables={
        "text-muted": "#d7d7d7",
        "panel-lighten-2": "#ffffff",
        "block-cursor-background": "#ffffff",
        "block-cursor-foreground": "#000000",
    },
)
SAFE_COLORS = Theme(
    name="invsync-color-blind",
    primary="#5f87d7",
    secondary="#5f87af",
    accent="#d7afff",
    foreground="#d0d0d0",
    background="#1c1c1c",
    surface="#262626",
    panel="#303030",
    success="#5fafff",
    warning="#ffff87",
    error="#ff8700",
    dark=True,
)
"""Blue, pale yellow and orange, after Okabe and Ito: they differ for eyes without red, green or blue cones."""
THEMES = {DARK: NIGHT, LIGHT: DAY, CONTRAST: HIGH_CONTRAST, COLOR_BLIND: SAFE_COLORS}
DESCRIPTIONS = {
    DARK: "for most terminals",
    LIGHT: "for a light room",
    CONTRAST: "white on black, every text at least 7 to 1",
    COLOR_BLIND: "blue, yellow and orange instead of green, amber and red",
    OWN: "the terminal's own 16 colors; shown from the next start, not here",
}
