"""Which listings share a request: what is nearest to overselling goes first, and there are as few requests as can be.

Some carts set by one request only what belongs together: WooCommerce the variations of one product. Such listings are a
group. A group goes when its most urgent listing goes, and its other listings go along as far as the request has room: they
are early then, and never late. So a group of n listings takes n / size requests, rounded up, which is the least there is.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple


class BatchRule(NamedTuple):
    """How many listings a request has at most, in all and of one group. `one_group`: it has listings of a single group."""

    size: int
    one_group: bool = False
    group_max: int | None = None

    @property
    def by_group(self) -> bool:
        """Whether it matters in which group a listing is."""
        return self.one_group or self.group_max is not None

    @property
    def of_group(self) -> int:
        """Listings of one group in a request."""
        return self.size if self.group_max is None else min(self.size, self.group_max)


def least_requests(groups: Iterable[int], rule: BatchRule) -> int:
    """The least number of requests for groups of so many listings."""
    sizes = [size for size in groups if size]
    by_group = [-(-size // rule.of_group) for size in sizes]
    if rule.one_group:
        return sum(by_group)
    return max([-(-sum(sizes) // rule.size), *by_group], default=0)


Head = tuple[int, int, Iterator[int]]
"""Of a group: its next sending key, its number, and the keys after it."""


def batches(groups: Iterable[Iterator[int]], rule: BatchRule) -> Iterator[list[int]]:
    """Sending keys request by request. `groups` has the keys of each group, ascending; the smallest goes first."""
    heads = [(first, number, keys) for number, keys in enumerate(groups) if (first := next(keys, None)) is not None]
    heapq.heapify(heads)
    take = _of_one_group if rule.one_group else _of_any_group
    while heads:
        yield take(heads, rule)


def _of_one_group(heads: list[Head], rule: BatchRule) -> list[int]:
    key, number, keys = heapq.heappop(heads)
    batch = [key, *islice(keys, rule.of_group - 1)]
    if (following := next(keys, None)) is not None:
        heapq.heappush(heads, (following, number, keys))
    return batch


def _of_any_group(heads: list[Head], rule: BatchRule) -> list[int]:
    """The most urgent ones; a group that has as many as one request may have of it waits for the next request."""
    batch: list[int] = []
    counts: Counter[int] = Counter()
    waiting: list[Head] = []
    while heads and len(batch) < rule.size:
        key, number, keys = heapq.heappop(heads)
        batch.append(key)
        counts[number] += 1
        if (following := next(keys, None)) is not None:
            head = following, number, keys
            if counts[number] < rule.of_group:
                heapq.heappush(heads, head)
            else:
                waiting.append(head)
    for head in waiting:
        heapq.heappush(heads, head)
    return batch
