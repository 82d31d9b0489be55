"""Records as JSON has them. Quantities and counts are numbers, unknown is null, times are RFC 3339 in UTC."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from invsync_tui.cli.text import utc
from invsync_tui.operations.settings import fields
from invsync_tui.rules import words

if TYPE_CHECKING:
    from invsync_tui.operations.settings.views import CartSetup, ConnectionSetup, MerchantSetup
    from invsync_tui.operations.views import (
        HoldView,
        MerchantRow,
        PhaseView,
        Pulse,
        ReasonRow,
        RunDetail,
        RunRow,
        ServiceView,
        Stall,
    )
    from invsync_tui.rules.outcomes import Counts


def run(row: RunRow) -> dict[str, Any]:
    """A run in a list."""
    return {
        "id": row.id,
        "kind": words.name(words.RUN_KINDS, row.kind.value),
        "merchant": row.merchant,
        "cart": row.cart,
        "state": words.name(words.STATES, row.state.value),
        "trigger": row.trigger,
        "requested_by": row.requested_by,
        "requested_at": utc(row.requested_at),
        "started_at": utc(row.started_at),
        "ended_at": utc(row.ended_at),
        "phase": row.phase,
        "done": row.done,
        "total": row.total,
        "counts": counts(row.counts),
        "error": row.error,
        "stalled": stall(row.stall),
        "decision": row.decision.value if row.decision else None,
    }


def stall(run_stall: Stall | None) -> dict[str, Any] | None:
    """Why a run that is under way is stalled."""
    if run_stall is None:
        return None
    return {"state": run_stall.state, "since": utc(run_stall.since), "text": run_stall.text, "advice": run_stall.advice}


def service(view: ServiceView) -> dict[str, Any]:
    """Who executes runs: state, advice and the workers that were seen."""
    return {
        "state": view.state.value,
        "text": view.text,
        "advice": view.advice,
        "log": view.log or None,
        "workers": [
            {
                **asdict(worker),
                "state": worker.state.value,
                "started_at": utc(worker.started_at),
                "heartbeat_at": utc(worker.heartbeat_at),
            }
            for worker in view.workers
        ],
    }


def pulse(store_pulse: Pulse) -> dict[str, Any]:
    """The health of the whole store in numbers."""
    numbers = ("running", "held", "failing", "stale", "service_running", "findings", "stalled")
    former = {"service_alive": store_pulse.service_running}
    return {name: getattr(store_pulse, name) for name in numbers} | former


def run_detail(detail: RunDetail) -> dict[str, Any]:
    """One run with everything about it."""
    return run(detail.run) | {
        "phases": [_phase(phase) for phase in detail.phases],
        "per_second": detail.per_second,
        "eta": detail.eta,
        "reasons": {row.reason.value: row.count for row in detail.reasons},
        "explanations": [_reason(row) for row in detail.reasons],
        "rate": asdict(detail.rate) if detail.rate else None,
        "events": [{"at": utc(e.at), "level": e.level, "text": e.text} for e in detail.events],
        "hold": _hold(detail.hold) if detail.hold else None,
        "actions": sorted(action.value for action in detail.actions),
        "worker_running": detail.worker_running,
        "worker_alive": detail.worker_running,  # its former name
        "counted": asdict(detail.counted),
    }


def counts(ends: Counts) -> dict[str, int]:
    """How many SKUs of a run there are, and how they ended."""
    return words.named(words.OUTCOMES, ends.as_dict())


def _hold(hold: HoldView) -> dict[str, Any]:
    reasons = [rule.text for rule in hold.rules]
    return asdict(hold) | {"reasons": reasons, "groups": words.named(words.GROUPS, hold.groups)}


def _phase(phase: PhaseView) -> dict[str, Any]:
    times = {"started_at": utc(phase.started_at), "ended_at": utc(phase.ended_at)}
    return {"name": phase.name, "state": phase.state.value, "done": phase.done, "total": phase.total, **times}


def _reason(row: ReasonRow) -> dict[str, Any]:
    return asdict(row) | {
        "reason": row.reason.value,
        "outcome": words.name(words.OUTCOMES, row.outcome),
        "sample": list(row.sample),
    }


def merchant_health(row: MerchantRow) -> dict[str, Any]:
    """How a merchant is doing."""
    return {
        "id": row.id,
        "name": row.name,
        "source": row.source,
        "sync_on": row.sync_on,
        "last_run_at": utc(row.last_run_at),
        "status": row.status,
        "next_run_at": utc(row.next_run_at),
        "scheduled": row.scheduled,
        "carts": row.carts,
        "active_run": row.active_run,
        "held": row.held,
        "frozen": [{**asdict(freeze), "since": utc(freeze.since)} for freeze in row.frozen],
        "problems": [
            {"text": problem.text, "advice": problem.advice, "urgent": problem.urgent} for problem in row.problems
        ],
    }


def connection(setup: ConnectionSetup | None) -> dict[str, Any] | None:
    """A connection; its secret is a reference."""
    return None if setup is None else asdict(setup)


def merchant(setup: MerchantSetup, health: MerchantRow | None) -> dict[str, Any]:
    """A merchant with its settings and its last inventory run."""
    return {
        "id": setup.id,
        "name": setup.name,
        **fields.document(fields.MERCHANT, setup.values),
        "last_run_at": utc(health.last_run_at) if health else None,
        "status": health.status if health else "",
        "next_run_at": utc(setup.next_run_at),
        "every": setup.every,
        "source": connection(setup.source),
    }


def cart(setup: CartSetup) -> dict[str, Any]:
    """A cart with its Edit Setup and its newest push."""
    return {
        "id": setup.id,
        "merchant_id": setup.merchant_id,
        "merchant": setup.merchant,
        "name": setup.name,
        "of_cart": setup.of_cart,
        "location": setup.location or None,
        "connection": connection(setup.connection),
        "warehouses": list(setup.warehouses),
        "combine_all": not setup.warehouses,
        "alias": setup.alias,
        **fields.document(fields.CART, setup.values),
        "every": setup.every,
        "next_run_at": utc(setup.next_run_at),
        "last_run": run(setup.last_run) if setup.last_run else None,
        "status": setup.status,
    }
