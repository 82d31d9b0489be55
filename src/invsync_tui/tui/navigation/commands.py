"""The command line behind `:`. Words to a place and what is said about it; not what happens there (`navigation`).

Textual's command palette offers the same (`palette`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from invsync_tui.tui.navigation.names import NOBODY, Known
from invsync_tui.tui.navigation.routes import ROUTES, Takes

WORDS: dict[str, Takes] = {
    **{route.name: route.takes for route in ROUTES if route.takes is not None},
    "sync": Takes.MERCHANT,
    "theme": Takes.THEME,
    "alerts": Takes.ALERTS,
    "help": Takes.NOTHING,
    "quit": Takes.NOTHING,
}
"""Screens and commands by their words, and what each takes."""
MEANS_SOMETHING_ALONE = frozenset(
    {*(route.name for route in ROUTES if route.alone), "sync", "theme", "alerts", "help", "quit"}
)
"""The rest means nothing without what it takes."""
THEMES = ("dark", "light", "high-contrast", "color-blind")
ALERTS = ("bell", "title", "both", "off")
PLACEHOLDER = "a SKU, a merchant or cart, run 42, carts, settings MERCHANT, help, quit"
LONGEST = 500
"""Characters of a command."""
FIND = "find"
"""The place of what is no command: a SKU, a name, a part of a title. Nobody has to type it."""


@dataclass(frozen=True, slots=True)
class GoTo:
    """The word of a screen or a command, and what was said about it: a number, a name, a text, or nothing."""

    place: str
    text: str = ""

    @property
    def number(self) -> int:
        return int(self.text)


class UnknownCommandError(Exception):
    """What was typed names no place; the text says what would."""


def understand(text: str) -> GoTo:
    """The place that was typed; an unmistakable beginning is enough."""
    if len(text) > LONGEST:
        raise UnknownCommandError(f"That is longer than the {LONGEST} characters that are looked up.")
    first, _, rest = text.strip().partition(" ")
    rest = rest.strip()
    if _is_number(first) and not rest:
        return GoTo("run", first)
    place = _place(first.lower())
    if place == FIND:
        return GoTo(FIND, text.strip())
    if not rest and place not in MEANS_SOMETHING_ALONE:
        raise UnknownCommandError(f"What {place}? Type: {place} {WORDS[place]}")
    if rest and not WORDS[place]:
        raise UnknownCommandError(f"{place} stands alone; it takes nothing.")
    _well_said(place, rest)
    return GoTo(place, rest)


def _is_number(text: str) -> bool:
    """Whether it can be the number of a row: ² is a digit too, and a store's numbers end at 19 digits."""
    return text.isascii() and text.isdigit() and len(text) < 19


def _place(word: str) -> str:
    matches = [word] if word in WORDS else [place for place in WORDS if word and place.startswith(word)]
    if len(matches) == 1:
        return matches[0]
    if not word:
        raise UnknownCommandError(f"Type one of: {', '.join(WORDS)}, or a SKU or name.")
    if matches:
        raise UnknownCommandError(f"Which one, {', '.join(matches)}?")
    return FIND


def _well_said(place: str, rest: str) -> None:
    if place == "run" and not _is_number(rest):
        raise UnknownCommandError("Which run? Type its number, such as: run 42")
    if place == "theme" and rest and rest not in THEMES:
        raise UnknownCommandError(f"Themes that can be put on now: {', '.join(THEMES)}. theme alone shows them.")
    if place == "alerts" and rest and rest not in ALERTS:
        raise UnknownCommandError(f"What a held run does: {', '.join(ALERTS)}. alerts alone says what it does now.")


def completions(known_runs: Iterable[int], known: Known = NOBODY, bookmarks: Iterable[str] = ()) -> list[str]:
    """What the command line offers, most wanted first."""
    choices = {
        Takes.RUN: [str(run) for run in known_runs],
        Takes.MERCHANT: [merchant.name for merchant in known.merchants],
        Takes.CART: [cart.name for cart in known.carts],
        Takes.THEME: list(THEMES),
        Takes.ALERTS: list(ALERTS),
    }
    names = [*choices[Takes.MERCHANT], *choices[Takes.CART], *bookmarks]
    return [
        *WORDS,
        *(name for name in names if _names_itself(name)),
        *(f"{place} {word}" for place, takes in WORDS.items() for word in choices.get(takes, ())),
    ]


def _names_itself(name: str) -> bool:
    """Whether a name that is typed alone is looked up, and not taken for a command or a run."""
    try:
        return understand(name).place == FIND
    except UnknownCommandError:
        return False
