"""Reads some listings of a cart again, beside the regular reads, where a decision would rest on an old look at them."""

from __future__ import annotations

from collections.abc import Sequence

from invsync_tui import clock
from invsync_tui.connectors.base import Cart, ListingRow
from invsync_tui.rules.outcomes import Reason
from invsync_tui.store import listings, sequence
from invsync_tui.sync.job import Job
from invsync_tui.sync.observing import record_of


async def reread(job: Job, cart: Cart, asked: Sequence[tuple[int, str]]) -> None:
    """Ask the cart about listings, as (number, reference), and mark those that it no longer has."""
    step = cart.capabilities.read_batch
    for start in range(0, len(asked), step):
        job.stop_if_cancelled()
        part = asked[start : start + step]
        _note(job, part, await cart.read([ref for _, ref in part]))


async def reread_doubted(job: Job, cart: Cart) -> None:
    """Ask about the listings whose next number depends on what the cart shows now, such as those that are to be healed."""
    with job.store.reading() as cx:
        asked = listings.doubted(cx, job.run.key)
    await reread(job, cart, asked)


def _note(job: Job, asked: Sequence[tuple[int, str]], rows: Sequence[ListingRow]) -> None:
    found = {row.ref for row in rows}
    gone = [number for number, ref in asked if ref not in found]
    if not rows and len(asked) > 1:
        return  # nobody deletes several listings at once: an empty answer decides nothing
    refs = {ref for _, ref in asked}
    known = [record_of(row) for row in rows if row.ref in refs and row.skip is not Reason.BAD_ROW]
    now, cart_id = clock.seconds(), job.run.key
    with job.transaction() as tx:
        seq = sequence.upcoming(tx)
        changed = listings.upsert(tx, cart_id, known, now, seq)
        if changed + listings.flag_gone(tx, cart_id, gone, now, seq):
            sequence.take(tx, seq)
