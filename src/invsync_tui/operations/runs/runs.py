"""Runs as an operator sees and steers them: list, detail, resume, cancel, release, discard."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from invsync_tui import clock
from invsync_tui.connectors.network.http_log import redacted
from invsync_tui.operations.errors import OperationError, as_operation_error
from invsync_tui.operations.roles import Right
from invsync_tui.operations.runs.views import find, views
from invsync_tui.operations.service import workers
from invsync_tui.operations.session import Session
from invsync_tui.operations.views import (
    Action,
    EventRow,
    HoldView,
    PhaseState,
    PhaseView,
    RateView,
    ReasonRow,
    RunDetail,
    RunRow,
    RunSize,
    RunState,
    ways_out_of,
)
from invsync_tui.rules import safety_rules, words
from invsync_tui.rules.outcomes import REASONS, Counts, Reason
from invsync_tui.store import audit
from invsync_tui.store.listings import listings
from invsync_tui.store.runs import records, run_size
from invsync_tui.store.runs import runs as rows

RATE_WINDOW_LEAST = 1.0
"""Seconds of a phase before its rate means something."""
SAMPLES = 5


def recent(
    session: Session, merchant_id: int | None = None, limit: int = 50, before: int | None = None
) -> tuple[RunRow, ...]:
    """The newest runs first; `before` is the number of the last run of the page before."""
    with as_operation_error(), session.store.reading() as cx:
        run_rows = rows.recent(cx, merchant_id, before, limit)
    return tuple(views(session, run_rows))


def detail(session: Session, run_id: int) -> RunDetail:
    """Everything about one run, as of now."""
    row = find(session, run_id)
    with as_operation_error(), session.store.reading() as cx:
        events = tuple(EventRow(**event._asdict()) for event in rows.events(cx, run_id))
        newest = rows.newest_per_key(cx, row.merchant_id)
        reasons = tuple(_reasons(cx, row))
        size = _size(cx, row)
    siblings = tuple(views(session, newest))
    run = views(session, [row])[0]
    phases = tuple(_phase(values) for values in json.loads(row.phases))
    # What is stalled has no rate, and nobody knows when it will be done.
    per_second = _rate(phases) if run.stall is None else None
    return RunDetail(
        run=run,
        phases=phases,
        per_second=per_second,
        eta=_eta(phases, per_second),
        reasons=reasons,
        rate=RateView(**json.loads(row.rate)) if row.rate else None,
        events=events,
        hold=_hold(session, row),
        actions=_actions(session, run),
        worker_running=run.stall is None or run.stall.state == "no_progress",
        siblings=_with(siblings, run),
        counted=size,
    )


def _size(cx, row: records.RunRow) -> RunSize:  # type: ignore[no-untyped-def]
    """What the total of a run's sum counts, of one that has ended or is held."""
    total = Counts.from_dict(json.loads(row.counts)).total
    if not total or row.state not in (*rows.FINAL, "held"):
        return RunSize()
    if row.kind == "pull":
        read = run_size.read(cx, row.merchant_id, row.id)
        return RunSize() if read is None else RunSize(levels=read.levels, products=read.products)
    not_listed = run_size.not_listed(cx, row.id, json.loads(row.reasons))
    return RunSize() if not_listed is None else RunSize(listings=total - not_listed, not_listed=not_listed)


def _with(siblings: tuple[RunRow, ...], run: RunRow) -> tuple[RunRow, ...]:
    """The siblings with `run` in the place of a newer one of its kind and cart."""
    same = [(s.kind, s.cart_id) == (run.kind, run.cart_id) for s in siblings]
    return tuple(run if mine else sibling for sibling, mine in zip(siblings, same, strict=True))


def _phase(values: dict[str, object]) -> PhaseView:
    return PhaseView(**{**values, "state": PhaseState(str(values["state"]))})  # type: ignore[arg-type]


def _rate(phases: Iterable[PhaseView]) -> float | None:
    phase = next((p for p in phases if p.state is PhaseState.RUNNING), None)
    if phase is None or phase.took is None or not phase.done:
        return None
    return phase.done / phase.took if phase.took >= RATE_WINDOW_LEAST else None


def _eta(phases: Iterable[PhaseView], per_second: float | None) -> int | None:
    phase = next((p for p in phases if p.state is PhaseState.RUNNING), None)
    if phase is None or phase.total is None or not per_second:
        return None
    return round(max(0, phase.total - phase.done) / per_second)


def _reasons(cx, row: records.RunRow) -> Iterable[ReasonRow]:  # type: ignore[no-untyped-def]
    by_count = sorted(json.loads(row.reasons).items(), key=lambda item: -item[1])
    for name, count in by_count:
        reason = Reason(name)
        info = REASONS[reason]
        sample = tuple(listings.samples(cx, row.id, name, SAMPLES)) if row.kind == "push" else ()
        yield ReasonRow(reason, info.outcome, count, info.text, info.advice, sample)


def held_before(session: Session, run_id: int) -> int | None:
    """The held run that a requested one waits for; None if it waits for none."""
    with as_operation_error(), session.store.reading() as cx:
        return rows.held_before(cx, run_id)


def _hold(session: Session, row: records.RunRow) -> HoldView | None:
    from invsync_tui.operations.runs import held as listings_held

    if row.state != "held":
        return None
    held = Counts.from_dict(json.loads(row.counts)).held
    groups = listings_held.groups(session, row.id) if row.kind == "push" else {}
    ways = ways_out_of(row.id, row.cart)
    return HoldView(safety_rules.tripped_rules(row.trips), held, groups.get("zero", 0), groups, ways)


_ALLOWED = {
    RunState.REQUESTED: {Action.CANCEL},
    RunState.RUNNING: {Action.CANCEL},
    RunState.CANCELLING: set[Action](),
    RunState.HELD: {Action.RELEASE, Action.DISCARD},
}


_RIGHTS = {
    "start": Right.SYNC,
    "resume": Right.SYNC,
    "cancel": Right.SYNC,
    "release": Right.DECIDE,
    "discard": Right.DECIDE,
}


def _actions(session: Session, run: RunRow) -> frozenset[Action]:
    possible = _ALLOWED.get(run.state, {Action.START})
    if _resumable(session, run):
        possible = possible | {Action.RESUME}
    return frozenset(action for action in possible if session.may(_RIGHTS[action.value]))


def _resumable(session: Session, run: RunRow) -> bool:
    """Whether nobody works on it, and nobody will by himself."""
    return run.stall is not None and run.stall.state != "no_progress" and not workers.service(session).works


def resume(session: Session, run_id: int) -> str:
    """Start a worker that goes on with a run whose worker is gone. OperationError: there is one that does, or will."""
    row = _order(session, "resume", run_id)
    (run,) = views(session, [row])
    if not _resumable(session, run):
        raise OperationError(
            f"Run {run_id} ({words.state(row.state)}) is not stalled for want of a worker: there is nothing to resume."
        )
    from invsync_tui.operations.runs.request import ensure_worker

    ensure_worker(session)
    now = clock.seconds()
    with as_operation_error(), session.store.transaction() as tx:
        audit.record(tx, now, session.operator, "resume", f"run:{run_id}", before=row.state)
        rows.add_event(tx, run_id, now, "info", redacted(f"{session.operator} started a worker for it."))
    return f"A worker was started; it continues run {run_id}."


def _order(session: Session, what: str, run_id: int) -> records.RunRow:
    session.allow(_RIGHTS[what], f"{what} run {run_id}")
    return find(session, run_id)


def cancel(session: Session, run_id: int) -> str:
    """Ask a run to stop; it does between two pages or batches."""
    row = _order(session, "cancel", run_id)
    if row.state == "held":
        raise OperationError(f"Run {run_id} is held: nothing is being sent. Release or discard it.")
    now = clock.seconds()
    with as_operation_error(), session.store.transaction() as tx:
        state = rows.cancel(tx, run_id, now)
        if state is None:
            raise OperationError(f"Run {run_id} has ended already ({row.state}): there is nothing to cancel.")
        audit.record(tx, now, session.operator, "cancel", f"run:{run_id}", before=row.state, after=state)
        rows.add_event(tx, run_id, now, "info", redacted(f"{session.operator} asked to stop it."))
    return f"Run {run_id} is {state}."


def release(session: Session, run_id: int, reason: str, groups: Sequence[str] = ()) -> str:
    """Let a held run go, all of it or some groups (zero, jump, rest). It is planned again, and stops again if that plan
    is worse than the one that was shown; the listings of other groups stay held."""
    from invsync_tui.operations.runs import held
    from invsync_tui.operations.settings import values

    row = _order(session, "release", run_id)
    why, chosen = values.reason(reason), held.checked(groups)
    if chosen and row.kind != "push":
        raise OperationError(
            f"Run {run_id} is an inventory download: it is released as a whole. Leave the groups out, or discard it."
        )
    now = clock.seconds()
    with as_operation_error(), session.store.transaction() as tx:
        sizes = held.sizes(tx, row) if row.kind == "push" else {}
        of = {group: sizes.get(group, 0) for group in chosen or held.GROUPS}
        if not rows.release(tx, run_id, now, of):
            raise OperationError(f"Run {run_id} is not held, it is {row.state}: there is nothing to release.")
        after = json.dumps(chosen) if chosen else ""
        subject = f"run:{run_id}"
        audit.record(tx, now, session.operator, "release", subject, before=row.trips, after=after, reason=why)
        what = f"released {', '.join(chosen)}" if chosen else "released it"
        rows.add_event(tx, run_id, now, "info", redacted(f"{session.operator} {what}: {why}."))
    from invsync_tui.operations.runs.request import ensure_worker

    started = ensure_worker(session)
    return f"Run {run_id} is released." + (" A worker was started for it." if started else "")


def discard(session: Session, run_id: int, reason: str) -> str:
    """Give a held run up; its SKUs stay as they are and are planned again by the next run."""
    row = _order(session, "discard", run_id)
    now = clock.seconds()
    with as_operation_error(), session.store.transaction() as tx:
        if row.state != "held":
            raise OperationError(f"Run {run_id} is not held, it is {row.state}: there is nothing to discard.")
        rows.cancel_behind(tx, run_id, redacted(f"Run {run_id} before it was discarded."), now)
        rows.cancel(tx, run_id, now)
        audit.record(tx, now, session.operator, "discard", f"run:{run_id}", before=row.trips, reason=redacted(reason))
        rows.add_event(
            tx, run_id, now, "info", redacted(f"{session.operator} discarded it: {reason or 'no reason given'}.")
        )
    return f"Run {run_id} is discarded."
