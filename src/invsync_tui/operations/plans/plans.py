"""Plans: what the next push of a cart would set and why, kept under a number, and applied exactly as it was shown."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from invsync_tui import clock
from invsync_tui.connectors.network.http_log import redacted
from invsync_tui.operations import names
from invsync_tui.operations.errors import NotFoundError, OperationError, as_operation_error
from invsync_tui.operations.plans.grouping import requests
from invsync_tui.operations.plans.rows import PlanLine, PlanRows, PlanTotals, totals
from invsync_tui.operations.roles import Right
from invsync_tui.operations.session import Session
from invsync_tui.plain_text import counted
from invsync_tui.rules import safety_rules
from invsync_tui.rules.outcomes import Reason
from invsync_tui.rules.safety_rules import TrippedRule
from invsync_tui.store import audit
from invsync_tui.store.listings import plans
from invsync_tui.store.listings.plans import KeptPlan
from invsync_tui.store.runs import runs
from invsync_tui.store.runs.records import RunRequest
from invsync_tui.store.settings import read as settings_read

if TYPE_CHECKING:
    from invsync_tui.sync.plans.dry_run import DryRun

__all__ = ["PlanLine", "PlanRows", "PlanTotals", "PlanView"]

RULES, UNDO, SAFE = "rules", "undo", "safe"


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan without its listings. `number` is None for one that is not kept: a what-if, or in read-only mode."""

    number: int | None
    kind: str
    """rules: what the settings say; undo: back to what a run replaced; safe: no more than some level."""
    cart_id: int
    cart: str
    of_run: int | None
    made_at: int
    made_by: str
    reason: str
    totals: PlanTotals
    skipped: Mapping[Reason, int]
    """Listings that were looked at and would be left alone, by reason; known while the plan is new."""
    not_listed: int | None
    """Products that the cart does not list: its runs count them as skipped, too."""
    in_sync: int | None
    in_doubt: int | None
    submitted: int | None
    """Listings that wait until the cart applies an earlier batch."""
    rules: tuple[TrippedRule, ...]
    """Each safety rule that would hold a push of this. Applying the plan accepts them."""
    what_if: tuple[tuple[str, str], ...]
    """Settings that were tried without being saved: (name, value)."""
    frozen: str
    """Why nothing would be sent although it is planned; '' where it would."""
    applied_by: int | None
    """The run that is or was bound to it."""
    requests: int = 0
    """The least number of requests that sets all of it."""
    advice: tuple[str, ...] = field(default=())
    """What can be done with it, in words."""


@dataclass(slots=True)
class PlanBuild:
    """A plan that is being made, step by step, so that a screen can go on meanwhile."""

    cart_id: int
    cart: str
    what_if: tuple[tuple[str, str], ...]
    planned: DryRun

    @property
    def done(self) -> bool:
        """Nothing is left to look at."""
        return self.planned.done

    @property
    def progress(self) -> tuple[int, int]:
        """Listings looked at, of how many."""
        return self.planned.looked_at, len(self.planned.ground.ids)


def start_plan(session: Session, cart_id: int, overlay: Mapping[str, str] | None = None) -> PlanBuild:
    """Start to plan the next push of a cart; `overlay` are texts by setting, as a form has them, that are tried only."""
    from invsync_tui.operations.settings import forms
    from invsync_tui.sync.plans import dry_run

    name = _name(session, cart_id)
    given = dict(overlay or {})
    values = forms.columns(session, f"cart:{cart_id}", given) if given else {}
    with as_operation_error(), session.store.reading() as cx:
        planned = dry_run.begin(cx, cart_id, values)
    if planned is None:
        raise OperationError(f"The merchant of {name} has no WMS connection. See: invsync merchants set --help.")
    return PlanBuild(cart_id, name, tuple(given.items()), planned)


def advance(session: Session, making: PlanBuild, seconds: float | None = None) -> None:
    """Look at more listings, for about so many seconds; None: until it is done."""
    from invsync_tui.sync.plans import dry_run

    until = float("inf") if seconds is None else clock.elapsed() + seconds
    with as_operation_error(), session.store.reading() as cx:
        dry_run.advance(cx, making.planned, until)


def build_plan(session: Session, cart_id: int, overlay: Mapping[str, str] | None = None) -> PlanBuild:
    """The whole plan at once."""
    making = start_plan(session, cart_id, overlay)
    while not making.done:
        advance(session, making)
    if not making.planned.ground.ids:
        advance(session, making)
    return making


def save_plan(session: Session, making: PlanBuild) -> int | None:
    """Keep a plan by the saved settings; its number, or None where this session or a what-if cannot be applied."""
    if making.what_if or not session.may(Right.SYNC):
        return None
    planned = making.planned
    return store(
        session,
        KeptPlan(
            0, making.cart_id, RULES, None, clock.seconds(), session.operator, redacted(""),
            planned.ground.settings.cart.rules_rev, planned.ground.seq, len(planned.changes.ids),
            json.dumps([{"breaker": t.rule.value, "measure": t.measure, "text": t.text} for t in planned.trips]),
            planned.changes,
        ),
    )  # fmt: skip


def store(session: Session, plan: KeptPlan) -> int:
    """Keep a plan; its number."""
    session.allow(Right.SYNC, "keep a plan")
    with as_operation_error(), session.store.transaction() as tx:
        return plans.keep(tx, plan)


# --- looking ---------------------------------------------------------------------------------------------------------


def _not_listed(session: Session, cart_id: int) -> int:
    with as_operation_error(), session.store.reading() as cx:
        return plans.not_listed(cx, cart_id)


def view(session: Session, making: PlanBuild, number: int | None) -> PlanView:
    """A plan that was just made, and kept under `number`."""
    planned = making.planned
    factor = planned.ground.settings.cart.jump_factor
    plan = PlanView(
        number=number,
        kind=RULES,
        cart_id=making.cart_id,
        cart=making.cart,
        of_run=None,
        made_at=clock.seconds(),
        made_by=session.operator,
        reason="",
        totals=totals(planned.changes, factor),
        skipped=dict(planned.skipped.most_common()),
        not_listed=_not_listed(session, making.cart_id),
        in_sync=planned.equal,
        in_doubt=planned.in_doubt,
        submitted=planned.submitted,
        rules=tuple(TrippedRule(safety_rules.code(trip.rule), trip.text) for trip in planned.trips),
        what_if=making.what_if,
        frozen=_frozen(session, making.cart_id),
        applied_by=None,
        requests=requests(session, making.cart_id, planned.changes.ids),
    )
    return _advised(plan, _unfreeze(session, making.cart_id))


def rows(
    session: Session, making: PlanBuild, sort: str = "position", text: str = "", risk: str | None = None
) -> PlanRows:
    """The listings of a plan that was just made."""
    return PlanRows.of(session, making.cart_id, making.planned.changes, making.planned.ground, sort, text, risk)


def load_plan(session: Session, number: int) -> PlanView:
    """A kept plan; NotFoundError if there is none of this number."""
    plan = find(session, number)
    with as_operation_error(), session.store.reading() as cx:
        by = plans.applied_by(cx, plan)
        cart = plans.cart(cx, plan.cart_id)
    plan_view = PlanView(
        number=plan.id,
        kind=plan.kind,
        cart_id=plan.cart_id,
        cart=_name(session, plan.cart_id),
        of_run=plan.of_run,
        made_at=plan.made_at,
        made_by=plan.made_by,
        reason=plan.reason,
        totals=totals(plan.changes, cart.jump_factor if cart else 0),
        skipped={},
        not_listed=None,
        in_sync=None,
        in_doubt=None,
        submitted=None,
        rules=safety_rules.tripped_rules(plan.trips),
        what_if=(),
        frozen="" if plan.explicit else _frozen(session, plan.cart_id),
        applied_by=by[0] if by else None,
        requests=requests(session, plan.cart_id, plan.changes.ids),
    )
    return _advised(plan_view, _unfreeze(session, plan.cart_id))


def load_plan_rows(
    session: Session, number: int, sort: str = "position", text: str = "", risk: str | None = None
) -> PlanRows:
    """The listings of a kept plan."""
    plan = find(session, number)
    ground: Any = start_plan(session, plan.cart_id).planned.ground if plan.kind == RULES else None
    cause = {UNDO: f"run {plan.of_run} replaced it", SAFE: "safe level"}.get(plan.kind, "")
    return PlanRows.of(session, plan.cart_id, plan.changes, ground, sort, text, risk, cause)


def find(session: Session, number: int) -> KeptPlan:
    """A stored plan; NotFoundError if there is none."""
    with as_operation_error(), session.store.reading() as cx:
        plan = plans.get(cx, number)
    if plan is None:
        raise NotFoundError(f"There is no plan {number} (any more). Make one with: invsync plan CART.")
    return plan


def _name(session: Session, cart_id: int) -> str:
    with as_operation_error(), session.store.reading() as cx:
        name_of_cart = next((name for number, _, name in settings_read.cart_names(cx) if number == cart_id), None)
    if name_of_cart is None:
        raise NotFoundError(f"There is no cart {cart_id}. List them with: invsync carts.")
    return name_of_cart


def _frozen(session: Session, cart_id: int) -> str:
    from invsync_tui.operations.plans.freeze import frozen_in_words

    return frozen_in_words(session, cart_id)


def _unfreeze(session: Session, cart_id: int) -> str:
    from invsync_tui.operations.plans.freeze import how_to_unfreeze

    with as_operation_error(), session.store.reading() as cx:
        return how_to_unfreeze(cx, cart_id)


def _advised(plan: PlanView, unfreeze: str) -> PlanView:
    return replace(plan, advice=tuple(_advice(plan, unfreeze)))


def _advice(plan: PlanView, unfreeze: str) -> list[str]:
    if plan.what_if:
        settings = " ".join(f"--{name} {value}" for name, value in plan.what_if)
        return [f"Nothing of this is saved. To have it so: invsync carts set '{plan.cart}' {settings}"]
    if plan.frozen:
        return [f"{plan.frozen} Unfreeze it first: {unfreeze}"]
    if plan.applied_by is not None:
        return [f"Run {plan.applied_by} is bound to it: invsync runs {plan.applied_by}"]
    if not plan.totals.to_set:
        return ["There is nothing to set."]
    if plan.number is None:
        return []
    reason = " --reason TEXT" if plan.rules or plan.kind != RULES else ""
    return [f"To send exactly this: invsync apply {plan.number}{reason}"]


# --- applying --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """The result of applying a plan."""

    run: int
    worker_started: bool
    frozen: bool
    """The cart was frozen with it, so that the next push by the settings does not undo it."""
    message: str


def apply(session: Session, number: int, reason: str = "", *, freeze: bool = True) -> ApplyResult:
    """Ask for a push that sends exactly this plan, or nothing. An undo or safe plan freezes the cart, but with `freeze` False."""
    from invsync_tui.operations.plans.freeze import freeze_with
    from invsync_tui.operations.runs.request import ensure_worker

    plan = find(session, number)
    trips = json.loads(plan.trips)
    session.allow(Right.DECIDE if trips or plan.explicit else Right.SYNC, f"apply plan {number}")
    if (trips or plan.explicit) and not reason:
        raise OperationError(f"Plan {number} needs an operator's word: say why, with --reason TEXT.")
    name = _name(session, plan.cart_id)
    now = clock.seconds()
    with as_operation_error(), session.store.transaction() as tx:
        _refuse(tx, plan, name)
        run_id = _bound(tx, session, plan, now)
        froze = plan.explicit and freeze and freeze_with(tx, session, plan, reason, now)
        audit.record(
            tx,
            now,
            session.operator,
            "apply",
            f"plan:{number}",
            before=plan.trips,
            after=f"run:{run_id}",
            reason=redacted(reason),
        )
        text = f"{session.operator} applied plan {number}: {reason or 'no reason given'}."
        runs.add_event(tx, run_id, now, "info", redacted(text))
    started = ensure_worker(session)
    return ApplyResult(
        run_id, started, froze, _applied_text(plan, run_id, name, started=started, froze=froze, freeze=freeze)
    )


def _refuse(tx: Any, plan: KeptPlan, name: str) -> None:
    """What keeps a plan from being applied, seen before a push is asked for."""
    from invsync_tui.operations.plans.freeze import how_to_unfreeze

    again = f"Make a new one: invsync plan '{name}'"
    by = plans.applied_by(tx, plan)
    if by is not None and by.state not in ("cancelled", "failed"):
        raise OperationError(f"Plan {plan.id} is bound to run {by.id} already ({by.state}). {again}")
    if not plan.n:
        raise OperationError(f"Plan {plan.id} sets nothing, so there is nothing to apply.")
    if not plan.explicit:
        cart = plans.cart(tx, plan.cart_id)
        if cart is None or cart.rules_rev != plan.rules_rev:
            raise OperationError(f"The settings of {name} were changed since plan {plan.id} was made. {again}")
        if plan.cart_id in plans.all_frozen(tx):
            unfreeze = how_to_unfreeze(tx, plan.cart_id)
            raise OperationError(f"{name} is frozen: nothing is sent. Unfreeze it first: {unfreeze}")
    waiting_run = plans.open_run(tx, plan.cart_id)
    if waiting_run and waiting_run.state in ("running", "cancelling"):
        raise OperationError(
            f"Run {waiting_run.id} is working on {name} now. Wait for it, or: invsync cancel {waiting_run.id}"
        )
    if waiting_run and waiting_run.state == "requested" and waiting_run.plan_id is not None:
        raise OperationError(
            f"Run {waiting_run.id} waits to send plan {waiting_run.plan_id}. Wait for it, or: invsync cancel {waiting_run.id}"
        )


def _bound(tx: Any, session: Session, plan: KeptPlan, now: int) -> int:
    """The run that sends the plan: one that is held or waits already, else a new one."""
    cart = plans.cart(tx, plan.cart_id)
    merchant = cart.merchant_id if cart else 0
    run_id = runs.request(tx, RunRequest("push", plan.cart_id, merchant, "apply", session.operator), now).run_id
    accepted = {trip["breaker"]: trip["measure"] for trip in json.loads(plan.trips)}
    plans.bind(tx, run_id, plan.id, json.dumps(accepted), now)
    return run_id


def _applied_text(plan: KeptPlan, run_id: int, name: str, *, started: bool, froze: bool, freeze: bool) -> str:
    text = f"Run {run_id} sends plan {plan.id}: {counted(plan.n, 'listing')} of {name}."
    if froze:
        text += f" {name} is frozen from now on, so that the next push does not undo it: invsync unfreeze {shlex.quote(name)}"
    elif plan.explicit and not freeze:
        text += " The next push by the settings sets them again."
    if started:
        text += " No service is running, so a worker was started; it continues when this terminal closes."
    return text


def cart_of(session: Session, called: str, merchant: str | None = None) -> names.Named:
    """The cart of this name or number."""
    owner = names.merchant(session, merchant).id if merchant else None
    return names.cart(session, called, owner)
