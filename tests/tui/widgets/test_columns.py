"""Columns fit what is in them: nothing is cut while another column has room."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from invsync_tui.tui.widgets.columns import SORT_MARK, Column, Sorting, widths

COLUMNS = st.lists(
    st.builds(Column, st.text("ab", max_size=6), st.integers(1, 20), st.integers(0, 2)), min_size=1, max_size=7
)


@given(COLUMNS, st.integers(0, 160), st.data())
def test_no_column_is_cut_while_another_has_room(columns: list[Column], room: int, data: st.DataObject) -> None:
    needs = data.draw(st.lists(st.integers(0, 40), min_size=len(columns), max_size=len(columns)))
    sizes = widths(columns, room, needs)
    marks = [0 if column.sorting is Sorting.NONE else SORT_MARK for column in columns]
    titles = [len(column.title) + mark for column, mark in zip(columns, marks, strict=True)]
    wanted = list(map(max, needs, titles))
    whole = sum(sizes) + len(columns) - 1
    if whole > room:
        assert sizes == tuple(min(column.width, want) for column, want in zip(columns, wanted, strict=True))
        return
    cut = [i for i, size in enumerate(sizes) if size < wanted[i]]
    if cut:
        # one cell may be left where it cannot be shared
        assert sum(max(size - want, 0) for size, want in zip(sizes, wanted, strict=True)) == 0
        assert room - whole < len(columns)
    if any(column.flex for column in columns):
        assert whole == room


def test_a_short_column_gives_its_room_to_a_long_one() -> None:
    columns = (Column("Merchant", 12, 1), Column("Status", 20, 2), Column("Held", 4))
    assert widths(columns, 60, (30, 7, 1)) == (32, 22, 4)
    assert widths(columns, 50, (30, 7, 1)) == (30, 14, 4)
    assert widths(columns, 40, (30, 7, 1)) == (27, 7, 4)
    # more than there is room for, but not more than they need
    assert widths(columns, 30, (30, 7, 1)) == (17, 7, 4)
    assert widths(columns, 20, (30, 7, 1)) == (12, 7, 4)
    # before anything is known, as they are declared
    assert widths(columns, 20) == (12, 20, 4)
