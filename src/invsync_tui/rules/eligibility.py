"""Whether a listing may be written at all, before any arithmetic: switches, operators' wishes, match, the cart's flags."""

from __future__ import annotations

from typing import NamedTuple

from invsync_tui.rules.outcomes import Reason


class Standing(NamedTuple):
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
    """Nothing is sent by an operator's order. The arithmetic goes on, so this is no obstacle to it."""
    warehouses_gone: bool = False
    """There are enabled ones, but the WMS reports no stock for any of them."""


def obstacle(standing: Standing) -> Reason | None:
    """The first reason not to write, in the order in which an operator would mend them; None if there is none."""
    if not standing.switched_on:
        return Reason.SWITCH_OFF
    if standing.excluded:
        return Reason.EXCLUDED
    if standing.locked:
        return Reason.LOCKED
    told = standing.match_reason or standing.cart_reason
    if told is not None:
        return told
    if standing.tracked is False:
        return Reason.CART_NOT_TRACKING
    return None if standing.has_warehouse else no_warehouse(standing)


def no_warehouse(standing: Standing) -> Reason:
    """Why there is no warehouse to take a number from."""
    return Reason.WAREHOUSE_GONE if standing.warehouses_gone else Reason.WAREHOUSE_DISABLED
