"""Drift without a store."""

from __future__ import annotations

from collections.abc import Sequence

from invsync_tui.operations.listings.drift import FILTERED, VALUES, DriftLine
from invsync_tui.operations.lists.rows import Ordering, Rows
from invsync_tui.operations.lists.sorted_lines import in_order
from invsync_tui.operations.views import Requested
from invsync_tui.rules.listing_filter import DRIFT
from tests.support.fakes.runs import FakeRows, filtered

LINES = (
    ("oversell", 5, 15, "The cart offers 15 and 10 exist: 5 too many. It accepted 10: changed there since."),
    ("vanished", 0, None, "The cart accepted 10 and no longer has the listing."),
    ("edited", 2, 12, "The cart accepted 10 and shows 12: 2 more, by an edit or a canceled order."),
)


class FakeDrift:
    """Remembers what was ordered."""

    def __init__(self) -> None:
        self.orders: list[tuple[object, ...]] = []

    def drifted(
        self, cart_id: int, drift_class: str | None = None, ordering: Ordering | None = None, text: str = ""
    ) -> Rows[DriftLine]:
        lines = [
            DriftLine(n, f"L-{n}", f"DEMO-{n}", "Tent", cause, units, 10, shows, 10, 1_790_000_000, False, note)
            for n, (cause, units, shows, note) in enumerate(LINES, 1)
            if drift_class in (None, cause)
        ]
        return in_order(filtered(FakeRows(lines, "", *VALUES), text, DRIFT, FILTERED), ordering, VALUES)

    def verify(self, cart_id: int) -> Requested:
        self.orders.append(("radar", cart_id))
        return Requested((20,), worker_started=False, message="Requested run 20.")

    def correct(self, cart_id: int, skus: Sequence[str], drift_class: str | None, reason: str) -> str:
        what = ("heal", cart_id, *skus) if drift_class is None else ("heal class", cart_id, drift_class)
        self.orders.append((*what, reason))
        return "1 listing is to be corrected: the next push writes what differs."
