"""Whether a listing may be written, and every cause why it does not show its warehouse's stock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from invsync_tui.rules.outcomes import REASONS, Outcome, Reason, ReasonKind, of_kind


class Eligibility(NamedTuple):
    """What stands between a listing and a push."""

    switched_on: bool
    excluded: bool
    locked: bool
    match_reason: Reason | None
    """Why the listing has no product; None where it has one."""
    cart_reason: Reason | None
    """Why the cart says that no quantity can be set."""
    tracked: bool | None
    has_warehouse: bool
    """At least one warehouse of this cart is enabled."""
    frozen: bool = False
    """Nothing is sent by an operator's decision. The arithmetic goes on, so this is no obstacle to it."""
    warehouses_gone: bool = False
    """There are enabled ones, but the WMS reports no stock for any of them."""
    overridden: bool = False
    """An operator gave it a quantity. That is pushed, so it is no obstacle."""


def obstacle(standing: Eligibility) -> Reason | None:
    """The first reason not to write, in the order in which an operator would mend them; None if there is none."""
    if not standing.switched_on:
        return Reason.SWITCH_OFF
    if standing.excluded:
        return Reason.EXCLUDED
    if standing.locked:
        return Reason.LOCKED
    reason = standing.match_reason or standing.cart_reason
    if reason is not None:
        return reason
    if standing.tracked is False:
        return Reason.CART_NOT_TRACKING
    return None if standing.has_warehouse else no_warehouse(standing)


def no_warehouse(standing: Eligibility) -> Reason:
    """Why there is no warehouse to take a number from."""
    return Reason.WAREHOUSE_GONE if standing.warehouses_gone else Reason.WAREHOUSE_DISABLED


STOCK_CAUSES = of_kind(ReasonKind.STOCK)
"""Reasons of the quantity chain that explain a number."""

SENDING_CAUSES = of_kind(ReasonKind.SENDING, ReasonKind.PROGRAM)
"""Reasons that the last run met while sending; they hold until a later run settles the listing."""


def causes(
    standing: Eligibility, *, merchant_on: bool, stock: Reason | None, last: Reason | None
) -> tuple[Reason, ...]:
    """All that applies, in the order of the guide. `stock` is the chain's reason, `last` the last run's.

    While the merchant's own switch is off nothing was downloaded, so that nothing else can be known.
    """
    if not merchant_on:
        return (Reason.SWITCH_OFF,)
    return tuple(dict.fromkeys(_all(standing, stock, last)))


def _all(standing: Eligibility, stock: Reason | None, last: Reason | None) -> Iterator[Reason]:
    checks = (
        (not standing.switched_on, Reason.SWITCH_OFF),
        (standing.frozen, Reason.FROZEN),
        (standing.excluded, Reason.EXCLUDED),
        (standing.locked, Reason.LOCKED),
        (standing.overridden, Reason.OVERRIDDEN),
        (standing.tracked is False, Reason.CART_NOT_TRACKING),
        (not standing.has_warehouse, no_warehouse(standing)),
    )
    yield from (reason for applies, reason in checks if applies)
    yield from (reason for reason in (standing.match_reason, standing.cart_reason) if reason is not None)
    # Without a warehouse nothing can be said about the stock; that no level is found is no second cause.
    if stock is not None and stock in STOCK_CAUSES and standing.has_warehouse:
        yield stock
    if last is not None and (last in SENDING_CAUSES or last not in REASONS):
        yield last


UNSETTLED = frozenset({Outcome.FAILED, Outcome.HELD, Outcome.IN_DOUBT})
"""Ends of a run after which its reason still stands."""


class Recorded(NamedTuple):
    """What the last plan and the last read of the cart have left in a listing's row, in the store's words."""

    match_reason: str | None
    reason: str | None
    outcome: str | None
    skip: str | None
    tracked: int | None
    excluded: int
    locked: int


def recorded_causes(row: Recorded) -> tuple[Reason, ...]:
    """The causes that the row itself tells; those of its whole cart are not among them."""
    standing = Eligibility(
        switched_on=True,
        excluded=bool(row.excluded),
        locked=bool(row.locked),
        match_reason=Reason(row.match_reason) if row.match_reason else None,
        cart_reason=Reason(row.skip) if row.skip else None,
        tracked=None if row.tracked is None else bool(row.tracked),
        has_warehouse=True,
    )
    reason = Reason(row.reason) if row.reason else None
    last = reason if row.outcome in UNSETTLED else None
    stock = reason if row.match_reason is None else None
    return causes(standing, merchant_on=True, stock=stock, last=last)


def hides_stock(row: Recorded) -> bool:
    """Whether a plan stopped at another reason before it looked at the stock, so that the row cannot tell of it."""
    if row.match_reason is not None or row.reason is None:
        return False
    return Reason(row.reason) not in STOCK_CAUSES | {Reason.IN_SYNC}
