"""What a listing should show: settings, stock, and the chain of rules; for one listing with every step."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import NamedTuple

from invsync_tui.connectors import stock_elsewhere as words
from invsync_tui.connectors.base import QuantityBasis
from invsync_tui.rules import eligibility, quantity
from invsync_tui.rules.eligibility import Eligibility, obstacle
from invsync_tui.rules.outcomes import Outcome, Reason
from invsync_tui.rules.quantity import ChainRules, Component, Decision, Facts, Reading, Step
from invsync_tui.store.catalog import levels
from invsync_tui.store.catalog.levels import KitPart, LevelView
from invsync_tui.store.listings import listings, pending_orders
from invsync_tui.store.listings.listings import PlanRow, StockElsewhere
from invsync_tui.store.listings.pending_orders import Pending
from invsync_tui.store.models import CartRules
from invsync_tui.sync.settings import Settings

_new = tuple.__new__
_OF_THE_CART = tuple(
    field.name for field in fields(ChainRules) if field.name in CartRules.model_fields and field.name != "stale_after"
)
"""Rules that are a column of the cart by the same name. How old a reading may be can be the merchant's limit."""


def chain_rules(settings: Settings, basis: QuantityBasis) -> ChainRules:
    """The cart's settings as the quantity chain takes them."""
    cart = settings.cart
    return ChainRules(
        **{name: getattr(cart, name) for name in _OF_THE_CART},
        basis_on_hand=basis is QuantityBasis.ON_HAND,
        stale_after=settings.stale_after,
        zero_inactive=cart.inactive_products == "zero",
    )


class CartConditions(NamedTuple):
    """What stands between all listings of a cart and a push; asked once, since settings answer slowly."""

    switched_on: bool
    has_warehouse: bool
    frozen: bool
    none_left: bool = False

    @classmethod
    def of(cls, settings: Settings) -> CartConditions:
        """What settings let through: the switch, the choice of warehouses, freezes."""
        return cls(settings.switched_on, bool(settings.warehouse_ids), settings.frozen, settings.none_left)

    def standing(self, row: PlanRow) -> Eligibility:
        """With what stands between one listing and a push."""
        return Eligibility(
            self.switched_on,
            bool(row.excluded),
            bool(row.locked),
            Reason(row.match_reason) if row.match_reason else None,
            Reason(row.skip) if row.skip else None,
            None if row.tracked is None else bool(row.tracked),
            self.has_warehouse and not self.none_left,
            self.frozen,
            self.none_left,
            row.override is not None,
        )


def standing_of(row: PlanRow, settings: Settings) -> Eligibility:
    """What stands between a listing and a push under some settings."""
    return CartConditions.of(settings).standing(row)


def decide_row(
    row: PlanRow, stock: StockSnapshot, settings: Settings, rules: ChainRules, now: int, *, explain: bool = False
) -> Decision:
    """What a listing should show by some settings: the saved ones for a plan, others for a preview of them."""
    blocked = obstacle(stock.conditions.standing(row))
    if blocked is not None:
        return Decision(Outcome.SKIPPED, blocked, None, None, ())
    return quantity.decide(stock.facts(row, now), rules, explain=explain)


class StockSnapshot:
    """Levels, kits and pending orders of one chunk of listings."""

    def __init__(
        self,
        by_product: dict[int, list[LevelView]],
        kits: dict[int, list[KitPart]],
        ordered: dict[int, list[Pending]],
        settings: Settings,
    ):
        self._by_product = by_product
        self._kits = kits
        self._ordered = ordered
        self.conditions = CartConditions.of(settings)
        self._mine = settings.warehouse_ids
        self._codes = settings.warehouse_codes
        self._gone = settings.gone
        self.fractions: Mapping[tuple[int, int], str] = {}
        """By (product, warehouse), levels that the WMS reports as fractions: read where a decision is explained."""

    @classmethod
    def of(cls, tx: sqlite3.Connection, rows: Sequence[PlanRow], settings: Settings, now: int) -> StockSnapshot:
        """Read what a chunk needs, in three queries, as it is `now`."""
        kits = levels.components(tx, [row.product_id for row in rows if row.is_kit and row.product_id is not None])
        parts = {part.product_id for kit in kits.values() for part in kit}
        products = sorted({row.product_id for row in rows if row.product_id is not None} | parts)
        read = levels.of_products(tx, products, settings.source.confirmed_at or 0, now)
        return cls(read, kits, pending_orders.pending(tx, products), settings)

    @property
    def read(
        self,
    ) -> tuple[dict[int, list[LevelView]], dict[int, list[KitPart]], dict[int, list[Pending]]]:
        """Levels, kits and pending orders, all by product, as they were read: no setting was applied yet."""
        return self._by_product, self._kits, self._ordered

    def facts(self, row: PlanRow, now: int) -> Facts:
        """Everything the chain needs to know about a matched listing."""
        product = row.product_id or 0
        views = self._by_product.get(product, ())
        codes, of_cart = self._codes, self._mine
        # As Reading(...), without counting the arguments of each.
        mine = tuple(
            [
                _new(Reading, (codes[warehouse], available, read_at, missing, ""))
                for _, warehouse, available, read_at, missing in views
                if warehouse in of_cart
            ]
        )
        if self.fractions:
            mine = self._with_fractions(mine, [view for view in views if view.warehouse_id in of_cart])
        if self._gone:
            mine = self._without_gone(mine, [view for view in views if view.warehouse_id in of_cart], now)
        others = [view for view in views if view.warehouse_id not in of_cart] if len(mine) < len(views) else []
        kit = self._kits.get(product) if row.is_kit else None
        components = tuple(self._component(product, *part) for part in kit) if kit else ()
        ordered = self._pending(product, self._read_times(views) if self._ordered else (), components)
        return Facts(
            now=now,
            readings=mine,
            elsewhere=sum([view.available for view in others]),
            has_level_elsewhere=bool(others),
            pending=ordered.units,
            pending_orders=ordered.names,
            components=components,
            override=row.override,
            excluded=bool(row.excluded),
            locked=bool(row.locked),
            allocated=row.allocated,
            shown=row.observed,
            acked=row.acked,
            heal=bool(row.heal),
            inactive=bool(row.inactive),
            uncounted=bool(row.uncounted),
            cap=row.cap,
        )

    def _with_fractions(self, readings: tuple[Reading, ...], views: Sequence[LevelView]) -> tuple[Reading, ...]:
        """The readings, each with what the WMS reported where that is no whole number."""
        places = [(view.product_id, view.warehouse_id) for view in views]
        return tuple(
            reading._replace(fraction=self.fractions.get(place, ""))
            for place, reading in zip(places, readings, strict=True)
        )

    def _read_times(self, views: Sequence[LevelView]) -> list[tuple[int, int]]:
        """(warehouse, when it was read) of the levels that the cart's own warehouses still have."""
        here = self._mine - self._gone.keys()
        return [(view.warehouse_id, view.read_at) for view in views if view.warehouse_id in here and not view.missing]

    def _without_gone(self, readings: tuple[Reading, ...], views: Sequence[LevelView], now: int) -> tuple[Reading, ...]:
        """The readings, those of warehouses that are gone with 0 in the place of what was there once."""
        gone = self._gone
        live = [view for view in views if view.warehouse_id not in gone]
        alone = not live or not all(view.missing for view in live)
        return tuple(
            quantity.of_gone(reading, gone[view.warehouse_id], now, alone=alone)
            if view.warehouse_id in gone
            else reading
            for reading, view in zip(readings, views, strict=True)
        )

    def _is_mine(self, view: LevelView) -> bool:
        return view.warehouse_id in self._mine

    def _pending(self, product: int, readings: Sequence[tuple[int, int]], components: Sequence[Component]) -> Ordered:
        """Units ordered that the readings, (warehouse, time), do not know yet; of a kit the orders for the kit itself."""
        ordered = self._ordered.get(product)
        if not ordered:
            return Ordered(0, ())
        if not components:
            return _not_in(ordered, readings, self._mine)
        times = [part.read_at for part in components if part.read_at is not None]
        own = [pending for pending in ordered if pending.sold_id == product and _draws_on(pending, self._mine)]
        return _sum([pending for pending in own if times and pending.known_from > min(times)])

    def _component(self, kit: int, product: int, sku: str, needed: int) -> Component:
        """A kit's part, less what was sold of it since otherwise than in this kit."""
        views = [view for view in self._by_product.get(product, ()) if self._is_mine(view) and not view.missing]
        live = [view for view in views if view.warehouse_id not in self._gone]
        if not live:
            return Component(sku, needed, 0 if views else None)
        views = live
        others = [pending for pending in self._ordered.get(product, ()) if pending.sold_id != kit]
        gone = _not_in(others, [(view.warehouse_id, view.read_at) for view in views], self._mine)
        return Component(
            sku, needed, sum(view.available for view in views) - gone.units, min(view.read_at for view in views)
        )


class Ordered(NamedTuple):
    """Units of orders that some readings do not know yet, and what these orders are called."""

    units: int
    names: tuple[str, ...]


def _draws_on(pending: Pending, mine: frozenset[int]) -> bool:
    """Whether the units of an order can come from one of some warehouses."""
    return pending.warehouses is None or not mine.isdisjoint(pending.warehouses)


def _not_in(ordered: Sequence[Pending], readings: Sequence[tuple[int, int]], mine: frozenset[int]) -> Ordered:
    """Of some orders, those that draw on one of `mine` and that not all its readings, (warehouse, time), know.

    A reading of a warehouse that the order cannot come from says nothing of it. Where none of the others was read, all
    readings count: too few units are offered rather than too many.
    """
    unknown = []
    for pending in ordered:
        if not _draws_on(pending, mine):
            continue
        drawn = pending.warehouses
        times = [at for number, at in readings if drawn is None or number in drawn] or [at for _, at in readings]
        if times and pending.known_from > min(times):
            unknown.append(pending)
    return _sum(unknown)


def _sum(ordered: Sequence[Pending]) -> Ordered:
    return Ordered(
        sum(pending.units for pending in ordered),
        tuple(dict.fromkeys(pending.order for pending in ordered if pending.order)),
    )


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
    stock = StockSnapshot.of(cx, rows, settings, now)
    stock.fractions = levels.fractions_of(cx, [row.product_id for row in rows if row.product_id is not None])
    beside = listings.beside(cx, listing_ids)
    explained = [_trace(row, stock, settings, basis, now) for row in rows]
    return [trace._replace(steps=(*trace.steps, *_in_shop(trace, beside[trace.row.id]))) for trace in explained]


def _in_shop(trace: Trace, beside: StockElsewhere) -> list[Step]:
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


def _trace(row: PlanRow, stock: StockSnapshot, settings: Settings, basis: QuantityBasis, now: int) -> Trace:
    last = listings_reason(row)
    if row.product_id is None:
        causes = eligibility.causes(
            standing_of(row, settings), merchant_on=settings.merchant.inventory_sync, stock=None, last=last
        )
        return Trace(row, (), None, None, causes)
    # What an operator wishes is a cause of its own; the arithmetic behind it is shown all the same.
    facts = stock.facts(row, now)._replace(excluded=False, locked=False)
    decision = quantity.decide(facts, chain_rules(settings, basis))
    causes = eligibility.causes(
        standing_of(row, settings), merchant_on=settings.merchant.inventory_sync, stock=decision.reason, last=last
    )
    return Trace(row, decision.steps, decision.desired, decision.target, causes)


def listings_reason(row: PlanRow) -> Reason | None:
    """Why the last run failed or held a listing; None where it did neither."""
    failed = row.outcome in (Outcome.FAILED, Outcome.HELD, Outcome.IN_DOUBT)
    return Reason(row.reason) if failed and row.reason else None
