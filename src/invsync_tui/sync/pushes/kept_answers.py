"""Whether a cart keeps what it answered: some of the listings that a push has set are read once more at its end.

Some carts answer a write with the new quantity and keep the old one. A sample is one request or a few; only where it shows
an old quantity are all listings of the push read again.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from invsync_tui import clock
from invsync_tui.connectors.base import ListingRow
from invsync_tui.connectors.errors import ConnectorError
from invsync_tui.connectors.network.http_log import redacted
from invsync_tui.plain_text import counted
from invsync_tui.rules.outcomes import Outcome, Reason
from invsync_tui.store.listings import push_batches
from invsync_tui.store.listings.push_batches import Answer, Item, Unkept
from invsync_tui.sync.pushes.batch_results import BatchResults
from invsync_tui.sync.runs.run_context import RunContext

FORGOTTEN = "the cart answered with {target} and still shows {shown}"


class KeptAnswers:
    """The sample of one push run: at most `cart.capabilities.kept_sample` listings, each of another batch."""

    def __init__(self, job: RunContext, results: BatchResults) -> None:
        self.job = job
        self.results = results
        self._most = results.cart.capabilities.kept_sample
        self._sample: list[Item] = []
        self._batches = 0
        self._random = random.Random(job.run.id)

    def note(self, answers: Sequence[Answer]) -> None:
        """The judged rows of a batch whose answer was believed: each batch is as likely to be looked at as any other."""
        set_rows = [answer.item for answer in answers if answer.outcome == Outcome.SET]
        if not set_rows or not self._most:
            return
        self._batches += 1
        if len(self._sample) < self._most:
            self._sample.append(set_rows[0])
        elif (place := self._random.randrange(self._batches)) < self._most:
            self._sample[place] = set_rows[0]

    async def check(self) -> None:
        """Read the sample; where the cart forgot a write, whatever this run has set and is not shown has failed."""
        quantity_by_ref = await self._quantities([item.ref for item in self._sample])
        forgot = [item for item in self._sample if item.target != item.before == quantity_by_ref.get(item.ref)]
        if not forgot:
            return
        self.job.report.event(
            "warning",
            f"The cart answered with new quantities and does not keep them ({counted(len(forgot), 'listing')} of "
            f"{len(self._sample)} checked): all that were updated are read again.",
        )
        after = 0
        step = self.results.cart.capabilities.read_batch
        while rows := self._updated(after, step):
            after = rows[-1].listing_id
            quantity_by_ref = await self._quantities([row.ref for row in rows])
            self._fail(
                [
                    row._replace(quantity=quantity_by_ref[row.ref])
                    for row in rows
                    if quantity_by_ref.get(row.ref, row.quantity) != row.quantity
                ],
                rows,
            )

    def _updated(self, after: int, limit: int) -> list[Unkept]:
        with self.job.store.reading() as cx:
            return push_batches.updated_by(cx, self.job.run.id, after, limit)

    async def _quantities(self, refs: Sequence[str]) -> dict[str, int | None]:
        """What listings show now; {} where the cart cannot be asked, which is no reason to doubt its answers."""
        try:
            rows: list[ListingRow] = await self.results.read(refs) if refs else []
        except ConnectorError:
            return {}
        return {row.ref: row.quantity for row in rows}

    def _fail(self, wrong: Sequence[Unkept], rows: Sequence[Unkept]) -> None:
        target = {row.listing_id: row.quantity for row in rows}
        with self.job.transaction() as tx:
            for row in wrong:
                error = redacted(FORGOTTEN.format(target=target[row.listing_id], shown=row.quantity))
                push_batches.unkept(tx, row, self.job.run.id, error, clock.seconds())
            self.job.report.counts.add(Outcome.SET, -len(wrong))
            self.job.report.counts.add(Outcome.FAILED, len(wrong))
            if wrong:
                self.job.report.reasons[Reason.VERIFY_FAILED] += len(wrong)
            self.job.report.put(tx)
