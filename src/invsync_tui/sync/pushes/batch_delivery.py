"""One batch on its way to the cart: recorded with its exact body before it is sent, and sent again within bounds."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence

from invsync_tui import clock
from invsync_tui.connectors.base import Cart, PushItem, RowAnswer, Submitted
from invsync_tui.connectors.errors import (
    ConnectorError,
    ContractError,
    DeferredError,
    ThrottledError,
    UnavailableError,
)
from invsync_tui.connectors.http import backoff, send_deadline
from invsync_tui.connectors.network.http_log import tag_batch
from invsync_tui.store.listings import push_batches
from invsync_tui.store.listings.push_batches import Batch, Item
from invsync_tui.sync.runs.run_context import RunContext

ATTEMPTS = 4
"""Times that one batch is sent, and asked about, before its rows are left in doubt, or failed where nothing was applied."""


class ResponseLost(Exception):  # noqa: N818 (a state of knowledge, not an error)
    """A batch may have been applied although no answer that could be read came; `why` there was none."""

    def __init__(self, why: ConnectorError) -> None:
        self.why = why
        super().__init__(str(why))


class BatchDelivery:
    """Sends the batches of one push run. `deadline`: the seconds that a request may take."""

    def __init__(self, job: RunContext, cart: Cart, deadline: float) -> None:
        self.job = job
        self.cart = cart
        self.deadline = deadline
        self._leave_by: dict[str, float] = {}
        """By batch that this process sends, the elapsed time after which its request cannot be on its way any more."""

    def intend(self, items: Sequence[Item]) -> Batch:
        """Record a batch that is about to be sent."""
        epoch, now = self.job.lease.epoch, clock.seconds()
        number = uuid.uuid4().hex
        body = self.cart.compose(number, [PushItem(item.ref, item.target, item.before) for item in items])
        batch = Batch(
            number,
            self.job.run.key,
            self.job.run.id,
            epoch,
            tuple(items),
            body,
            "intent",
            1,
            *self._answer_by(number),
            created_at=now,
        )
        with self.job.transaction() as tx:
            push_batches.intend(tx, batch, now)
        return batch

    def _answer_by(self, batch_id: str) -> tuple[int, int]:
        """(until when, for how long) the request may be on its way, in milliseconds; the deadline is the HTTP client's."""
        self._leave_by[batch_id] = clock.elapsed() + self.deadline
        return int((clock.now() + self.deadline) * 1000), int(self.deadline * 1000)

    async def deliver(self, batch: Batch) -> Sequence[RowAnswer] | Submitted:
        """The cart's answer. ResponseLost if the batch may have been applied; any other error says that it was not."""
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
            await self.job.writable()
            batch = self._repeat(batch)
        raise AssertionError("unreachable")

    async def _request(self, batch: Batch) -> Sequence[RowAnswer] | Submitted:
        """The recorded body on its way once. Whatever holds it up, it does not leave after its deadline."""
        try:
            leave_by = self._leave_by[batch.id]
            async with asyncio.timeout(leave_by - clock.elapsed()):
                await asyncio.sleep(0)  # a time that is over already ends it here
                with send_deadline(leave_by), tag_batch(batch.id):
                    answer = await self.cart.send(batch.id, batch.body)
        except TimeoutError as error:
            raise UnavailableError("No answer within the deadline.", may_have_applied=True) from error
        await self.job.writable(in_hand=True)
        return answer

    def _repeat(self, batch: Batch) -> Batch:
        """Record that the same body is about to be sent once more; a successor's takeover refuses it."""
        (answer_by, within), epoch = self._answer_by(batch.id), self.job.lease.epoch
        with self.job.transaction() as tx:
            push_batches.repeat(tx, batch.id, epoch, answer_by, within)
        return batch._replace(epoch=epoch, answer_by_ms=answer_by, within_ms=within)

    async def replay(self, batch: Batch) -> tuple[Sequence[RowAnswer] | Submitted | None, Batch]:
        """The very same request once more, a few times: the cart does it at most once and says what it did."""
        for attempt in range(ATTEMPTS):
            await self.job.writable()
            batch = self._repeat(batch)
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

    def left_on_its_way(self, batch: Batch) -> float:
        """Seconds for which a batch's request may still be on its way. Never more than it had when it was sent, whatever
        the clock says now."""
        leave_by = self._leave_by.get(batch.id)
        if leave_by is not None:
            return max(0.0, leave_by - clock.elapsed())
        return clock.left(batch.answer_by_ms / 1000, batch.within_ms / 1000 or self.deadline, clock.now())
