"""Asks the WMS which of the pending orders it has by now, where it can say so."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol, cast

from invsync_tui import clock
from invsync_tui.connectors.base import Source
from invsync_tui.store import change_sequence
from invsync_tui.store.listings import pending_orders
from invsync_tui.sync.run_context import Job

AT_ONCE = 200
"""Orders that are asked about in one request."""


class KnowsOrders(Protocol):
    """A source with the capability `knows_orders`."""

    async def known_orders(self, names: Sequence[str]) -> Collection[str]:
        """Those of some orders that the WMS has and that its available stock takes into account."""
        ...


async def ask(job: Job, source: Source) -> None:
    """Note which pending orders of the merchant an open source has as of now."""
    if not source.capabilities.knows_orders:
        return
    with job.store.reading() as cx:
        names = pending_orders.to_ask_for(cx, job.run.merchant_id)
    now = clock.seconds()
    known: list[str] = []
    for start in range(0, len(names), AT_ONCE):
        known += await cast(KnowsOrders, source).known_orders(names[start : start + AT_ONCE])
    with job.transaction() as tx:
        seq = change_sequence.upcoming(tx)
        if known and pending_orders.note_known(tx, job.run.merchant_id, known, now, seq):
            change_sequence.take(tx, seq)
