"""Plans that no settings make: an undo, or a safe level. Each listing is read back from the cart before it is set.

A listing that changed since the plan was made is left alone and reported. What an operator excluded or locked is too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from invsync_tui import clock
from invsync_tui.connectors.base import Cart, ListingRow, QuantityBasis
from invsync_tui.rules import safety
from invsync_tui.rules.eligibility import obstacle
from invsync_tui.rules.outcomes import Outcome, Reason
from invsync_tui.rules.quantity import on_hand
from invsync_tui.store import change_sequence
from invsync_tui.store.listings import listings, plans, push_batches
from invsync_tui.store.listings import plans as listings_plans
from invsync_tui.store.listings.listings import Decided, PlanRow
from invsync_tui.store.listings.plans import UNKNOWN, KeptPlan, UntouchedListing
from invsync_tui.sync.decide import standing_of
from invsync_tui.sync.push_plan import hold, limits
from invsync_tui.sync.runs.run_context import RunContext
from invsync_tui.sync.settings import Settings


class Row(NamedTuple):
    """A listing of the plan as the store and the cart have it now."""

    row: PlanRow
    fresh: ListingRow | None
    before: int
    after: int


class ExplicitPlanner:
    """The planning half of a push that is bound to such a plan."""

    def __init__(self, job: RunContext, cart: Cart, settings: Settings, plan: KeptPlan) -> None:
        self.job = job
        self.cart = cart
        self.settings = settings
        self.plan = plan
        self.submitted: frozenset[str] = frozenset()
        """Batches that the cart has not applied yet."""
        self.on_hand = cart.capabilities.quantity_basis is QuantityBasis.ON_HAND

    async def run(self) -> None:
        """Read back, decide, check; raises RunHeld where a safety rule stops what would be sent."""
        with self.job.store.reading() as cx:
            self.submitted = push_batches.submitted(cx, self.job.run.key)
        changes, step = self.plan.changes, self.cart.capabilities.read_batch
        self.job.report.enter("plan", len(changes.ids))
        for start in range(0, len(changes.ids), step):
            self.job.stop_if_cancelled()
            part = slice(start, start + step)
            await self._plan_piece(list(zip(*(column[part] for column in changes), strict=True)))
        with self.job.transaction() as tx:
            self.job.report.recount(tx)
            self.job.report.put(tx)
        self._check()

    async def _plan_piece(self, changes: Sequence[tuple[int, int, int]]) -> None:
        with self.job.store.reading() as cx:
            rows = {row.id: row for row in listings.plan_rows(cx, [number for number, _, _ in changes])}
        known = [rows[number] for number, _, _ in changes if number in rows]
        fresh = {listing.ref: listing for listing in await self._read([row.ref for row in known])}
        entries = [Row(rows[n], fresh.get(rows[n].ref), before, after) for n, before, after in changes if n in rows]
        now = clock.seconds()
        with self.job.transaction() as tx:
            seq = change_sequence.upcoming(tx)
            self._note(tx, entries, seq, now)
            change_sequence.take(tx, seq)
            self.job.report.advance(len(changes))
            self.job.report.put(tx)

    async def _read(self, refs: Sequence[str]) -> Sequence[ListingRow]:
        # Nothing may be written where a switch is off, so there is nothing to read for it.
        return await self.cart.read(refs) if self.settings.switched_on and refs else ()

    def _note(self, tx, rows: Sequence[Row], seq: int, now: int) -> None:  # type: ignore[no-untyped-def]
        run_id = self.job.run.id
        verdicts = [(entry, *self._verdict(entry)) for entry in rows]
        listings.refresh(
            tx,
            [
                (self._target(entry), entry.fresh.quantity, entry.fresh.allocated, entry.row.id)
                for entry in rows
                if entry.fresh is not None and entry.fresh.skip is not Reason.BAD_ROW
            ],
        )
        sent = (Outcome.PLANNED, Outcome.EQUAL)
        listings.decide(
            tx, [self._decided(entry, outcome, reason) for entry, outcome, reason, _ in verdicts if outcome in sent]
        )
        listings.confirm_equal(tx, [entry.row.id for entry, outcome, _, _ in verdicts if outcome is Outcome.EQUAL], now)
        plans.mark_untouched(
            tx,
            [
                UntouchedListing(outcome.value, reason.value if reason else None, text, run_id, seq, entry.row.id)
                for entry, outcome, reason, text in verdicts
                if outcome not in sent
            ],
        )
        plans.mark_dirty(tx, [entry.row.id for entry in rows], seq)

    def _decided(self, row: Row, outcome: Outcome, reason: Reason | None) -> Decided:
        pending = int(outcome is Outcome.PLANNED)
        word = reason.value if reason else None
        return Decided(row.after, self._target(row), outcome.value, word, "", pending, self.job.run.id, row.row.id)

    def _target(self, row: Row) -> int:
        return on_hand(row.after, self._held_back(row))

    def _held_back(self, row: Row) -> int:
        return row.fresh.allocated if self.on_hand and row.fresh is not None else 0

    def _verdict(self, entry: Row) -> tuple[Outcome, Reason | None, str]:
        """What becomes of a listing, why, and what is to be said of it."""
        row = entry.row
        if row.run_id == self.job.run.id and row.outcome == Outcome.SET:
            return Outcome.SET, None, ""  # by this run, before it was interrupted
        if row.inflight is not None:
            return Outcome.SUBMITTED if row.inflight in self.submitted else Outcome.IN_DOUBT, None, ""
        # Neither its product nor a warehouse is asked for a number.
        blocked = obstacle(standing_of(row, self.settings)._replace(match_reason=None, has_warehouse=True))
        if blocked is not None or entry.fresh is None:
            return Outcome.SKIPPED, blocked or Reason.NOT_IN_CART, ""
        if entry.fresh.skip is Reason.BAD_ROW:
            return Outcome.SKIPPED, Reason.BAD_ROW, entry.fresh.name
        return self._compared(entry, entry.fresh)

    def _compared(self, row: Row, fresh: ListingRow) -> tuple[Outcome, Reason | None, str]:
        shows = None if fresh.quantity is None else fresh.quantity - self._held_back(row)
        if shows == row.after:
            return Outcome.EQUAL, Reason.IN_SYNC, ""
        if text := self._changed(row, shows):
            return Outcome.SKIPPED, Reason.CHANGED_SINCE, text
        return Outcome.PLANNED, None, ""

    def _changed(self, row: Row, shows: int | None) -> str:
        """What changed a listing since the plan was made; '' if nothing did that counts."""
        if self.plan.kind == "undo":
            if shows != row.before:
                return f"it shows {_number(shows)} now, run {self.plan.of_run} left it at {row.before}"
            if row.row.acked != row.before:
                return f"it was set to {_number(row.row.acked)} since, run {self.plan.of_run} left it at {row.before}"
            return ""
        lowers = row.before == UNKNOWN or row.before > row.after
        if lowers and shows is not None and shows < row.after:
            return f"it shows {shows} now, which is below the safe level {row.after}"
        return ""

    def _check(self) -> None:
        """Only what a plan would do to the shop counts: how old the stock's readings are does not matter to it."""
        self.job.report.enter("check")
        with self.job.transaction() as tx:
            stock = listings_plans.facts(tx, self.job.run.key, self.job.run.id, self.settings.cart.jump_factor)
        facts = shop_facts(stock)
        trips = safety.check(facts, limits(self.settings), self.job.released())
        if trips:
            hold(self.job, trips)


def shop_facts(stock: listings.StockFacts) -> safety.PlanFacts:
    """What the safety rules have to know of a plan that no settings made."""
    return safety.PlanFacts(
        to_set=stock.to_set,
        to_zero=stock.to_zero,
        in_stock=stock.in_stock,
        first_push=False,
        rules_changed=False,
        products_before=None,
        products_now=None,
        to_jump=stock.to_jump,
    )


def _number(quantity: int | None) -> str:
    return "nothing" if quantity is None else str(quantity)
