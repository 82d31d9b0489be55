"""Sentences on a terminal: wrapped to its width, but for commands, which are pasted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invsync_tui.cli.text import width, wrapped

words = st.text("abc漢", min_size=1, max_size=12)


@given(st.integers(0, 8), st.lists(words, min_size=1, max_size=30), st.integers(24, 60))
def test_nothing_is_lost_and_no_line_is_wider(indent: int, text: list[str], columns: int) -> None:
    lines = wrapped(" " * indent + " ".join(text), columns)
    assert " ".join(lines).split() == text
    # a word of 12 wide characters behind the indent is the widest that has to fit
    assert all(width(line) <= max(columns, indent + 2 + 24) for line in lines)
    assert all(line.startswith(" " * indent) for line in lines)


@pytest.mark.parametrize(
    "text", ["       -> Look at it, then: invsync release 17 --reason 'looked at, and it is right'"]
)
def test_a_line_with_a_command_stays_whole(text: str) -> None:
    assert wrapped(text, 40) == [text]
