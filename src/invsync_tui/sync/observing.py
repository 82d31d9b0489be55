"""Reading a cart's listings: all of them when that is due, else those that the cart says have changed."""

from __future__ import annotations

import time

from invsync_tui.connectors.base import Cart, ListingRow, Page
from invsync_tui.connectors.errors import ContractError, UnavailableError
from invsync_tui.store import listings, sequence, sites, tables
from invsync_tui.store.listings import ListingRecord
from invsync_tui.sync.clocks import CartClock
from invsync_tui.sync.job import Job

OBSERVE_OVERLAP = 120
"""Seconds by which a delta read goes back behind the last one: carts commit late."""


def record_of(row: ListingRow) -> ListingRecord:
    """A cart's listing as the store keeps it."""
    skip = row.skip.value if row.skip else None
    return ListingRecord(row.ref, row.sku, row.name, row.tracked, skip, row.allocated, row.quantity)


class Observation:
    """One read of a cart's listings, within a push run."""

    def __init__(self, job: Job, cart: Cart, settings: tables.Cart, clock: CartClock) -> None:
        self.clock = clock
        self.job = job
        self.cart = cart
        self.settings = settings
        self.cart_id = job.run.key

    async def run(self) -> None:
        """Read the cart's listings: all of them when that is due, else those that the cart changed."""
        settings, now = self.settings, int(time.time())
        listed, observed = settings.listed_at, settings.observed_at
        self.job.report.enter("listings")
        if self.job.run.full or listed is None or now - listed >= settings.relist_every:
            await self._read(None, now)
        elif self.cart.capabilities.delta_read and observed is not None and now - observed >= settings.observe_every:
            await self.clock.measure()
            await self._read(self.clock.theirs_before(observed) - OBSERVE_OVERLAP, now)

    async def _read(self, since: int | None, started: int) -> None:
        seen: set[int] = set()
        rows = 0
        cursor: str | None = None
        visited: set[str | None] = {None}
        while True:
            self.job.stop_if_cancelled()
            page = await self.cart.listings_page(cursor, since)
            seen.update(self._keep(page))
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
        self._finish(seen, started, complete=since is None)

    def _keep(self, page: Page[ListingRow]) -> list[int]:
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

    def _finish(self, seen: set[int], started: int, *, complete: bool) -> None:
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
