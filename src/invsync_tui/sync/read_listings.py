"""Reading a cart's listings: all of them when that is due, else those that the cart says have changed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from invsync_tui import clock
from invsync_tui.connectors.base import Cart, ListingRow, Page
from invsync_tui.connectors.errors import ContractError, UnavailableError
from invsync_tui.connectors.values import maybe_whole
from invsync_tui.plain_text import counted
from invsync_tui.store import change_sequence, models
from invsync_tui.store.catalog import sync_marks
from invsync_tui.store.listings import listings
from invsync_tui.store.listings.listings import ListingRecord
from invsync_tui.sync.chunked_writes import Pace
from invsync_tui.sync.clock_difference import CartClock
from invsync_tui.sync.page_limit import BARREN_MOST, DELTA_BARREN_MOST, PageBound
from invsync_tui.sync.runs.run_context import RunContext

OBSERVE_OVERLAP = 120
"""Seconds by which a delta read goes back behind the last one: carts commit late."""


def record_of(row: ListingRow) -> ListingRecord:
    """A cart's listing as the store keeps it."""
    skip = row.skip.value if row.skip else None
    return ListingRecord(
        row.ref, row.sku, row.name, row.tracked, skip, row.allocated, row.quantity,
        row.elsewhere, row.elsewhere_allocated, row.threshold,
    )  # fmt: skip


PIECE = 500
"""Listings of one transaction."""
PASSES = 3
"""Times that the listings are read where each time some were deleted meanwhile."""


def total_of(page: Page[ListingRow]) -> int | None:
    """How many listings the cart announces; None where it does not, or says what cannot be."""
    try:
        return maybe_whole(page.total, 0)
    except ValueError:
        return None


@dataclass(slots=True)
class Pass:
    """One read of the listings from the first page to the last."""

    stable: bool
    """Deleted listings hide no others, by the connector's word."""
    seen: set[int] = field(default_factory=set)
    """Numbers of the listings."""
    refs: set[str] = field(default_factory=set)
    unnamed: int = 0
    total: int | None = None
    most: int = 0
    """The most that any page announced."""

    @property
    def found(self) -> int:
        """Different listings that came; one that came twice does not make up for one that did not come."""
        return len(self.refs) + self.unnamed

    def add(self, page: Page[ListingRow]) -> None:
        """Take in the listings of one more page."""
        self.refs.update(row.ref for row in page.rows)
        self.refs.update(ref for ref, _ in page.rejected if ref != "?")
        self.unnamed += sum(ref == "?" for ref, _ in page.rejected)
        self.total = total_of(page)
        self.most = max(self.most, self.total or 0)

    @property
    def may_hide(self) -> bool:
        """The cart announced fewer and fewer while it was read: a page that starts at a number then starts too late."""
        return not self.stable and self.total is not None and self.total < self.most


class ListingsReader:
    """One read of a cart's listings, within a push run."""

    def __init__(self, job: RunContext, cart: Cart, settings: models.Cart, cart_clock: CartClock) -> None:
        self.clock = cart_clock
        self.job = job
        self.cart = cart
        self.settings = settings
        self.cart_id = job.run.key
        self.complete = False
        """All listings were read just now."""

    async def run(self) -> None:
        """Read the cart's listings: all of them when that is due, else those that the cart changed."""
        settings, now = self.settings, clock.seconds()
        listed, observed = settings.listed_at, settings.observed_at
        self.job.report.enter("listings")
        # A look that is dated after now was dated by a clock that was ahead: nobody knows since when to ask for changes.
        ahead = observed is not None and clock.age(observed, now) is None
        if self.job.run.full or ahead or not clock.within(listed, settings.relist_every, now):
            await self._read(None, now)
        elif self.cart.capabilities.delta_read and observed is not None and now - observed >= settings.observe_every:
            await self.clock.measure()
            await self._read(self.clock.theirs_before(observed) - OBSERVE_OVERLAP, now)

    async def _read(self, since: int | None, started: int) -> None:
        """Read to the end. Where listings may have been passed over because others were deleted meanwhile, read again."""
        for _ in range(PASSES):
            passed = await self._pass(since)
            if not passed.may_hide:
                if passed.total is not None and passed.found < passed.total:
                    raise UnavailableError(
                        f"The cart announced {counted(passed.total, 'listing')} and sent {passed.found}: not complete."
                    )
                if self.settings.listed_at is None:  # it was another cart before, or somebody else set its stock
                    await self._forget_where_changed(sorted(passed.seen))
                self._finish(passed.seen, started, complete=since is None)
                return
            self.job.report.event("info", "Listings were deleted in the cart while it was read: it is read again.")
        raise UnavailableError(
            f"The cart's listings changed during each of {PASSES} reads, so that none of them is complete."
        )

    async def _pass(self, since: int | None) -> Pass:
        passed = Pass(stable=self.cart.capabilities.stable_pages)
        cursor: str | None = None
        visited: set[str | None] = {None}
        pace = Pace()
        bound = PageBound("cart", "its listings", BARREN_MOST if since is None else DELTA_BARREN_MOST)
        while True:
            self.job.stop_if_cancelled()
            page = await self.cart.listings_page(cursor, since)
            passed.seen.update(await self._keep(page, pace))
            passed.add(page)
            for ref, why in page.rejected:
                self.job.report.event("warning", f"Listing {ref} cannot be read (BAD_ROW): {why}")
            cursor = page.next_cursor
            if cursor is None:
                return passed
            if cursor in visited:
                raise ContractError(f"The cart repeats itself at {cursor!r} while listing.")
            visited.add(cursor)
            bound.add(passed.found)

    async def _keep(self, page: Page[ListingRow], pace: Pace) -> list[int]:
        """Write a page; returns the ids of all its listings. Those that could not be read are still there."""
        report, rows = self.job.report, page.rows
        total = total_of(page)
        report.budget = self.cart.budget()
        begun: list[int] = []
        while len(rows) > pace.rows:
            piece, rows = rows[: pace.rows], rows[pace.rows :]  # what is written changes the pace
            with pace.measured():
                begun += self._write(piece)
            await asyncio.sleep(0)
        with self.job.transaction() as tx:
            seq = change_sequence.upcoming(tx)
            changed = listings.upsert(tx, self.cart_id, [record_of(row) for row in rows], clock.seconds(), seq)
            if changed + listings.record_unreadable(tx, self.cart_id, [ref for ref, _ in page.rejected], seq):
                change_sequence.take(tx, seq)
            report.advance(len(page.rows) + len(page.rejected), total)
            report.put(tx)
            ids = listings.ids_of_refs(
                tx, self.cart_id, [*(row.ref for row in rows), *(ref for ref, _ in page.rejected)]
            )
        return [*begun, *ids]

    def _write(self, rows: Sequence[ListingRow]) -> list[int]:
        with self.job.transaction() as tx:
            seq = change_sequence.upcoming(tx)
            if listings.upsert(tx, self.cart_id, [record_of(row) for row in rows], clock.seconds(), seq):
                change_sequence.take(tx, seq)
            return listings.ids_of_refs(tx, self.cart_id, [row.ref for row in rows])

    async def _forget_where_changed(self, ids: Sequence[int]) -> None:
        for start in range(0, len(ids), PIECE):
            with self.job.transaction() as tx:
                seq = change_sequence.upcoming(tx)
                if listings.forget_where_changed(tx, ids[start : start + PIECE], seq):
                    change_sequence.take(tx, seq)
            await asyncio.sleep(0)

    def _finish(self, seen: set[int], started: int, *, complete: bool) -> None:
        with self.job.transaction() as tx:
            have = listings.present_ids(tx, self.cart_id) if complete else []
            gone = [number for number in have if number not in seen]
            if have and not seen:
                raise UnavailableError("The cart answered with no listings at all; those known so far are kept.")
            seq = change_sequence.upcoming(tx)
            if listings.flag_gone(tx, self.cart_id, gone, started, seq):
                change_sequence.take(tx, seq)
            cart = self.settings
            sync_marks.record_observed(tx, self.cart_id, started, cart.rev, cart.listed_at, complete=complete)
        self.complete = complete
        if gone:
            self.job.report.event(
                "warning", f"{counted(len(gone), 'listing is', 'listings are')} no longer in the cart."
            )
