"""The command line behind `:`. Words to a place to go; not what happens there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Place(StrEnum):
    """Where the command line can go."""

    MERCHANTS = "merchants"
    RUN = "run"
    HELP = "help"
    QUIT = "quit"


@dataclass(frozen=True, slots=True)
class GoTo:
    """A place, and which run where it is one."""

    place: Place
    run_id: int = 0


class UnknownCommandError(Exception):
    """What was typed names no place; the text says what would."""


def understand(text: str) -> GoTo:
    """The place that was typed; an unmistakable beginning is enough."""
    first, *rest = text.lower().split() or [""]
    if first.isdigit():
        return GoTo(Place.RUN, int(first))
    found = [place for place in Place if first and place.startswith(first)]
    if len(found) != 1:
        raise UnknownCommandError(f"Unknown: {text!r}. Type merchants, run and its number, help or quit.")
    if found[0] is Place.RUN:
        return GoTo(Place.RUN, _number(rest))
    return GoTo(found[0])


def _number(rest: list[str]) -> int:
    if len(rest) != 1 or not rest[0].isdigit():
        raise UnknownCommandError("Which run? Type its number, such as: run 42")
    return int(rest[0])


def completions(known_runs: Iterable[int]) -> list[str]:
    """What the command line offers, most wanted first."""
    return [*(str(place) for place in Place), *(f"{Place.RUN} {number}" for number in known_runs)]
