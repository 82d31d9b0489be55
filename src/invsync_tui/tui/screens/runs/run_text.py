"""The run screen in words, section by section. Pure functions from records to lines.

Not here: the progress of phases and rate budgets (`gauges`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from textual.geometry import Size

from invsync_tui.operations.views import (
    Action,
    Decision,
    EventRow,
    HoldView,
    PhaseState,
    ReasonRow,
    RunDetail,
    RunKind,
    RunRow,
    RunState,
    Stall,
)
from invsync_tui.plain_text import counted, grouped, occasion
from invsync_tui.rules import words
from invsync_tui.rules.outcomes import Counts
from invsync_tui.tui.actions import VERBS
from invsync_tui.tui.text import formatting
from invsync_tui.tui.text.advice import of_keys
from invsync_tui.tui.text.charts import phase_line, rate_line
from invsync_tui.tui.text.glyphs import Glyphs
from invsync_tui.tui.text.outcomes import OUTCOME_TONES
from invsync_tui.tui.text.sanitize import clean, width_of, wrap
from invsync_tui.tui.text.styled import BLANK, Line, Span, Tone, ends, line, packed

MIN_EVENT_LINES = 6
"""Lines for events even where they must be scrolled to."""
MAX_LIVE_EVENT_LINES = 9
"""While a run goes on, each new event moves all of them, and every moved line is sent again."""
KINDS = {
    RunKind.PULL: "Inventory download",
    RunKind.PUSH: "Inventory upload",
    RunKind.RADAR: "Drift check",
}
OPEN_STATES = (RunState.REQUESTED, RunState.RUNNING, RunState.CANCELLING, RunState.HELD)
STATE_TONES = {
    RunState.REQUESTED: Tone.FAINT,
    RunState.RUNNING: Tone.ACCENT,
    RunState.CANCELLING: Tone.WARN,
    RunState.HELD: Tone.WARN,
    RunState.CANCELLED: Tone.FAINT,
    RunState.DONE: Tone.GOOD,
    RunState.FAILED: Tone.BAD,
}


@dataclass(frozen=True, slots=True)
class Page:
    """Where and when a run is written down."""

    size: Size
    now: float
    glyphs: Glyphs
    offered: frozenset[Action]


def write(detail: RunDetail, page: Page) -> list[Line]:
    """The whole sheet under the title."""
    width = page.size.width
    lines = [
        *life_lines(detail, page),
        *hold_lines(detail.hold, page),
        *phases_lines(detail, page),
        BLANK,
        *sum_lines(detail.run.counts, detail.run.state, page),
    ]
    counts = detail.counted.text or (words.counted_in(detail.run.kind) if detail.run.state not in OPEN_STATES else "")
    if detail.run.counts.total and counts:
        lines += [line((row, Tone.FAINT)) for row in wrap(f"counted: {counts}", width)]
    if detail.rate and detail.run.stall is None:
        lines += rate_line(detail.rate, width, page.glyphs)
    lines += reasons_lines(detail.reasons, page)
    room = max(page.size.height - len(lines) - 1, MIN_EVENT_LINES)
    live = detail.run.state in (RunState.RUNNING, RunState.CANCELLING) and detail.run.stall is None
    if live:
        room = min(room, MAX_LIVE_EVENT_LINES)
    events = events_lines(detail.events, page, room)
    if live:
        # Room for events that are still to come: a sheet that keeps its length needs no new layout.
        events += [BLANK] * (room + 1 - len(events))
    return [*lines, *events]


def state_mark(state: RunState, glyphs: Glyphs) -> str:
    """One character per state, beside its word."""
    marks = {
        RunState.REQUESTED: glyphs.waiting,
        RunState.HELD: glyphs.warning,
        RunState.CANCELLED: glyphs.skipped,
        RunState.DONE: glyphs.check,
        RunState.FAILED: glyphs.cross,
    }
    return marks.get(state, glyphs.running)


def state_span(run: RunRow, glyphs: Glyphs) -> Span:
    """The state with its mark; a run that is stalled says so in its place."""
    if run.stall is not None:
        return f"{glyphs.warning} stalled", Tone.WARN
    if run.decision is Decision.DISCARDED:
        return f"{glyphs.skipped} discarded", Tone.FAINT
    if run.decision is Decision.PARTLY_RELEASED:
        return f"{glyphs.warning} partly released", Tone.WARN
    return f"{state_mark(run.state, glyphs)} {words.state(run.state)}", STATE_TONES[run.state]


def title(run: RunRow, width: int, glyphs: Glyphs) -> Line:
    """Kind, merchant and cart at the left, state at the right."""
    kind = KINDS[run.kind]
    where = f"{run.merchant} {glyphs.arrow} {run.cart}" if run.cart else run.merchant
    left = line((f"{kind}  ", Tone.FAINT), (where, Tone.STRONG), (f"  run {run.id}", Tone.FAINT))
    return ends(left, line(state_span(run, glyphs)), width, glyphs.more)


def switcher(detail: RunDetail, width: int, glyphs: Glyphs) -> Line:
    """The merchant's newest runs in one row with this one in brackets; the row is cut around it."""
    items = [_sibling(run, run.id == detail.run.id, glyphs) for run in detail.siblings]
    present = next((i for i, run in enumerate(detail.siblings) if run.id == detail.run.id), 0)
    first = 0
    while first < present and _row_width(items[first : present + 1]) > width - 2:
        first += 1
    lead = line((f"{glyphs.more} ", Tone.FAINT)) if first else BLANK
    spans = [*lead.spans]
    for item in items[first:]:
        spans += [*item.spans, ("  ", Tone.PLAIN)]
    return Line(tuple(spans))


def _row_width(items: Iterable[Line]) -> int:
    return sum(item.width + 2 for item in items)


def _sibling(run: RunRow, present: bool, glyphs: Glyphs) -> Line:
    name = run.cart or "download"
    mark = (state_mark(run.state, glyphs), STATE_TONES[run.state])
    if run.stall is not None:
        mark = (glyphs.warning, Tone.WARN)
    if present:
        return line(("[", Tone.KEY), mark, (f" {name}", Tone.STRONG), ("]", Tone.KEY))
    return line(" ", mark, (f" {name} ", Tone.FAINT))


def life_lines(detail: RunDetail, page: Page) -> list[Line]:
    """Who asked for it and when; what stopped it; whether its worker lives."""
    run, now = detail.run, page.now
    origin = occasion(run.requested_by, run.trigger)
    lines = [line((text, Tone.FAINT)) for text in wrap(clean(f"{origin}; {_when(run, now)}"), page.size.width)]
    if run.stall is not None:
        since = "" if run.stall.since is None else f"Stalled since {formatting.moment(run.stall.since, now)}. "
        lines += _warning(since + run.stall.text, page)
        lines += _hanging(f"{page.glyphs.arrow} ", run.stall.key or of_keys(run.stall.advice), page)
    if run.error:
        tone = Tone.BAD if run.state is RunState.FAILED else Tone.WARN
        lines += _warning(run.error, page, tone)
    return [*lines, *decision_lines(run, page), BLANK]


def decision_lines(run: RunRow, page: Page) -> list[Line]:
    """What was decided on a run that was held, and what can still be done."""
    if run.decision is None:
        return []
    if run.decision is Decision.DISCARDED:
        what = "It was held for review and discarded: nothing was sent."
        rest = "the next run makes a new plan and may be held again."
    else:
        held = run.counts.held
        still = "1 listing is" if held == 1 else f"{grouped(held)} listings are"
        what = (
            f"It was released in part: {still} still held and keep{'s' if held == 1 else ''} the quantity of the cart."
        )
        rest = "the next run plans them again and may be held again."
    lines = _warning(what, page)
    if Action.START in page.offered:
        lines += _hanging(f"{page.glyphs.arrow} ", f"s starts a sync now; {rest}", page)
    if run.kind is RunKind.PUSH:
        lines += _hanging(f"{page.glyphs.arrow} ", "p shows what would be sent now, to apply exactly that.", page)
    return lines


def _when(run: RunRow, now: float) -> str:
    if run.started_at is None:
        return f"requested {formatting.moment(run.requested_at, now)}, not started yet"
    if run.ended_at is None:
        return f"started {formatting.moment(run.started_at, now)}"
    took = "" if run.took is None else f", took {formatting.duration(run.took)}"
    word = "held since" if run.state is RunState.HELD else "ended"
    return f"{word} {formatting.moment(run.ended_at, now)}{took}"


def _warning(text: str, page: Page, tone: Tone = Tone.WARN) -> list[Line]:
    rows = wrap(clean(text), page.size.width - 2)
    return [line((page.glyphs.warning if i == 0 else " ", tone), " ", (row, tone)) for i, row in enumerate(rows)]


def hold_lines(hold: HoldView | None, page: Page) -> list[Line]:
    """The tripped safety rules and what would be sent."""
    if hold is None:
        return []
    lines = _warning("Held for review by a safety rule. Nothing was sent:", page)
    for rule in hold.rules:
        rows = wrap(clean(str(rule)), page.size.width - 4)
        lines += [
            line("  ", (page.glyphs.bullet if i == 0 else " ", Tone.WARN), " ", (row, Tone.STRONG))
            for i, row in enumerate(rows)
        ]
    if hold.would_set:
        would = line("  It would update ", (counted(hold.would_set, "listing"), Tone.STRONG), ", ", *_zeroed(hold))
        lines += packed(would.spans, page.size.width)
    else:
        lines.append(line("  Nothing was read or sent."))
    return [*lines, *_ways_out(page), BLANK]


GROUP_WORDS = {
    "zero": "in stock now, would go to 0",
    "jump": "change by more than the cart's factor",
    "rest": "all others",
}


def group_lines(hold: HoldView, width: int) -> list[Line]:
    """The groups that can be released apart."""
    lines = [
        f"{words.group(name).capitalize()}: {counted(n, 'listing')}, {GROUP_WORDS[name]}"
        for name, n in hold.groups.items()
    ]
    texts = [*lines, "Listings of other groups stay held; the next run plans them again."]
    return [line(row) for text in texts for row in wrap(text, width)]


def _zeroed(hold: HoldView) -> tuple[Span, ...]:
    tone = Tone.BAD if hold.would_zero else Tone.PLAIN
    return (grouped(hold.would_zero), tone), (" of them to 0.", tone)


def _ways_out(page: Page) -> list[Line]:
    ways = [VERBS[action] for action in (Action.RELEASE, Action.DISCARD) if action in page.offered]
    lines: list[Line] = []
    for verb in ways:
        way = line("  ", (verb.key, Tone.KEY), f" {verb.label}: ", (f"{verb.help}.", Tone.FAINT))
        lines += packed(way.spans, page.size.width)
    plan = line("  ", ("p", Tone.KEY), " Plan: ", ("Show what would be sent now, and apply exactly that.", Tone.FAINT))
    return [*lines, *packed(plan.spans, page.size.width)]


def phases_lines(detail: RunDetail, page: Page) -> list[Line]:
    """A row per phase; rate and time left belong to the one that runs."""
    name_width = max((width_of(clean(words.phase(phase.name))) for phase in detail.phases), default=0)
    name_width = min(name_width, max(page.size.width // 4, 8))
    lines: list[Line] = []
    for phase in detail.phases:
        running = phase.state is PhaseState.RUNNING
        per_second, eta = (detail.per_second, detail.eta) if running else (None, None)
        stalled = _stalled(detail.run.stall, page.now) if running else ""
        lines += phase_line(phase, per_second, eta, name_width, page.size.width, page.glyphs, stalled)
    return lines or [line(("No phase has begun.", Tone.FAINT))]


def _stalled(stall: Stall | None, now: float) -> str:
    """What stands where the rate stood."""
    if stall is None:
        return ""
    return "stalled" if stall.since is None else f"stalled since {formatting.clock(stall.since, now)}"


def sum_lines(counts: Counts, state: RunState, page: Page) -> list[Line]:
    """The accounting: every SKU has one end, and the sum says so, or shouts."""
    spans: list[Span] = [(grouped(counts.total), Tone.STRONG), (" = ", Tone.FAINT)]
    parts = [(outcome, getattr(counts, outcome)) for outcome in OUTCOME_TONES]
    shown = [
        (grouped(number) + f" {words.outcome(outcome)}", OUTCOME_TONES[outcome]) for outcome, number in parts if number
    ]
    open_rows = counts.total - counts.accounted
    if open_rows > 0 and state in OPEN_STATES:
        shown.append((f"{grouped(open_rows)} to go", Tone.FAINT))
    for i, span in enumerate(shown or [("0", Tone.FAINT)]):
        spans += [(" + ", Tone.FAINT), span] if i else [span]
    if open_rows == 0 or (open_rows > 0 and state in OPEN_STATES):
        return packed([*spans, *_verdict(open_rows, page.glyphs)], page.size.width)
    return [*packed(spans, page.size.width), *_off(counts, page)]


def _verdict(open_rows: int, glyphs: Glyphs) -> list[Span]:
    return [] if open_rows else [(f"  {glyphs.check} adds up", Tone.GOOD)]


def _off(counts: Counts, page: Page) -> list[Line]:
    text = (
        f"DOES NOT ADD UP: {grouped(counts.total)} SKUs, but {grouped(counts.accounted)} outcomes. "
        "Do not rely on this run; report it with its number."
    )
    return _warning(text, page, Tone.BAD)


def reasons_lines(reasons: Sequence[ReasonRow], page: Page) -> list[Line]:
    """Each reason with its count, its cause, what to do, and a few SKUs."""
    lines: list[Line] = []
    for reason in reasons:
        lines += _reason_lines(reason, page)
    return [BLANK, *lines] if lines else []


def _reason_lines(reason: ReasonRow, page: Page) -> list[Line]:
    tone = OUTCOME_TONES.get(reason.outcome, Tone.PLAIN)
    head = line((grouped(reason.count), Tone.STRONG), " ", (words.outcome(reason.outcome), tone), f" {reason.reason}  ")
    cause = wrap(clean(reason.cause), page.size.width - head.width)
    lines = [Line((*head.spans, (cause[0], Tone.PLAIN))), *(line(" " * head.width + row) for row in cause[1:])]
    if reason.advice and reason.advice != "Nothing to do.":
        lines += _hanging(f"{page.glyphs.arrow} ", of_keys(reason.advice), page)
    if reason.sample:
        more = f" and {grouped(reason.count - len(reason.sample))} more" if reason.count > len(reason.sample) else ""
        lines += _hanging("e.g. ", ", ".join(reason.sample) + more, page, Tone.FAINT)
    return lines


def _hanging(lead: str, text: str, page: Page, tone: Tone = Tone.PLAIN) -> list[Line]:
    """Wrapped text with its lead before the first row."""
    rows = wrap(clean(text), page.size.width - 2 - len(lead))
    return [line("  ", (lead if i == 0 else " " * len(lead), Tone.FAINT), (row, tone)) for i, row in enumerate(rows)]


def events_lines(events: Sequence[EventRow], page: Page, room: int) -> list[Line]:
    """The newest events on top, as many as there is room for."""
    if not events:
        return []
    lines = [BLANK, line(("Last events, newest first", Tone.STRONG))]
    for event in reversed(events):
        if len(lines) > room:
            break
        lines += _event_lines(event, page)
    return lines[: room + 1]


def _event_lines(event: EventRow, page: Page) -> list[Line]:
    tone = {"warning": Tone.WARN, "error": Tone.BAD}.get(event.level, Tone.PLAIN)
    lead = f"{formatting.clock(event.at, page.now):<6} "
    word = "" if event.level == "info" else f"{event.level}: "
    rows = wrap(clean(word + event.text), page.size.width - len(lead))
    return [line((lead if i == 0 else " " * len(lead), Tone.FAINT), (row, tone)) for i, row in enumerate(rows)]
