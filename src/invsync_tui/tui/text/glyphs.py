"""The characters that bars and marks are drawn with, for terminals with and without Unicode."""

from __future__ import annotations

from typing import NamedTuple


class Glyphs(NamedTuple):
    """One character each, so that columns line up in both sets."""

    bar_full: str
    bar_empty: str
    check: str
    cross: str
    waiting: str
    running: str
    skipped: str
    warning: str
    bullet: str
    separator: str
    more: str
    ascending: str
    descending: str
    arrow: str
    rule: str
    lock: str
    crumb: str
    dot: str
    tick: str
    corner: str
    levels: str
    """From nothing to all of it; the one that is not one character."""


UNICODE = Glyphs(
    "█", "░", "✓", "✗", "·", "▶", "○", "▲", "•", "│", "…", "▲", "▼", "→", "─", "⊘", "›", "·", "┤", "└", "▁▂▃▄▅▆▇█"
)
ASCII = Glyphs(
    "#", ".", "+", "x", ".", ">", "o", "!", "*", "|", "~", "^", "v", ">", "-", "#", "/", "-", "|", "+", "_.:-=+*#"
)


def glyphs_for(ascii_only: bool) -> Glyphs:
    """The set for this terminal."""
    return ASCII if ascii_only else UNICODE
