"""Plans without a store: every risk, a hostile code, and what was ordered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from invsync_tui.operations.plans.plans import PlanView
from invsync_tui.operations.plans.rows import PlanLine, PlanTotals
from invsync_tui.operations.rows import Rows
from invsync_tui.operations.views import Requested
from invsync_tui.rules.outcomes import Reason
from invsync_tui.rules.safety import Risk, risk
from invsync_tui.tui.gateway.plans import Shown
from invsync_tui.tui.screens.listings.plan import FIELDS
from invsync_tui.tui.widgets.columns import ListView
from invsync_tui.tui.widgets.row_source import MemoryRows
from tests.support.fakes.lists import HOSTILE, NOW, sku

LINES = tuple(
    PlanLine(n, HOSTILE[0] if n == 3 else sku(n), shows, after, after - shows, risk(shows, after), "buffer 2")
    for n, (shows, after) in enumerate(((9, 0), (3, 90), (40, 12), (5, 9), (7, 6)) * 8, 1)
)
VIEW = PlanView(
    number=None,
    kind="rules",
    cart_id=7,
    cart="Demo Cart EU",
    of_run=None,
    made_at=NOW,
    made_by="demo",
    reason="",
    totals=PlanTotals(len(LINES), 8, 16, 24, 0, dict.fromkeys(Risk, 8)),
    skipped={Reason.NOT_IN_WMS: 3},
    equal=860,
    in_doubt=0,
    holds=("8 of 900 listings in stock would show 0; the limit is 5",),
    what_if=(),
    frozen="",
    applied_by=None,
)


class FakePlans:
    """Answers as `PlansGateway` does, and keeps what was ordered."""

    def __init__(self) -> None:
        self.orders: list[tuple[object, ...]] = []
        self.view = VIEW

    def make(self, cart_id: int, overlay: Mapping[str, str] | None = None) -> Shown:
        given = tuple((overlay or {}).items())
        self.orders.append(("make", cart_id, *given))
        return Shown(replace(self.view, what_if=given), None)

    def kept(self, number: int) -> Shown:
        return Shown(replace(VIEW, number=number, kind="undo", of_run=12, equal=None, skipped={}, holds=()), None)

    def rows(self, shown: Shown, sort: str, text: str) -> Rows[PlanLine]:
        return MemoryRows(LINES, FIELDS, ListView(text, sort), lambda line: line.listing_id)

    def apply(self, shown: Shown, reason: str) -> Requested:
        self.orders.append(("apply", shown.view.number, reason))
        return Requested((11,), False, "Run 11 sends plan 4: 40 listings of Demo Cart EU.")

    def undo(self, run_id: int, reason: str) -> int:
        self.orders.append(("undo", run_id, reason))
        return 13

    def freeze(self, cart_id: int, reason: str) -> str:
        self.orders.append(("freeze", cart_id, reason))
        return "Demo Cart EU is frozen."

    def thaw(self, cart_id: int, reason: str) -> str:
        self.orders.append(("thaw", cart_id, reason))
        return "Demo Cart EU is thawed."
