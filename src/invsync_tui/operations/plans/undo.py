"""Plans that no settings make: taking a run back, and a safe level for a cart. They are kept, looked at, then applied."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from invsync_tui import clock
from invsync_tui.connectors.network.http_log import redacted
from invsync_tui.operations.errors import NotFoundError, OperationError, as_operation_error
from invsync_tui.operations.plans import plans as plan_operations
from invsync_tui.operations.roles import Right
from invsync_tui.operations.runs.views import find
from invsync_tui.operations.session import Session
from invsync_tui.plain_text import counted, grouped
from invsync_tui.rules.matching import normalize_key, trimmed
from invsync_tui.store import change_sequence
from invsync_tui.store.listings import plans
from invsync_tui.store.listings.plans import Changes, KeptPlan


@dataclass(frozen=True, slots=True)
class Remedy:
    """A plan that was made and kept, and what it leaves out."""

    plan: int
    changed: int
    """Listings of the run that were set again, or that the cart no longer has: they stay as they are."""
    unknown: int
    """Listings of which nobody knows what they showed before: they cannot be put back."""
    message: str


def undo(session: Session, run_id: int, reason: str = "") -> Remedy:
    """Plan to put back what a push replaced, where nobody changed it since."""
    session.allow(Right.DECIDE, f"undo run {run_id}")
    run = find(session, run_id)
    if run.kind != "push":
        raise OperationError(f"Run {run_id} is an inventory download: it sent nothing that could be taken back.")
    if run.state in ("requested", "running", "cancelling"):
        raise OperationError(f"Run {run_id} has not ended yet ({run.state}). Cancel it first, or wait.")
    with as_operation_error(), session.store.reading() as cx:
        items = plans.replaced(cx, run_id)
        acked = plans.accepted(cx, [item.listing_id for item in items])
    if not items:
        raise OperationError(f"Run {run_id} set nothing, so there is nothing to take back.")
    changes, changed, unknown = Changes.none(), 0, 0
    for item in items:
        if acked.get(item.listing_id) != item.desired:
            changed += 1
        elif item.before is None:
            unknown += 1
        else:
            back = max(0, item.before - (item.target - item.desired))
            if back != item.desired:
                changes.add(item.listing_id, item.desired, back)
    number = _keep(session, run.key, plan_operations.UNDO, run_id, reason, changes)
    text = f"Plan {number} puts {counted(len(changes.ids), 'listing')} back to what run {run_id} replaced."
    if changed:
        text += f" {grouped(changed)} were changed since and stay as they are."
    if unknown:
        text += f" {grouped(unknown)} showed nothing known before and stay as they are."
    return Remedy(number, changed, unknown, f"{text}{_next(number, changes)}")


def safe(
    session: Session,
    cart_id: int,
    level: int,
    reason: str = "",
    skus: Sequence[str] = (),
    *,
    exactly: bool = False,
) -> Remedy:
    """Plan that no listing of a cart, or none of some, shows more than `level`; `exactly`: that each shows just that."""
    session.allow(Right.DECIDE, f"set a safe level for cart {cart_id}")
    changes, unknown = Changes.none(), 0
    for number, shows in _quantities_shown(session, cart_id, skus):
        unknown += shows is None
        if shows is None or shows > level or (exactly and shows != level):
            changes.add(number, shows, level)
    plan = _keep(session, cart_id, plan_operations.SAFE, None, reason, changes)
    what = f"to {level}" if exactly else f"down to {level}; none is raised"
    text = f"Plan {plan} sets {counted(len(changes.ids), 'listing')} {what}."
    if unknown:
        text += f" Of {grouped(unknown)} nobody knows what they show: they are set as well."
    return Remedy(plan, 0, unknown, f"{text}{_next(plan, changes)}")


def _quantities_shown(session: Session, cart_id: int, skus: Sequence[str]) -> list[tuple[int, int | None]]:
    with as_operation_error(), session.store.reading() as cx:
        if not skus:
            return list(plans.shown_quantities(cx, cart_id))
        listed = plans.shown_quantities_of(cx, cart_id, [normalize_key(sku) for sku in skus])
    chosen: dict[int, int | None] = {}
    missing = []
    for word in skus:
        near = [listing for listing in listed if listing.key == normalize_key(word)]
        exact = [listing for listing in near if trimmed(listing.sku) == trimmed(word)]
        spellings = sorted({trimmed(listing.sku) for listing in near})
        if not exact and len(spellings) > 1:
            named = ", ".join(map(repr, spellings))
            raise OperationError(f"{word!r} may be any of {named}. Write the SKU as it is. Nothing was planned.")
        chosen |= {listing.id: listing.shows for listing in exact or near}
        missing += [word] * (not near)
    if missing:
        raise NotFoundError(f"The cart has no listing {', '.join(map(repr, missing))}. Nothing was planned.")
    return sorted(chosen.items())


def _keep(session: Session, cart_id: int, kind: str, of_run: int | None, reason: str, changes: Changes) -> int:
    with as_operation_error(), session.store.reading() as cx:
        seq = change_sequence.current(cx)
        cart = plans.cart(cx, cart_id)
        in_stock = plans.in_stock(cx, cart_id, -1) if changes.ids else 0
    if cart is None:
        raise NotFoundError(f"There is no cart {cart_id}. List them with: invsync carts.")
    trips = _trips(session, cart_id, changes, in_stock)
    return plan_operations.store(
        session,
        KeptPlan(
            0, cart_id, kind, of_run, clock.seconds(), session.operator, redacted(reason), cart.rules_rev, seq,
            len(changes.ids), json.dumps(trips), changes,
        ),
    )  # fmt: skip


def _trips(session: Session, cart_id: int, changes: Changes, in_stock: int) -> list[dict[str, object]]:
    """The safety rules that would hold it, so that they are shown before it is applied."""
    from invsync_tui.rules import safety
    from invsync_tui.rules.safety import Group, group
    from invsync_tui.store.listings.listings import StockFacts
    from invsync_tui.sync.plans.explicit_plan import shop_facts
    from invsync_tui.sync.push_plan import limits
    from invsync_tui.sync.settings import load_settings

    with as_operation_error(), session.store.reading() as cx:
        settings = load_settings(cx, cart_id)
    if settings is None:
        raise OperationError("The cart's merchant has no WMS connection. See: invsync merchants set --help.")
    factor = settings.cart.jump_factor
    groups = [group(before, after, factor) for before, after in zip(changes.before, changes.after, strict=True)]
    facts = StockFacts(len(groups), groups.count(Group.ZERO), in_stock, groups.count(Group.JUMP))
    trips = safety.check(shop_facts(facts), limits(settings), {})
    return [{"breaker": trip.rule.value, "measure": trip.measure, "text": trip.text} for trip in trips]


def _next(number: int, changes: Changes) -> str:
    if not changes.ids:
        return ""
    return f" Look at it: invsync plan --kept {number}   then: invsync apply {number} --reason TEXT"
