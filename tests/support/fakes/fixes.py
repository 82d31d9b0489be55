"""Changes in the shop without a shop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from invsync_tui.connectors.about import Fix
from invsync_tui.operations.listings.fixes import FixLine, FixPlan, Offer
from invsync_tui.operations.views import Requested
from invsync_tui.rules.outcomes import Reason

TRACK = Fix("track", Reason.CART_NOT_TRACKING, "Turns on stock tracking.", "It shows 0 then.")


class FakeFixes:
    """Two listings, one of which cannot be changed; remembers what was made."""

    def __init__(self) -> None:
        self.orders: list[tuple[object, ...]] = []

    def offers(self, cart_id: int) -> tuple[Offer, ...]:
        return (Offer(TRACK, 2, exact=True),)

    def plan(self, cart_id: int, name: str, skus: Sequence[str] = ()) -> FixPlan:
        lines = (
            FixLine("L-1", "DEMO-1", "Tent", 7, ""),
            FixLine("L-2", "DEMO-2", "Tent", None, "it shares its product's stock"),
        )
        return FixPlan(cart_id, "Shop", TRACK, lines, 0)

    def make(self, cart_id: int, name: str, skus: Sequence[str], reason: str) -> FixPlan:
        self.orders.append(("fix", cart_id, name, *skus, reason))
        requested = Requested((21,), worker_started=False, message="Requested run 21.")
        return replace(self.plan(cart_id, name, skus), requested=requested)
