"""Push: sends what a plan found, batch by batch, each recorded with its exact body before the request.

How one batch is sent is in `pushes.batch_delivery`, what its answer means in `pushes.batch_results`. A batch without an
answer is in doubt and is resolved before anything else, see `pushes.doubt_resolver`. A batch that the cart applies later
waits under its ticket, see `pushes.submitted`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from invsync_tui import clock
from invsync_tui.connectors.base import Cart, QuantityBasis, RowAnswer
from invsync_tui.connectors.errors import BatchTooLargeError, ConnectorError, RowsRejectedError
from invsync_tui.connectors.network.http_log import redacted
from invsync_tui.rules.outcomes import Outcome, Reason
from invsync_tui.rules.quantity import on_hand
from invsync_tui.store.listings import listings
from invsync_tui.store.listings.listings import ToPush
from invsync_tui.store.listings.push_batches import Batch, Item
from invsync_tui.sync.pushes import sending_order
from invsync_tui.sync.pushes.batch_delivery import BatchDelivery, ResponseLost
from invsync_tui.sync.pushes.batch_results import BatchResults, answer_of
from invsync_tui.sync.pushes.doubt_resolver import DoubtResolver
from invsync_tui.sync.pushes.kept_answers import KeptAnswers
from invsync_tui.sync.runs.run_context import RunContext

LOSSES_MOST = 3
"""Batches in a row whose answer is lost before the run ends."""
PASSES = 3
"""Rounds over what is planned: a batch that is found not to have been applied is planned again."""
SMALLER = 10
"""In each further round batches have so many times fewer rows, the last ones a few or one: where a single row makes the cart
fail, it fails alone in the end, and those beside it are set."""


class BatchSender:
    """The sending half of one push run. `deadline`: the seconds that a request may take."""

    def __init__(self, job: RunContext, cart: Cart, deadline: float) -> None:
        self.job = job
        self.cart = cart
        self.on_hand = cart.capabilities.quantity_basis is QuantityBasis.ON_HAND
        self.delivery = BatchDelivery(job, cart, deadline)
        self.results = BatchResults(job, cart)
        self.resolver = DoubtResolver(job, cart, self.delivery, self.results)
        self.kept = KeptAnswers(job, self.results)
        self.results.believed = self.kept.note
        self._losses = 0
        """Batches in a row whose answer was lost."""

    async def resolve_unfinished(self) -> None:
        """Find out what became of batches whose answer was never recorded, before anything new is sent."""
        await self.resolver.resolve_unfinished()

    async def run(self, total: int) -> None:
        """Send everything that is planned. Raises ConnectorError where the connection as a whole cannot go on."""
        self.job.report.enter("push", total)
        await self._send_planned()
        await self.kept.check()

    async def _send_planned(self) -> None:
        for round_number in range(PASSES):
            if not await self._one_pass(max(1, self.results.size() // SMALLER**round_number)):
                return
        with self.job.transaction() as tx:
            listings.end_planned(
                tx, self.job.run.id, Outcome.FAILED, Reason.CART_UNAVAILABLE, redacted("the cart kept losing it")
            )

    async def _one_pass(self, size: int) -> bool:
        """One round in batches of `size` rows, what is nearest to overselling first; False if there was nothing to do."""
        any_rows = False
        rule = sending_order.batch_rule(self.cart.capabilities, size)
        for batch in await sending_order.in_order(self.job.store, self.job.run.id, rule):
            self.job.stop_if_cancelled()
            with self.job.store.reading() as cx:
                rows = listings.planned(cx, self.job.run.id, batch)
            any_rows = any_rows or bool(rows)
            items = await self._items(rows) if rows else ()
            await self._send_all(items)
        return any_rows

    async def _items(self, rows: Sequence[ToPush]) -> list[Item]:
        """Rows as batch items. A cart that subtracts its own allocations is read first: they move with every order."""
        if not self.on_hand:
            return [Item(row.id, row.ref, row.desired, row.target, row.observed) for row in rows]
        fresh = {row.ref: row for row in await self.results.read([row.ref for row in rows])}
        items: list[Item] = []
        equal: list[Item] = []
        gone: list[int] = []
        barred: dict[int, tuple[Reason, str]] = {}
        for row in rows:
            now = fresh.get(row.ref)
            if now is None:
                gone.append(row.id)
                continue
            if now.skip is not None:  # since it was planned: unreadable, a bundle now, or not stocked any more
                barred[row.id] = (now.skip, now.name if now.skip is Reason.BAD_ROW else "")
                continue
            desired = row.desired if now.cap is None else min(row.desired, max(0, now.cap - now.allocated))
            target = on_hand(desired, now.allocated)
            (equal if now.quantity == target else items).append(Item(row.id, row.ref, desired, target, now.quantity))
        self._record_fresh([(item, fresh[item.ref].allocated) for item in (*items, *equal)], equal, gone, barred)
        return items

    def _record_fresh(
        self,
        read: Sequence[tuple[Item, int]],
        equal: Sequence[Item],
        gone: Sequence[int],
        barred: Mapping[int, tuple[Reason, str]],
    ) -> None:
        """Record what the listings of a batch show now, with what is allocated, and the outcome of those that are not sent."""
        with self.job.transaction() as tx:
            listings.refresh(tx, [(i.target, i.before, allocated, i.listing_id) for i, allocated in read])
            listings.mark_equal(tx, [item.listing_id for item in equal], clock.seconds())
            listings.fail_planned(tx, gone, Reason.NOT_IN_CART, redacted("the cart no longer has this listing"))
            for number, (reason, why) in barred.items():
                listings.fail_planned(tx, [number], reason, redacted(why))
                self.results.count(Outcome.FAILED, 1, reason)
            self.results.count(Outcome.EQUAL, len(equal))
            self.results.count(Outcome.FAILED, len(gone), Reason.NOT_IN_CART)
            self.job.report.advance(len(equal) + len(gone) + len(barred))
            self.job.report.put(tx)

    async def _send_all(self, items: Sequence[Item]) -> None:
        """Send some listings, in several batches where the cart was found to take fewer in the meantime."""
        while items:
            self.job.stop_if_cancelled()
            size = self.results.size()
            part, items = items[:size], items[size:]
            await self._send(part)

    async def _send(self, items: Sequence[Item]) -> None:
        """Record, send, settle one batch; a refused one is split until the bad rows are alone."""
        await self.job.writable()
        batch = self.delivery.intend(items)
        try:
            answers = await self.delivery.deliver(batch)
        except RowsRejectedError as error:
            await self._split(batch, error)
        except ResponseLost as lost:
            await self._resolve_or_stop(batch, lost.why)
        except ConnectorError as error:
            self.results.release(batch, error)
            raise
        else:
            self._losses = 0
            await self.results.accept(batch, answers)

    async def _resolve_or_stop(self, batch: Batch, why: ConnectorError) -> None:
        """A batch that stays in doubt ends the run, and so do several in a row: the next ones would fare no better."""
        self._losses += 1
        answers = await self.resolver.resolve(batch, str(why))
        if answers is not None:
            await self.results.accept(batch, answers)
        elif self.resolver.left_in_doubt or self._losses >= LOSSES_MOST:
            raise why

    async def _split(self, batch: Batch, error: RowsRejectedError) -> None:
        """Send the listings of a refused batch in smaller ones; a single one has failed."""
        if len(batch.items) == 1:
            (item,) = batch.items
            reason = Reason.NOT_IN_CART if await self._is_gone(item) else None
            answer = answer_of(item, RowAnswer(item.ref, error=error.what, reason=reason))
            self.results.settle_answers(batch, [answer], "refused")
            return
        self.results.release(batch, error)
        if isinstance(error, BatchTooLargeError):
            text = f"The cart refused {len(batch.items)} listings in one request for their number: sent in halves."
            self.job.report.event("info", text)
            await self._send_all(batch.items)
            return
        named = [item for item in batch.items if item.ref in error.refs]
        rest = [item for item in batch.items if item.ref not in error.refs]
        half = len(batch.items) // 2
        parts = ([[item] for item in named] + [rest]) if named and rest else [batch.items[:half], batch.items[half:]]
        for part in parts:
            self.job.stop_if_cancelled()
            await self._send(part)

    async def _is_gone(self, item: Item) -> bool:
        """Whether a listing that was refused by itself is not there any more: most carts say of both that they refuse it."""
        try:
            return not await self.results.read([item.ref])
        except ConnectorError:
            return False
