"""Reads listings back, the one unseen for longest first, and classifies what drifted."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterable, Sequence

from invsync_tui import clock
from invsync_tui.connectors.base import Cart, ListingRow
from invsync_tui.connectors.network.http_log import redacted
from invsync_tui.plain_text import counted
from invsync_tui.rules import quantity
from invsync_tui.rules.drift import LAG, REASONS, Drift, Finding, ListingState, classify, corrects
from invsync_tui.rules.outcomes import Outcome, Reason
from invsync_tui.store import audit, change_sequence
from invsync_tui.store.listings import drift, listings
from invsync_tui.store.listings.drift import DriftRow
from invsync_tui.store.runs import runs
from invsync_tui.sync.decide import StockSnapshot
from invsync_tui.sync.listings.read_listings import record_of
from invsync_tui.sync.orders.pending_orders import PHASE, REACH
from invsync_tui.sync.runs.run_context import RunContext
from invsync_tui.sync.settings import Settings


def orders_known(cx: sqlite3.Connection, carts: Iterable[int]) -> bool:
    """Whether pushes of a cart, through any of its locations, read its orders, so that a fall can be told from sales."""
    after = clock.seconds() - REACH
    return any(runs.last_good_phase(cx, "push", number, PHASE, after) is not None for number in carts)


def findings(
    cx: sqlite3.Connection, settings: Settings, rows: Sequence[DriftRow], lag: int
) -> list[tuple[DriftRow, Finding | None]]:
    """Each row with its drift, None for none."""
    exist = _existing(cx, settings, [row.id for row in rows])
    known = orders_known(cx, [int(settings.cart.id or 0), *settings.locations.values()])
    return [(row, classify(_seen(row, exist.get(row.id), known), lag)) for row in rows]


def _existing(cx: sqlite3.Connection, settings: Settings, listing_ids: Sequence[int]) -> dict[int, int]:
    """By listing, the units that exist for it; listings of which that is not known are left out."""
    rows = [row for row in listings.plan_rows(cx, listing_ids) if row.product_id is not None]
    now = clock.seconds()
    stock = StockSnapshot.of(cx, rows, settings, now)
    units_by_listing = {
        row.id: quantity.existing(stock.facts(row, now), settings.cart.units_per_listing) for row in rows
    }
    return {number: units for number, units in units_by_listing.items() if units is not None}


def _seen(row: DriftRow, exists: int | None, orders: bool) -> ListingState:
    return ListingState(
        acked=row.acked,
        shown=row.shown,
        observed=row.observed,
        allocated=row.allocated,
        tracked=None if row.tracked is None else bool(row.tracked),
        present=row.gone_at is None,
        synced_at=row.synced_at,
        observed_at=row.observed_at,
        exists=exists,
        sold=row.sold if orders else None,
        look_after=row.look_after,
    )


KEPT = 0.5
"""The part of the server's allowance that is left for pushes."""
ROWS_MOST = 5000
"""Listings of one run; the next one goes on with the oldest."""
SECONDS_MOST = 300.0
SLICE = 0.2
"""Seconds of waiting after which a push that is wanted, or a cancel, is noticed."""
ENDED = "Ended for a push; the next run continues where this one stopped."
SAID = 50
"""SKUs that the audit names."""


class DriftCheck:
    """One drift check of a cart."""

    def __init__(self, job: RunContext, cart: Cart, settings: Settings) -> None:
        self.job = job
        self.cart = cart
        self.settings = settings
        self.cart_id = job.run.key

    async def run(self) -> str:
        """Read until everything was seen, the run is long enough, or a push is wanted. Returns a notice, '' for none."""
        started = clock.seconds()
        deadline = clock.elapsed() + SECONDS_MOST
        self.job.report.enter("radar")
        with self.job.transaction() as tx:
            drift.forget_times_ahead(tx, self.cart_id, started + round(clock.TOLERANCE))
        read, notice = 0, ""
        seen: set[int] = set()
        while read < ROWS_MOST and clock.elapsed() < deadline:
            piece = self._next(started)
            if not piece or piece[0][0] in seen:
                break  # everything was read, also where the clock was set back meanwhile
            seen.update(number for number, _ in piece)
            if self._push_waits() or not await self._spare():
                notice = ENDED
                break
            await self._compare(piece)
            read += len(piece)
        return notice

    def _next(self, started: int) -> list[tuple[int, str]]:
        self.job.stop_if_cancelled()
        with self.job.store.reading() as cx:
            return drift.oldest_seen(cx, self.cart_id, started, self.cart.capabilities.read_batch)

    def _push_waits(self) -> bool:
        with self.job.store.reading() as cx:
            return drift.push_waits(cx, self.cart_id)

    async def _spare(self) -> bool:
        """Wait until the allowance has more than what is kept for pushes; False once a push is wanted."""
        while (wait := self._short()) > 0:
            await asyncio.sleep(min(wait, SLICE))
            self.job.stop_if_cancelled()
            if self._push_waits():
                return False
        return True

    def _short(self) -> float:
        """Seconds until a request leaves the pushes' part alone."""
        budget = self.cart.budget()
        if budget is None:
            return 0.0
        needed = min(budget.limit, budget.limit * KEPT + 1)
        return max(0.0, needed - budget.available) / max(budget.per_second, 1e-3)

    async def _compare(self, piece: Sequence[tuple[int, str]]) -> None:
        started = clock.elapsed()
        rows = await self.cart.read([ref for _, ref in piece])
        await self.job.writable()
        self.job.report.budget = self.cart.budget()
        self._store(piece, rows)
        if self.job.report.budget is None:
            await asyncio.sleep(min(clock.elapsed() - started, 1.0))

    def _store(self, piece: Sequence[tuple[int, str]], rows: Sequence[ListingRow]) -> None:
        """Write what was read, tell what drifted, count it, and mark what the cart's policy corrects."""
        now, ids = clock.seconds(), [number for number, _ in piece]
        read_refs = {row.ref for row in rows}
        gone = [number for number, ref in piece if ref not in read_refs]
        unanswered = len(gone) == len(piece) > 1
        if unanswered:
            # Nobody deletes a whole page at once: an empty answer decides nothing, the next complete read does.
            self.job.report.event(
                "warning", f"The cart answered with none of {counted(len(piece), 'listing')}; they are kept."
            )
            gone = []
        with self.job.transaction() as tx:
            seq = change_sequence.upcoming(tx)
            asked_refs = {ref for _, ref in piece}
            known = [record_of(row) for row in rows if row.ref in asked_refs and row.skip is not Reason.BAD_ROW]
            bad = [row.ref for row in rows if row.ref in asked_refs and row.skip is Reason.BAD_ROW]
            changed = listings.upsert(tx, self.cart_id, known, now, seq)
            changed += listings.record_unreadable(tx, self.cart_id, bad, seq)
            if changed + listings.flag_gone(tx, self.cart_id, gone, now, seq):
                change_sequence.take(tx, seq)
            drift.record_read(tx, ids, now)
            if unanswered:  # what nobody saw is not in sync
                self.job.report.counts.add(Outcome.FAILED, len(piece))
                self.job.report.reasons[Reason.UNEXPECTED_ANSWER.value] += len(piece)
                ids = []
            row_findings = findings(tx, self.settings, drift.rows(tx, ids, clock.seconds()), LAG)
            for _, finding in row_findings:
                self._count(finding.drift if finding else None)
            heal = [
                row for row, finding in row_findings if finding and corrects(self.settings.cart.heal, finding.drift)
            ]
            if heal:
                self._correct(tx, heal)
            self.job.report.advance(len(piece))
            self.job.report.put(tx)

    def _count(self, drift_class: Drift | None) -> None:
        """Equal, or skipped with the class as its reason; one that is to be corrected is set instead."""
        self.job.report.counts.add(Outcome.EQUAL if drift_class is None else Outcome.SKIPPED)
        if drift_class is not None:
            self.job.report.reasons[REASONS[drift_class].value] += 1

    def _correct(self, tx: sqlite3.Connection, rows: Sequence[DriftRow]) -> None:
        """Mark them for the next push, and say so in the same transaction."""
        drift.mark(tx, [row.id for row in rows])
        self.job.report.counts.skipped -= len(rows)
        self.job.report.counts.set += len(rows)
        after = json.dumps({"n": len(rows), "skus": [row.sku for row in rows[:SAID]], "run": self.job.run.id})
        why, subject = redacted(f"the cart's policy: {self.settings.cart.heal}"), f"cart:{self.cart_id}"
        audit.record(tx, clock.seconds(), "drift check", "heal", subject, after=after, reason=why)
