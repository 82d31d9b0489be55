"""The command line behind `:`. Words to a place and what is said about it; not what happens there (`navigation`).

It is the one palette of the control room: Textual's own is off, so that there are not two.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from invsync_tui.tui.navigation.names import NOBODY, Known


class Place(StrEnum):
    """Where the command line can go, and what it can order."""

    MERCHANTS = "merchants"
    RUN = "run"
    RUNS = "runs"
    CARTS = "carts"
    PRODUCTS = "products"
    WAREHOUSES = "warehouses"
    SETTINGS = "settings"
    SETUP = "setup"
    SEARCH = "search"
    SKU = "sku"
    WHY = "why"
    HISTORY = "history"
    PLAN = "plan"
    IDENTITY = "identity"
    DRIFT = "drift"
    ALIASES = "aliases"
    DOCTOR = "doctor"
    SYNC = "sync"
    THEME = "theme"
    HELP = "help"
    QUIT = "quit"


class Takes(StrEnum):
    """What a command is about."""

    NOTHING = ""
    RUN = "N"
    MERCHANT = "MERCHANT"
    CART = "CART"
    TEXT = "TEXT"
    THEME = "dark|light"


TAKES = {
    Place.RUN: Takes.RUN,
    Place.RUNS: Takes.MERCHANT,
    Place.CARTS: Takes.MERCHANT,
    Place.PRODUCTS: Takes.CART,
    Place.WAREHOUSES: Takes.MERCHANT,
    Place.SETTINGS: Takes.MERCHANT,
    Place.SETUP: Takes.CART,
    Place.SEARCH: Takes.TEXT,
    Place.SKU: Takes.TEXT,
    Place.WHY: Takes.TEXT,
    Place.HISTORY: Takes.TEXT,
    Place.PLAN: Takes.CART,
    Place.IDENTITY: Takes.CART,
    Place.DRIFT: Takes.CART,
    Place.ALIASES: Takes.MERCHANT,
    Place.DOCTOR: Takes.MERCHANT,
    Place.SYNC: Takes.MERCHANT,
    Place.THEME: Takes.THEME,
}
MUST_SAY = frozenset(
    {
        Place.RUN, Place.PRODUCTS, Place.SETUP, Place.SKU, Place.WHY, Place.HISTORY, Place.PLAN, Place.IDENTITY,
        Place.DRIFT, Place.THEME,
    }
)  # fmt: skip
"""Commands that mean nothing alone; others then mean the merchant one is at, or all."""
THEMES = ("dark", "light")
PLACEHOLDER = "merchants, run 42, carts, settings MERCHANT, search TEXT, help, quit"


@dataclass(frozen=True, slots=True)
class GoTo:
    """A place, and what was said about it: a number, a name, a text, or nothing."""

    place: Place
    text: str = ""

    @property
    def number(self) -> int:
        return int(self.text)


class UnknownCommandError(Exception):
    """What was typed names no place; the text says what would."""


def understand(text: str) -> GoTo:
    """The place that was typed; an unmistakable beginning is enough."""
    first, _, rest = text.strip().partition(" ")
    rest = rest.strip()
    if _is_number(first) and not rest:
        return GoTo(Place.RUN, first)
    place = _place(first.lower(), text)
    if not rest and place in MUST_SAY:
        raise UnknownCommandError(f"What {place}? Type: {place} {TAKES[place]}")
    if rest and place not in TAKES:
        raise UnknownCommandError(f"{place} stands alone; it takes nothing.")
    _well_said(place, rest)
    return GoTo(place, rest)


def _is_number(text: str) -> bool:
    """Whether it can be the number of a row: ² is a digit too, and a store's numbers end at 19 digits."""
    return text.isascii() and text.isdigit() and len(text) < 19


def _place(word: str, text: str) -> Place:
    exact = [place for place in Place if place == word]
    found = exact or [place for place in Place if word and place.startswith(word)]
    if len(found) == 1:
        return found[0]
    among = ", ".join(found or Place)
    raise UnknownCommandError(f"Which one, {among}?" if found else f"Unknown: {text!r}. Type one of: {among}.")


def _well_said(place: Place, rest: str) -> None:
    if place is Place.RUN and not _is_number(rest):
        raise UnknownCommandError("Which run? Type its number, such as: run 42")
    if place is Place.THEME and rest not in THEMES:
        raise UnknownCommandError(f"Themes that can be put on now: {', '.join(THEMES)}. Others: theme in config.toml.")


def completions(known_runs: Iterable[int], known: Known = NOBODY) -> list[str]:
    """What the command line offers, most wanted first."""
    said = {
        Takes.RUN: [str(run) for run in known_runs],
        Takes.MERCHANT: [each.name for each in known.merchants],
        Takes.CART: [each.name for each in known.carts],
        Takes.THEME: list(THEMES),
    }
    alone = [str(place) for place in Place]
    return [*alone, *(f"{place} {word}" for place, takes in TAKES.items() for word in said.get(takes, ()))]
