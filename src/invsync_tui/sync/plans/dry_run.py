"""What the next push of a cart would set, worked out beforehand from the store alone: nothing is written, nobody is asked.

It is the push's own matching, chain and safety rules. Not here: what the cart itself changed since it was last read, and
orders that it took since; a push that is bound to a plan looks, and says what differs.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from invsync_tui import clock
from invsync_tui.connectors import registry
from invsync_tui.connectors.base import QuantityBasis
from invsync_tui.rules import safety
from invsync_tui.rules.outcomes import Outcome, Reason
from invsync_tui.rules.quantity import ChainRules, Decision
from invsync_tui.rules.safety import Group, Trip
from invsync_tui.store import change_sequence
from invsync_tui.store.catalog import products
from invsync_tui.store.catalog.products import PLAIN, Kind
from invsync_tui.store.listings import listings, matching, plans, push_batches
from invsync_tui.store.listings.listings import PlanRow, StockFacts
from invsync_tui.store.listings.plans import Changes
from invsync_tui.store.settings import read as settings_read
from invsync_tui.store.settings.write import RULE_SETTINGS
from invsync_tui.sync import connections
from invsync_tui.sync.decide import StockSnapshot, chain_rules, decide_row
from invsync_tui.sync.plans import what_if
from invsync_tui.sync.push_plan import limits, plan_facts
from invsync_tui.sync.settings import Settings

CHUNK = 500
"""Listings that are read and decided at once."""


class PlanInputs(NamedTuple):
    """What a plan starts from: the settings it goes by, and what it has to look at."""

    settings: Settings
    basis: QuantityBasis
    seq: int
    ids: array[int]
    moved: Mapping[int, tuple[int | None, str | None]]
    """Listings whose code means another product by now, and which one or why none."""
    kinds: Mapping[int, Kind]
    """What these products are."""
    submitted: frozenset[str] = frozenset()
    """Batches that the cart has not applied yet."""


@dataclass(slots=True)
class DryRun:
    """A plan as far as it is made."""

    ground: PlanInputs
    changes: Changes = field(default_factory=Changes.none)
    looked_at: int = 0
    equal: int = 0
    in_doubt: int = 0
    """Listings whose last batch has no answer yet: the push finds out first."""
    submitted: int = 0
    """Listings whose last batch the cart took and has not applied yet: nothing newer is sent before it has."""
    skipped: Counter[Reason] = field(default_factory=Counter)
    to_zero: int = 0
    to_jump: int = 0
    trips: tuple[Trip, ...] = ()

    @property
    def done(self) -> bool:
        """All listings were looked at."""
        return self.looked_at >= len(self.ground.ids)


def begin(cx: sqlite3.Connection, cart_id: int, values: Mapping[str, Any]) -> DryRun | None:
    """A plan by the saved settings with `values` (by column) in the place of some; None for a cart without a WMS."""
    columns = settings_read.cart(cx, cart_id)
    pair = what_if.wanted(cx, columns, values) if columns is not None else None
    if columns is None or pair is None:
        return None
    changed = any(
        columns.get(name) != value for name, value in values.items() if name in RULE_SETTINGS | {"warehouses"}
    )
    settings = pair.then
    cart = settings.cart
    if changed:
        cart.rules_rev += 1
        cart.watermark = 0
    known = columns["matched_rev"] == columns["rules_rev"] and not pair.rematched
    moved = _rematched(cx, settings, columns["match_mark"] if known else 0)
    ids = listings.changed_since(cx, cart_id, cart.watermark)
    if moved and cart.watermark:
        ids = array("q", sorted({*ids, *moved}))
    kinds = products.kinds(cx, [product for product, _ in moved.values() if product is not None])
    basis = registry.cart(connections.cart_connection(cart)).capabilities.quantity_basis
    waiting = push_batches.submitted(cx, cart_id)
    return DryRun(PlanInputs(settings, basis, change_sequence.current(cx), ids, moved, kinds, waiting))


def _rematched(cx: sqlite3.Connection, settings: Settings, mark: int) -> dict[int, tuple[int | None, str | None]]:
    """Listings that mean another product, or lack one for another reason, than the store says."""
    cart = settings.cart
    number = int(cart.id or 0)
    ids = matching.to_match(cx, cart.merchant_id, number, mark)
    result: dict[int, tuple[int | None, str | None]] = {}
    for start in range(0, len(ids), CHUNK):
        matches = matching.look_up(cx, cart.merchant_id, number, cart.push_kind, ids[start : start + CHUNK])
        result.update((match.id, match.now) for match in matches if match.now != match.before)
    return result


def advance(cx: sqlite3.Connection, plan: DryRun, until: float) -> None:
    """Look at more listings, until all are done or the monotonic clock says `until`; at least at one chunk."""
    settings, ids = plan.ground.settings, plan.ground.ids
    rules = chain_rules(settings, plan.ground.basis)
    while not plan.done:
        rows = read(cx, plan.ground, ids[plan.looked_at : plan.looked_at + CHUNK])
        _decide(plan, rows, StockSnapshot.of(cx, rows, settings, clock.seconds()), rules)
        plan.looked_at += min(CHUNK, len(ids) - plan.looked_at)
        if clock.elapsed() >= until:
            break
    if plan.done:
        plan.trips = _check(cx, plan)


def read(cx: sqlite3.Connection, ground: PlanInputs, ids: array[int]) -> list[PlanRow]:
    """Some listings as the push would find them once it has matched them."""
    rows = listings.plan_rows(cx, ids)
    return [_as_planned(ground, row) for row in rows] if ground.moved else rows


def _as_planned(ground: PlanInputs, row: PlanRow) -> PlanRow:
    if row.id not in ground.moved:
        return row
    product, reason = ground.moved[row.id]
    kind = ground.kinds.get(product or 0, PLAIN)
    return row._replace(product_id=product, match_reason=reason, **kind._asdict())


def shows(row: PlanRow) -> int | None:
    """Sellable units that the cart shows now, as far as is known."""
    return row.acked if row.observed is None else row.observed - row.allocated


def _decide(plan: DryRun, rows: list[PlanRow], stock: StockSnapshot, rules: ChainRules) -> None:
    settings, now = plan.ground.settings, clock.seconds()
    factor, add, group_of = settings.cart.jump_factor, plan.changes.add, safety.group
    for row in rows:
        if row.inflight is not None:
            if row.inflight in plan.ground.submitted:
                plan.submitted += 1
            else:
                plan.in_doubt += 1
            continue
        decision = decide_row(row, stock, settings, rules, now)
        if decision.outcome is Outcome.PLANNED and decision.desired is not None:
            before = shows(row)
            add(row.id, before, decision.desired)
            group = group_of(before, decision.desired, factor)
            if group is not Group.REST:
                plan.to_zero += group is Group.ZERO
                plan.to_jump += group is Group.JUMP
        elif decision.outcome is Outcome.EQUAL:
            plan.equal += 1
        elif decision.reason is not None:
            plan.skipped[decision.reason] += 1


def _check(cx: sqlite3.Connection, plan: DryRun) -> tuple[Trip, ...]:
    """The safety rules that would hold the push. The stock of the whole cart is counted only as far as it decides that."""
    settings = plan.ground.settings
    to_set = len(plan.changes.ids)
    if not to_set:
        return ()
    facts = StockFacts(to_set, plan.to_zero, 0, plan.to_jump)
    trips: tuple[Trip, ...] = ()
    cart = settings.cart
    enough = 100 * max(plan.to_zero, plan.to_jump) // max(1, min(cart.zero_percent, cart.jump_percent)) + 1
    for most in (0, enough, -1):
        facts = facts._replace(in_stock=plans.in_stock(cx, int(cart.id or 0), most))
        trips = safety.check(plan_facts(cx, settings, facts), limits(settings), {})
        if not trips:
            break
    return trips


def explained(cx: sqlite3.Connection, ground: PlanInputs, ids: array[int]) -> dict[int, tuple[PlanRow, Decision]]:
    """Some listings of a plan with every step of their chain."""
    rows = read(cx, ground, ids)
    now = clock.seconds()
    stock = StockSnapshot.of(cx, rows, ground.settings, now)
    rules = chain_rules(ground.settings, ground.basis)
    return {row.id: (row, decide_row(row, stock, ground.settings, rules, now, explain=True)) for row in rows}
