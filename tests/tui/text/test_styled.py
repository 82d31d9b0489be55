"""Tabs in a row that is too narrow for all of them."""

from __future__ import annotations

import pytest

from invsync_tui.tui.text.styled import Tone, fitted_tabs

TABS = ["[All 5,003] ", " Mismatch 31  ", " Never 0  ", " Held 0  ", " Failed 2  ", " Locked 1  "]


def drawn(present: int, width: int, empty: tuple[int, ...] = (2, 3)) -> str:
    return fitted_tabs([((text, Tone.PLAIN),) for text in TABS], present, width, "~", empty).text


def test_all_tabs_are_there_where_they_fit() -> None:
    whole = "".join(TABS)
    assert drawn(0, len(whole)) == whole


def test_empty_tabs_give_way_first_and_a_mark_says_that_there_are_more() -> None:
    assert drawn(0, 50) == "[All 5,003]  Mismatch 31   Failed 2   Locked 1  ~"
    assert drawn(4, 50) == "~ [All 5,003]  Mismatch 31   Failed 2   Locked 1  "
    assert drawn(2, 61) == "[All 5,003]  Mismatch 31   Never 0   Failed 2   Locked 1  ~"


@pytest.mark.parametrize("empty", [(), (2, 3), (0, 1, 2, 3, 4, 5)])
@pytest.mark.parametrize("present", range(len(TABS)))
def test_the_present_tab_is_whole_and_each_side_says_whether_it_has_more(present: int, empty: tuple[int, ...]) -> None:
    for width in range(18, 72):
        text = drawn(present, width, empty)
        # then: it fits, the present tab and others are whole or not there
        assert len(text) <= width and TABS[present] in text
        before, behind = text.split(TABS[present])
        # then: a mark stands exactly where a tab is left out
        assert before.startswith("~ ") == any(tab not in before for tab in TABS[:present])
        assert behind.endswith("~") == any(tab not in behind for tab in TABS[present + 1 :])
        there = [tab for tab in TABS if tab in before or tab in behind]
        marks = 2 * before.startswith("~ ") + behind.endswith("~")
        assert len(text) == len(TABS[present]) + sum(map(len, there)) + marks
