"""Reads some listings of a cart again, beside the regular reads, where a decision would rest on an old look at them."""

from __future__ import annotations

from collections.abc import Sequence

from invsync_tui import clock
from invsync_tui.connectors.base import Cart, ListingRow
from invsync_tui.rules.outcomes import Reason
from invsync_tui.store import change_sequence
from invsync_tui.store.listings import listings
from invsync_tui.sync.listings.read_listings import record_of
from invsync_tui.sync.runs.run_context import RunContext

MOST = 5000
"""Listings that are asked about in one run; the rest comes with the next one."""


async def reread(job: RunContext, cart: Cart, to_read: Sequence[tuple[int, str]]) -> None:
    """Ask the cart about listings, as (number, reference), and mark those that it no longer has.

    With each request goes one more listing where there is room, since an answer without any says nothing.
    """
    room = cart.capabilities.read_batch - 1
    for start in range(0, len(to_read), room or 1):
        job.stop_if_cancelled()
        part = list(to_read[start : start + (room or 1)])
        with job.store.reading() as cx:
            other = listings.another(cx, job.run.key, [number for number, _ in part])
        part += [other] if other is not None and room else []
        rows = await cart.read([ref for _, ref in part])
        await job.writable()
        _note(job, part, rows)


async def reread_doubted(job: RunContext, cart: Cart) -> None:
    """Ask about the listings whose next number depends on what the cart shows now, and about those that it refused."""
    with job.store.reading() as cx:
        to_read = listings.doubted(cx, job.run.key)[:MOST]
    await reread(job, cart, to_read)


def _note(job: RunContext, to_read: Sequence[tuple[int, str]], rows: Sequence[ListingRow]) -> None:
    read_refs = {row.ref for row in rows}
    gone = [number for number, ref in to_read if ref not in read_refs]
    if not rows and len(to_read) > 1:
        return  # nobody deletes all of several listings at once: an empty answer decides nothing
    refs = {ref for _, ref in to_read}
    known = [record_of(row) for row in rows if row.ref in refs and row.skip is not Reason.BAD_ROW]
    now, cart_id = clock.seconds(), job.run.key
    with job.transaction() as tx:
        seq = change_sequence.upcoming(tx)
        changed = listings.upsert(tx, cart_id, known, now, seq)
        if changed + listings.flag_gone(tx, cart_id, gone, now, seq):
            change_sequence.take(tx, seq)
