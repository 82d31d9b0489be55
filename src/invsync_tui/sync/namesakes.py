"""Listings of one code: before they are called duplicates, the cart is asked whether all of them are still there.

A listing that was deleted and made again in the cart has a new reference and the same code, and a delta read does not
tell what was deleted. Only listings that the cart itself still has are duplicates of each other.
"""

from __future__ import annotations

from collections.abc import Sequence

from invsync_tui import clock
from invsync_tui.connectors.base import Cart, ListingRow
from invsync_tui.rules.outcomes import Reason
from invsync_tui.store import listings, matches, sequence
from invsync_tui.sync.job import Job
from invsync_tui.sync.observing import record_of

MOST = 2000
"""Listings that are asked about in one run; the rest is found out by the next complete read."""


class Namesakes:
    """The check of one push run, of the listings that moved after a mark."""

    def __init__(self, job: Job, cart: Cart, mark: int) -> None:
        self.job = job
        self.cart = cart
        self.mark = mark
        self.cart_id = job.run.key

    async def run(self) -> None:
        """Ask the cart about listings that share a code, and mark those that it no longer has."""
        with self.job.store.reading() as cx:
            moved = matches.to_match(cx, self.job.run.merchant_id, self.cart_id, self.mark)
            asked = matches.namesakes(cx, self.cart_id, moved)[:MOST] if moved else []
        step = self.cart.capabilities.read_batch
        for start in range(0, len(asked), step):
            self.job.stop_if_cancelled()
            part = asked[start : start + step]
            self._note(part, await self.cart.read([ref for _, ref in part]))

    def _note(self, asked: Sequence[tuple[int, str]], rows: Sequence[ListingRow]) -> None:
        found = {row.ref for row in rows}
        gone = [number for number, ref in asked if ref not in found]
        if not rows:
            # Nobody deletes a listing and its namesake at once: an empty answer decides nothing.
            return
        refs = {ref for _, ref in asked}
        known = [record_of(row) for row in rows if row.ref in refs and row.skip is not Reason.BAD_ROW]
        now = clock.seconds()
        with self.job.transaction() as tx:
            seq = sequence.upcoming(tx)
            changed = listings.upsert(tx, self.cart_id, known, now, seq)
            if changed + listings.flag_gone(tx, self.cart_id, gone, now, seq):
                sequence.take(tx, seq)
