"""What is sent makes the terminal show the frame, whatever it showed before."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from invsync_tui.tui.screen_diff import ScreenDiff
from tests.support.terminal.emulator import Grid

WIDTH, HEIGHT = 24, 3
CONSOLE = Console(color_system="truecolor", force_terminal=True, width=WIDTH)
STYLES = [Style(), Style(bold=True), Style(color="red"), Style(bgcolor="blue", reverse=True)]
text = st.text("ab 0漢字éé─हिन्दीक", max_size=12)
strips = st.lists(st.tuples(text, st.sampled_from(STYLES)), max_size=4).map(
    lambda parts: Strip([Segment(*part) for part in parts]).adjust_cell_length(WIDTH, STYLES[0])
)
frames = st.lists(strips, min_size=HEIGHT, max_size=HEIGHT)


def sent(diff: ScreenDiff, frame: list[Strip]) -> str:
    changes = diff.changes(frame)
    return "" if changes is None else changes.render_segments(CONSOLE)


@settings(max_examples=150, deadline=None)
@given(st.lists(frames, min_size=1, max_size=5))
def test_after_every_frame_the_terminal_shows_what_a_full_redraw_shows(shown: list[list[Strip]]) -> None:
    # given a terminal that follows frame by frame
    diff, grid = ScreenDiff(), Grid(WIDTH, HEIGHT)
    for frame in shown:
        grid.feed(sent(diff, frame))
        # when another one is drawn from nothing
        fresh = Grid(WIDTH, HEIGHT)
        fresh.feed(sent(ScreenDiff(), frame))
        # then both show the same, and the same frame again costs nothing
        assert grid.cells == fresh.cells
        assert sent(diff, frame) == ""


def line(content: str) -> Strip:
    return Strip([Segment(content)]).adjust_cell_length(WIDTH)


@pytest.mark.parametrize("content", ["\u094d\u094d 0", "\u0301a", "\u094d"])
def test_marks_without_a_character_to_stand_on_are_not_sent(content: str) -> None:
    diff, grid, fresh = ScreenDiff(), Grid(WIDTH, HEIGHT), Grid(WIDTH, HEIGHT)
    blank = [line("")] * HEIGHT
    frame = [line(""), line("x"), line(content)]
    for shown in (blank, frame):
        grid.feed(sent(diff, shown))
    fresh.feed(sent(ScreenDiff(), frame))
    assert grid.cells == fresh.cells
    assert not {content[0]} & set(sent(ScreenDiff(), frame))


def test_only_the_cells_that_changed_are_sent() -> None:
    diff = ScreenDiff()
    sent(diff, [line("stock 1"), line("same")])
    assert len(sent(diff, [line("stock 2"), line("same")])) < 12


def test_a_terminal_that_was_written_to_by_others_gets_everything() -> None:
    diff = ScreenDiff()
    frame = [line("stock 1")]
    everything = sent(diff, frame)
    diff.forget()
    assert sent(diff, frame) == everything


def test_what_follows_a_gap_stands_where_it_belongs_however_wide_a_terminal_draws_a_vowel_sign() -> None:
    """Terminals give a spacing vowel sign a cell or none; the column behind it is put in its place by number."""
    for name in ("हिन्दी", "Lamp"):
        found = sent(ScreenDiff(), [line(f"{name.ljust(12)}  42")])
        grid = Grid(WIDTH, 1)
        grid.feed(found)
        assert "".join(char for char, _ in grid.cells[0]).rstrip().endswith("42")
    assert "\x1b[1;" in sent(ScreenDiff(), [line("हिन्दी      42")]).split("हिन्दी")[1]
