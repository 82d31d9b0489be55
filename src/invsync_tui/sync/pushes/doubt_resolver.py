"""Batches whose answer was lost, and those that the cart applies later: found out about before anything new is sent.

A batch in doubt is resolved by the same idempotency key, by reading back, or by sending the absolute quantities again.
"""

from __future__ import annotations

import asyncio
import math
import sqlite3
from collections.abc import Sequence

from invsync_tui import clock
from invsync_tui.connectors.base import Cart, DoubtPolicy, RowAnswer, Submitted
from invsync_tui.connectors.errors import (
    ConnectorError,
    ContractError,
    DeferredError,
    RowsRejectedError,
    ThrottledError,
    UnavailableError,
)
from invsync_tui.connectors.http import backoff
from invsync_tui.connectors.network.http_log import redacted
from invsync_tui.rules.outcomes import Outcome
from invsync_tui.rules.worker_health import span
from invsync_tui.store.listings import push_batches
from invsync_tui.store.listings.push_batches import Answer, Batch, Item, Waits
from invsync_tui.sync.pushes import submitted
from invsync_tui.sync.pushes.batch_delivery import ATTEMPTS, BatchDelivery
from invsync_tui.sync.pushes.batch_results import BatchResults
from invsync_tui.sync.runs.run_context import RunContext


class DoubtResolver:
    """Finds out what became of batches of one cart."""

    def __init__(self, job: RunContext, cart: Cart, delivery: BatchDelivery, results: BatchResults) -> None:
        self.job = job
        self.cart = cart
        self.delivery = delivery
        self.results = results
        self.left_in_doubt = False
        """Whether the last batch that was looked into stays in doubt."""

    async def resolve_unfinished(self) -> None:
        """Find out what became of batches whose answer was never recorded, before anything new is sent."""
        with self.job.transaction() as tx:
            submitted.count_waits_anew(tx, self.job.run.key)
            open_batches = push_batches.unfinished(tx, self.job.run.key)
        for batch in open_batches:
            self.job.stop_if_cancelled()
            if submitted.not_yet(batch, clock.now()):
                continue
            if batch.state == "submitted":
                await self._ask_about(batch)
                continue
            self.job.report.event("info", f"Resolving a batch of {len(batch.items)} whose answer was lost.")
            answers = await self.resolve(batch, "the answer was lost")
            if answers is not None:
                await self.results.accept(batch, answers)

    async def resolve(self, batch: Batch, error: str) -> Sequence[RowAnswer] | Submitted | None:
        """Settle a batch in doubt. Returns the cart's answer, or None once it is planned again or left in doubt."""
        self.left_in_doubt = False
        try:
            if self._key_is_known(batch):
                answers, batch = await self.delivery.replay(batch)
                if answers is not None:
                    return answers
            if self._may_be_applied_later(batch):
                self._leave_in_doubt(batch, error)
                return None
            if await self._read_until_shown(batch):
                return None
        except RowsRejectedError as rejected:
            self.results.release(batch, rejected)  # refused as a whole, so it never was applied; planned again
            return None
        except ConnectorError as other:
            self._leave_in_doubt(batch, str(other))
            raise
        self._leave_in_doubt(batch, error)
        return None

    def _key_is_known(self, batch: Batch) -> bool:
        """Whether the cart does the batch at most once under its key. After some time it has forgotten the key: sent again
        then, an old quantity would go over what was set since."""
        capabilities = self.cart.capabilities
        if capabilities.doubt_policy is not DoubtPolicy.IDEMPOTENCY_KEY:
            return False
        return capabilities.key_kept is None or clock.within(batch.created_at, capabilities.key_kept, clock.now())

    def _leave_in_doubt(self, batch: Batch, error: str) -> None:
        self.left_in_doubt = True
        with self.job.transaction() as tx:
            push_batches.doubt(tx, batch, self.job.run.id, redacted(error))
        self.results.count(Outcome.IN_DOUBT, len(batch.items) if batch.run_id == self.job.run.id else 0)

    def _may_be_applied_later(self, batch: Batch) -> bool:
        """The cart may have the batch and apply it yet: reading the listings tells nothing before, and is put off."""
        within = self.cart.capabilities.applies_within
        if batch.look_after is not None or within <= 0:
            return False  # it was put off already, and its time has come
        until = math.ceil(clock.now() + self.delivery.left_on_its_way(batch) + within)
        with self.job.transaction() as tx:
            push_batches.wait(tx, batch.id, Waits(until, None), clock.seconds())
        return True

    async def _read_until_shown(self, batch: Batch) -> bool:
        """Once the request cannot be on its way any more, settle the batch by what the cart shows. False if it cannot be read."""
        await _sleep_until(clock.elapsed() + self.delivery.left_on_its_way(batch))
        for attempt in range(ATTEMPTS):
            try:
                await self._resolve_by_reading(batch)
            except DeferredError:
                raise
            except ThrottledError as error:
                await asyncio.sleep(error.retry_after or backoff(attempt))
            except (UnavailableError, ContractError):
                await asyncio.sleep(backoff(attempt))
            else:
                return True
        return False

    async def _resolve_by_reading(self, batch: Batch) -> None:
        """What shows our quantity was applied; the rest is planned again, all of it where the cart cannot be asked."""
        if self.cart.capabilities.doubt_policy is DoubtPolicy.RESEND:
            with self.job.transaction() as tx:
                self._not_applied(tx, batch, batch.items)
                push_batches.delete_old(tx, batch, batch.items)
                push_batches.end(tx, batch.id, "refused", redacted("sent again"), clock.seconds())
            return
        quantity_by_ref = {row.ref: row.quantity for row in await self.results.read([item.ref for item in batch.items])}
        applied = [item for item in batch.items if quantity_by_ref.get(item.ref) == item.target]
        rest = [item for item in batch.items if quantity_by_ref.get(item.ref) != item.target]
        with self.job.transaction() as tx:
            self._not_applied(tx, batch, rest)
            push_batches.release(tx, batch, rest)
        answers = [Answer(item, Outcome.SET, None, "", item.target) for item in applied]
        self.results.settle_answers(batch, answers, "answered" if applied else "refused")

    @staticmethod
    def _not_applied(tx: sqlite3.Connection, batch: Batch, items: Sequence[Item]) -> None:
        """Listings that are planned again although the cart took them once say so until they are."""
        if batch.state == "submitted":
            note = redacted("submitted, and not applied in time")
            push_batches.not_applied(tx, batch, items, note)

    async def _ask_about(self, batch: Batch) -> None:
        """Find out what became of a batch that the cart took under a ticket."""
        now = clock.now()
        answer = await submitted.ask(self.cart, batch, now)
        await self.job.writable(in_hand=True)
        if not isinstance(answer, submitted.NoNews):
            await self.results.settle(batch, answer)
            return
        event, listed = self.job.report.event, submitted.listings_of(batch)
        why_text = f" ({answer.why})" if answer.why else ""
        over = submitted.is_over(batch._replace(give_up_at=answer.waits.give_up_at), now)
        if over:
            event("warning", f"The cart has not applied {listed}{why_text}: they are read from the cart.")
            if await self._read_until_shown(batch):
                return
            event("warning", f"The cart cannot be read: {listed} wait for the next run.")
        waits = answer.waits if not over else answer.waits._replace(look_after=int(now) + submitted.ASK_AGAIN)
        with self.job.transaction() as tx:
            push_batches.wait(tx, batch.id, waits, int(now))
        if not over:
            again = span(waits.look_after - now)
            event(
                "warning" if why_text else "info",
                f"The cart has not applied {listed} yet{why_text}: asked again in {again}.",
            )


async def _sleep_until(elapsed: float) -> None:
    await asyncio.sleep(max(0.0, elapsed - clock.elapsed()))
