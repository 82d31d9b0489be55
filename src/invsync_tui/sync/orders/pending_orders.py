"""Orders that the cart took and the WMS may not know yet, so that no unit is offered twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from typing import Protocol, cast

from invsync_tui import clock
from invsync_tui.connectors.base import Cart, ListingRow, OrderLine, Source
from invsync_tui.connectors.errors import PermissionDeniedError
from invsync_tui.connectors.reading import read_in_steps
from invsync_tui.connectors.shop_identity import shop_of
from invsync_tui.rules.outcomes import Reason
from invsync_tui.store import change_sequence
from invsync_tui.store.catalog import sync_marks
from invsync_tui.store.listings import pending_orders
from invsync_tui.store.listings.order_rows import Line, Terms
from invsync_tui.store.listings.pending_orders import Asked, Change
from invsync_tui.store.runs import runs
from invsync_tui.sync import connections
from invsync_tui.sync.orders import orders_elsewhere
from invsync_tui.sync.runs.clock_difference import CartClock
from invsync_tui.sync.runs.run_context import RunContext
from invsync_tui.sync.settings import Settings

PHASE = "orders"
OVERLAP = 300
"""Seconds by which orders are asked for again: carts commit late."""
REACH = 7 * 86400
"""Seconds after which an order is no longer waited for; whatever the readings say, the WMS knows it by then."""


READ_LATELY = 120
"""Seconds for which what a run read of a cart's orders serves runs of its other locations. They wait for each other, and
for times of their own: what was sold meanwhile is not known to a read of long ago."""


class Orders:
    """The pending orders of one push run."""

    def __init__(self, job: RunContext, cart: Cart, settings: Settings, cart_clock: CartClock) -> None:
        self.job = job
        self.cart = cart
        self.merchant = settings.merchant
        self.source = settings.source
        self.locations = tuple(settings.locations.values())
        self.clock = cart_clock
        self.cart_id = job.run.key
        self.merchant_id = job.run.merchant_id
        self.now = clock.seconds()
        self.by_name = False

    async def run(self) -> None:
        """Read the cart's orders where that is of use, and drop those that all readings know by now."""
        lines: Sequence[Line] | None = ()
        netted = await self._look_at_source()
        reports = self.cart.capabilities.reports_orders and not netted
        asked_cart = self._orders_request(alone=not reports)
        known = reports and self._read_by_another(asked_cart)
        if reports:
            lines = None if known else await self._read(asked_cart)
        with self.job.store.reading() as cx:
            change = self._change(cx, asked_cart, lines)
            refs = pending_orders.listings_of_products(cx, self.cart_id, change.products(asked_cart.shop))
            refs += [
                ref
                for ref in pending_orders.not_seen_since(cx, self.cart_id, asked_cart.shop, self.now)
                if ref not in set(refs)
            ]
        if any(change) or refs:
            # The cart took the orders off by itself: what it shows now need not be written again.
            listed = await self._read_listings(refs) if known or lines is not None else []
            await self.job.writable()
            self._write(asked_cart, lines, listed)

    def _read_by_another(self, asked_cart: Asked) -> bool:
        """Whether another location of this cart has read its orders since this run was asked for: they are the same."""
        others = [number for number in self.locations if number in asked_cart.peers]
        request = runs.RequestTimes(self.job.run.requested_at, self.now - READ_LATELY, self.now)
        with self.job.store.reading() as cx:
            return runs.phase_serves(cx, "push", others, PHASE, request)

    async def _look_at_source(self) -> bool:
        """Whether the WMS subtracts orders that it does not hold yet by itself; notes whether it names those it has."""
        source = connections.source(self.merchant.name, self.source)
        try:
            self.by_name = source.capabilities.knows_orders
            return source.capabilities.nets_pending_orders
        finally:
            await source.close()

    def _orders_request(self, *, alone: bool) -> Asked:
        """The merchant's carts that lead to this one's shop, and those that are told the same orders; `alone`: none is."""
        with self.job.store.reading() as cx:
            carts = {
                cart.id: shop_of(connections.connection_of(cart.name, cart.system, cart.url, cart.options))
                for cart in sync_marks.carts(cx, self.merchant_id)
            }
        mine = carts[self.cart_id]
        of_shop = frozenset(number for number, shop in carts.items() if shop.key == mine.key)
        same = frozenset({self.cart_id} if alone else (n for n, shop in carts.items() if shop.view == mine.view))
        return Asked(self.merchant_id, self.cart_id, mine.key, of_shop, same)

    async def _read(self, asked_cart: Asked) -> Sequence[Line] | None:
        """The cart's order lines, None where they cannot be known: then those known so far stay."""
        if self.source.confirmed_at is None:
            return None  # without readings there is nothing to subtract from
        report = self.job.report
        report.enter(PHASE)
        try:
            await self.clock.measure()
            orders_since = await self.cart.orders_since(self._since(asked_cart, self.source.confirmed_at))
        except PermissionDeniedError as error:
            report.event("warning", f"The cart's orders are not subtracted, since they cannot be read: {error}")
            report.leave("failed")
            return None
        report.budget = self.cart.budget()
        report.advance(len(orders_since))
        for order_line in orders_since:
            if order_line.error:
                report.event(
                    "warning", f"Order {order_line.order_ref or '?'} cannot be read (BAD_ROW): {order_line.error}"
                )
        return [self._line(order_line) for order_line in orders_since]

    def _line(self, line: OrderLine) -> Line:
        ours = self.clock.ours(line.taken_at)
        name = line.name or line.order_ref
        readable = not line.error
        return Line(line.order_ref, line.listing_ref, line.quantity, ours, line.location, name, line.taken_at, readable)

    def _since(self, asked_cart: Asked, confirmed_at: int) -> int:
        """By the cart's clock: before the last good look, the readings, and the oldest order that is waited for."""
        with self.job.store.reading() as cx:
            looks = [runs.last_good_phase(cx, "push", peer, PHASE, self.now - REACH) or 0 for peer in asked_cart.peers]
            oldest = pending_orders.oldest(cx, asked_cart.peers)
        # What was noted while our clock was ahead must not hide the orders until then: now is the latest.
        times = [self.clock.theirs_before(at) for at in (max(looks), confirmed_at, self.now)]
        earliest = min([*times, *([oldest] if oldest is not None else [])]) - OVERLAP
        return max(0, self.clock.theirs_before(self.now - REACH), earliest)

    async def _read_listings(self, refs: Sequence[str]) -> list[ListingRow]:
        rows = await read_in_steps(self.cart, refs)
        self.job.report.budget = self.cart.budget()
        return rows

    def _write(self, asked_cart: Asked, lines: Sequence[Line] | None, shown: Sequence[ListingRow]) -> None:
        with self.job.transaction() as tx:
            seq = change_sequence.upcoming(tx)
            change = self._change(tx, asked_cart, lines)
            before = orders_elsewhere.before(tx, change)
            pending_orders.apply(tx, self.merchant_id, change, seq)
            seen = [(row.ref, row.quantity, row.allocated) for row in shown if row.skip is not Reason.BAD_ROW]
            pending_orders.observe(tx, self.cart_id, seen, clock.seconds(), seq)
            change_sequence.take(tx, seq)
            orders_elsewhere.request_pushes(tx, self.job.run, before, clock.seconds())
            self.job.report.put(tx)

    def _change(self, cx: sqlite3.Connection, asked_cart: Asked, lines: Sequence[Line] | None) -> Change:
        terms = Terms(self.now, self.source.confirmed_at or 0, self.source.orders_within, self.by_name, REACH)
        return pending_orders.change(cx, asked_cart, lines, terms)


AT_ONCE = 200
"""Orders that are asked about in one request."""


class KnowsOrders(Protocol):
    """A source with the capability `knows_orders`."""

    async def known_orders(self, names: Sequence[str]) -> Collection[str]:
        """Those of some orders that the WMS has and that its available stock takes into account."""
        ...


async def ask(job: RunContext, source: Source) -> None:
    """Note which pending orders of the merchant an open source has as of now."""
    if not source.capabilities.knows_orders:
        return
    with job.store.reading() as cx:
        names = pending_orders.to_ask_for(cx, job.run.merchant_id)
    now = clock.seconds()
    known: list[str] = []
    for start in range(0, len(names), AT_ONCE):
        known += await cast(KnowsOrders, source).known_orders(names[start : start + AT_ONCE])
    await job.writable()
    with job.transaction() as tx:
        seq = change_sequence.upcoming(tx)
        if known and pending_orders.record_known(tx, job.run.merchant_id, known, now, seq):
            change_sequence.take(tx, seq)
