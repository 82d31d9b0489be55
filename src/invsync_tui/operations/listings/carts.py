"""Carts with their main settings and how their last push went, as one list."""

from __future__ import annotations

from invsync_tui.operations.errors import as_operation_error
from invsync_tui.operations.lists.list_views import CartLine
from invsync_tui.operations.runs.last_status import ACTIVE
from invsync_tui.operations.service import workers
from invsync_tui.operations.session import Session
from invsync_tui.operations.settings.views import CartSetup
from invsync_tui.operations.settings.views import carts as setups
from invsync_tui.store.paging import counts as paging_counts


def carts(session: Session, merchant_id: int | None = None) -> tuple[CartLine, ...]:
    """Carts by merchant and number, of one merchant or of all."""
    cart_setups = setups(session, merchant_id)
    not_due = workers.service(session).not_due
    with as_operation_error(), session.store.reading() as cx:
        counts = {setup.id: paging_counts.listings(cx, setup.id) for setup in cart_setups}
    return tuple(_line(setup, counts[setup.id], not_due) for setup in cart_setups)


def _line(setup: CartSetup, listings: int, not_due: str) -> CartLine:
    last = setup.last_run
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
        last_push_at=setup.last_push_at,
        status=setup.status,
        next_run_at=setup.next_run_at,
        latest_run=last.id if last else None,
        active_run=last.id if last and last.state.value in ACTIVE else None,
        frozen=setup.frozen,
        not_due=not_due if setup.every and setup.upload_on and setup.merchant_on else "",
    )
