"""What webhooks announced, within a push: those listings are read again before anything is planned."""

from __future__ import annotations

from invsync_tui.connectors.base import Cart
from invsync_tui.plain_text import counted
from invsync_tui.store import hooks
from invsync_tui.store.hooks import ORDERS
from invsync_tui.sync.listings.reread_listings import MOST, reread
from invsync_tui.sync.runs.run_context import RunContext


class Announced:
    """What waits when a push begins, as much as one push reads. It goes on waiting until it was read: a push that ends
    before leaves it, and the rest is read by the next one."""

    def __init__(self, job: RunContext, cart: Cart) -> None:
        self.job = job
        self.cart = cart
        with job.store.reading() as cx:
            self._read = hooks.waiting(cx, job.run.key, MOST)
            self._listings = hooks.listings(cx, job.run.key, [ref for ref in self._read if ref != ORDERS])
        self._orders = ORDERS in self._read

    async def read(self, *, complete: bool) -> None:
        """Read the listings again, unless all of them were read just now."""
        if self._listings and not complete:
            await reread(self.job, self.cart, self._listings)
        if self._read:
            parts = [counted(len(self._listings), "listing")] if self._listings else []
            parts += ["orders"] if self._orders else []
            self.job.report.event(
                "info", f"Read again after webhooks: {' and '.join(parts) or 'nothing that is known'}."
            )

    def done(self) -> None:
        """All of it was read, the orders too. What was announced meanwhile is for the next push."""
        if self._read:
            with self.job.transaction() as tx:
                hooks.done(tx, self.job.run.key, self._read)
