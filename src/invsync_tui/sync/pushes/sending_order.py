"""In which order a push sends what is planned: what is nearest to selling more than there is comes first.

The order is made of what the store knows, so that a run that is cut and begun again keeps it. Which listings share a request
is decided by `rules.batches`.
"""

from __future__ import annotations

import asyncio
import heapq
from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence

from invsync_tui.connectors.base import BatchScope, CartCapabilities
from invsync_tui.rules.batches import BatchRule, batches
from invsync_tui.rules.safety import listing_of, sending_key
from invsync_tui.store.database import Store
from invsync_tui.store.listings import listings
from invsync_tui.store.listings.listings import PlannedChange

PIECE = 5000
"""Listings that are read and sorted at once: some 10 ms. The sorted pieces are merged while they are sent."""


def batch_rule(capabilities: CartCapabilities, size: int | None = None) -> BatchRule:
    """What a cart takes in one request; `size` for fewer listings than it declares."""
    most = capabilities.max_batch if size is None else size
    return BatchRule(most, capabilities.batch_scope is BatchScope.GROUP, capabilities.group_max)


async def in_order(store: Store, run_id: int, rule: BatchRule) -> Iterator[list[int]]:
    """The planned listings of a run, request by request, in the order in which they are sent."""
    pieces: defaultdict[str, list[array[int]]] = defaultdict(list)
    after = 0
    while True:
        with store.reading() as cx:
            rows = listings.planned_changes(cx, run_id, after, PIECE)
        if not rows:
            break
        after = rows[-1].id
        for group, piece in _sorted(rows, rule).items():
            pieces[group].append(piece)
        await asyncio.sleep(0)
    streams: list[Iterator[int]] = []
    for number, keys in enumerate(pieces.values()):
        streams.append(iter(keys[0]) if len(keys) == 1 else heapq.merge(*keys))
        if number % PIECE == 0:
            await asyncio.sleep(0)
    return ([listing_of(key) for key in batch] for batch in batches(streams, rule))


def _sorted(rows: Sequence[PlannedChange], rule: BatchRule) -> dict[str, array[int]]:
    """Sending keys by group, ascending; under one name where it does not matter in which group a listing is."""
    keys: defaultdict[str, array[int]] = defaultdict(lambda: array("q"))
    if not rule.by_group:
        return {"": array("q", sorted(sending_key(row.id, row.shows, row.desired) for row in rows))}
    for key, group in sorted((sending_key(row.id, row.shows, row.desired), row.group) for row in rows):
        keys[group].append(key)
    return keys
