"""Every cause why a listing does not show its warehouse's stock, not only the first one that a push stopped at."""

from __future__ import annotations

from collections.abc import Iterator

from invsync_tui.rules.eligibility import Standing
from invsync_tui.rules.outcomes import Reason

STOCK_CAUSES = frozenset(
    {Reason.NO_LEVEL, Reason.WRONG_WAREHOUSE, Reason.NOT_IN_WMS, Reason.WMS_STALE, Reason.CUT_OFF_APPLIED}
)
"""Reasons of the quantity chain that explain a number."""

SENDING_CAUSES = frozenset(
    {
        Reason.CAS_CONFLICT, Reason.THROTTLED, Reason.SCOPE_MISSING, Reason.AUTH_FAILED, Reason.CART_UNAVAILABLE,
        Reason.REJECTED_BY_CART, Reason.VERIFY_FAILED, Reason.BREAKER_TRIPPED,
    }
)  # fmt: skip
"""Reasons that the last run met while sending; they hold until a later run settles the listing."""


def causes(standing: Standing, *, merchant_on: bool, stock: Reason | None, last: Reason | None) -> tuple[Reason, ...]:
    """All that applies, in the order of the guide. `stock` is the chain's reason, `last` the last run's.

    While the merchant's own switch is off nothing was downloaded, so that nothing else can be known.
    """
    if not merchant_on:
        return (Reason.SWITCH_OFF,)
    return tuple(dict.fromkeys(_all(standing, stock, last)))


def _all(standing: Standing, stock: Reason | None, last: Reason | None) -> Iterator[Reason]:
    checks = (
        (not standing.switched_on, Reason.SWITCH_OFF),
        (standing.excluded, Reason.EXCLUDED),
        (standing.locked, Reason.LOCKED),
        (standing.tracked is False, Reason.CART_NOT_TRACKING),
        (not standing.has_warehouse, Reason.WAREHOUSE_DISABLED),
    )
    yield from (reason for applies, reason in checks if applies)
    yield from (reason for reason in (standing.match_reason, standing.cart_reason) if reason is not None)
    if stock is not None and stock in STOCK_CAUSES:
        yield stock
    if last is not None and last in SENDING_CAUSES:
        yield last
