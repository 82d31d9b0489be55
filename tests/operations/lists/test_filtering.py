"""A list that no statement can filter gives, by every way to read it, the lines that fulfill the filter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invsync_tui.operations.errors import OperationError
from invsync_tui.operations.lists import filtering
from invsync_tui.operations.lists.filtering import FilteredRows, line_filter, understood
from invsync_tui.operations.lists.rows import Count
from invsync_tui.rules.listing_filter import HELD


class Numbers:
    """Numbers in their order, by themselves."""

    sortable = ("",)

    def __init__(self, numbers: Sequence[int]) -> None:
        self._numbers = sorted(set(numbers))

    def count(self) -> Count:
        return Count(len(self._numbers), exact=True)

    def exact_count(self) -> int:
        return len(self._numbers)

    def key(self, line: int) -> tuple[Any, ...]:
        return (line,)

    def position(self, key: tuple[Any, ...]) -> int | None:
        return sum(1 for number in self._numbers if number < key[0])

    def after(self, key: tuple[Any, ...] | None, limit: int) -> Sequence[int]:
        return [number for number in self._numbers if key is None or number > key[0]][:limit]

    def before(self, key: tuple[Any, ...] | None, limit: int) -> Sequence[int]:
        ahead = [number for number in self._numbers if key is None or number < key[0]]
        return ahead[max(len(ahead) - limit, 0) :]


@given(st.lists(st.integers(0, 40)), st.integers(1, 5), st.integers(1, 6), st.integers(0, 40))
def test_every_way_to_read_it_gives_what_fulfils_it(numbers: list[int], step: int, piece: int, place: int) -> None:
    wanted = sorted({number for number in numbers if number % 3 == 0})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(filtering, "PIECE", piece)
        patch.setattr(filtering, "BOUND", 5)
        rows = FilteredRows(Numbers(numbers), lambda number: number % 3 == 0)
        assert rows.count() == Count(min(len(wanted), 5), exact=len(wanted) <= 5)
        assert rows.exact_count() == len(wanted) and rows.sortable == ("",)
        behind, ahead = [n for n in wanted if n > place], [n for n in wanted if n < place]
        assert rows.after((place,), step) == behind[:step] and rows.after(None, step) == wanted[:step]
        assert rows.before((place,), step) == ahead[max(len(ahead) - step, 0) :]
        assert rows.before(None, step) == wanted[max(len(wanted) - step, 0) :]
        assert rows.position((place,)) == len(ahead) and rows.key(3) == (3,)


def test_a_filter_that_means_nothing_is_an_error_of_the_operator() -> None:
    with pytest.raises(OperationError, match="Did you mean change"):
        line_filter("chang<3", HELD, {}, lambda line: ())
    with pytest.raises(OperationError, match="Did you mean target"):
        understood("tarqet<5")
