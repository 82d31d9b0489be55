"""The difference between our clock and that of the system a run talks to: measured, kept, and taken off every time."""

from __future__ import annotations

from invsync_tui.connectors.base import Cart
from invsync_tui.connectors.network.server_clock import offset_of, settled
from invsync_tui.store.catalog import sync_marks
from invsync_tui.sync.runs.run_context import RunContext

TOLD_FROM = 60
"""Seconds from which on a difference is told in the run's events."""


class CartClock:
    """A cart's clock. It is measured when a time is about to be exchanged with the cart, and not before."""

    def __init__(self, job: RunContext, cart: Cart, stored: int | None) -> None:
        self._job = job
        self._cart = cart
        self._stored = stored
        self.offset = stored or 0
        """Seconds by which it is ahead of ours."""
        self._measured = False

    async def measure(self) -> None:
        """Find the offset to go by, once, and keep it."""
        if self._measured:
            return
        self._measured = True
        self.offset = settled(await offset_of(self._cart), self._stored)
        if self.offset != (self._stored or 0):
            await self._job.writable()
            with self._job.transaction() as tx:
                sync_marks.record_cart_clock(tx, self._job.run.key, self.offset)
            _tell(self._job, "The cart's clock", self.offset)

    def ours(self, theirs: int) -> int:
        """A time that the cart said, by our clock."""
        return theirs - self.offset

    def theirs_before(self, ours: int) -> int:
        """A time of our clock by the cart's. The earlier one where its clock was set since it was last measured: its
        older stamps were made by what it showed then."""
        return ours + min(self.offset, self.offset if self._stored is None else self._stored)


async def source_offset(job: RunContext, source: object, stored: int | None) -> int:
    """Measure an open source's clock, and keep it: seconds by which it is ahead of ours."""
    offset = settled(await offset_of(source), stored)
    if offset != (stored or 0):
        await job.writable()
        with job.transaction() as tx:
            sync_marks.record_source_clock(tx, job.run.merchant_id, offset)
        _tell(job, "The WMS's clock", offset)
    return offset


def _tell(job: RunContext, whose: str, offset: int) -> None:
    if abs(offset) >= TOLD_FROM:
        way = "ahead of" if offset > 0 else "behind"
        job.report.event("warning", f"{whose} is {abs(offset)} s {way} ours; its times are corrected by that.")
