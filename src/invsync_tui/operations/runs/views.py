"""Stored runs as front ends are given them."""

from __future__ import annotations

import json
from collections.abc import Sequence

from invsync_tui.operations.errors import NotFoundError, as_operation_error
from invsync_tui.operations.service import workers
from invsync_tui.operations.session import Session
from invsync_tui.operations.views import Decision, RunKind, RunRow, RunState, Stall
from invsync_tui.rules import words
from invsync_tui.rules.outcomes import Counts
from invsync_tui.store.runs import records
from invsync_tui.store.runs import runs as rows


def view(row: records.RunRow, stall: Stall | None = None) -> RunRow:
    """A stored run as front ends are given it; `stall` is why it is stalled, of a run that is under way."""
    of_cart = row.kind != "pull"
    return RunRow(
        id=row.id,
        kind=RunKind(row.kind),
        merchant_id=row.merchant_id,
        merchant=row.merchant,
        cart_id=row.key if of_cart else None,
        cart=row.cart if of_cart else None,
        state=RunState(row.state),
        trigger=words.trigger(row.trigger),
        requested_by=row.requested_by,
        requested_at=row.requested_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        phase=row.phase,
        done=row.done,
        total=row.total,
        counts=Counts.from_dict(json.loads(row.counts)),
        error=row.error,
        stall=stall,
        decision=_decision(row),
    )


def _decision(row: records.RunRow) -> Decision | None:
    """What an operator decided on a run that was held. The rules that stopped it stay with a run that is discarded: one
    that is started again loses them, and one that is released and stopped before that has not started."""
    if row.state == "cancelled" and row.started_at is not None and row.trips != "[]":
        return Decision.DISCARDED
    partly = row.state == "done" and row.groups and Counts.from_dict(json.loads(row.counts)).held
    return Decision.PARTLY_RELEASED if partly else None


def views(session: Session, run_rows: Sequence[records.RunRow]) -> list[RunRow]:
    """Stored runs as front ends are given them, each with what its worker says about it."""
    with as_operation_error(), session.store.reading() as cx:
        stalled = workers.stalls(session, cx, run_rows)
    return [view(row, stalled.get(row.id)) for row in run_rows]


def find(session: Session, run_id: int) -> records.RunRow:
    """A stored run; NotFoundError if there is none of this number."""
    with as_operation_error(), session.store.reading() as cx:
        row = rows.get(cx, run_id)
    if row is None:
        raise NotFoundError(f"There is no run {run_id}. List them with: invsync runs.")
    return row
