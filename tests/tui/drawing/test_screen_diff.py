"""What is sent makes the terminal show the frame, whatever it showed before."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from invsync_tui.tui.drawing.screen_diff import ScreenDiff
from tests.support.terminal.emulator import Grid

WIDTH, HEIGHT = 24, 3
CONSOLE = Console(color_system="truecolor", force_terminal=True, width=WIDTH)
STYLES = [
    Style(),
    Style(bold=True),
    Style(color="red"),
    Style(bgcolor="blue", reverse=True),
    Style(dim=True, underline=True, bgcolor="blue"),
]
text = st.text("ab 0漢字éé─हिन्दीक", max_size=12)
strips = st.lists(st.tuples(text, st.sampled_from(STYLES)), max_size=4).map(
    lambda parts: Strip([Segment(*part) for part in parts]).adjust_cell_length(WIDTH, STYLES[0])
)
frames = st.lists(strips, min_size=HEIGHT, max_size=HEIGHT)
TALL = 12
scrolls = st.lists(
    st.tuples(st.integers(0, TALL - 1), st.integers(0, TALL - 1), st.integers(-3, 3), strips), min_size=1, max_size=4
)
"""Of each frame: the first and the last row of what moves, by how many rows, and what comes in behind it."""


def sent(diff: ScreenDiff, frame: list[Strip]) -> str:
    changes = diff.changes(frame)
    return "" if changes is None else changes.render_segments(CONSOLE)


@settings(max_examples=150, deadline=None)
@given(st.lists(frames, min_size=1, max_size=5), st.booleans())
def test_after_every_frame_the_terminal_shows_what_a_full_redraw_shows(shown: list[list[Strip]], erases: bool) -> None:
    # given a terminal that follows frame by frame
    diff, grid = ScreenDiff(erases=erases), Grid(WIDTH, HEIGHT)
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
    assert sent(diff, frame) == f"\x1b[m{everything}"


def test_a_style_is_kept_from_frame_to_frame_until_somebody_else_may_have_changed_it() -> None:
    diff, grid = ScreenDiff(scrolls=True, erases=True), Grid(WIDTH, HEIGHT)
    colored = [Strip([Segment(f"stock {n}".ljust(WIDTH), STYLES[3])]) for n in range(HEIGHT)]
    grid.feed(sent(diff, colored))
    # when it goes on in the same style
    more = [Strip([Segment(f"stock {n + 1}".ljust(WIDTH), STYLES[3])]) for n in range(HEIGHT)]
    found = sent(diff, more)
    # then no code is sent for it
    assert not any(found[at - 1] == "m" for at in range(1, len(found))), repr(found)
    grid.feed(found)
    # when another program wrote in a style of its own
    grid.feed("\x1b[0;1;44;53m")
    diff.forget()
    grid.feed(sent(diff, [line("plain"), *more[1:]]))
    # then none of it is left
    fresh = Grid(WIDTH, HEIGHT)
    fresh.feed(sent(ScreenDiff(), [line("plain"), *more[1:]]))
    assert grid.cells == fresh.cells


def test_the_row_of_a_cursor_is_drawn_first_or_last_where_that_saves_its_codes() -> None:
    diff = ScreenDiff(erases=True)
    bar, rest = Style(color="white", bgcolor="blue"), Style(color="white", bgcolor="black")

    def rows(cursor: int) -> list[Strip]:
        styles = [bar if y == cursor else rest for y in range(8)]
        return [Strip([Segment(f"row {y}".ljust(WIDTH), style)]) for y, style in enumerate(styles)] + [
            Strip([Segment(f"about {cursor}".ljust(WIDTH), rest)])
        ]

    for cursor in range(5):
        found = sent(diff, rows(cursor))
    assert found.count("m") == 1, repr(found)


def test_a_row_of_words_far_apart_is_erased_before_they_are_written() -> None:
    diff = ScreenDiff(erases=True)
    wide = 80
    bar, rest = Style(bold=True, color="white", bgcolor="blue"), Style(bold=True, color="white", bgcolor="black")
    words = "".join(word.ljust(20) for word in ("DEMO-1", "none", "no product", "Case"))
    for style in (bar, rest):
        found = sent(diff, [Strip([Segment(words, style)]).adjust_cell_length(wide)])
    assert found == "\x1b[1H\x1b[40m\x1b[KDEMO-1\x1b[21Gnone\x1b[41Gno product\x1b[61GCase", repr(found)


def test_what_follows_a_gap_stands_where_it_belongs_however_wide_a_terminal_draws_a_vowel_sign() -> None:
    """Terminals give a spacing vowel sign a cell or none; the column behind it is put in its place by number."""
    for name in ("हिन्दी", "Lamp"):
        found = sent(ScreenDiff(), [line(f"{name.ljust(12)}  42")])
        grid = Grid(WIDTH, 1)
        grid.feed(found)
        assert "".join(char for char, _ in grid.cells[0]).rstrip().endswith("42")
    assert "\x1b[10G42" in sent(ScreenDiff(), [line("हिन्दी      42")]).split("हिन्दी")[1]


def scrolled(frame: list[Strip], top: int, bottom: int, by: int, new: Strip) -> list[Strip]:
    """The frame with the rows `top` to `bottom` moved up `by` rows."""
    inside = frame[top : bottom + 1]
    moved = [inside[y + by] if 0 <= y + by < len(inside) else new for y in range(len(inside))]
    return [*frame[:top], *moved, *frame[bottom + 1 :]]


@settings(max_examples=150, deadline=None)
@given(st.lists(strips, min_size=TALL, max_size=TALL), scrolls, st.booleans())
def test_after_every_scroll_the_terminal_shows_what_a_full_redraw_shows(
    frame: list[Strip], moves: list[tuple[int, int, int, Strip]], erases: bool
) -> None:
    diff, grid = ScreenDiff(scrolls=True, erases=erases), Grid(WIDTH, TALL)
    grid.feed(sent(diff, frame))
    for top, bottom, by, new in moves:
        frame = scrolled(frame, min(top, bottom), max(top, bottom), by, new)
        grid.feed(sent(diff, frame))
        fresh = Grid(WIDTH, TALL)
        fresh.feed(sent(ScreenDiff(), frame))
        assert grid.cells == fresh.cells
        assert (grid.top, grid.bottom) == (0, TALL - 1)


def listed(first: int, cursor: int) -> list[Strip]:
    """A list with its header, a cursor, and a strip about the row under it."""
    rows = [
        Strip([Segment(f" DEMO-{n:05} {n * 7:6} in sync", STYLES[1 if n == cursor else 0])]).adjust_cell_length(WIDTH)
        for n in range(first, first + 9)
    ]
    return [line("SKU"), *rows, line(f"about {cursor}")]


cells = st.lists(
    st.tuples(st.sampled_from("ab  漢"), st.integers(1, 9), st.sampled_from(STYLES)), min_size=2, max_size=8
)
"""Runs of one character each, as a row of a table has them: character, how often, style."""


@settings(max_examples=150, deadline=None)
@given(
    st.lists(cells, min_size=4, max_size=4), st.lists(st.tuples(st.integers(0, 3), cells), max_size=6), st.booleans()
)
def test_a_few_cells_of_a_few_rows_are_drawn_as_a_full_redraw_draws_them(
    rows: list[list[tuple[str, int, Style]]], edits: list[tuple[int, list[tuple[str, int, Style]]]], erases: bool
) -> None:
    """Rows of long runs, where writing, jumping, erasing within and erasing to the end are all worth trying."""
    width = 40
    frame = [Strip([Segment(c * n, style) for c, n, style in row]).adjust_cell_length(width) for row in rows]
    diff, grid = ScreenDiff(erases=erases, scrolls=True), Grid(width, len(rows))
    grid.feed(sent(diff, frame))
    for y, row in edits:
        begun = frame[y].crop(0, width // 3)
        rest = Strip([Segment(c * n, style) for c, n, style in row])
        frame = [*frame[:y], Strip.join([begun, rest]).adjust_cell_length(width), *frame[y + 1 :]]
        grid.feed(sent(diff, frame))
        fresh = Grid(width, len(rows))
        fresh.feed(sent(ScreenDiff(), frame))
        assert grid.cells == fresh.cells


def test_blanks_are_erased_and_not_written_where_the_terminal_erases_in_colors() -> None:
    colored = Style(bgcolor="blue")
    before, after = ([Strip([Segment(content.ljust(WIDTH), colored)])] for content in ("some words of text", "some"))
    for erases, most in ((True, len("\x1b[1;5H\x1b[44m\x1b[K\x1b[m")), (False, 40)):
        diff = ScreenDiff(erases=erases)
        sent(diff, before)
        assert len(sent(diff, after)) <= most


def test_rows_below_each_other_are_reached_without_their_number() -> None:
    diff = ScreenDiff()
    sent(diff, [line(""), line(""), line("")])
    found = sent(diff, [line("one"), line("two"), line("four")])
    assert found.count("H") == 1
    assert found == "\x1b[1Hone\r\ntwo\r\nfour"


@pytest.mark.parametrize("by", [1, -1, 3])
def test_a_list_that_scrolls_is_moved_by_the_terminal(by: int) -> None:
    diff, drawing = ScreenDiff(scrolls=True), ScreenDiff()
    for each in (diff, drawing):
        sent(each, listed(100, 108))
    moved = sent(diff, listed(100 + by, 108 + by))
    assert moved.count("\x1bD" if by > 0 else "\x1bM") == abs(by)
    # the rows that came in and the two that the cursor left and entered, but not the others
    assert moved.count("DEMO") == abs(by)
    assert "\x1bD" not in (drawn := sent(drawing, listed(100 + by, 108 + by)))
    assert len(moved) < len(drawn)


def test_where_drawing_is_shorter_nothing_is_scrolled() -> None:
    diff = ScreenDiff(scrolls=True)
    sent(diff, [line(f"{n}") for n in range(4)])
    assert "\x1bD" not in sent(diff, [line(f"{n + 1}") for n in range(4)])


def test_a_change_of_color_alone_does_not_repeat_what_stays() -> None:
    diff = ScreenDiff()
    parts = [Segment(f"{n:03} ", Style(color="red" if n % 2 else "blue", bgcolor="black")) for n in range(6)]
    sent(diff, [Strip([Segment(" " * WIDTH, Style(bgcolor="black"))])])
    assert len(sent(diff, [Strip(parts)])) < WIDTH + 6 * len("\x1b[31m") + 16


def test_only_large_frames_are_held_back_by_marks() -> None:
    diff = ScreenDiff(holds_back=True)
    assert "?2026" not in sent(diff, [line("stock 1")] * 3)
    wide = [Strip([Segment("x" * 2000)])]
    assert sent(diff, wide).startswith("\x1b[?2026h")
    assert sent(ScreenDiff(holds_back=True), wide).endswith("\x1b[?2026l")
