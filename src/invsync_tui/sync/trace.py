"""The arithmetic behind one listing: the plan's own chain run again for it alone, with every step and every cause."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from invsync_tui.connectors import stock_elsewhere as words
from invsync_tui.connectors.base import QuantityBasis
from invsync_tui.rules import diagnosis, quantity
from invsync_tui.rules.outcomes import Outcome, Reason
from invsync_tui.rules.quantity import Step
from invsync_tui.store.listings import listings
from invsync_tui.store.listings.listings import Beside, PlanRow
from invsync_tui.sync.decide import Stock, chain_rules, standing_of
from invsync_tui.sync.settings import Settings


class Trace(NamedTuple):
    """A listing explained. `desired` is None where its stock is not known well enough to say."""

    row: PlanRow
    steps: tuple[Step, ...]
    desired: int | None
    target: int | None
    causes: tuple[Reason, ...]


def traces(
    cx: sqlite3.Connection, listing_ids: list[int], settings: Settings, basis: QuantityBasis, now: int
) -> list[Trace]:
    """Explain some listings of one cart."""
    rows = listings.plan_rows(cx, listing_ids)
    stock = Stock.of(cx, rows, settings, now)
    beside = listings.beside(cx, listing_ids)
    found = [_trace(row, stock, settings, basis, now) for row in rows]
    return [one._replace(steps=(*one.steps, *_in_shop(one, beside[one.row.id]))) for one in found]


def _in_shop(trace: Trace, beside: Beside) -> list[Step]:
    """What the shop makes of the number, where it sells another one."""
    steps: list[Step] = []
    sells = trace.desired
    if beside.elsewhere or beside.elsewhere_allocated:
        stock, held = beside.elsewhere or 0, beside.elsewhere_allocated
        more = None if sells is None else sells + stock - held
        steps.append(Step("elsewhere", sells, more, words.elsewhere(stock, held)))
        sells = more
    if beside.threshold:
        less = None if sells is None else sells - beside.threshold
        steps.append(Step("threshold", sells, less, words.threshold(beside.threshold)))
    return steps


def _trace(row: PlanRow, stock: Stock, settings: Settings, basis: QuantityBasis, now: int) -> Trace:
    last = listings_reason(row)
    if row.product_id is None:
        found = diagnosis.causes(
            standing_of(row, settings), merchant_on=settings.merchant.inventory_sync, stock=None, last=last
        )
        return Trace(row, (), None, None, found)
    # What an operator wishes is a cause of its own; the arithmetic behind it is shown all the same.
    facts = stock.facts(row, now)._replace(excluded=False, locked=False)
    decision = quantity.decide(facts, chain_rules(settings, basis))
    found = diagnosis.causes(
        standing_of(row, settings), merchant_on=settings.merchant.inventory_sync, stock=decision.reason, last=last
    )
    return Trace(row, decision.steps, decision.desired, decision.target, found)


def listings_reason(row: PlanRow) -> Reason | None:
    """Why the last run failed or held a listing; None where it did neither."""
    failed = row.outcome in (Outcome.FAILED, Outcome.HELD, Outcome.IN_DOUBT)
    return Reason(row.reason) if failed and row.reason else None
