"""Plan: what each listing that may have changed should show, and why; nothing is sent.

It reads the cart's listings where that is due, matches them, runs the quantity chain, and asks the breakers.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from array import array
from collections.abc import Iterator, Sequence
from typing import NamedTuple, NoReturn

from invsync_tui.connectors.base import Cart, ListingRow, Page, QuantityBasis
from invsync_tui.connectors.errors import ContractError, UnavailableError
from invsync_tui.rules import breakers, quantity
from invsync_tui.rules.eligibility import Standing, obstacle
from invsync_tui.rules.outcomes import Outcome, Reason
from invsync_tui.rules.quantity import ChainRules, Component, Decision, Facts, Reading
from invsync_tui.store import generations, held, levels, listings, matches, orders, runs, sequence, sites, tables
from invsync_tui.store.levels import LevelView
from invsync_tui.store.listings import Decided, ListingRecord, PlanRow
from invsync_tui.store.orders import Pending
from invsync_tui.store.plans import KeptPlan
from invsync_tui.sync import bound
from invsync_tui.sync.job import Job, RunHeld
from invsync_tui.sync.orders import Orders
from invsync_tui.sync.records import Recorder

CHUNK = 1000
"""Listings per transaction; between chunks other tasks and other processes get their turn."""
OBSERVE_OVERLAP = 120
"""Seconds by which a delta read goes back behind the last one: carts commit late and clocks differ."""

_STAY_PENDING = frozenset({Reason.WMS_STALE, Reason.SWITCH_OFF, Reason.FROZEN})
"""Skipped for a reason that passes by itself or by a switch: looked at again in every plan."""


class Settings(NamedTuple):
    """The settings a push works by, read once at its start."""

    merchant: tables.Merchant
    source: tables.Source
    cart: tables.Cart
    warehouse_ids: frozenset[int]
    """Chosen and enabled warehouses of this cart; all enabled ones for Combine All Locations."""
    warehouse_codes: dict[int, str]

    @property
    def switched_on(self) -> bool:
        """Both switches of the guide are on."""
        return self.merchant.inventory_sync and self.cart.upload_enabled

    @property
    def frozen(self) -> bool:
        """An operator has ordered that nothing is sent to this cart, or to any of its merchant's."""
        return self.cart.frozen_at is not None or self.merchant.frozen_at is not None

    @property
    def stale_after(self) -> int | None:
        """Seconds; the cart's own limit before the merchant's."""
        return self.cart.stale_after if self.cart.stale_after is not None else self.merchant.stale_after


def chain_rules(settings: Settings, basis: QuantityBasis) -> ChainRules:
    """The cart's settings as the quantity chain takes them."""
    cart = settings.cart
    return ChainRules(
        buffer=cart.buffer,
        share_percent=cart.share_percent,
        cutoff_below=cart.cutoff_below,
        end_at_or_below=cart.end_at_or_below,
        max_quantity=cart.max_quantity,
        basis_on_hand=basis is QuantityBasis.ON_HAND,
        stale_after=settings.stale_after,
    )


def record_of(row: ListingRow) -> ListingRecord:
    """A cart's listing as the store keeps it."""
    skip = row.skip.value if row.skip else None
    return ListingRecord(row.ref, row.sku, row.name, row.tracked, skip, row.allocated, row.quantity)


class Plan:
    """The planning half of one push run."""

    def __init__(self, job: Job, cart: Cart, settings: Settings, bound_to: KeptPlan | None = None) -> None:
        self.job = job
        self.cart = cart
        self.bound_to = bound_to
        self.settings = settings
        self.cart_id = job.run.key
        self.merchant_id = job.run.merchant_id
        self.rules = chain_rules(settings, cart.capabilities.quantity_basis)
        self.plan_seq = 0
        self.recorder = Recorder(self.cart_id, job.run.id, settings, cart.capabilities.quantity_basis)

    async def run(self) -> None:
        """Observe, match, hear of orders, decide; raises RunHeld where a breaker stops what would be sent."""
        await self._observe()
        await self._match()
        if self.settings.switched_on:
            await Orders(self.job, self.cart, self.settings.merchant, self.settings.source).run()
        await self._decide()
        self._check()

    # --- observe ---------------------------------------------------------------------------------------------------

    async def _observe(self) -> None:
        """Read the cart's listings: all of them when that is due, else those that the cart changed."""
        settings, now = self.settings.cart, int(time.time())
        listed, observed = settings.listed_at, settings.observed_at
        self.job.report.enter("listings")
        if self.job.run.full or listed is None or now - listed >= settings.relist_every:
            await self._read_listings(None, now)
        elif self.cart.capabilities.delta_read and observed is not None and now - observed >= settings.observe_every:
            await self._read_listings(observed - OBSERVE_OVERLAP, now)

    async def _read_listings(self, since: int | None, started: int) -> None:
        seen: set[int] = set()
        rows = 0
        cursor: str | None = None
        visited: set[str | None] = {None}
        while True:
            self.job.stop_if_cancelled()
            page = await self.cart.listings_page(cursor, since)
            seen.update(self._store_listings(page))
            rows += len(page.rows) + len(page.rejected)
            for ref, why in page.rejected:
                self.job.report.event("warning", f"Listing {ref}: {why}")
            cursor = page.next_cursor
            if cursor is None:
                break
            if cursor in visited:
                raise ContractError(f"The cart repeats itself at {cursor!r} while listing.")
            visited.add(cursor)
        if page.total is not None and rows < page.total:
            raise UnavailableError(
                f"The cart announced {page.total} listings and sent {rows}; the read is not complete."
            )
        self._finish_listing(seen, started, complete=since is None)

    def _store_listings(self, page: Page[ListingRow]) -> list[int]:
        """Write a page; returns the ids of all its listings. Those that could not be read are still there."""
        report, rows = self.job.report, page.rows
        report.budget = self.cart.budget()
        with self.job.transaction() as tx:
            seq = sequence.upcoming(tx)
            if listings.upsert(tx, self.cart_id, [record_of(row) for row in rows], int(time.time()), seq):
                sequence.take(tx, seq)
            report.advance(len(rows) + len(page.rejected), page.total)
            report.put(tx)
            return listings.ids_of_refs(
                tx, self.cart_id, [*(row.ref for row in rows), *(ref for ref, _ in page.rejected)]
            )

    def _finish_listing(self, seen: set[int], started: int, *, complete: bool) -> None:
        with self.job.transaction() as tx:
            have = listings.present_ids(tx, self.cart_id) if complete else []
            gone = [number for number in have if number not in seen]
            if have and not seen:
                raise UnavailableError("The cart answered with no listings at all; those known so far are kept.")
            seq = sequence.upcoming(tx)
            if listings.flag_gone(tx, self.cart_id, gone, started, seq):
                sequence.take(tx, seq)
            sites.note_observed(tx, self.cart_id, started, complete=complete)
        if gone:
            self.job.report.event("warning", f"{len(gone)} listings are no longer in the cart.")

    # --- match -----------------------------------------------------------------------------------------------------

    async def _match(self) -> None:
        """Find the product of each listing whose code, or whose product's codes, moved."""
        cart = self.settings.cart
        mark = cart.match_mark if cart.matched_rev == cart.rules_rev else 0
        with self.job.transaction() as tx:
            until = sequence.current(tx)
            ids = matches.to_match(tx, self.merchant_id, self.cart_id, mark)
        self.job.report.enter("match", len(ids))
        for chunk in _chunks(ids):
            with self.job.transaction() as tx:
                seq = sequence.upcoming(tx)
                if matches.rematch(tx, self.merchant_id, self.cart_id, cart.push_kind, chunk, seq):
                    sequence.take(tx, seq)
                self.job.report.advance(len(chunk))
                self.job.report.put(tx)
            await asyncio.sleep(0)
        with self.job.transaction() as tx:
            sites.note_matched(tx, self.cart_id, until, cart.rules_rev)

    # --- decide ----------------------------------------------------------------------------------------------------

    async def _decide(self) -> None:
        """Run the chain for what changed since the cart's watermark, and note what the cart lacks."""
        mark = self.settings.cart.watermark
        with self.job.transaction() as tx:
            self.plan_seq = sequence.current(tx)
            runs.plan_until(tx, self.job.run.id, self.plan_seq)
            self.recorder.begin(tx)
            ids = listings.changed_since(tx, self.cart_id, mark)
            # A cart that is switched off lacks nothing: the switch is the one reason for all it does not show.
            look = self.settings.switched_on
            products = matches.moved_products(tx, self.merchant_id, self.cart_id, mark) if look else array("q")
        self.job.report.enter("plan", len(ids) + len(products))
        for chunk in _chunks(ids):
            self._decide_chunk(chunk)
            await asyncio.sleep(0)
            self.job.stop_if_cancelled()
        for chunk in _chunks(products):
            with self.job.transaction() as tx:
                matches.note_unlisted(tx, self.cart_id, self.settings.cart.push_kind, self.job.run.id, chunk)
            self.job.report.advance(len(chunk))
            await asyncio.sleep(0)
        self.recount()

    def _decide_chunk(self, ids: Sequence[int]) -> None:
        now = int(time.time())
        with self.job.transaction() as tx:
            rows = listings.plan_rows(tx, ids)
            stock = Stock.of(tx, rows, self.settings)
            decided = [(row, self._decide_row(row, stock, now)) for row in rows]
            listings.decide(tx, [self._record(row, decision) for row, decision in decided])
            self.recorder.keep(tx, decided, stock, now)
            equal = [row.id for row, decision in decided if _newly_equal(row, decision)]
            listings.confirm_equal(tx, equal, now)
            self.job.report.advance(len(ids))
            self.job.report.put(tx)

    def _decide_row(self, row: PlanRow, stock: Stock, now: int) -> Decision:
        return decide_row(row, stock, self.settings, self.rules, now)

    def _record(self, row: PlanRow, decision: Decision) -> Decided:
        run_id = self.job.run.id
        outcome: str = decision.outcome.value
        reason = decision.reason.value if decision.reason else None
        if decision.outcome is Outcome.PLANNED and self.settings.frozen:
            outcome, reason = Outcome.SKIPPED, Reason.FROZEN
        pending = int(decision.outcome is Outcome.PLANNED or reason in _STAY_PENDING)
        if row.inflight is not None:
            outcome, pending = Outcome.IN_DOUBT, 1
        elif outcome == Outcome.EQUAL and row.run_id == run_id and row.outcome == Outcome.SET:
            # This run set it before it was interrupted; finding it equal now does not undo that.
            outcome, reason = Outcome.SET, None if reason == Reason.UNCHANGED else reason
        return Decided(decision.desired, decision.target, outcome, reason, "", pending, run_id, row.id)

    # --- check -----------------------------------------------------------------------------------------------------

    def recount(self) -> None:
        """Take the report's counts from the rows themselves."""
        with self.job.transaction() as tx:
            self.job.report.recount(tx)
            self.job.report.put(tx)

    def _check(self) -> None:
        self.job.report.enter("check")
        # The whole plan is compared, before groups of it are kept back.
        changed = self._changed_since_shown()
        self._keep_back()
        facts = self._plan_facts()
        released = self.job.released()
        trips = breakers.check(facts, limits(self.settings), released)
        if changed is not None and not facts.to_set:
            self.job.report.event("warning", f"Nothing is sent: {changed.text}.")
        elif changed is not None and released.get(changed.breaker, -1) < changed.measure:
            trips = (changed, *trips)
        if trips:
            hold(self.job, trips)

    def _changed_since_shown(self) -> breakers.Trip | None:
        if self.bound_to is None:
            return None
        with self.job.transaction() as tx:
            return bound.changed_since(tx, self.job.run.id, self.bound_to)

    def _keep_back(self) -> None:
        """Of a run that was released in part, the other groups stay held."""
        groups = self.job.run.groups
        if groups:
            with self.job.transaction() as tx:
                held.keep_back(tx, self.job.run.id, json.loads(groups), self.settings.cart.jump_factor)
            self.recount()

    def _plan_facts(self) -> breakers.PlanFacts:
        with self.job.transaction() as tx:
            stock = held.facts(tx, self.cart_id, self.job.run.id, self.settings.cart.jump_factor)
            return plan_facts(tx, self.settings, stock)


def hold(job: Job, trips: Sequence[breakers.Trip]) -> NoReturn:
    """Stop before anything is sent."""
    with job.transaction() as tx:
        listings.end_planned(tx, job.run.id, Outcome.HELD, Reason.BREAKER_TRIPPED)
        # Ends in one transaction with the mark on the listings: a held run that was interrupted is simply planned anew.
        shown = [{"breaker": t.breaker.value, "measure": t.measure, "text": t.text} for t in trips]
        runs.hold(tx, job.run.id, shown, int(time.time()))
    raise RunHeld("; ".join(trip.text for trip in trips))


def limits(settings: Settings) -> breakers.Limits:
    """What a cart allows a push to do without an operator."""
    cart = settings.cart
    jumps = (cart.jump_factor, cart.jump_count, cart.jump_percent)
    return breakers.Limits(cart.zero_count, cart.zero_percent, cart.shrink_percent, settings.stale_after, *jumps)


def plan_facts(cx: sqlite3.Connection, settings: Settings, stock: listings.StockFacts) -> breakers.PlanFacts:
    """What the breakers have to know of a plan that would do `stock` to the cart."""
    cart, source = settings.cart, settings.source
    last_push = runs.last_good_start(cx, "push", int(cart.id or 0))
    sizes = generations.sizes_since(cx, cart.merchant_id, last_push)
    mine = [site for site in sites.warehouses(cx, cart.merchant_id) if site.id in settings.warehouse_ids]
    vanished = tuple(s.code for s in mine if s.vanished_at is not None and s.vanished_at >= last_push)
    lost = [(site.code, held.emptied(cx, site.id, last_push, cart.watermark)) for site in mine] if stock.to_set else []
    age = int(time.time()) - source.confirmed_at if source.confirmed_at is not None else None
    return breakers.PlanFacts(
        to_set=stock.to_set,
        to_zero=stock.to_zero,
        in_stock=stock.in_stock,
        first_push=cart.pushed_rules_rev == 0,
        rules_changed=cart.pushed_rules_rev != cart.rules_rev,
        products_before=sizes[1] if sizes else None,
        products_now=sizes[0] if sizes else None,
        vanished=vanished,
        reading_age=age,
        to_jump=stock.to_jump,
        emptied=tuple((code, n) for code, n in lost if n),
    )


class Gate(NamedTuple):
    """What stands between all listings of a cart and a push; asked once, since settings answer slowly."""

    switched_on: bool
    has_warehouse: bool
    frozen: bool

    @classmethod
    def of(cls, settings: Settings) -> Gate:
        """Under some settings."""
        return cls(settings.switched_on, bool(settings.warehouse_ids), settings.frozen)

    def standing(self, row: PlanRow) -> Standing:
        """With what stands between one listing and a push."""
        return Standing(
            self.switched_on,
            bool(row.excluded),
            bool(row.locked),
            Reason(row.match_reason) if row.match_reason else None,
            Reason(row.skip) if row.skip else None,
            None if row.tracked is None else bool(row.tracked),
            self.has_warehouse,
            self.frozen,
        )


def standing_of(row: PlanRow, settings: Settings) -> Standing:
    """What stands between a listing and a push under some settings."""
    return Gate.of(settings).standing(row)


def decide_row(
    row: PlanRow, stock: Stock, settings: Settings, rules: ChainRules, now: int, *, explain: bool = False
) -> Decision:
    """What a listing should show by some settings: the saved ones for a plan, others for a preview of them."""
    blocked = obstacle(stock.gate.standing(row))
    if blocked is not None:
        return Decision(Outcome.SKIPPED, blocked, None, None, ())
    return quantity.decide(stock.facts(row, now), rules, explain=explain)


class Stock:
    """Levels, kits and pending orders of one chunk of listings."""

    def __init__(
        self,
        by_product: dict[int, list[LevelView]],
        kits: dict[int, list[tuple[int, str, int]]],
        ordered: dict[int, list[Pending]],
        settings: Settings,
    ):
        self._by_product = by_product
        self._kits = kits
        self._ordered = ordered
        self.gate = Gate.of(settings)
        self._mine = settings.warehouse_ids
        self._codes = settings.warehouse_codes

    @classmethod
    def of(cls, tx: sqlite3.Connection, rows: Sequence[PlanRow], settings: Settings) -> Stock:
        """Read what a chunk needs, in three queries."""
        kits = levels.components(tx, [row.product_id for row in rows if row.is_kit and row.product_id is not None])
        parts = {part for found in kits.values() for part, _, _ in found}
        products = sorted({row.product_id for row in rows if row.product_id is not None} | parts)
        read = levels.of_products(tx, products, settings.source.confirmed_at or 0)
        return cls(read, kits, orders.pending(tx, products), settings)

    @property
    def read(self) -> tuple[dict[int, list[LevelView]], dict[int, list[tuple[int, str, int]]], dict[int, list[Pending]]]:
        """Levels, kits and pending orders, all by product, as they were read: no setting was applied yet."""
        return self._by_product, self._kits, self._ordered

    def facts(self, row: PlanRow, now: int) -> Facts:
        """Everything the chain needs to know about a matched listing."""
        product = row.product_id or 0
        views = self._by_product.get(product, ())
        codes, of_cart = self._codes, self._mine
        mine = tuple([Reading(codes[place], units, at, gone) for _, place, units, at, gone in views if place in of_cart])
        others = [view for view in views if view.warehouse_id not in of_cart] if len(mine) < len(views) else []
        kit = self._kits.get(product) if row.is_kit else None
        components = tuple(self._component(product, *part) for part in kit) if kit else ()
        return Facts(
            now=now,
            readings=mine,
            elsewhere=sum([view.available for view in others]),
            has_level_elsewhere=bool(others),
            pending=self._pending(product, mine, components),
            components=components,
            override=row.override,
            excluded=bool(row.excluded),
            locked=bool(row.locked),
            allocated=row.allocated,
            shown=row.observed,
            acked=row.acked,
            heal=bool(row.heal),
        )

    def _is_mine(self, view: LevelView) -> bool:
        return view.warehouse_id in self._mine

    def _pending(self, product: int, readings: Sequence[Reading], components: Sequence[Component]) -> int:
        """Units ordered since the oldest reading that counts; of a kit the orders for the kit itself."""
        ordered = self._ordered.get(product)
        if not ordered:
            return 0
        times = [part.read_at for part in components if part.read_at is not None]
        if not components:
            times = [reading.read_at for reading in readings if not reading.missing]
        if not times:
            return 0
        return sum(
            one.units for one in ordered if one.taken_at > min(times) and (one.sold_id == product or not components)
        )

    def _component(self, kit: int, product: int, sku: str, needed: int) -> Component:
        """A kit's part, less what was sold of it since otherwise than in this kit."""
        views = [view for view in self._by_product.get(product, ()) if self._is_mine(view) and not view.missing]
        if not views:
            return Component(sku, needed, None)
        read_at = min(view.read_at for view in views)
        ordered = self._ordered.get(product, ())
        gone = sum(one.units for one in ordered if one.taken_at > read_at and one.sold_id != kit)
        return Component(sku, needed, sum(view.available for view in views) - gone, read_at)


def _newly_equal(row: PlanRow, decision: Decision) -> bool:
    return decision.outcome is Outcome.EQUAL and row.acked != decision.desired and row.inflight is None


def _chunks(ids: array[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), CHUNK):
        yield list(ids[start : start + CHUNK])
