"""Lines over time in one chart: braille dots, or plain characters on a terminal without Unicode.

Each line has a pattern of its own, so that it can be told from the others without color.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from invsync_tui import local_time
from invsync_tui.operations.lists.list_views import Point
from invsync_tui.plain_text import grouped
from invsync_tui.tui.text.charts import ends, held_at
from invsync_tui.tui.text.glyphs import Glyphs
from invsync_tui.tui.text.sanitize import fit_right
from invsync_tui.tui.text.styled import Line, Span, Tone, line

BRAILLE = 0x2800
"""The code point of the braille cell without dots."""
DOT_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bits of a braille cell by row from the top and column, as Unicode numbers them."""
ACROSS, DOWN = 2, 4
"""Dots of a cell."""
LEAST_WIDTH = 16
"""Cells for the lines, however narrow the terminal."""
LEAST_FOR_HALF = 5
"""Rows from which on the scale names half its top as well."""
TOGETHER = "#"
"""Without Unicode: where several lines meet."""


class Pattern(StrEnum):
    """How a line is drawn. A thick one covers a thin one; the ticks of a dashed one are seen on both."""

    THIN = "thin"
    DASHED = "dashed"
    THICK = "thick"


LETTERS = {Pattern.THIN: "-", Pattern.DASHED: ":", Pattern.THICK: "="}
"""Without Unicode, and one cell of the legend."""
SAMPLES = {Pattern.THIN: "⠒⠒", Pattern.DASHED: "⡖⡖", Pattern.THICK: "⠶⠶"}
"""Two cells for the legend."""


class Series(NamedTuple):
    """A quantity over time, oldest first; each point holds until the next, None is unknown."""

    name: str
    points: Sequence[Point]
    pattern: Pattern
    tone: Tone


def sample(pattern: Pattern, glyphs: Glyphs) -> str:
    """How a line looks, for a legend."""
    return LETTERS[pattern] * 2 if glyphs.bar_full.isascii() else SAMPLES[pattern]


def known_until(points: Sequence[Point], moment: int | None, end: int) -> Sequence[Point]:
    """A line that is not known any more after a moment; None for one that is known to its end."""
    if moment is None or moment >= end:
        return points
    return [*(point for point in points if point.at <= moment), Point(moment + 1, None)] if points else points


def in_chart(
    available: Sequence[Point], target: Sequence[Point], in_cart: Sequence[Point], read_at: int | None, end: int
) -> tuple[Series, ...]:
    """The three lines of a listing, those that cover others last. What the cart shows is drawn as far as it was read."""
    return (
        Series("available", available, Pattern.THIN, Tone.FAINT),
        Series("target", target, Pattern.DASHED, Tone.ACCENT),
        Series("in cart", known_until(in_cart, read_at, end), Pattern.THICK, Tone.STRONG),
    )


def plotted(
    series: Sequence[Series], begin: int, end: int, width: int, rows: int, top: int, glyphs: Glyphs
) -> list[Line]:
    """Rows from the top down, each of `width` cells. `top` is the value at the top row."""
    draw = _letters if glyphs.bar_full.isascii() else _dots
    return [Line(tuple(_merged(row))) for row in draw(series, begin, end, width, rows, top)]


def framed(
    series: Sequence[Series],
    begin: int,
    end: int,
    width: int,
    rows: int,
    glyphs: Glyphs,
    marks: Callable[[int], Sequence[Span]] | None = None,
) -> list[Line]:
    """The lines with their scale, and below them the axis with its times; `marks` are the cells between the two.

    One row more than `rows` for the axis, one for its times, and one for the marks where there are any.
    """
    top = max((point.value or 0 for each in series for point in each.points), default=0)
    scale = {0: grouped(top), rows - 1: "0"}
    if rows >= LEAST_FOR_HALF and top > 1:
        scale[rows - 1 - height_of(top // 2, rows, top)] = grouped(top // 2)
    margin = max(map(len, scale.values())) + 1
    room = max(width - margin - 1, LEAST_WIDTH)
    drawn = plotted(series, begin, end, room, rows, top, glyphs)
    indent = " " * (margin + 1)
    return [
        *(
            Line(((f"{fit_right(scale.get(n, ''), margin - 1)} {glyphs.tick}", Tone.FAINT), *row.spans))
            for n, row in enumerate(drawn)
        ),
        line((f"{' ' * margin}{glyphs.corner}{glyphs.rule * room}", Tone.FAINT)),
        *([] if marks is None else [Line(((indent, Tone.PLAIN), *marks(room)))]),
        line((f"{indent}{time_axis(begin, end, room)}", Tone.FAINT)),
    ]


def column_of(at: float, begin: int, end: int, width: int) -> int:
    """The column of a moment."""
    return min(max(int((at - begin) * width / max(end - begin, 1)), 0), width - 1)


def height_of(value: int, heights: int, top: int) -> int:
    """The height of a value from 0 up; only nothing is at the bottom."""
    if value <= 0 or top <= 0:
        return 0
    return min(max(round(value * (heights - 1) / top), 1), heights - 1)


Cells = list[list[Span]]


def _merged(cells: Iterable[Span]) -> Iterable[Span]:
    """Neighbors of one tone as one span."""
    text, tone = "", Tone.PLAIN
    for character, its_tone in cells:
        if text and its_tone is not tone and character != " ":
            yield text, tone
            text = ""
        if character != " " or not text:
            tone = its_tone
        text += character
    if text:
        yield text, tone


def _dots(series: Sequence[Series], begin: int, end: int, width: int, rows: int, top: int) -> Cells:
    """Braille: two dots across and four down for each cell; a row of dots at both ends is left for thick lines."""
    bits = [[0] * width for _ in range(rows)]
    tones: list[list[Tone]] = [[Tone.PLAIN] * width for _ in range(rows)]

    def put(x: int, y: int, tone: Tone) -> None:
        row, column = rows - 1 - y // DOWN, x // ACROSS
        bits[row][column] |= DOT_BITS[DOWN - 1 - y % DOWN][x % ACROSS]
        tones[row][column] = tone

    for each in series:
        before: int | None = None
        for x, moment in enumerate(ends(begin, end, width * ACROSS)):
            value = held_at(each.points, moment)
            if value is None:
                before = None
                continue
            y = 1 + height_of(value, rows * DOWN - 2, top)
            for dot_y in {*_stroke(each.pattern, x, y), *_joint(each.pattern, before, y)}:
                put(x, dot_y, each.tone)
            before = y
    return [
        [(chr(BRAILLE + cell) if cell else " ", tone) for cell, tone in zip(cells, its_tones, strict=True)]
        for cells, its_tones in zip(bits, tones, strict=True)
    ]


def _stroke(pattern: Pattern, x: int, y: int) -> tuple[int, ...]:
    """Heights of a line's dots in one column."""
    if pattern is Pattern.THICK:
        return y - 1, y
    if pattern is Pattern.THIN:
        return (y,)
    return ((y, y + 1) if x % 4 == 0 else (y,)) if x % 4 < 2 else ()


def _joint(pattern: Pattern, before: int | None, y: int) -> Iterable[int]:
    """Heights between two values that follow each other."""
    if before is None or before == y:
        return ()
    between = range(min(before, y), max(before, y) + 1)
    return between[::2] if pattern is Pattern.DASHED else between


def _letters(series: Sequence[Series], begin: int, end: int, width: int, rows: int, top: int) -> Cells:
    """Plain characters, one value for each cell."""
    cells: Cells = [[(" ", Tone.PLAIN)] * width for _ in range(rows)]
    for each in series:
        moments = ends(begin, end, width)
        heights = [
            None if (value := held_at(each.points, at)) is None else height_of(value, rows, top) for at in moments
        ]
        for x, y in enumerate(heights):
            if y is None:
                continue
            following = heights[x + 1] if x + 1 < width else None
            steps = following is not None and following != y
            for joint in range(min(y, following), max(y, following) + 1) if steps and following is not None else ():
                if cells[rows - 1 - joint][x][0] == " " and joint != y:
                    cells[rows - 1 - joint][x] = ("|", each.tone)
            held = cells[rows - 1 - y][x][0]
            letter = LETTERS[each.pattern] if held in " |" else TOGETHER
            cells[rows - 1 - y][x] = (letter, each.tone)
    return cells


HOUR, DAY = 3600, 86400
BETWEEN = 6
"""Cells between two times of an axis at least."""


def in_seconds(begin: int, end: int) -> bool:
    """Whether the times below a chart have seconds: where several are in one minute."""
    return end - begin <= HOUR and local_time.day_of(begin) == local_time.day_of(end)


def time_axis(begin: int, end: int, width: int) -> str:
    """Times below a chart, the same span between any two: as many as have room, the last one with the zone.

    The first stands at the beginning with its left end, the last at the end with its right end, the others in between.
    """
    span = end - begin
    within = span < DAY and local_time.day_of(begin) == local_time.day_of(end)

    def label(at: float) -> str:
        if within:
            return local_time.clock(at, seconds=in_seconds(begin, end))
        return local_time.day(at) if span > 3 * DAY else f"{local_time.day(at)} {local_time.clock(at)}"

    last = f"{local_time.clock(end) if span > 3 * DAY else label(end)} {local_time.zone(end)}".rstrip()
    room, cells = width - len(last), len(label(begin))
    count = max(room // (cells + BETWEEN), int(room > cells))
    written = ""
    for number in range(count):
        written = written.ljust(round(room * number / count)) + label(begin + span * number / count)
    return (written.ljust(room) + last)[-width:]
