"""Plans without a store: every risk, a hostile code, and what was ordered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from invsync_tui.operations.lists.rows import Rows
from invsync_tui.operations.plans.freeze import FreezeResult
from invsync_tui.operations.plans.plans import ApplyResult, PlanBuild, PlanView
from invsync_tui.operations.plans.rows import PlanLine, PlanTotals
from invsync_tui.operations.plans.undo import Remedy
from invsync_tui.rules.outcomes import Reason
from invsync_tui.rules.safety import Risk, risk
from invsync_tui.rules.safety_rules import TrippedRule
from invsync_tui.tui.screens.listings.plan import FIELDS
from invsync_tui.tui.widgets.columns import ListView
from invsync_tui.tui.widgets.row_source import MemoryRows
from tests.support.fakes.lists import HOSTILE, NOW, name, sku

LINES = tuple(
    PlanLine(
        n,
        n,
        HOSTILE[0] if n == 3 else sku(n),
        name(n),
        shows,
        after,
        after - shows,
        risk(shows, after),
        "buffer 2",
    )
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
    not_listed=6,
    in_sync=860,
    in_doubt=0,
    submitted=0,
    rules=(TrippedRule("MASS_ZERO", "8 of 900 listings in stock would show 0; the limit is 5"),),
    what_if=(),
    frozen="",
    applied_by=None,
    requests=1,
)


class FakePlans:
    """Plans, undo and freezing; keeps what was changed."""

    def __init__(self) -> None:
        self.orders: list[tuple[object, ...]] = []
        self.view = VIEW

    def build_plan(self, cart_id: int, overlay: Mapping[str, str] | None = None) -> PlanBuild:
        given = tuple((overlay or {}).items())
        self.orders.append(("make", cart_id, *given))
        return PlanBuild(cart_id, VIEW.cart, given, planned=cast(Any, None))

    def view_of(self, making: PlanBuild, number: int | None) -> PlanView:
        return replace(self.view, what_if=making.what_if, number=number)

    def rows(self, making: PlanBuild, sort: str = "position", text: str = "") -> Rows[PlanLine]:
        return MemoryRows(
            LINES, FIELDS, ListView(text, sort.removeprefix("-"), sort.startswith("-")), lambda line: line.listing_id
        )

    def load_plan(self, number: int) -> PlanView:
        return replace(VIEW, number=number, kind="undo", of_run=12, in_sync=None, not_listed=None, skipped={}, rules=())

    def load_plan_rows(self, number: int, sort: str = "position", text: str = "") -> Rows[PlanLine]:
        return MemoryRows(
            LINES, FIELDS, ListView(text, sort.removeprefix("-"), sort.startswith("-")), lambda line: line.listing_id
        )

    def save_plan(self, making: PlanBuild) -> int | None:
        self.orders.append(("save", making.cart_id))
        return 4

    def apply(self, number: int, reason: str = "") -> ApplyResult:
        self.orders.append(("apply", number, reason))
        text = f"Run 11 sends plan {number}: 40 listings of Demo Cart EU."
        return ApplyResult(11, worker_started=False, frozen=False, message=text)

    def undo(self, run_id: int, reason: str = "") -> Remedy:
        self.orders.append(("undo", run_id, reason))
        return Remedy(13, 0, 0, "Plan 13 puts back what run 12 replaced.")

    def freeze(self, table: str, number: int, reason: str) -> FreezeResult:
        self.orders.append(("freeze", number, reason))
        return FreezeResult("Demo Cart EU is frozen.", ())

    def unfreeze(self, table: str, number: int, reason: str = "") -> FreezeResult:
        self.orders.append(("thaw", number, reason))
        return FreezeResult("Demo Cart EU is unfrozen.", ())
