"""Whether a listing may be written at all, before any arithmetic: switches, operators' wishes, match, the cart's flags."""

from __future__ import annotations

from dataclasses import dataclass

from invsync_tui.rules.outcomes import Reason


@dataclass(frozen=True, slots=True)
class Standing:
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


def obstacle(standing: Standing) -> Reason | None:
    """The first reason not to write, in the order in which an operator would mend them; None if there is none."""
    checks = (
        (not standing.switched_on, Reason.SWITCH_OFF),
        (standing.excluded, Reason.EXCLUDED),
        (standing.locked, Reason.LOCKED),
        (standing.match_reason is not None, standing.match_reason),
        (standing.cart_reason is not None, standing.cart_reason),
        (standing.tracked is False, Reason.CART_NOT_TRACKING),
        (not standing.has_warehouse, Reason.WAREHOUSE_DISABLED),
    )
    return next((reason for applies, reason in checks if applies), None)
