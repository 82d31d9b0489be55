"""Three lines on one axis: where a step stands, what is a gap, and that no line needs a color to be told from another."""

from __future__ import annotations

import re
import time
from itertools import pairwise

import pytest

from invsync_tui.operations.lists.list_views import Point
from invsync_tui.tui.text.glyphs import ASCII, UNICODE, Glyphs
from invsync_tui.tui.text.line_chart import BRAILLE, Pattern, Series, framed, known_until, plotted, time_axis
from invsync_tui.tui.text.styled import Tone

LEVEL = [Point(0, 10)]


def drawn(glyphs: Glyphs, *series: Series, width: int = 10, rows: int = 3, top: int = 10) -> list[str]:
    return [line.text for line in plotted(series, 0, 100, width, rows, top, glyphs)]


def line(pattern: Pattern, points: list[Point]) -> Series:
    return Series(str(pattern), points, pattern, Tone.PLAIN)


def test_a_step_stands_where_it_happened_and_is_joined() -> None:
    points = [Point(0, 0), Point(51, 10)]
    assert drawn(ASCII, line(Pattern.THIN, points)) == ["    |-----", "    |     ", "-----     "]


def test_what_is_not_known_is_a_gap_and_never_nothing() -> None:
    # unknown before 30, unknown again from 60 on
    points = [Point(30, 0), Point(60, None)]
    for glyphs, blank in ((ASCII, " "), (UNICODE, " ")):
        rows = drawn(glyphs, line(Pattern.THICK, points))
        assert all(row[:2] == blank * 2 and row[6:].strip() == "" for row in rows)
        assert rows[-1][3:5].strip()
    assert all(not row.strip() for row in drawn(UNICODE, line(Pattern.THIN, [])))
    assert all(not row.strip() for row in drawn(ASCII, line(Pattern.THIN, [Point(0, None)])))


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_a_single_unit_of_many_does_not_look_like_nothing(glyphs: Glyphs) -> None:
    few = drawn(glyphs, line(Pattern.THIN, [Point(0, 1)]), top=5000)
    none = drawn(glyphs, line(Pattern.THIN, [Point(0, 0)]), top=5000)
    assert few != none and few[:1] == none[:1]


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_each_line_and_each_two_that_meet_look_different_without_color(glyphs: Glyphs) -> None:
    thin, dashed, thick = (line(pattern, LEVEL) for pattern in Pattern)
    alone = [drawn(glyphs, series, top=20) for series in (thin, dashed, thick)]
    assert alone[0] != alone[1] != alone[2] != alone[0]
    on_target = drawn(glyphs, thin, dashed, top=20)
    assert on_target not in alone, "available and target on one row"
    assert drawn(glyphs, dashed, thick, top=20) not in alone, "target and confirmed on one row"


def test_ascii_is_ascii_and_braille_is_braille() -> None:
    all_three = [line(pattern, [Point(0, n), Point(40, 10 - n)]) for n, pattern in enumerate(Pattern)]
    assert "".join(drawn(ASCII, *all_three)).isascii()
    assert set("".join(drawn(UNICODE, *all_three))) - {" "} <= {chr(BRAILLE + n) for n in range(256)}


def test_a_line_that_is_known_to_a_moment_ends_there() -> None:
    points = known_until([Point(0, 10), Point(40, 5), Point(70, 8)], 60, 100)
    rows = drawn(ASCII, line(Pattern.THICK, list(points)))
    assert all(row[6:].strip() == "" for row in rows)
    assert "".join(rows).count("=") == 6, "a cell for each tenth that is known"
    for moment in (None, 100, 170):
        assert known_until(LEVEL, moment, 100) == LEVEL
    assert known_until([], 50, 100) == []


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_a_frame_has_its_scale_its_axis_and_its_times(glyphs: Glyphs) -> None:
    rows = [row.text for row in framed([line(Pattern.THIN, [Point(0, 4000)])], 0, 100, 40, 5, glyphs)]
    assert len(rows) == 7
    assert [row.split(glyphs.tick)[0].strip() for row in rows[:5]] == ["4,000", "", "2,000", "", "0"]
    assert rows[5].strip() == glyphs.corner + glyphs.rule * 33
    assert max(map(len, rows)) <= 40
    marked = framed([line(Pattern.THIN, LEVEL)], 0, 100, 40, 5, glyphs, lambda room: [("x" * room, Tone.PLAIN)])
    assert len(marked) == 8 and set(marked[6].text.strip()) == {"x"}


@pytest.mark.parametrize("width", [20, 60, 100])
@pytest.mark.parametrize("days", [0.2, 3, 30])
def test_the_axis_fits_and_its_last_time_says_the_zone(width: int, days: float) -> None:
    axis = time_axis(1_760_000_000 - int(days * 86400), 1_760_000_000, width)
    assert len(axis) <= width
    assert axis.split() and axis.rstrip()[-1].isalnum()


@pytest.mark.parametrize("width", [28, 56, 71, 110, 190])
@pytest.mark.parametrize("seconds", [40, 7 * 3600, 2 * 86400, 30 * 86400])
def test_the_times_of_the_axis_are_evenly_spaced(width: int, seconds: int) -> None:
    axis = time_axis(1_760_000_000 - seconds, 1_760_000_000, width)
    begins = [found.start() for found in re.finditer(r"\S+(?: \S+)*", axis)]
    steps = [after - before for before, after in pairwise(begins)]
    assert not steps or max(steps) - min(steps) <= 1, axis
    assert len(begins) >= min(width // 28, 2)


def test_the_same_time_passes_between_any_two_of_the_axis() -> None:
    end = 1_760_000_000
    labels = time_axis(end - 6 * 3600, end, 71).split()[:-1]
    minutes = [int(label[:2]) * 60 + int(label[3:]) for label in labels]
    assert len(labels) > 4
    assert len({(after - before) % 1440 for before, after in pairwise(minutes)}) <= 2, labels
    assert labels[-1] == time.strftime("%H:%M", time.localtime(end))
