"""What the cart's answer to a batch makes of its listings: judged by the quantity that the cart returned or that was read."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

from invsync_tui import clock
from invsync_tui.connectors.base import Cart, ListingRow, RowAnswer, Submitted
from invsync_tui.connectors.errors import BatchTooLargeError, ConnectorError
from invsync_tui.connectors.network.http_log import redacted
from invsync_tui.connectors.reading import read_in_steps
from invsync_tui.rules import batch_limits as size_rules
from invsync_tui.rules.outcomes import Confirmation, Outcome, Reason, judge
from invsync_tui.store.listings import batch_limits, push_batches
from invsync_tui.store.listings.batch_limits import BatchLimit
from invsync_tui.store.listings.push_batches import Answer, Batch, Item
from invsync_tui.sync.pushes import submitted
from invsync_tui.sync.runs.run_context import RunContext


class BatchResults:
    """Records what became of the batches of one push run, and what their answers say of the size that the cart takes."""

    def __init__(self, job: RunContext, cart: Cart) -> None:
        self.job = job
        self.cart = cart
        self.cart_id = job.run.key
        self.believed: Callable[[Sequence[Answer]], None] = lambda answers: None
        """Called with the rows of a batch as its answer has them."""

    async def accept(self, batch: Batch, answers: Sequence[RowAnswer] | Submitted) -> None:
        """Settle a batch, or let it wait for the cart to apply it."""
        if not isinstance(answers, Submitted):
            await self.settle(batch, answers)
            return
        now = clock.now()
        with self.job.transaction() as tx:
            self._note_size(tx, len(batch.items), refused=False)
            push_batches.submit(tx, batch, answers.ticket, submitted.waits_of(answers, now), int(now))
            if batch.run_id == self.job.run.id:
                self.count(Outcome.SUBMITTED, len(batch.items))
            self.job.report.advance(len(batch.items))
            self.job.report.budget = self.cart.budget()
            self.job.report.put(tx)

    async def settle(self, batch: Batch, rows: Sequence[RowAnswer]) -> None:
        """Judge every row of an answered batch; what the answer does not confirm is read back."""
        row_by_ref = {row.ref: row for row in rows}
        answers = [answer_of(item, row_by_ref.get(item.ref, RowAnswer(item.ref))) for item in batch.items]
        self.believed(answers)
        unsure = [answer.item for answer in answers if answer.outcome == Outcome.PLANNED]
        if unsure:
            sure = [answer for answer in answers if answer.outcome != Outcome.PLANNED]
            answers = [*sure, *await self._read_back(unsure)]
        self.settle_answers(batch, answers, "answered")

    async def _read_back(self, items: Sequence[Item]) -> list[Answer]:
        try:
            row_by_ref = {row.ref: row for row in await self.read([item.ref for item in items])}
        except ConnectorError as error:
            return [
                Answer(item, Outcome.FAILED, Reason.VERIFY_FAILED, f"not verified: {error.what}", None)
                for item in items
            ]
        return [_verified(item, row_by_ref.get(item.ref)) for item in items]

    def settle_answers(self, batch: Batch, answers: Sequence[Answer], state: str) -> None:
        """Record judged rows and end the batch as `state`: answered or refused."""
        with self.job.transaction() as tx:
            if batch.state == "submitted" or batch.run_id != self.job.run.id:
                push_batches.adopt(tx, batch, self.job.run.id)
            push_batches.settle(tx, batch, answers, self.job.run.id, clock.seconds())
            if state == "answered":
                self._note_size(tx, len(batch.items), refused=False)
            error = redacted(next((a.error for a in answers if a.error), ""))
            push_batches.end(tx, batch.id, state, error, clock.seconds())
            if batch.run_id == self.job.run.id:
                for answer in answers:
                    self.count(Outcome(answer.outcome), 1, answer.reason)
            self.job.report.advance(len(answers))
            self.job.report.budget = self.cart.budget()
            self.job.report.put(tx)

    def release(self, batch: Batch, error: ConnectorError) -> None:
        """Nothing of the batch was applied: its rows are planned again, the run ends."""
        with self.job.transaction() as tx:
            push_batches.release(tx, batch, batch.items)
            push_batches.end(tx, batch.id, "refused", redacted(str(error)), clock.seconds())
            if isinstance(error, BatchTooLargeError) and len(batch.items) > 1:
                self._note_size(tx, len(batch.items), refused=True)

    async def read(self, refs: Sequence[str]) -> list[ListingRow]:
        """What the cart shows of some listings now; those that it no longer has are left out."""
        rows = await read_in_steps(self.cart, refs)
        await self.job.writable(in_hand=True)
        self.job.report.budget = self.cart.budget()
        return rows

    def count(self, outcome: Outcome, n: int, reason: str | None = None) -> None:
        """Move rows from planned to their end; the total was counted when they were planned."""
        self.job.report.counts.add(outcome, n)
        self.job.report.counts.total -= n
        if reason is not None and n:
            self.job.report.reasons[reason] += n

    def size(self) -> int:
        """Listings that the next request may have."""
        with self.job.store.reading() as cx:
            limit = batch_limits.get(cx, self.cart_id)
        declared = self.cart.capabilities.max_batch
        if limit is None:
            return declared
        return size_rules.size_now(declared, limit.most, clock.age(limit.at, clock.seconds()))

    def _note_size(self, tx: sqlite3.Connection, rows: int, *, refused: bool) -> None:
        """Keep what the answer to a batch of so many listings says of the size that the cart takes."""
        limit = batch_limits.get(tx, self.cart_id)
        if refused:
            batch_limits.put(tx, self.cart_id, BatchLimit(size_rules.after_refusal(rows), clock.seconds()))
        elif limit is not None and rows > limit.most:
            all_of_it = rows >= self.cart.capabilities.max_batch
            batch_limits.put(tx, self.cart_id, None if all_of_it else BatchLimit(rows, clock.seconds()))


def answer_of(item: Item, answer: RowAnswer) -> Answer:
    """An item of a batch, judged by what the cart said of it."""
    verdict = judge(item.target, answer.quantity, answer.error, answer.reason, Confirmation.ANSWER)
    return Answer(item, verdict.outcome, verdict.reason, verdict.error, answer.quantity)


def _verified(item: Item, row: ListingRow | None) -> Answer:
    quantity = row.quantity if row is not None else None
    verdict = judge(item.target, quantity, None, None, Confirmation.READ_BACK)
    return Answer(item, verdict.outcome, verdict.reason, verdict.error, quantity)
