"""The tone of each outcome and status, the same on every screen."""

from __future__ import annotations

from collections.abc import Mapping

from invsync_tui.rules import words
from invsync_tui.rules.outcomes import Outcome
from invsync_tui.tui.text.styled import Span, Tone
from invsync_tui.tui.widgets.columns import UNKNOWN

OUTCOME_TONES: Mapping[str, Tone] = {
    Outcome.SET: Tone.GOOD,
    Outcome.EQUAL: Tone.PLAIN,
    Outcome.SKIPPED: Tone.FAINT,
    Outcome.FAILED: Tone.BAD,
    Outcome.HELD: Tone.WARN,
    Outcome.IN_DOUBT: Tone.WARN,
    Outcome.SUBMITTED: Tone.ACCENT,
}
"""In the order in which a run's sum names them."""


def outcome_span(outcome: str | None) -> Span:
    """An outcome in words and in its tone."""
    if not outcome:
        return UNKNOWN
    return words.outcome(outcome), OUTCOME_TONES.get(outcome, Tone.PLAIN)


def status_tone(status: str) -> Tone:
    """A tone for a status in words."""
    if status.startswith("failed"):
        return Tone.BAD
    if status.startswith("stalled"):
        return Tone.BAD
    if status.startswith("running"):
        return Tone.ACCENT
    if status.startswith("held"):
        return Tone.WARN
    return Tone.GOOD if status.startswith("success") else Tone.FAINT
