"""The merchants screen in words: cells, the pulse and the strip about one merchant. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from invsync_tui.operations.runs.last_status import NEVER_PUSHED, NEVER_RUN, OFF
from invsync_tui.operations.views import CartRow, MerchantRow, Problem, RunState
from invsync_tui.plain_text import counted, grouped
from invsync_tui.tui.screens.merchants.worst import Opens, worst
from invsync_tui.tui.text.advice import of_keys
from invsync_tui.tui.text.formatting import AFTER_DOWNLOAD, NEVER, ON_REQUEST, moment, until
from invsync_tui.tui.text.glyphs import Glyphs
from invsync_tui.tui.text.outcomes import status_tone
from invsync_tui.tui.text.sanitize import clean, wrap
from invsync_tui.tui.text.styled import BLANK, Line, Span, Tone, joined, line
from invsync_tui.tui.widgets.columns import UNKNOWN

if TYPE_CHECKING:
    from invsync_tui.operations.views import Pulse
    from invsync_tui.tui.widgets.columns import RenderContext, Value

HomeLine = MerchantRow | CartRow
NO_MERCHANTS = (
    line(("No merchants yet.", Tone.STRONG)),
    BLANK,
    line("  ", ("A", Tone.KEY), "   adds the first one: choose its WMS, fill in, test the connection, save"),
    BLANK,
    line(("  To try it without a shop, leave and run: invsync demo", Tone.FAINT)),
    line(("Refreshes automatically; leave it open or press q to quit.", Tone.FAINT)),
)


NAMED_MOST = 3
"""Carts that are named one by one."""
HELD = "held for review"
"""In the text of a problem that names a held run."""
SHORT_STATUSES = frozenset({NEVER_RUN, NEVER_PUSHED, OFF, "success", "running"})
"""The row has room for these."""


def status_of(line: HomeLine) -> str:
    """The status, with words for never."""
    return line.status or (NEVER_PUSHED if isinstance(line, CartRow) else NEVER_RUN)


def _number(number: int, tone: Tone) -> Span:
    return grouped(number), tone if number else Tone.FAINT


def _worst(problems: Sequence[Problem]) -> Tone:
    return Tone.BAD if any(problem.urgent for problem in problems) else Tone.WARN


def _problems(problems: Sequence[Problem]) -> Span:
    """How many; the mark of urgent ones says it without color."""
    text, tone = _number(len(problems), _worst(problems))
    return (f"! {text}", tone) if tone is Tone.BAD else (text, tone)


def _name(line: HomeLine, rendering: RenderContext) -> Span:
    """A cart stands further in than its merchant, behind a mark."""
    if isinstance(line, CartRow):
        return f"  {rendering.glyphs.corner} {line.name}", Tone.PLAIN
    return line.name, Tone.STRONG


def _source(line: HomeLine, rendering: RenderContext) -> Span:
    source = system_of(line)
    return (source, Tone.PLAIN) if source else ("none", Tone.WARN)


def system_of(line: HomeLine) -> str:
    """The system of a merchant's WMS or of a cart; '' for none."""
    return line.system if isinstance(line, CartRow) else line.source


def _last(line: HomeLine, rendering: RenderContext) -> Span:
    if isinstance(line, CartRow):
        return (moment(line.last_push_at, rendering.now), Tone.PLAIN) if line.last_push_at else ("Never", Tone.WARN)
    return moment(line.last_run_at, rendering.now), Tone.PLAIN


def _next(line: HomeLine, rendering: RenderContext) -> Span:
    if not line.sync_on if isinstance(line, MerchantRow) else line.status.startswith(OFF):
        return NEVER, Tone.FAINT
    if line.next_run_at is None:
        own = ON_REQUEST if isinstance(line, MerchantRow) else AFTER_DOWNLOAD
        return (line.not_due, Tone.WARN) if line.not_due else (own, Tone.FAINT)
    return until(line.next_run_at, rendering.now), Tone.PLAIN


def _sync(line: HomeLine, rendering: RenderContext) -> Span:
    on = line.upload_on if isinstance(line, CartRow) else line.sync_on
    return ("on", Tone.GOOD) if on else ("off", Tone.FAINT)


def _mismatches(line: HomeLine, rendering: RenderContext) -> Span:
    count = line.mismatches
    return UNKNOWN if count is None else (count.text, Tone.WARN if count.n else Tone.FAINT)


def _pushes(line: HomeLine, rendering: RenderContext) -> Span:
    """The last pushes, oldest first: how many listings each updated against the most, a mark where it did not end well."""
    glyphs = rendering.glyphs
    marks = {RunState.FAILED: glyphs.cross, RunState.HELD: glyphs.warning, RunState.CANCELLED: glyphs.skipped}
    most = max((push.updated for push in line.pushes), default=0)
    drawn = [marks.get(push.state) or _height(push.updated, most, glyphs) for push in line.pushes]
    states = [push.state for push in line.pushes]
    if not states:
        return "-", Tone.FAINT
    tones = {RunState.FAILED: Tone.BAD, RunState.HELD: Tone.WARN}
    return "".join(drawn), tones.get(states[-1], Tone.ACCENT)


def signs(glyphs: Glyphs) -> list[tuple[str, str]]:
    """What the column Pushes is drawn with."""
    return [
        (
            glyphs.levels,
            "Pushes: the last eight, the newest at the right; the lowest updated nothing, the highest the most",
        ),
        (glyphs.cross, "A push that failed"),
        (glyphs.warning, "A push that is held for review"),
        (glyphs.skipped, "A push that was canceled"),
    ]


def _height(updated: int, most: int, glyphs: Glyphs) -> str:
    """Nothing is the lowest, anything is above it."""
    return glyphs.levels[-(-updated * (len(glyphs.levels) - 1) // most)] if updated else glyphs.levels[0]


CELLS: Mapping[str, Callable[[HomeLine, RenderContext], Span]] = {
    "name": _name,
    "source": _source,
    "sync": _sync,
    "last": _last,
    "status": lambda line, _: (status_of(line), status_tone(status_of(line))),
    "next": _next,
    "held": lambda line, _: _number(line.held, Tone.WARN),
    "mismatches": _mismatches,
    "problems": lambda line, _: _problems(line.problems),
    "pushes": _pushes,
}
"""One cell of a row each."""
VALUES: Mapping[str, Callable[[HomeLine], Value]] = {
    "name": lambda line: f"{line.merchant} / {line.name}" if isinstance(line, CartRow) else line.name,
    "source": system_of,
    "sync": lambda line: line.upload_on if isinstance(line, CartRow) else line.sync_on,
    "last": lambda line: line.last_push_at if isinstance(line, CartRow) else line.last_run_at,
    "status": status_of,
    "mismatches": lambda line: None if line.mismatches is None else line.mismatches.n,
    "pushes": lambda line: " ".join(
        str(push.updated) if push.state is RunState.DONE else push.state.value for push in line.pushes
    ),
}
"""What a row is exported, filtered and sorted by."""


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
    number_tone = tone if number else Tone.FAINT
    return line((grouped(number), number_tone), (f" {word}", number_tone))


def about(merchant: HomeLine, width: int, now: float, glyphs: Glyphs) -> list[Line]:
    """What the row has no room for, first of all the problems with advice. What it says already is not said again:
    each row down would send it."""
    beside = merchant.merchant if isinstance(merchant, CartRow) else counted(merchant.carts, "cart")
    lines = [line((merchant.name, Tone.STRONG), (f"  {beside}", Tone.FAINT))]
    if status_of(merchant) not in SHORT_STATUSES:
        lines += _status_lines(merchant, width, now)
    mismatches = _mismatch_lines(merchant, width, glyphs)
    lines += mismatches
    if merchant.held and not any(HELD in problem.text for problem in merchant.problems):
        lines += _problem_lines(_waiting(merchant.held), width, glyphs)
    for problem, following in zip_longest(merchant.problems, merchant.problems[1:]):
        once_below = following is not None and _todo(following) == _todo(problem)
        lines += _problem_lines(problem, width, glyphs, advised=not once_below)
    if not (mismatches or merchant.problems or merchant.held):
        lines.append(line(("No problems known.", Tone.FAINT)))
    return lines


def _mismatch_lines(line: HomeLine, width: int, glyphs: Glyphs) -> list[Line]:
    """Which carts do not show their target, where the row does not say it, and the key that opens these listings."""
    if line.mismatches is None or not line.mismatches.n:
        return []
    carts = line.mismatched if isinstance(line, MerchantRow) else (line.name,)
    named = ", ".join(carts) if len(carts) <= NAMED_MOST else counted(len(carts), "cart")
    key = "Enter" if worst(line).opens is Opens.MISMATCHES else "u"
    problem = Problem(f"Listings of {named} do not show their target.", "", urgent=False, key=f"{key} opens them.")
    return _problem_lines(problem, width, glyphs)


def _status_lines(merchant: HomeLine, width: int, now: float) -> list[Line]:
    of_cart = isinstance(merchant, CartRow)
    at = merchant.last_push_at if isinstance(merchant, CartRow) else merchant.last_run_at
    status = status_of(merchant)
    head = f"{'Last push' if of_cart else 'Last Inventory Run'} {moment(at, now)}: "
    rows = wrap(clean(head + status), width)
    tone = status_tone(status)
    if rows[0].startswith(head.rstrip()):
        first = line((rows[0][: len(head)], Tone.FAINT), (rows[0][len(head) :], tone))
        return [first, *(line((row, tone)) for row in rows[1:])]
    return [line((row, tone)) for row in rows]


def _waiting(held: int) -> Problem:
    what = "1 run is held and waits" if held == 1 else f"{counted(held, 'run is', 'runs are')} held and wait"
    advice = "r opens its runs; release or discard the held one there."
    return Problem(f"{what} for an operator.", advice, urgent=False)


def _todo(problem: Problem) -> str:
    return problem.key or of_keys(problem.advice)


def _problem_lines(problem: Problem, width: int, glyphs: Glyphs, *, advised: bool = True) -> list[Line]:
    tone = Tone.BAD if problem.urgent else Tone.WARN
    what = wrap(clean(problem.text), width - 2)
    todo = wrap(clean(_todo(problem)), width - 4) if advised else []
    lines = [line((glyphs.warning if i == 0 else " ", tone), " ", (text, tone)) for i, text in enumerate(what)]
    lines += [line("  ", (glyphs.arrow if i == 0 else " ", Tone.FAINT), " ", text) for i, text in enumerate(todo)]
    return lines
