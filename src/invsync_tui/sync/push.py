"""Push: sends what a plan found, batch by batch, each recorded with its exact body before the request.

A row is judged by the quantity the cart returns. A batch without an answer is in doubt and is resolved before anything
else: by the same idempotency key, by reading back, or by sending the absolute quantities again. A batch that the cart
applies later waits under its ticket, see `submitted`.
"""

from __future__ import annotations

import asyncio
import math
import sqlite3
import uuid
from collections.abc import Mapping, Sequence

from invsync_tui import clock
from invsync_tui.connectors.base import (
    Cart,
    DoubtPolicy,
    ListingRow,
    PushItem,
    QuantityBasis,
    RowAnswer,
    Submitted,
)
from invsync_tui.connectors.errors import (
    BatchTooLargeError,
    ConnectorError,
    ContractError,
    DeferredError,
    RowsRejectedError,
    ThrottledError,
    UnavailableError,
)
from invsync_tui.connectors.http import backoff, send_deadline
from invsync_tui.connectors.network.http_log import redacted, tag_batch
from invsync_tui.connectors.reading import read_in_steps
from invsync_tui.rules import batch_limits as size_rules
from invsync_tui.rules.outcomes import Confirmation, Outcome, Reason, judge
from invsync_tui.rules.words import time_of_day
from invsync_tui.store.listings import batch_limits, listings, push_batches
from invsync_tui.store.listings.batch_limits import BatchLimit
from invsync_tui.store.listings.listings import ToPush
from invsync_tui.store.listings.push_batches import Answer, Batch, Item, Waits
from invsync_tui.sync import sending_order, submitted
from invsync_tui.sync.runs.run_context import RunContext

ATTEMPTS = 4
"""Times that one batch is sent, and asked about, before its rows are left in doubt, or failed where nothing was applied."""
LOSSES_MOST = 3
"""Batches in a row whose answer is lost before the run ends."""
PASSES = 3
"""Rounds over what is planned: a batch that is found not to have been applied is planned again."""
SMALLER = 10
"""In each further round batches have so many times fewer rows, the last ones a few or one: where a single row makes the cart
fail, it fails alone in the end, and those beside it are set."""


class ResponseLost(Exception):  # noqa: N818 (a state of knowledge, not an error)
    """A batch may have been applied although no answer that could be read came; `why` there was none."""

    def __init__(self, why: ConnectorError) -> None:
        self.why = why
        super().__init__(str(why))


class BatchSender:
    """The sending half of one push run."""

    def __init__(self, job: RunContext, cart: Cart, deadline: float) -> None:
        self.job = job
        self.cart = cart
        self.cart_id = job.run.key
        self.deadline = deadline
        self.on_hand = cart.capabilities.quantity_basis is QuantityBasis.ON_HAND
        self._doubted = False
        self._losses = 0
        self._leave_by: dict[str, float] = {}
        """By batch that this process sends, the elapsed time after which its request cannot be on its way any more."""

    async def run(self, total: int) -> None:
        """Send everything that is planned. Raises ConnectorError where the connection as a whole cannot go on."""
        self.job.report.enter("push", total)
        for round_number in range(PASSES):
            if not await self._one_pass(max(1, self._size() // SMALLER**round_number)):
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

    def _size(self) -> int:
        """Listings that the next request may have."""
        with self.job.store.reading() as cx:
            limit = batch_limits.get(cx, self.cart_id)
        declared = self.cart.capabilities.max_batch
        if limit is None:
            return declared
        return size_rules.size_now(declared, limit.most, clock.age(limit.at, clock.seconds()))

    async def _send_all(self, items: Sequence[Item]) -> None:
        """Send some listings, in several batches where the cart was found to take fewer in the meantime."""
        while items:
            self.job.stop_if_cancelled()
            size = self._size()
            part, items = items[:size], items[size:]
            await self._send(part)

    def _note_size(self, tx: sqlite3.Connection, rows: int, *, refused: bool) -> None:
        """Keep what the answer to a batch of so many listings says of the size that the cart takes."""
        limit = batch_limits.get(tx, self.cart_id)
        if refused:
            batch_limits.put(tx, self.cart_id, BatchLimit(size_rules.after_refusal(rows), clock.seconds()))
        elif limit is not None and rows > limit.most:
            all_of_it = rows >= self.cart.capabilities.max_batch
            batch_limits.put(tx, self.cart_id, None if all_of_it else BatchLimit(rows, clock.seconds()))

    async def _items(self, rows: Sequence[ToPush]) -> list[Item]:
        """Rows as batch items. A cart that subtracts its own allocations is read first: they move with every order."""
        if not self.on_hand:
            return [Item(row.id, row.ref, row.desired, row.target, row.observed) for row in rows]
        fresh = {row.ref: row for row in await self._read([row.ref for row in rows])}
        items: list[Item] = []
        equal: list[Item] = []
        gone: list[int] = []
        barred: dict[int, tuple[Reason, str]] = {}
        for row in rows:
            now = fresh.get(row.ref)
            if now is None:
                gone.append(row.id)
                continue
            if (
                now.skip is not None
            ):  # since it was planned: it cannot be read, became a bundle, is not stocked any more
                barred[row.id] = (now.skip, now.name if now.skip is Reason.BAD_ROW else "")
                continue
            desired = row.desired if now.cap is None else min(row.desired, max(0, now.cap - now.allocated))
            target = desired + now.allocated
            (equal if now.quantity == target else items).append(Item(row.id, row.ref, desired, target, now.quantity))
        self._note_fresh([*items, *equal], equal, gone, barred)
        return items

    def _note_fresh(
        self,
        read: Sequence[Item],
        equal: Sequence[Item],
        gone: Sequence[int],
        barred: Mapping[int, tuple[Reason, str]],
    ) -> None:
        with self.job.transaction() as tx:
            listings.refresh(tx, [(i.target, i.before, i.target - i.desired, i.listing_id) for i in read])
            listings.mark_equal(tx, [item.listing_id for item in equal], clock.seconds())
            listings.fail_planned(tx, gone, Reason.NOT_IN_CART, redacted("the cart no longer has this listing"))
            for number, (reason, why) in barred.items():
                listings.fail_planned(tx, [number], reason, redacted(why))
                self._count(Outcome.FAILED, 1, reason)
            self._count(Outcome.EQUAL, len(equal))
            self._count(Outcome.FAILED, len(gone), Reason.NOT_IN_CART)
            self.job.report.advance(len(equal) + len(gone) + len(barred))
            self.job.report.put(tx)

    def _count(self, outcome: Outcome, n: int, reason: str | None = None) -> None:
        """Move rows from planned to their end; the total was counted when they were planned."""
        self.job.report.counts.add(outcome, n)
        self.job.report.counts.total -= n
        if reason is not None and n:
            self.job.report.reasons[reason] += n

    async def _read(self, refs: Sequence[str]) -> list[ListingRow]:
        rows = await read_in_steps(self.cart, refs)
        self.job.report.budget = self.cart.budget()
        return rows

    # --- one batch -------------------------------------------------------------------------------------------------

    async def _send(self, items: Sequence[Item]) -> None:
        """Record, send, settle one batch; a refused one is split until the bad rows are alone."""
        batch = self._intend(items)
        try:
            answers = await self._deliver(batch)
        except RowsRejectedError as error:
            await self._split(batch, error)
        except ResponseLost as lost:
            await self._resolve_or_stop(batch, lost.why)
        except ConnectorError as error:
            self._release_batch(batch, error)
            raise
        else:
            self._losses = 0
            await self._take(batch, answers)

    async def _take(self, batch: Batch, answers: Sequence[RowAnswer] | Submitted) -> None:
        """Settle a batch, or let it wait for the cart to apply it."""
        if not isinstance(answers, Submitted):
            await self._settle(batch, answers)
            return
        now = clock.now()
        with self.job.transaction() as tx:
            self._note_size(tx, len(batch.items), refused=False)
            push_batches.submit(tx, batch, answers.ticket, submitted.waits_of(answers, now), int(now))
            if batch.run_id == self.job.run.id:
                self._count(Outcome.SUBMITTED, len(batch.items))
            self.job.report.advance(len(batch.items))
            self.job.report.budget = self.cart.budget()
            self.job.report.put(tx)

    async def _resolve_or_stop(self, batch: Batch, why: ConnectorError) -> None:
        """A batch that stays in doubt ends the run, and so do several in a row: the next ones would fare no better."""
        self._losses += 1
        answers = await self.resolve(batch, str(why))
        if answers is not None:
            await self._take(batch, answers)
        elif self._doubted or self._losses >= LOSSES_MOST:
            raise why

    def _intend(self, items: Sequence[Item]) -> Batch:
        epoch = self.job.lease.epoch
        number = uuid.uuid4().hex
        body = self.cart.compose(number, [PushItem(item.ref, item.target, item.before) for item in items])
        batch = Batch(
            number, self.cart_id, self.job.run.id, epoch, tuple(items), body, "intent", 1, *self._answer_by(number)
        )
        with self.job.transaction() as tx:
            push_batches.intend(tx, batch, clock.seconds())
        return batch

    def _answer_by(self, batch_id: str) -> tuple[int, int]:
        """(until when, for how long) the request may be on its way, in milliseconds; the deadline is the HTTP client's."""
        self._leave_by[batch_id] = clock.elapsed() + self.deadline
        return int((clock.now() + self.deadline) * 1000), int(self.deadline * 1000)

    async def _deliver(self, batch: Batch) -> Sequence[RowAnswer] | Submitted:
        """The cart's answer. LostAnswer if the batch may have been applied; any other error says that it was not."""
        for attempt in range(ATTEMPTS):
            last = attempt == ATTEMPTS - 1
            try:
                return await self._request(batch)
            except DeferredError:
                raise
            except ThrottledError as error:
                if last:
                    raise
                wait = error.retry_after or 0.0
            except ContractError as error:
                raise ResponseLost(error) from error
            except UnavailableError as error:
                if error.may_have_applied:
                    raise ResponseLost(error) from error
                if last:
                    raise
                wait = backoff(attempt)
            await asyncio.sleep(wait)
            batch = self._again(batch)
        raise AssertionError("unreachable")

    async def _request(self, batch: Batch) -> Sequence[RowAnswer] | Submitted:
        """The recorded body on its way once. Whatever holds it up, it does not leave after its deadline."""
        try:
            leave_by = self._leave_by[batch.id]
            async with asyncio.timeout(leave_by - clock.elapsed()):
                await asyncio.sleep(0)  # a time that is over already ends it here
                with send_deadline(leave_by), tag_batch(batch.id):
                    return await self.cart.send(batch.id, batch.body)
        except TimeoutError as error:
            raise UnavailableError("No answer within the deadline.", may_have_applied=True) from error

    def _again(self, batch: Batch) -> Batch:
        """Record that the same body is about to be sent once more; a successor's takeover refuses it."""
        (answer_by, within), epoch = self._answer_by(batch.id), self.job.lease.epoch
        with self.job.transaction() as tx:
            push_batches.repeat(tx, batch.id, epoch, answer_by, within)
        return batch._replace(epoch=epoch, answer_by_ms=answer_by, within_ms=within)

    def _release_batch(self, batch: Batch, error: ConnectorError) -> None:
        """Nothing of the batch was applied: its rows are planned again, the run ends."""
        with self.job.transaction() as tx:
            push_batches.release(tx, batch, batch.items)
            push_batches.end(tx, batch.id, "refused", redacted(str(error)), clock.seconds())
            if isinstance(error, BatchTooLargeError) and len(batch.items) > 1:
                self._note_size(tx, len(batch.items), refused=True)

    async def _split(self, batch: Batch, error: RowsRejectedError) -> None:
        if len(batch.items) == 1:
            self._settle_answers(
                batch, [_answer(batch.items[0], RowAnswer(batch.items[0].ref, error=error.what))], "refused"
            )
            return
        self._release_batch(batch, error)
        if isinstance(error, BatchTooLargeError):
            event = self.job.report.event
            event(
                "info", f"The cart refused {len(batch.items)} listings in one request for their number: sent in halves."
            )
            await self._send_all(batch.items)
            return
        named = [item for item in batch.items if item.ref in error.refs]
        rest = [item for item in batch.items if item.ref not in error.refs]
        half = len(batch.items) // 2
        parts = ([[item] for item in named] + [rest]) if named and rest else [batch.items[:half], batch.items[half:]]
        for part in parts:
            self.job.stop_if_cancelled()
            await self._send(part)

    async def _settle(self, batch: Batch, rows: Sequence[RowAnswer]) -> None:
        """Judge every row of an answered batch; what the answer does not confirm is read back."""
        row_by_ref = {row.ref: row for row in rows}
        answers = [_answer(item, row_by_ref.get(item.ref, RowAnswer(item.ref))) for item in batch.items]
        unsure = [answer.item for answer in answers if answer.outcome == Outcome.PLANNED]
        if unsure:
            sure = [answer for answer in answers if answer.outcome != Outcome.PLANNED]
            answers = [*sure, *await self._read_back(unsure)]
        self._settle_answers(batch, answers, "answered")

    async def _read_back(self, items: Sequence[Item]) -> list[Answer]:
        try:
            shown = {row.ref: row for row in await self._read([item.ref for item in items])}
        except ConnectorError as error:
            return [
                Answer(item, Outcome.FAILED, Reason.VERIFY_FAILED, f"not verified: {error.what}", None)
                for item in items
            ]
        return [_verified(item, shown.get(item.ref)) for item in items]

    def _settle_answers(self, batch: Batch, answers: Sequence[Answer], state: str) -> None:
        with self.job.transaction() as tx:
            if batch.state == "submitted" or batch.run_id != self.job.run.id:
                push_batches.adopt(tx, batch, self.job.run.id)
            push_batches.settle(tx, batch, answers, self.job.run.id, clock.seconds())
            if state == "answered":
                self._note_size(tx, len(batch.items), refused=False)
            said = redacted(next((a.error for a in answers if a.error), ""))
            push_batches.end(tx, batch.id, state, said, clock.seconds())
            if batch.run_id == self.job.run.id:
                for answer in answers:
                    self._count(Outcome(answer.outcome), 1, answer.reason)
            self.job.report.advance(len(answers))
            self.job.report.budget = self.cart.budget()
            self.job.report.put(tx)

    # --- doubt -----------------------------------------------------------------------------------------------------

    async def resolve_unfinished(self) -> None:
        """Find out what became of batches whose answer was never recorded, before anything new is sent."""
        with self.job.transaction() as tx:
            submitted.count_waits_anew(tx, self.cart_id)
            open_batches = push_batches.unfinished(tx, self.cart_id)
        for batch in open_batches:
            self.job.stop_if_cancelled()
            if submitted.not_yet(batch, clock.now()):
                continue
            if batch.state == "submitted":
                await self._look_up(batch)
                continue
            self.job.report.event("info", f"Resolving a batch of {len(batch.items)} whose answer was lost.")
            answers = await self.resolve(batch, "the answer was lost")
            if answers is not None:
                await self._take(batch, answers)

    async def resolve(self, batch: Batch, error: str) -> Sequence[RowAnswer] | Submitted | None:
        """Settle a batch in doubt. Returns the cart's answer, or None once it is planned again or left in doubt."""
        self._doubted = False
        try:
            if self.cart.capabilities.doubt_policy is DoubtPolicy.IDEMPOTENCY_KEY:
                answers, batch = await self._replay(batch)
                if answers is not None:
                    return answers
            if self._may_be_applied_later(batch):
                self._leave_in_doubt(batch, error)
                return None
            if await self._look_until_seen(batch):
                return None
        except RowsRejectedError as rejected:
            self._release_batch(batch, rejected)  # refused as a whole, so it never was applied; planned again
            return None
        except ConnectorError as other:
            self._leave_in_doubt(batch, str(other))
            raise
        self._leave_in_doubt(batch, error)
        return None

    def _leave_in_doubt(self, batch: Batch, error: str) -> None:
        self._doubted = True
        with self.job.transaction() as tx:
            push_batches.doubt(tx, batch, self.job.run.id, redacted(error))
        self._count(Outcome.IN_DOUBT, len(batch.items) if batch.run_id == self.job.run.id else 0)

    def _may_be_applied_later(self, batch: Batch) -> bool:
        """The cart may have the batch and apply it yet: reading the listings tells nothing before, and is put off."""
        within = self.cart.capabilities.applies_within
        if batch.look_after is not None or within <= 0:
            return False  # it was put off already, and its time has come
        until = math.ceil(clock.now() + self._on_its_way(batch) + within)
        with self.job.transaction() as tx:
            push_batches.wait(tx, batch.id, Waits(until, None), clock.seconds())
        return True

    async def _replay(self, batch: Batch) -> tuple[Sequence[RowAnswer] | Submitted | None, Batch]:
        """The very same request once more, a few times: the cart does it at most once and says what it did."""
        for attempt in range(ATTEMPTS):
            batch = self._again(batch)
            try:
                return await self._request(batch), batch
            except DeferredError:
                raise
            except ContractError:
                break  # it does not take the key (any more): look instead
            except ThrottledError as error:
                await asyncio.sleep(error.retry_after or backoff(attempt))
            except UnavailableError:
                await asyncio.sleep(backoff(attempt))
        return None, batch

    async def _look_until_seen(self, batch: Batch) -> bool:
        """Once the request cannot be on its way any more, settle the batch by what the cart shows. False if it cannot be read."""
        await _sleep_until(clock.elapsed() + self._on_its_way(batch))
        for attempt in range(ATTEMPTS):
            try:
                await self._look(batch)
            except DeferredError:
                raise
            except ThrottledError as error:
                await asyncio.sleep(error.retry_after or backoff(attempt))
            except (UnavailableError, ContractError):
                await asyncio.sleep(backoff(attempt))
            else:
                return True
        return False

    def _on_its_way(self, batch: Batch) -> float:
        """Seconds for which a batch's request may still be on its way. Never more than it had when it was sent, whatever
        the clock says now."""
        leave_by = self._leave_by.get(batch.id)
        if leave_by is not None:
            return max(0.0, leave_by - clock.elapsed())
        return clock.left(batch.answer_by_ms / 1000, batch.within_ms / 1000 or self.deadline, clock.now())

    async def _look(self, batch: Batch) -> None:
        """What shows our quantity was applied; the rest is planned again, all of it where the cart cannot be asked."""
        if self.cart.capabilities.doubt_policy is DoubtPolicy.RESEND:
            with self.job.transaction() as tx:
                self._not_applied(tx, batch, batch.items)
                push_batches.delete_old(tx, batch, batch.items)
                push_batches.end(tx, batch.id, "refused", redacted("sent again"), clock.seconds())
            return
        shown = {row.ref: row.quantity for row in await self._read([item.ref for item in batch.items])}
        applied = [item for item in batch.items if shown.get(item.ref) == item.target]
        rest = [item for item in batch.items if shown.get(item.ref) != item.target]
        with self.job.transaction() as tx:
            self._not_applied(tx, batch, rest)
            push_batches.release(tx, batch, rest)
        answers = [Answer(item, Outcome.SET, None, "", item.target) for item in applied]
        self._settle_answers(batch, answers, "answered" if applied else "refused")

    @staticmethod
    def _not_applied(tx: sqlite3.Connection, batch: Batch, items: Sequence[Item]) -> None:
        """Listings that are planned again although the cart took them once say so until they are."""
        if batch.state == "submitted":
            said = redacted(f"submitted, and not applied by {time_of_day(clock.now())}")
            push_batches.not_applied(tx, batch, items, said)

    # --- applied later ---------------------------------------------------------------------------------------------

    async def _look_up(self, batch: Batch) -> None:
        """Find out what became of a batch that the cart took under a ticket."""
        now = clock.now()
        answer = await submitted.ask(self.cart, batch, now)
        if not isinstance(answer, submitted.NoNews):
            await self._settle(batch, answer)
            return
        event, listed = self.job.report.event, submitted.listings_of(batch)
        why_text = f" ({answer.why})" if answer.why else ""
        over = submitted.is_over(batch._replace(give_up_at=answer.waits.give_up_at), now)
        if over:
            event("warning", f"The cart has not applied {listed}{why_text}: they are read back.")
            if await self._look_until_seen(batch):
                return
            event("warning", f"The cart cannot be read: {listed} wait for the next run.")
        waits = answer.waits if not over else answer.waits._replace(look_after=int(now) + submitted.ASK_AGAIN)
        with self.job.transaction() as tx:
            push_batches.wait(tx, batch.id, waits, int(now))
        if not over:
            again = time_of_day(waits.look_after)
            event(
                "warning" if why_text else "info",
                f"The cart has not applied {listed} yet{why_text}: asked again at {again}.",
            )


async def _sleep_until(elapsed: float) -> None:
    await asyncio.sleep(max(0.0, elapsed - clock.elapsed()))


def _answer(item: Item, answer: RowAnswer) -> Answer:
    verdict = judge(item.target, answer.quantity, answer.error, answer.reason, Confirmation.ANSWER)
    return Answer(item, verdict.outcome, verdict.reason, verdict.error, answer.quantity)


def _verified(item: Item, row: ListingRow | None) -> Answer:
    shown = row.quantity if row is not None else None
    verdict = judge(item.target, shown, None, None, Confirmation.READ_BACK)
    return Answer(item, verdict.outcome, verdict.reason, verdict.error, shown)
