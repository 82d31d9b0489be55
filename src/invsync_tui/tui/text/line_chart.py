"""Lines over time in one chart: braille dots, or plain characters on a terminal without Unicode.

Each line has a pattern of its own, so that it can be told from the others without color.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from invsync_tui.operations.lists.list_views import Point
from invsync_tui.tui.text.charts import ends, held_at
from invsync_tui.tui.text.glyphs import Glyphs
from invsync_tui.tui.text.styled import Line, Span, Tone

BRAILLE = 0x2800
"""The code point of the braille cell without dots."""
DOT_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bits of a braille cell by row from the top and column, as Unicode numbers them."""
ACROSS, DOWN = 2, 4
"""Dots of a cell."""
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


class Dot(NamedTuple):
    """A value that is known of one moment only."""

    at: int
    value: int


def sample(pattern: Pattern, glyphs: Glyphs) -> str:
    """How a line looks, for a legend."""
    return LETTERS[pattern] * 2 if glyphs.bar_full.isascii() else SAMPLES[pattern]


def plotted(
    series: Sequence[Series], begin: int, end: int, width: int, rows: int, top: int, glyphs: Glyphs, dot: Dot | None
) -> list[Line]:
    """Rows from the top down, each of `width` cells. `top` is the value at the top row."""
    draw = _letters if glyphs.bar_full.isascii() else _dots
    cells = draw(series, begin, end, width, rows, top)
    if dot is not None:
        column = column_of(dot.at, begin, end, width)
        cells[rows - 1 - height_of(dot.value, rows, top)][column] = (glyphs.diamond, Tone.KEY)
    return [Line(tuple(_merged(row))) for row in cells]


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

    for line in series:
        before: int | None = None
        for x, moment in enumerate(ends(begin, end, width * ACROSS)):
            value = held_at(line.points, moment)
            if value is None:
                before = None
                continue
            y = 1 + height_of(value, rows * DOWN - 2, top)
            for dot_y in {*_stroke(line.pattern, x, y), *_joint(line.pattern, before, y)}:
                put(x, dot_y, line.tone)
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
    for line in series:
        moments = ends(begin, end, width)
        heights = [
            None if (value := held_at(line.points, at)) is None else height_of(value, rows, top) for at in moments
        ]
        for x, y in enumerate(heights):
            if y is None:
                continue
            following = heights[x + 1] if x + 1 < width else None
            steps = following is not None and following != y
            for joint in range(min(y, following), max(y, following) + 1) if steps and following is not None else ():
                if cells[rows - 1 - joint][x][0] == " " and joint != y:
                    cells[rows - 1 - joint][x] = ("|", line.tone)
            held = cells[rows - 1 - y][x][0]
            letter = LETTERS[line.pattern] if held in " |" else TOGETHER
            cells[rows - 1 - y][x] = (letter, line.tone)
    return cells


HOUR, DAY = 3600, 86400


def time_axis(begin: int, end: int, width: int) -> str:
    """Times below a chart: as many as have room, the last one with the zone."""
    span = end - begin
    form = "%b %d" if span > 3 * DAY else "%b %d %H:%M"
    if span < DAY and time.localtime(begin)[:3] == time.localtime(end)[:3]:
        form = "%H:%M" if span > HOUR else "%H:%M:%S"
    last = time.strftime(f"{'%H:%M' if form == '%b %d' else form} %Z", time.localtime(end)).rstrip()
    slot = len(time.strftime(form, time.localtime(begin))) + 6
    count = max((width - len(last) - 1) // slot, 0)
    step = (width - len(last) - 1) // count if count else 0
    labels = (time.strftime(form, time.localtime(begin + span * step * n / width)) for n in range(count))
    written = "".join(label.ljust(step) for label in labels)
    return (written.ljust(width - len(last)) + last)[-width:]
