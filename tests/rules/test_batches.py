"""As few requests as there can be, and what is nearest to overselling goes first."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invsync_tui.rules.batches import BatchRule, batches, least_requests

keys_by_group = st.dictionaries(
    st.integers(0, 6), st.sets(st.integers(0, 10_000), min_size=1, max_size=40), max_size=7
).map(lambda groups: {group: sorted(key * 10 + group for key in keys) for group, keys in groups.items()})
"""Sending keys by group; no key is in two groups."""


def made(groups: Mapping[int, list[int]], rule: BatchRule) -> list[list[int]]:
    streams: list[Iterator[int]] = [iter(keys) for keys in groups.values()]
    return list(batches(streams, rule))


@given(keys_by_group, st.integers(1, 12))
def test_without_groups_the_most_urgent_fill_request_after_request(groups: Mapping[int, list[int]], size: int) -> None:
    keys = sorted(key for group in groups.values() for key in group)
    assert made(groups, BatchRule(size)) == [keys[start : start + size] for start in range(0, len(keys), size)]
    assert least_requests(map(len, groups.values()), BatchRule(size)) == -(-len(keys) // size)


@given(keys_by_group, st.integers(1, 12), st.none() | st.integers(1, 12))
def test_by_groups_there_are_as_few_requests_as_can_be_and_none_waits_for_a_less_urgent_one(
    groups: Mapping[int, list[int]], size: int, most: int | None
) -> None:
    rule = BatchRule(size, True, most)
    sent = made(groups, rule)
    of = {key: group for group, keys in groups.items() for key in keys}
    # every listing once, those of a request of one group, and no request larger than may be
    assert sorted(key for batch in sent for key in batch) == sorted(of)
    assert all(len({of[key] for key in batch}) == 1 and len(batch) <= min(size, most or size) for batch in sent)
    # as few as there can be
    by_group = Counter(of[batch[0]] for batch in sent)
    assert by_group == {group: -(-len(keys) // min(size, most or size)) for group, keys in groups.items()}
    assert len(sent) == least_requests(map(len, groups.values()), rule)
    # each request has the most urgent listing that is left
    left = set(of)
    for batch in sent:
        assert min(left) == batch[0] == min(batch)
        left -= set(batch)


@given(keys_by_group, st.integers(1, 12), st.integers(1, 5))
def test_a_request_of_any_groups_has_no_more_of_one_than_may_be(
    groups: Mapping[int, list[int]], size: int, most: int
) -> None:
    sent = made(groups, BatchRule(size, False, most))
    of = {key: group for group, keys in groups.items() for key in keys}
    assert sorted(key for batch in sent for key in batch) == sorted(of)
    left = defaultdict(list, {group: list(keys) for group, keys in groups.items()})
    for batch in sent:
        assert len(batch) <= size
        assert max(Counter(of[key] for key in batch).values()) <= most
        # it has the most urgent ones of those that a request may have
        may = sorted(key for keys in left.values() for key in keys[: min(most, size)])[:size]
        assert batch == may
        for key in batch:
            left[of[key]].remove(key)


@pytest.mark.parametrize(
    ("sizes", "rule", "requests"),
    [
        ([], BatchRule(10), 0),
        ([0], BatchRule(10), 0),
        ([10], BatchRule(10), 1),
        ([11], BatchRule(10), 2),
        ([1, 1, 1], BatchRule(10), 1),
        ([1, 1, 1], BatchRule(10, one_group=True), 3),
        ([10, 11], BatchRule(10, one_group=True), 3),
        ([10, 11], BatchRule(10, one_group=True, group_max=4), 6),
        ([9, 3], BatchRule(25, group_max=4), 3),
    ],
)
def test_the_least_number_of_requests(sizes: list[int], rule: BatchRule, requests: int) -> None:
    assert least_requests(sizes, rule) == requests
