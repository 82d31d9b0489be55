"""Listings of one code: before they are called duplicates, the cart is asked whether all of them are still there.

A listing that was deleted and made again in the cart has a new reference and the same code, and a delta read does not
tell what was deleted. Only listings that the cart itself still has are duplicates of each other.
"""

from __future__ import annotations

from invsync_tui.connectors.base import Cart
from invsync_tui.store.listings import matching
from invsync_tui.sync.listings.reread_listings import reread
from invsync_tui.sync.runs.run_context import RunContext

MOST = 2000
"""Listings that are asked about in one run; the rest is found out by the next complete read."""


class Namesakes:
    """The check of one push run, of the listings that moved after a mark."""

    def __init__(self, job: RunContext, cart: Cart, mark: int) -> None:
        self.job = job
        self.cart = cart
        self.mark = mark
        self.cart_id = job.run.key

    async def run(self) -> None:
        """Ask the cart about listings that share a code, and mark those that it no longer has."""
        with self.job.store.reading() as cx:
            moved = matching.to_match(cx, self.job.run.merchant_id, self.cart_id, self.mark)
            to_read = matching.namesakes(cx, self.cart_id, moved)[:MOST] if moved else []
        await reread(self.job, self.cart, to_read)
