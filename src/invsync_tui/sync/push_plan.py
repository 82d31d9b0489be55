"""What each listing that may have changed should show; for a bound push, compared with the plan it is bound to."""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Iterator, Sequence
from typing import NoReturn

from invsync_tui import clock
from invsync_tui.connectors.base import Cart
from invsync_tui.plain_text import counted
from invsync_tui.rules import safety
from invsync_tui.rules.outcomes import REASONS, Outcome, Reason
from invsync_tui.rules.quantity import Decision
from invsync_tui.rules.safety import SafetyRule, Trip
from invsync_tui.store import change_sequence
from invsync_tui.store.catalog import pull_progress, sync_marks
from invsync_tui.store.listings import listings, matching, plans, push_batches
from invsync_tui.store.listings.listings import Decided, PlanRow
from invsync_tui.store.listings.plans import KeptPlan, PlannedListing
from invsync_tui.store.runs import runs
from invsync_tui.sync.decide import StockSnapshot, chain_rules, decide_row
from invsync_tui.sync.hooks.announced import Announced
from invsync_tui.sync.listings.duplicate_codes import Namesakes
from invsync_tui.sync.listings.read_listings import ListingsReader
from invsync_tui.sync.listings.reread_listings import reread_doubted
from invsync_tui.sync.orders.pending_orders import Orders
from invsync_tui.sync.plans.decision_log import Recorder
from invsync_tui.sync.runs.clock_difference import CartClock
from invsync_tui.sync.runs.run_context import RunContext, RunHeld
from invsync_tui.sync.settings import Settings

NAMED = 5
"""Listings that a text names at most."""


def changed_since(cx: sqlite3.Connection, run_id: int, plan: KeptPlan) -> Trip | None:
    """What a run that has just planned would do otherwise than its plan; None if nothing. The measure counts listings."""
    planned = dict(zip(plan.changes.ids, plan.changes.after, strict=True))
    differences = list(_differences(cx, run_id, planned))
    if not differences:
        return None
    texts = "; ".join(differences[:NAMED]) + ("; ..." if len(differences) > NAMED else "")
    differ = counted(len(differences), "listing differs", "listings differ")
    return Trip(SafetyRule.PLAN_CHANGED, len(differences), f"{differ} from plan {plan.id}: {texts}")


def _differences(cx: sqlite3.Connection, run_id: int, planned: dict[int, int]) -> Iterator[str]:
    sending = plans.sending(cx, run_id)
    for row in sending:
        if row.id not in planned:
            yield f"{row.sku} would show {row.desired}, the plan did not set it"
        elif row.desired != planned[row.id]:
            yield f"{row.sku} would show {row.desired}, the plan said {planned[row.id]}"
    left = sorted(planned.keys() - {row.id for row in sending})
    for row in plans.listings(cx, left):
        if not _shows_it(row, run_id, planned[row.id]):
            yield f"{row.sku} would not be set, the plan said {planned[row.id]}"


def _shows_it(row: PlannedListing, run_id: int, quantity: int) -> bool:
    """The cart was found to show already what the plan would have set."""
    return row.run_id == run_id and row.outcome == "equal" and row.desired == quantity


CHUNK = 250
"""Listings per transaction; between chunks other tasks and other processes get their turn."""

_STAY_PENDING = frozenset(reason for reason, info in REASONS.items() if info.passes)


class PushPlanner:
    """The planning half of one push run."""

    def __init__(self, job: RunContext, cart: Cart, settings: Settings, bound_to: KeptPlan | None = None) -> None:
        self.clock = CartClock(job, cart, settings.cart.clock_offset)
        self.job = job
        self.cart = cart
        self.bound_to = bound_to
        self.settings = settings
        self.cart_id = job.run.key
        self.merchant_id = job.run.merchant_id
        self.rules = chain_rules(settings, cart.capabilities.quantity_basis)
        self.submitted: frozenset[str] = frozenset()
        """Batches that the cart has not applied yet."""
        self.plan_seq = 0
        self.recorder = Recorder(self.cart_id, job.run.id, settings, cart.capabilities.quantity_basis)

    async def run(self) -> None:
        """Observe, match, hear of orders, decide; raises RunHeld where a safety rule stops what would be sent."""
        announced = Announced(self.job, self.cart)
        observation = ListingsReader(self.job, self.cart, self.settings, self.clock)
        await observation.run()
        await announced.read(complete=observation.complete)
        if not observation.complete:
            await reread_doubted(self.job, self.cart)
            await Namesakes(self.job, self.cart, self._match_mark).run()
        await self._match()
        if self.settings.switched_on:
            await Orders(self.job, self.cart, self.settings, self.clock).run()
        announced.done()
        await self._decide()
        self._check()

    # --- match -----------------------------------------------------------------------------------------------------

    @property
    def _match_mark(self) -> int:
        cart = self.settings.cart
        return cart.match_mark if cart.matched_rev == cart.rules_rev else 0

    async def _match(self) -> None:
        """Find the product of each listing whose code, or whose product's codes, moved."""
        cart, mark = self.settings.cart, self._match_mark
        await self.job.writable()
        with self.job.transaction() as tx:
            until = change_sequence.current(tx)
            ids = matching.to_match(tx, self.merchant_id, self.cart_id, mark)
        self.job.report.enter("match", len(ids))
        for chunk in _chunks(ids):
            with self.job.transaction() as tx:
                seq = change_sequence.upcoming(tx)
                if matching.rematch(tx, self.merchant_id, self.cart_id, cart.push_kind, chunk, seq):
                    change_sequence.take(tx, seq)
                self.job.report.advance(len(chunk))
                self.job.report.put(tx)
            await self.job.turn()
        with self.job.transaction() as tx:
            sync_marks.record_matched(tx, self.cart_id, until, cart.rules_rev)

    # --- decide ----------------------------------------------------------------------------------------------------

    async def _decide(self) -> None:
        """Run the chain for what changed since the cart's watermark, and note what the cart lacks."""
        mark = self.settings.cart.watermark
        await self.job.writable()
        with self.job.transaction() as tx:
            self.plan_seq = change_sequence.current(tx)
            runs.plan_until(tx, self.job.run.id, self.plan_seq)
            self.submitted = push_batches.submitted(tx, self.cart_id)
            self.recorder.begin(tx)
            ids = listings.changed_since(tx, self.cart_id, mark)
            # A cart that is switched off lacks nothing: the switch is the one reason for all it does not show.
            look = self.settings.switched_on
            products = matching.moved_products(tx, self.merchant_id, self.cart_id, mark) if look else array("q")
        self.job.report.enter("plan", len(ids) + len(products))
        for chunk in _chunks(ids):
            self._decide_chunk(chunk)
            await self.job.turn()
            self.job.stop_if_cancelled()
        for chunk in _chunks(products):
            with self.job.transaction() as tx:
                matching.record_unlisted(tx, self.cart_id, self.settings.cart.push_kind, self.job.run.id, chunk)
            self.job.report.advance(len(chunk))
            await self.job.turn()
        self.recount()

    def _decide_chunk(self, ids: Sequence[int]) -> None:
        now = clock.seconds()
        with self.job.transaction() as tx:
            rows = listings.plan_rows(tx, ids)
            stock = StockSnapshot.of(tx, rows, self.settings, now)
            decided = [(row, self._decide_row(row, stock, now)) for row in rows]
            listings.decide(
                tx, [self._record(row, decision) for row, decision in decided if not self._refused_later(row, decision)]
            )
            self.recorder.keep(tx, decided, stock, now)
            equal = [row.id for row, decision in decided if _newly_equal(row, decision)]
            listings.confirm_equal(tx, equal, now)
            self.job.report.advance(len(ids))
            self.job.report.put(tx)

    def _decide_row(self, row: PlanRow, stock: StockSnapshot, now: int) -> Decision:
        return decide_row(row, stock, self.settings, self.rules, now)

    def _record(self, row: PlanRow, decision: Decision) -> Decided:
        run_id = self.job.run.id
        outcome: str = decision.outcome.value
        reason = decision.reason.value if decision.reason else None
        if decision.outcome is Outcome.PLANNED and self.settings.frozen:
            outcome, reason = Outcome.SKIPPED, Reason.FROZEN
        pending = int(decision.outcome is Outcome.PLANNED or reason in _STAY_PENDING)
        if row.inflight is not None:
            outcome, pending = Outcome.SUBMITTED if row.inflight in self.submitted else Outcome.IN_DOUBT, 1
        elif outcome == Outcome.EQUAL and row.run_id == run_id and row.outcome == Outcome.SET:
            # This run set it before it was interrupted; finding it equal now does not undo that.
            outcome, reason = Outcome.SET, None if reason == Reason.IN_SYNC else reason
        return Decided(decision.desired, decision.target, outcome, reason, "", pending, run_id, row.id)

    def _refused_later(self, row: PlanRow, decision: Decision) -> bool:
        """This run found out that the cart did not apply this very quantity: that is the listing's end in this run, with
        the cart's words, and the next run sends it again."""
        return (
            self.cart.capabilities.applies_within > 0
            and row.inflight is None
            and (row.run_id, row.outcome) == (self.job.run.id, Outcome.FAILED)
            and decision.outcome is Outcome.PLANNED
            and row.desired == decision.desired
        )

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
        trips = safety.check(facts, limits(self.settings), released)
        if changed is not None and not facts.to_set:
            self.job.report.event("warning", f"Nothing is sent: {changed.text}.")
        elif changed is not None and released.get(changed.rule, -1) < changed.measure:
            trips = (changed, *trips)
        if trips:
            hold(self.job, trips)

    def _changed_since_shown(self) -> safety.Trip | None:
        if self.bound_to is None:
            return None
        with self.job.transaction() as tx:
            return changed_since(tx, self.job.run.id, self.bound_to)

    def _keep_back(self) -> None:
        """Of a run that was released in part, the other groups stay held."""
        groups = self.job.run.groups
        if groups:
            with self.job.transaction() as tx:
                plans.keep_back(tx, self.job.run.id, json.loads(groups), self.settings.cart.jump_factor)
            self.recount()

    def _plan_facts(self) -> safety.PlanFacts:
        with self.job.transaction() as tx:
            stock = plans.facts(tx, self.cart_id, self.job.run.id, self.settings.cart.jump_factor)
            return plan_facts(tx, self.settings, stock)


def hold(job: RunContext, trips: Sequence[safety.Trip]) -> NoReturn:
    """Stop before anything is sent."""
    with job.transaction() as tx:
        listings.end_planned(tx, job.run.id, Outcome.HELD, Reason.HELD_FOR_REVIEW)
        job.report.recount(tx)  # whoever sees that it is held also sees a sum that adds up
        job.report.put(tx)
        # Ends in one transaction with the mark on the listings: a held run that was interrupted is simply planned again.
        records = [{"breaker": t.rule.value, "measure": t.measure, "text": t.text} for t in trips]
        runs.hold(tx, job.run.id, records, clock.seconds())
    raise RunHeld("; ".join(trip.text for trip in trips))


def limits(settings: Settings) -> safety.Limits:
    """What a cart allows a push to do without an operator."""
    cart = settings.cart
    jumps = (cart.jump_factor, cart.jump_count, cart.jump_percent)
    return safety.Limits(cart.zero_count, cart.zero_percent, cart.shrink_percent, settings.stale_after, *jumps)


def plan_facts(cx: sqlite3.Connection, settings: Settings, stock: listings.StockFacts) -> safety.PlanFacts:
    """What the safety rules have to know of a plan that would do `stock` to the cart."""
    cart, source = settings.cart, settings.source
    last_push = runs.last_good_start(cx, "push", int(cart.id or 0), clock.seconds())
    sizes = pull_progress.sizes_since(cx, cart.merchant_id, last_push)
    mine = [site for site in sync_marks.warehouses(cx, cart.merchant_id) if site.id in settings.warehouse_ids]
    accepted = set(json.loads(cart.gone_accepted))
    fresh = {site.code: settings.gone[site.id] for site in mine if site.id in settings.gone.keys() - accepted}
    lost = [(site.code, plans.emptied(cx, site.id, last_push, cart.watermark)) for site in mine] if stock.to_set else []
    age = clock.seconds() - source.confirmed_at if source.confirmed_at is not None else None
    return safety.PlanFacts(
        to_set=stock.to_set,
        to_zero=stock.to_zero,
        in_stock=stock.in_stock,
        first_push=cart.pushed_rules_rev == 0,
        rules_changed=cart.pushed_rules_rev != cart.rules_rev,
        products_before=sizes[1] if sizes else None,
        products_now=sizes[0] if sizes else None,
        vanished=tuple(code for code, why in fresh.items() if why != sync_marks.INACTIVE),
        switched_off=tuple(code for code, why in fresh.items() if why == sync_marks.INACTIVE),
        reading_age=age,
        to_jump=stock.to_jump,
        emptied=tuple((code, n) for code, n in lost if n),
    )


def _newly_equal(row: PlanRow, decision: Decision) -> bool:
    return decision.outcome is Outcome.EQUAL and row.acked != decision.desired and row.inflight is None


def _chunks(ids: array[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), CHUNK):
        yield list(ids[start : start + CHUNK])
