"""Rows by key shown as rows by number: whatever block is asked for after whatever other, it has the right lines."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from invsync_tui.operations.lists.rows import Ordering
from invsync_tui.tui.text.glyphs import ASCII
from invsync_tui.tui.widgets.columns import Field, ListView, RenderContext
from invsync_tui.tui.widgets.row_source import BLOCK, MOST_PIVOTS, MemoryRows, StoreSource
from tests.support.fakes.lists import FakeRows

FIELDS: tuple[Field[int], ...] = (
    Field("Number", 8, lambda n: n, sort="n"),
    Field("Rest", 8, lambda n: n % 7, sort="r"),
)
ORDERS: dict[str, Callable[[int], Any]] = {"n": lambda n: n, "r": lambda n: n % 7}


def source(lines: list[int], ordering: Ordering | None = None) -> StoreSource[int]:
    return StoreSource(lambda: FakeRows(lines, ORDERS, ordering), FIELDS, lambda: RenderContext(0, ASCII))


def shown(of: StoreSource[int], index: int) -> list[int]:
    return [row.line for row in of.block(index, None, None)]


@pytest.mark.parametrize("ordering", [None, Ordering("n", descending=True), Ordering("r")])
def test_blocks_in_any_order_are_those_of_the_list(ordering: Ordering | None) -> None:
    lines = list(range(20_000))
    wanted = FakeRows(lines, ORDERS, ordering)._lines
    found = source(lines, ordering)
    found.count()
    found.know(len(lines))
    dice = random.Random(7)
    blocks = [0, len(lines) // BLOCK, *(dice.randrange(len(lines) // BLOCK + 1) for _ in range(60))]
    for index in blocks:
        assert shown(found, index) == list(wanted[index * BLOCK : (index + 1) * BLOCK])
    assert len(found._pivots) <= MOST_PIVOTS


def test_after_rows_came_and_went_number_and_line_agree_around_the_cursor() -> None:
    lines = list(range(0, 9000, 2))
    found = source(lines)
    found.count()
    found.know(len(lines))
    key = found.block(20, None, None)[5].key
    lines += [1, 3, 5, 7]
    lines.remove(100)
    found.count()
    found.know(len(lines))
    position = found.around(key)
    assert position == 20 * BLOCK + 5 + 3
    block = shown(found, position // BLOCK)
    assert block[position % BLOCK] == key[0]  # type: ignore[index]
    assert block == sorted(lines)[position // BLOCK * BLOCK :][:BLOCK]


def test_a_count_that_is_not_exact_grows_when_the_exact_one_arrives() -> None:
    found = source(list(range(2000)))
    assert (found.count(), found.counted.exact) == (500, False)
    found.know(2000)
    assert (found.count(), found.counted.exact, found.rough) == (2000, True, True)


def test_lists_in_memory_are_filtered_and_sorted_by_their_fields() -> None:
    rows = MemoryRows([30, 4, 11], FIELDS, ListView(), lambda n: n)
    assert list(rows.after(None, 9)) == [30, 4, 11]
    rows = MemoryRows([30, 4, 11], FIELDS, ListView(sort="n", descending=True), lambda n: n)
    assert list(rows.after(None, 9)) == [30, 11, 4]
    assert list(rows.before(rows.key(4), 1)) == [11]
    assert list(MemoryRows([30, 4, 11], FIELDS, ListView("11"), lambda n: n).after(None, 9)) == [11]


@pytest.mark.parametrize("ordering", [None, Ordering("n", descending=True)])
def test_after_the_cursors_row_went_number_and_line_agree_everywhere(ordering: Ordering | None) -> None:
    # given a list of which several places are known
    lines = list(range(1000))
    found = source(lines, ordering)
    found.count()
    found.know(len(lines))
    key = found.block(3, None, None)[5].key
    for index in (0, 7, 5):
        found.block(index, None, None)
    # when the row under the cursor goes, and many in front of it
    del lines[key[0]]  # type: ignore[index]
    del lines[950:]
    del lines[:200]
    found.count()
    found.know(len(lines))
    assert found.around(key) is None
    # then every block is what the list has there
    wanted = FakeRows(lines, ORDERS, ordering)._lines
    for index in (5, 3, 0, 4, 1):
        assert shown(found, index) == list(wanted[index * BLOCK : (index + 1) * BLOCK])


def test_rows_in_memory_have_nothing_in_front_of_a_row_that_is_gone() -> None:
    rows = MemoryRows([1, 2, 3], FIELDS, ListView(), lambda n: n)
    assert list(rows.before((9,), 5)) == []
