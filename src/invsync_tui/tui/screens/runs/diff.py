"""A run against the one before it, in words. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

from invsync_tui.operations.list_views import RunDiff
from invsync_tui.tui.text.glyphs import Glyphs
from invsync_tui.tui.text.sanitize import clean, fit, fit_right
from invsync_tui.tui.text.styled import BLANK, Line, Tone, line

Counted = Sequence[tuple[str, int, int]]
NAME, NUMBER = 28, 12
WORSE = frozenset({"failed", "held", "in_doubt"})
"""Outcomes of which more are bad news."""


def write(found: RunDiff, width: int, glyphs: Glyphs) -> list[Line]:
    """Outcomes, then reasons; what differs is what one looks for."""
    if found.before_id is None:
        return [
            line((f"Run {found.run_id} is the first of its kind: there is nothing to compare it with.", Tone.STRONG)),
            BLANK,
            *_table("Outcome", found.outcomes, None, found.run_id, width, glyphs),
        ]
    return [
        *_table("Outcome", found.outcomes, found.before_id, found.run_id, width, glyphs),
        BLANK,
        *_table("Reason", found.reasons, found.before_id, found.run_id, width, glyphs),
    ]


def _table(title: str, counted: Counted, before: int | None, now: int, width: int, glyphs: Glyphs) -> list[Line]:
    names = min(NAME, max(width - 3 * NUMBER - 3, 8))
    head = [fit(title, names), fit_right(f"run {before}" if before else "-", NUMBER), fit_right(f"run {now}", NUMBER)]
    lines = [line((" ".join([*head, fit_right("change", NUMBER)]), Tone.STRONG))]
    lines += [_row(name, then, here, names, glyphs) for name, then, here in counted]
    return lines if counted else [*lines, line(("none", Tone.FAINT))]


def _row(name: str, then: int, here: int, names: int, glyphs: Glyphs) -> Line:
    change = here - then
    told = f"{change:+d}" if change else "same"
    return line(
        fit(clean(name.replace("_", " ") if name.islower() else name), names, glyphs.more),
        " ",
        (fit_right(str(then), NUMBER), Tone.FAINT),
        " ",
        (fit_right(str(here), NUMBER), Tone.PLAIN),
        " ",
        (fit_right(told, NUMBER), _tone(name, change)),
    )


def _tone(name: str, change: int) -> Tone:
    if not change or name == "total":
        return Tone.FAINT if not change else Tone.ACCENT
    if name in WORSE:
        return Tone.BAD if change > 0 else Tone.GOOD
    return Tone.ACCENT
