"""A push that is bound to a plan which an operator was shown: it sends exactly that, or says what changed since."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from invsync_tui.rules.safety import Breaker, Trip
from invsync_tui.store.listings import plans
from invsync_tui.store.listings.plans import KeptPlan, Wanted

NAMED = 5
"""Listings that a text names at most."""


def changed_since(cx: sqlite3.Connection, run_id: int, plan: KeptPlan) -> Trip | None:
    """What a run that has just planned would do otherwise than its plan; None if nothing. The measure counts listings."""
    said = dict(zip(plan.changes.ids, plan.changes.after, strict=True))
    told = list(_differences(cx, run_id, said))
    if not told:
        return None
    texts = "; ".join(told[:NAMED]) + ("; ..." if len(told) > NAMED else "")
    differ = "1 listing differs" if len(told) == 1 else f"{len(told)} listings differ"
    return Trip(Breaker.PLAN_CHANGED, len(told), f"{differ} from plan {plan.id}: {texts}")


def _differences(cx: sqlite3.Connection, run_id: int, said: dict[int, int]) -> Iterator[str]:
    sending = plans.sending(cx, run_id)
    for row in sending:
        if row.id not in said:
            yield f"{row.sku} would show {row.desired}, the plan did not set it"
        elif row.desired != said[row.id]:
            yield f"{row.sku} would show {row.desired}, the plan said {said[row.id]}"
    left = sorted(said.keys() - {row.id for row in sending})
    for row in plans.listings(cx, left):
        if not _shows_it(row, run_id, said[row.id]):
            yield f"{row.sku} would not be set, the plan said {said[row.id]}"


def _shows_it(row: Wanted, run_id: int, quantity: int) -> bool:
    """The cart was found to show already what the plan would have set."""
    return row.run_id == run_id and row.outcome == "equal" and row.desired == quantity
