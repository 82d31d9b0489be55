"""Three lines on one axis: where a step stands, what is a gap, and that no line needs a color to be told from another."""

from __future__ import annotations

import pytest

from invsync_tui.operations.lists.list_views import Point
from invsync_tui.tui.text.glyphs import ASCII, UNICODE, Glyphs
from invsync_tui.tui.text.line_chart import BRAILLE, Dot, Pattern, Series, plotted, time_axis
from invsync_tui.tui.text.styled import Tone

LEVEL = [Point(0, 10)]


def drawn(
    glyphs: Glyphs, *series: Series, width: int = 10, rows: int = 3, top: int = 10, dot: Dot | None = None
) -> list[str]:
    return [line.text for line in plotted(series, 0, 100, width, rows, top, glyphs, dot)]


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


def test_a_dot_stands_at_its_time_and_height() -> None:
    rows = drawn(UNICODE, line(Pattern.THIN, LEVEL), dot=Dot(95, 0))
    assert rows[-1][9] == UNICODE.diamond and UNICODE.diamond not in rows[0]


@pytest.mark.parametrize("width", [20, 60, 100])
@pytest.mark.parametrize("days", [0.2, 3, 30])
def test_the_axis_fits_and_its_last_time_says_the_zone(width: int, days: float) -> None:
    axis = time_axis(1_760_000_000 - int(days * 86400), 1_760_000_000, width)
    assert len(axis) <= width
    assert axis.split() and axis.rstrip()[-1].isalnum()
