"""Quantities over time, progress and rate limits as rows of characters."""

from __future__ import annotations

from collections.abc import Sequence

from invsync_tui.operations.lists.list_views import Point
from invsync_tui.operations.views import PhaseState, PhaseView, RateView
from invsync_tui.plain_text import grouped
from invsync_tui.rules import words
from invsync_tui.tui.text import formatting
from invsync_tui.tui.text.glyphs import Glyphs
from invsync_tui.tui.text.sanitize import clean, fit, wrap
from invsync_tui.tui.text.styled import Line, Span, Tone, line, packed

NARROWEST_BAR, WIDEST_BAR = 8, 40
BESIDE_A_BAR = 50
"""Cells for counts, rate and time left beside mark, name and bar."""

PHASE_TONES = {
    PhaseState.WAITING: Tone.FAINT,
    PhaseState.RUNNING: Tone.ACCENT,
    PhaseState.DONE: Tone.GOOD,
    PhaseState.FAILED: Tone.BAD,
    PhaseState.SKIPPED: Tone.FAINT,
}


def bar(share: float, width: int, glyphs: Glyphs) -> str:
    """A bar that is full only when everything is done, and empty only when nothing is."""
    share = min(max(share, 0.0), 1.0)
    full = int(share * width)
    if share > 0 and full == 0:
        full = 1
    return glyphs.bar_full * full + glyphs.bar_empty * (width - full)


def phase_line(
    phase: PhaseView,
    per_second: float | None,
    eta: int | None,
    name_width: int,
    width: int,
    glyphs: Glyphs,
    stalled: str = "",
) -> list[Line]:
    """Mark, name, bar and numbers; on a narrow screen what runs may need a second row.

    `stalled` is what is said of a phase that has begun and does not move, in the place of its rate.
    """
    tone = Tone.WARN if stalled else PHASE_TONES[phase.state]
    name = fit(clean(words.phase(phase.name)), name_width, glyphs.more)
    mark = glyphs.warning if stalled else _mark(phase.state, glyphs)
    head: list[Span] = [(mark, tone), (f" {name} ", Tone.PLAIN if phase.done else tone)]
    bar_width = min(max(width - name_width - BESIDE_A_BAR, NARROWEST_BAR), WIDEST_BAR)
    if phase.total:
        head.append((bar(phase.done / phase.total, bar_width, glyphs), tone))
    elif phase.state is PhaseState.RUNNING or phase.done:
        # Nobody can know how much there is: an empty place says so, where a moving bar would only cost bytes.
        head.append((" " * bar_width, Tone.PLAIN))
    pace = (f"  {stalled}", Tone.WARN) if stalled else (_pace(phase, per_second, eta), Tone.FAINT)
    numbers = line((f" {_progress(phase)}", Tone.PLAIN), pace)
    row = line(*head)
    if row.width + numbers.width <= width:
        return [Line((*row.spans, *numbers.spans))]
    return [row, *packed([("  ", Tone.PLAIN), *numbers.spans], width)]


def _mark(state: PhaseState, glyphs: Glyphs) -> str:
    return {
        PhaseState.WAITING: glyphs.waiting,
        PhaseState.RUNNING: glyphs.running,
        PhaseState.DONE: glyphs.check,
        PhaseState.FAILED: glyphs.cross,
        PhaseState.SKIPPED: glyphs.skipped,
    }[state]


def _progress(phase: PhaseView) -> str:
    if phase.state is PhaseState.SKIPPED:
        return "skipped"
    if phase.total is None:
        done = grouped(phase.done)
        return f"{done} so far" if phase.state is PhaseState.RUNNING else done if phase.done else ""
    if phase.total == 0:
        return "nothing to do" if phase.state is PhaseState.DONE else ""
    total = grouped(phase.total)
    return f"{grouped(phase.done).rjust(len(total))} of {total}"


def _pace(phase: PhaseView, per_second: float | None, eta: int | None) -> str:
    if phase.state is PhaseState.RUNNING:
        rate = "" if per_second is None else f"  {formatting.amount(per_second)}/s"
        return rate + ("" if eta is None else f"  {formatting.about_left(eta)}")
    if phase.started_at is not None and phase.ended_at is not None:
        return f"  {formatting.duration(phase.ended_at - phase.started_at)}"
    return ""


def rate_line(rate: RateView, width: int, glyphs: Glyphs) -> list[Line]:
    """How much the connection may still ask, who says so, and how long the run waited for it."""
    label = "API rate limit "
    share = rate.available / rate.limit if rate.limit > 0 else 0.0
    bar_width = min(max(width // 6, NARROWEST_BAR), WIDEST_BAR)
    author = "reported by the server" if rate.from_server else "our setting"
    waited = f"; waited {formatting.duration(rate.waited)}" if rate.waited >= 1 else ""
    text = (
        f"{formatting.amount(rate.available)} of {formatting.amount(rate.limit)}, "
        f"+{formatting.amount(rate.per_second)}/s, {author}{waited}"
    )
    lead = len(label) + bar_width + 1
    rows = wrap(text, width - lead)
    tone = Tone.WARN if share < 0.1 else Tone.ACCENT
    first = line((label, Tone.FAINT), (bar(share, bar_width, glyphs), tone), f" {rows[0]}")
    return [first, *(line(" " * lead + row) for row in rows[1:])]


def ends(begin: int, end: int, width: int) -> list[float]:
    """The ends of so many spans of the same length."""
    span = max(end - begin, 1) / width
    return [begin + span * (number + 1) for number in range(width)]


def held_at(points: Sequence[Point], moment: float) -> int | None:
    """A quantity holds until the next one."""
    held = None
    for point in points:
        if point.at > moment:
            break
        held = point.value
    return held
