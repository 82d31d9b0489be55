"""In which order a push sends what is planned: what is nearest to selling more than there is comes first.

The order is made of what the store knows, so that a run that is cut and begun again keeps it.
"""

from __future__ import annotations

import asyncio
import heapq
from array import array
from collections.abc import Iterator

from invsync_tui.rules.safety import listing_of, sending_key
from invsync_tui.store.database import Store
from invsync_tui.store.listings import listings

PIECE = 5000
"""Listings that are read and sorted at once: some 10 ms. The sorted pieces are merged while they are sent."""


async def in_order(store: Store, run_id: int) -> Iterator[int]:
    """The planned listings of a run in the order in which they are sent."""
    pieces: list[array[int]] = []
    after = 0
    while True:
        with store.reading() as cx:
            rows = listings.planned_changes(cx, run_id, after, PIECE)
        if not rows:
            break
        after = rows[-1].id
        pieces.append(array("q", sorted(sending_key(row.id, row.shows, row.desired) for row in rows)))
        await asyncio.sleep(0)
    return map(listing_of, heapq.merge(*pieces))
