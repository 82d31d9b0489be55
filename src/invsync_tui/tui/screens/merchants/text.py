"""The merchants screen in words: cells, the pulse and the strip about one merchant. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from invsync_tui.plain_text import counted
from invsync_tui.tui.text.formatting import NEVER, moment, until
from invsync_tui.tui.text.glyphs import Glyphs
from invsync_tui.tui.text.sanitize import clean, wrap
from invsync_tui.tui.text.styled import BLANK, Line, Span, Tone, joined, line

if TYPE_CHECKING:
    from invsync_tui.operations.views import MerchantRow, Problem, Pulse

NO_MERCHANTS = (
    line(("No merchants yet.", Tone.STRONG)),
    BLANK,
    line("  ", ("A", Tone.KEY), "   adds the first one: choose its WMS, fill in, test the connection, save"),
    BLANK,
    line(("  On the command line: invsync merchants add --help; to try it: invsync demo", Tone.FAINT)),
    line(("Refreshes automatically; leave it open or press q to quit.", Tone.FAINT)),
)


HELD = "held for review"
"""In the text of a problem that names a held run."""
SHORT_STATUSES = frozenset({"never run", "off", "success", "running"})
"""The row has room for these."""


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


def _next(merchant: MerchantRow, now: float) -> Span:
    if not merchant.sync_on:
        return NEVER, Tone.FAINT
    if merchant.next_run_at is None:
        return (merchant.not_due, Tone.WARN) if merchant.not_due else ("-", Tone.FAINT)
    return until(merchant.next_run_at, now), Tone.PLAIN


UNDER_WAY = ("running", "stalled", "waiting")
"""Beginnings of a status that says something of now."""


def status_of(merchant: MerchantRow) -> str:
    """The status; a merchant that is switched off and has nothing under way is off, however its last run went."""
    if not merchant.sync_on and not merchant.status.startswith(UNDER_WAY):
        return "off"
    return merchant.status or "never run"


def _number(number: int, tone: Tone) -> Span:
    return (str(number), tone) if number else ("-", Tone.FAINT)


def _worst(problems: Sequence[Problem]) -> Tone:
    return Tone.BAD if any(problem.urgent for problem in problems) else Tone.WARN


def _problems(problems: Sequence[Problem]) -> Span:
    """How many; the mark of urgent ones says it without color."""
    text, tone = _number(len(problems), _worst(problems))
    return (f"! {text}", tone) if tone is Tone.BAD else (text, tone)


CELLS: Mapping[str, Callable[[MerchantRow, float], Span]] = {
    "name": lambda merchant, now: (merchant.name, Tone.STRONG),
    "source": lambda merchant, now: (merchant.source, Tone.PLAIN) if merchant.source else ("none", Tone.WARN),
    "sync": lambda merchant, now: ("on", Tone.GOOD) if merchant.sync_on else ("off", Tone.FAINT),
    "last": lambda merchant, now: (moment(merchant.last_run_at, now), Tone.PLAIN),
    "status": lambda merchant, now: (status_of(merchant), status_tone(status_of(merchant))),
    "next": _next,
    "held": lambda merchant, now: _number(merchant.held, Tone.WARN),
    "problems": lambda merchant, now: _problems(merchant.problems),
}
"""One cell of a merchant's row each."""


def pulse_line(pulse: Pulse, glyphs: Glyphs) -> Line:
    """The health of everything in one row."""
    stalled = [_pulse("stalled", pulse.stalled, Tone.BAD)] if pulse.stalled else []
    parts = (
        _pulse("running", pulse.running - pulse.stalled, Tone.ACCENT),
        *stalled,
        _pulse("held", pulse.held, Tone.WARN),
        _pulse("failing", pulse.failing, Tone.BAD),
        _pulse("stale", pulse.stale, Tone.WARN),
        *(
            [_pulse("new findings" if pulse.findings > 1 else "new finding", pulse.findings, Tone.WARN)]
            if pulse.findings
            else []
        ),
    )
    return joined(parts, f" {glyphs.separator} ")


def _pulse(word: str, number: int, tone: Tone) -> Line:
    shown = tone if number else Tone.FAINT
    return line((str(number), shown), (f" {word}", shown))


def about(merchant: MerchantRow, width: int, now: float, glyphs: Glyphs) -> list[Line]:
    """What the row has no room for, first of all the problems with advice. What it says already is not said again:
    each row down would send it."""
    carts = counted(merchant.carts, "cart")
    lines = [line((merchant.name, Tone.STRONG), (f"  {carts}", Tone.FAINT))]
    if status_of(merchant) not in SHORT_STATUSES:
        lines += _status_lines(merchant, width, now)
    if merchant.held and not any(HELD in problem.text for problem in merchant.problems):
        lines += _problem_lines(_waiting(merchant.held), width, glyphs)
    for problem in merchant.problems:
        lines += _problem_lines(problem, width, glyphs)
    if not merchant.problems and not merchant.held:
        lines.append(line(("No problems known.", Tone.FAINT)))
    return lines


def _status_lines(merchant: MerchantRow, width: int, now: float) -> list[Line]:
    label = "Last Inventory Run "
    status = status_of(merchant)
    head = f"{label}{moment(merchant.last_run_at, now)}: "
    rows = wrap(clean(head + status), width)
    tone = status_tone(merchant.status)
    if rows[0].startswith(head.rstrip()):
        first = line((rows[0][: len(head)], Tone.FAINT), (rows[0][len(head) :], tone))
        return [first, *(line((row, tone)) for row in rows[1:])]
    return [line((row, tone)) for row in rows]


def _waiting(held: int) -> Problem:
    from invsync_tui.operations.views import Problem

    what = "1 run is held and waits" if held == 1 else f"{counted(held, 'run is', 'runs are')} held and wait"
    advice = "r opens its runs; release or discard the held one there."
    return Problem(f"{what} for an operator.", advice, urgent=False)


def _problem_lines(problem: Problem, width: int, glyphs: Glyphs) -> list[Line]:
    tone = Tone.BAD if problem.urgent else Tone.WARN
    what = wrap(clean(problem.text), width - 2)
    todo = wrap(clean(problem.key or problem.advice), width - 4)
    lines = [line((glyphs.warning if i == 0 else " ", tone), " ", (text, tone)) for i, text in enumerate(what)]
    lines += [line("  ", (glyphs.arrow if i == 0 else " ", Tone.FAINT), " ", text) for i, text in enumerate(todo)]
    return lines
