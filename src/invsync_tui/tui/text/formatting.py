"""How values that many lists share are shown: moments, switches, outcomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from invsync_tui.rules.outcomes import Outcome
from invsync_tui.tui.text import words
from invsync_tui.tui.text.styled import Span, Tone
from invsync_tui.tui.widgets.fields import UNKNOWN, Field, Sight

L = TypeVar("L")
OUTCOME_TONES: Mapping[str, Tone] = {
    Outcome.SET: Tone.GOOD,
    Outcome.FAILED: Tone.BAD,
    Outcome.HELD: Tone.WARN,
    Outcome.IN_DOUBT: Tone.WARN,
    Outcome.SKIPPED: Tone.FAINT,
}
NEVER: Span = ("Never", Tone.WARN)
"""CartRover's word for a listing that was never synced."""


def moment(
    title: str, width: int, at: Callable[[L], int | None], *, sort: str = "", room: int = 0, missing: Span = UNKNOWN
) -> Field[L]:
    """A column of past moments: clock and age."""

    def show(line: L, sight: Sight) -> Span:
        found = at(line)
        return missing if found is None else (words.moment(found, sight.now), Tone.PLAIN)

    return Field(title, width, at, show, sort=sort, room=room)


def aged(
    title: str, width: int, at: Callable[[L], int | None], *, sort: str = "", room: int = 0, missing: Span = UNKNOWN
) -> Field[L]:
    """A narrow column of past moments: the age alone."""

    def show(line: L, sight: Sight) -> Span:
        found = at(line)
        return missing if found is None else (words.age(found, sight.now), Tone.PLAIN)

    return Field(title, width, at, show, sort=sort, room=room)


def outcome_span(outcome: str | None) -> Span:
    """An outcome in the tone that it has everywhere."""
    if not outcome:
        return UNKNOWN
    return outcome, OUTCOME_TONES.get(outcome, Tone.PLAIN)


def quantity_span(quantity: int | None) -> Span:
    return UNKNOWN if quantity is None else (str(quantity), Tone.PLAIN)
