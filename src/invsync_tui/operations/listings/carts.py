"""Carts with their main settings and how their last push went, as one list."""

from __future__ import annotations

from invsync_tui.operations.errors import as_operation_error
from invsync_tui.operations.lists.list_views import CartLine
from invsync_tui.operations.merchants.overview import ACTIVE
from invsync_tui.operations.service import workers
from invsync_tui.operations.session import Session
from invsync_tui.operations.settings.views import CartSetup
from invsync_tui.operations.settings.views import carts as setups
from invsync_tui.operations.views import RunState, Stall
from invsync_tui.store.listings import plans
from invsync_tui.store.listings.plans import Frozen
from invsync_tui.store.paging import counts as paging_counts
from invsync_tui.store.runs import runs as rows
from invsync_tui.store.runs.records import RunRow


def carts(session: Session, merchant_id: int | None = None) -> tuple[CartLine, ...]:
    """Carts by merchant and number, of one merchant or of all."""
    cart_setups = setups(session, merchant_id)
    not_due = workers.service(session).not_due
    with as_operation_error(), session.store.reading() as cx:
        counts = {setup.id: paging_counts.listings(cx, setup.id) for setup in cart_setups}
        ended = rows.last_ended(cx, "push")
        frozen = plans.all_frozen(cx)
    return tuple(
        _line(setup, counts[setup.id], ended.get(setup.id), frozen.get(setup.id), not_due) for setup in cart_setups
    )


def _line(setup: CartSetup, listings: int, ended: RunRow | None, frozen: Frozen | None, not_due: str) -> CartLine:
    last = setup.last_run
    status = _status(setup, ended)
    return CartLine(
        id=setup.id,
        merchant_id=setup.merchant_id,
        merchant=setup.merchant,
        name=setup.name,
        system=setup.connection.system,
        upload_on=setup.upload_on,
        warehouses=setup.warehouses,
        alias_type=setup.alias,
        minimum=setup.values["minimum"],
        listings=listings,
        last_push_at=ended.ended_at if ended else None,
        status=f"frozen by {frozen.by}: {frozen.why}" if frozen else status,
        next_run_at=setup.next_run_at,
        latest_run=last.id if last else None,
        active_run=last.id if last and last.state.value in ACTIVE else None,
        frozen=frozen is not None,
        not_due=not_due if setup.every and setup.upload_on else "",
    )


def _status(setup: CartSetup, ended: RunRow | None) -> str:
    last = setup.last_run
    return push_status(last.state if last else None, last.stall if last else None, ended)


def push_status(newest: RunState | None, stall: Stall | None, ended: RunRow | None) -> str:
    """How the last push of a cart went, in words, '' for never: of its newest one the state and why it is stalled, and the
    last one that ended."""
    if newest is RunState.HELD:
        return "held"
    if newest is RunState.REQUESTED:
        return "waiting for a worker"
    if newest is not None and newest.value in ACTIVE:
        return "running" if stall is None else f"stalled: {stall.text}"
    if ended is None:
        return ""
    return "success" if ended.state == "done" and not ended.error else f"{ended.state}: {ended.error}".rstrip(": ")
