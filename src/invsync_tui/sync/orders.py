"""Orders: what the cart sold that the WMS's readings may not know yet, so that no cart offers it again.

Not here: subtracting it from a quantity (`plan`), and what is kept of it (`store.orders`).
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence

from invsync_tui.connectors.base import Cart, ListingRow
from invsync_tui.connectors.errors import PermissionDeniedError
from invsync_tui.store import orders, runs, sequence, tables
from invsync_tui.store.orders import Change, Line
from invsync_tui.sync import connect
from invsync_tui.sync.job import Job

PHASE = "orders"
OVERLAP = 300
"""Seconds by which orders are asked for again: carts commit late and clocks differ."""
REACH = 7 * 86400
"""Seconds after which an order is no longer waited for; whatever the readings say, the WMS knows it by then."""


class Orders:
    """The pending orders of one push run."""

    def __init__(self, job: Job, cart: Cart, merchant: tables.Merchant, source: tables.Source) -> None:
        self.job = job
        self.cart = cart
        self.merchant = merchant
        self.source = source
        self.cart_id = job.run.key
        self.merchant_id = job.run.merchant_id
        self.now = int(time.time())

    async def run(self) -> None:
        """Read the cart's orders where that is of use, and drop those that all readings know by now."""
        lines: Sequence[Line] | None = ()
        if self.cart.capabilities.reports_orders and not await self._netted():
            lines = await self._read()
        with self.job.store.reading() as cx:
            change = self._change(cx, lines)
            refs = orders.listings_of_products(cx, self.cart_id, change.products(self.cart_id))
        if change.added or change.removed:
            # The cart took the orders off by itself: what it shows now need not be written again.
            self._write(lines, await self._shown(refs) if lines is not None else [])

    async def _netted(self) -> bool:
        """Whether the WMS subtracts orders that it does not hold yet by itself."""
        source = connect.source(self.merchant.name, self.source)
        try:
            return source.capabilities.nets_pending_orders
        finally:
            await source.close()

    async def _read(self) -> Sequence[Line] | None:
        """The cart's order lines, None where they cannot be known: then those known so far stay."""
        since = self._since()
        if since is None:
            return None
        report = self.job.report
        report.enter(PHASE)
        try:
            found = await self.cart.orders_since(since)
        except PermissionDeniedError as error:
            report.event("warning", f"The cart's orders are not subtracted, since they cannot be read: {error}")
            report.leave("failed")
            return None
        report.budget = self.cart.budget()
        report.advance(len(found))
        return [Line(*line) for line in found]

    def _since(self) -> int | None:
        """Before the last good look, the readings, and the oldest order that is waited for; None without readings."""
        if self.source.confirmed_at is None:
            return None
        with self.job.store.reading() as cx:
            looked = runs.last_good_phase(cx, "push", self.cart_id, PHASE, self.now - REACH)
            oldest = orders.oldest(cx, self.cart_id)
        times = [looked or 0, self.source.confirmed_at, *([oldest] if oldest is not None else [])]
        return max(self.now - REACH, min(times) - OVERLAP)

    async def _shown(self, refs: Sequence[str]) -> list[ListingRow]:
        step = self.cart.capabilities.read_batch
        rows: list[ListingRow] = []
        for start in range(0, len(refs), step):
            rows.extend(await self.cart.read(refs[start : start + step]))
        self.job.report.budget = self.cart.budget()
        return rows

    def _write(self, lines: Sequence[Line] | None, shown: Sequence[ListingRow]) -> None:
        with self.job.transaction() as tx:
            seq = sequence.upcoming(tx)
            orders.apply(tx, self.merchant_id, self._change(tx, lines), seq)
            seen = [(row.ref, row.quantity, row.allocated) for row in shown]
            orders.observe(tx, self.cart_id, seen, int(time.time()), seq)
            sequence.take(tx, seq)
            self.job.report.put(tx)

    def _change(self, cx: sqlite3.Connection, lines: Sequence[Line] | None) -> Change:
        return orders.change(
            cx,
            self.merchant_id,
            self.cart_id,
            lines,
            confirmed_at=self.source.confirmed_at or 0,
            after=self.now - REACH,
        )
