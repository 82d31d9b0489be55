"""One run in words: a line of a list, the sum of its outcomes, and everything about it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from invsync_tui.cli.text import clean, duration, fields, moment, number, table
from invsync_tui.plain_text import asked_by, counted
from invsync_tui.rules import words

if TYPE_CHECKING:
    from invsync_tui.operations.runs.folding import FoldedRuns
    from invsync_tui.operations.views import HoldView, PhaseView, RateView, ReasonRow, RunDetail, RunRow
    from invsync_tui.rules.outcomes import Counts

HEAD = ("RUN", "KIND", "MERCHANT", "CART", "STATE", "STARTED", "TOOK", "COUNTED", "OUTCOMES")


def listed(rows: Sequence[RunRow], *, fold: bool = False) -> list[str]:
    """Runs as a table; with `fold` those that changed nothing are one line where they follow each other."""
    if not rows:
        return ["No runs yet. Start one with: invsync sync MERCHANT"]
    if not fold:
        return table(HEAD, [_cells(row) for row in rows])
    from invsync_tui.operations.runs.folding import FoldedRuns, folded

    return table(HEAD, [_folded_cells(line) if isinstance(line, FoldedRuns) else _cells(line) for line in folded(rows)])


def _folded_cells(line: FoldedRuns) -> tuple[str, ...]:
    numbers = [run.id for run in line.runs]
    return f"{min(numbers)}-{max(numbers)}", *("",) * (len(HEAD) - 2), line.text


def _cells(row: RunRow) -> tuple[str, ...]:
    state = state_text(row)
    names = (str(row.id), words.run_kind(row.kind.value), row.merchant, row.cart or "-")
    return (*names, state, moment(row.started_at), took(row), _unit(row), outcome_sum(row.counts))


def _unit(row: RunRow) -> str:
    """What its total counts; nothing where it counted nothing."""
    return words.counted_in(row.kind.value) if row.counts.total else "-"


def state_text(row: RunRow) -> str:
    """The state, with why it is stalled, what stopped it, or what was decided on it."""
    if row.stall is not None:
        return f"stalled: {row.stall.text}"
    if row.decision is not None:
        return decision_text(row)
    return f"{words.state(row.state.value)}: {row.error}" if row.error else words.state(row.state.value)


def decision_text(row: RunRow) -> str:
    """What an operator decided on a run that was held."""
    if row.decision is not None and row.decision.value == "partly_released":
        return f"{words.state(row.state.value)}: partly released, {counted(row.counts.held, 'listing')} still held"
    return "discarded: nothing was sent"


def _still_possible(row: RunRow) -> list[tuple[str, str]]:
    """What can be done with a run that was discarded or released in part."""
    if row.decision is None:
        return []
    sync = f"invsync sync {shlex.quote(row.merchant)}"
    if row.cart is None:
        return [("What to do", f"{sync} downloads again, and may be held again")]
    cart = shlex.quote(row.cart)
    plan = f"invsync plan {cart} shows what would be sent now, to apply exactly that"
    return [("What to do", f"{plan}; {sync} --cart {cart} plans again, and may be held again")]


def took(row: RunRow) -> str:
    """How long it ran; a run that goes on or waits has no end yet."""
    return "-" if row.took is None else duration(row.took)


def outcome_sum(counts: Counts) -> str:
    """The sum that must hold: `120 = 100 updated + 20 in sync`."""
    ends = counts.as_dict()
    total = ends.pop("total")
    parts = [f"{n:,} {words.outcome(name)}" for name, n in ends.items() if n]
    open_ones = total - counts.accounted
    if open_ones:
        parts.append(f"{open_ones:,} open")
    return f"{total:,} = {' + '.join(parts)}" if parts else f"{total:,}"


def title(row: RunRow) -> str:
    """What it is: `push Acme > Acme Shop`."""
    return clean(f"{words.run_kind(row.kind.value)} {row.merchant}" + (f" > {row.cart}" if row.cart else ""))


def detail_lines(detail: RunDetail) -> list[str]:
    """Everything about one run."""
    row = detail.run
    return [
        f"Run {row.id}: {title(row)}",
        *fields(_facts(detail)),
        *_section("Held for review", _hold(detail.hold)),
        *_section("Phases", _phases(detail.phases)),
        *_section("Reasons", _reasons(detail.reasons)),
        *_section("API rate limit", _rate(detail.rate if detail.run.stall is None else None)),
        *_section("Events", [f"  {moment(e.at)}  {e.level:<7}  {clean(e.text)}" for e in detail.events]),
    ]


def _facts(detail: RunDetail) -> list[tuple[str, str]]:
    row = detail.run
    return [
        ("State", decision_text(row) if row.decision else _state_and_error(row)),
        *([("Stalled since", moment(row.stall.since)), ("Stalled", row.stall.text)] if row.stall else []),
        *([("What to do", row.stall.advice)] if row.stall else []),
        *_still_possible(row),
        ("Requested", f"{moment(row.requested_at)} by {asked_by(row.requested_by, row.trigger)}"),
        ("Started", moment(row.started_at)),
        ("Held since" if row.state.value == "held" else "Ended", moment(row.ended_at)),
        ("Took", took(row)),
        ("Outcomes", outcome_sum(row.counts)),
        *([("Counted", detail.counted.text or words.counted_in(row.kind.value))] if row.counts.total else []),
    ]


def _state_and_error(row: RunRow) -> str:
    return words.state(row.state.value) + (f": {row.error}" if row.error else "")


def _section(name: str, lines: Sequence[str]) -> list[str]:
    return ["", name, *lines] if lines else []


def _hold(hold: HoldView | None) -> list[str]:
    if hold is None:
        return []
    would = f"  It would update {counted(hold.would_set, 'listing')}, {hold.would_zero} of them in stock to 0. Nothing was sent."
    return [
        *(f"  {clean(str(rule))}" for rule in hold.rules),
        would if hold.would_set else "  Nothing was read or sent.",
        f"  {'   or   '.join(hold.ways)}",
    ]


def ways_out(run_id: int, cart: str | None) -> str:
    """The orders that end a hold."""
    from invsync_tui.operations.views import ways_out_of

    return "   or   ".join(ways_out_of(run_id, cart))


def _phases(phases: Sequence[PhaseView]) -> list[str]:
    head = ("PHASE", "STATE", "DONE", "TOTAL", "TOOK")
    rows = [(words.phase(p.name), p.state.value, number(p.done), number(p.total), _phase_took(p)) for p in phases]
    return [f"  {line}" for line in table(head, rows)] if rows else []


def _phase_took(phase: PhaseView) -> str:
    if phase.started_at is None or phase.ended_at is None:
        return "-"
    return duration(phase.ended_at - phase.started_at)


def _reasons(reasons: Sequence[ReasonRow]) -> list[str]:
    lines: list[str] = []
    for row in reasons:
        lines.append(f"  {row.count:,} {words.outcome(row.outcome)}: {row.reason.value}. {clean(row.cause)}")
        lines.append(f"    {clean(row.advice)}")
        if row.sample:
            lines.append(f"    For example: {clean(', '.join(row.sample))}")
    return lines


def _rate(rate: RateView | None) -> list[str]:
    if rate is None:
        return []
    who = "reported by the server" if rate.from_server else "our setting"
    budget = f"{rate.available:.0f} of {rate.limit:.0f} left, {rate.per_second:.1f} per second, {who}"
    return [f"  {budget}; {duration(rate.waited)} spent waiting for it"]
