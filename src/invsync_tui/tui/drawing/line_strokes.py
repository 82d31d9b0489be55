"""The shortest bytes that turn one line of the screen into another, found by trying: cells that differ are written, equal
ones between them are written too or jumped over, and the rest of a line may be erased first.

Not here: which lines those are (`screen_diff`) and the codes of styles (`pen`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from invsync_tui.tui.drawing.cells import TAIL, Cells
from invsync_tui.tui.drawing.pen import SEEN_ON_BLANKS, Look, step

FARTHEST = 16
"""Equal cells between two changes that may be shorter to write than to jump over, with the codes that a jump breaks up."""
TO_THE_END = "\x1b[K"
"""Erases the rest of the line."""


class Stroke(NamedTuple):
    """Bytes, and the style in which they leave the terminal."""

    text: str
    pen: Look


class Place(NamedTuple):
    """The cell that the terminal's cursor is on; None for what is not known."""

    y: int | None = None
    x: int | None = None

    def to(self, x: int, y: int) -> str:
        """The shortest way to a cell. A line feed may lead to the first column or not, so the column always follows."""
        if (y, x) == self:
            return ""
        there = f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H"
        if self.y is None or y < self.y:
            return there
        down = "\n" * (y - self.y)
        return min(f"{down}\x1b[{x + 1}G" if x else f"\r{down}", there, key=len)


class LineStrokes:
    """Ways to make row `y` show `new`.

    `erases`: the terminal erases cells in the background of its style.
    """

    def __init__(self, y: int, new: Cells, *, erases: bool) -> None:
        self.y = y
        self.new = new
        self.erases = erases
        self._rest = _blank_from(new)
        self._run_ends = _run_ends(new.looks)
        self._plain_ends = _plain_ends(new.looks)

    def over(self, old: Cells | None, place: Place, pen: Look) -> Stroke:
        """The shortest way for a row that shows `old`; None for one that may show anything. '' where nothing differs."""
        ranges = changed_ranges(old, self.new)
        if not ranges:
            return Stroke("", pen)
        ways = [self._changes(ranges, place, pen)]
        if self.erases and self._has_blank(ranges):
            ends = {ranges[-1][1], len(self.new)}
            ways += [self._erased_first(ranges[0][0], end, place, pen) for end in ends]
        return min(ways, key=lambda way: len(way.text))

    def _has_blank(self, ranges: Sequence[tuple[int, int]]) -> bool:
        """Whether a cell of some ranges is blank: where none is, nothing is saved by erasing first."""
        looks = self.new.looks
        return any(looks[x].attributes is None for start, end in ranges for x in range(start, end))

    def _changes(self, ranges: Sequence[tuple[int, int]], place: Place, pen: Look) -> Stroke:
        """Some ranges, those together of which that is shorter than a jump from one to the next."""
        (start, end), *more = self._joined(ranges)
        done, stroke = place.to(start, self.y), self.cells(start, end, pen)
        for next_start, next_end in more:
            jump = _along(next_start)
            apart = self.cells(next_start, next_end, stroke.pen)
            if next_start - end <= FARTHEST:
                together = self._longer(stroke, start, end, next_end, pen)
                if len(together.text) <= len(stroke.text) + len(jump) + len(apart.text):
                    end, stroke = next_end, together
                    continue
            done += stroke.text + jump
            start, end, pen, stroke = next_start, next_end, stroke.pen, apart
        return Stroke(done + stroke.text, stroke.pen)

    def _joined(self, ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """The ranges, those as one between which a jump is longer than the few cells there, for which no code is needed."""
        result = [ranges[0]]
        for start, end in ranges[1:]:
            first, last = result[-1]
            if start - last < len(_along(start)) and self._plain_ends[last - 1] > start:
                result[-1] = (first, end)
            else:
                result.append((start, end))
        return result

    def _erased_first(self, start: int, end: int, place: Place, pen: Look) -> Stroke:
        """The cells from `start` to before `end` erased, and then only what of them is no blank."""
        characters, looks = self.new.characters, self.new.looks
        erased = Look(None, None, self._usual_back(start, end))
        codes, pen = step(pen, self._erasing_look(start, erased))
        erasing = TO_THE_END if end == len(self.new) else f"\x1b[{end - start}X"
        begun = f"{place.to(start, self.y)}{codes}{erasing}"
        known = Cells(
            [*characters[:start], *" " * (end - start), *characters[end:]],
            [*looks[:start], *[erased] * (end - start), *looks[end:]],
        )
        left = changed_ranges(known, self.new)
        rest = self._changes(left, Place(self.y, start), pen) if left else Stroke("", pen)
        return Stroke(begun + rest.text, rest.pen)

    def _usual_back(self, start: int, end: int) -> str:
        """The background of most blanks among some cells, where there are none that of the first cell."""
        backs = Counter(look.back for look in self.new.looks[start:end] if look.attributes is None)
        return backs.most_common(1)[0][0] if backs else self.new.looks[start].back

    def _erasing_look(self, start: int, erased: Look) -> Look:
        """The look of the first text that follows, where it erases alike: one code for both."""
        text = next((look for look in self.new.looks[start:] if look.attributes is not None), erased)
        alike = text.back == erased.back and not (text.attributes or 0) & SEEN_ON_BLANKS
        return text if alike else erased

    def cells(self, start: int, end: int, pen: Look) -> Stroke:
        """Cells from `start` to before `end`, with the cursor on the first; afterwards it is on an unknown one."""
        parts: list[str] = []
        looks, run_ends, first = self.new.looks, self._run_ends, start
        while first < end:
            last = min(run_ends[first], end)
            codes, pen = step(pen, looks[first])
            parts += (codes, self._run(first, last, end))
            first = last
        return Stroke("".join(parts), pen)

    def _longer(self, begun: Stroke, start: int, end: int, to: int, pen: Look) -> Stroke:
        """The cells from `start` to before `to`, of which `begun` is those before `end`."""
        if self.new.looks[end - 1].attributes is None:
            return self.cells(start, to, pen)  # blanks are erased together, or none of them
        more = self.cells(end, to, begun.pen)
        return Stroke(begun.text + more.text, more.pen)

    def _run(self, first: int, last: int, end: int) -> str:
        """Cells of one look, erased where they are blank and that is shorter."""
        text = "".join(self.new.characters[first:last])
        if not self.erases or self.new.looks[first].attributes is not None:
            return text
        erased = TO_THE_END if first >= self._rest else f"\x1b[{last - first}X" + (_along(last) if last < end else "")
        return min(text, erased, key=len)


def _blank_from(cells: Cells) -> int:
    """The column from which on there is nothing but blanks of one look."""
    x = len(cells)
    while x and cells.looks[x - 1].attributes is None and cells.looks[x - 1] == cells.looks[-1]:
        x -= 1
    return x


def _run_ends(looks: Sequence[Look]) -> list[int]:
    """Of each cell, the column behind the cells of its look that follow each other."""
    ends = [len(looks)] * len(looks)
    for x in range(len(looks) - 2, -1, -1):
        if looks[x] is looks[x + 1] or looks[x] == looks[x + 1]:
            ends[x] = ends[x + 1]
        else:
            ends[x] = x + 1
    return ends


def _plain_ends(looks: Sequence[Look]) -> list[int]:
    """Of each cell, the column behind the cells that can be written one after the other without a code between them."""
    ends = [len(looks)] * len(looks)
    present = looks[-1] if looks else None  # of the cells behind: their text, or blanks where there is none
    for x in range(len(looks) - 2, -1, -1):
        look = looks[x]
        if present is look or present == look:
            ends[x] = ends[x + 1]
        elif present is not None and (together := _together(look, present)) is not None:
            ends[x], present = ends[x + 1], together
        else:
            ends[x], present = x + 1, look
    return ends


def _together(look: Look, other: Look) -> Look | None:
    """The look in which a blank and a text are both written; None where they are not, or where both are of one kind."""
    if look.back != other.back or (look.attributes is None) == (other.attributes is None):
        return None
    text = other if look.attributes is None else look
    return None if (text.attributes or 0) & SEEN_ON_BLANKS else text


def _along(x: int) -> str:
    """To another column of the row; by its number, since a terminal may have given what was written another width."""
    return f"\x1b[{x + 1}G"


def changed_ranges(old: Cells | None, new: Cells) -> list[tuple[int, int]]:
    """The cells that differ between two lines, all where the old one is not known; no wide character is cut."""
    if old is None or len(old) != len(new):
        return [(0, len(new))] if len(new) else []
    result: list[tuple[int, int]] = []
    wide = TAIL in old.characters or TAIL in new.characters
    cells = zip(old.characters, new.characters, old.looks, new.looks, strict=True)
    for x, (was, is_now, looked, looks) in enumerate(cells):
        if was == is_now and (looked is looks or looked == looks):
            continue
        start, end = _whole(x, x + 1, old.characters, new.characters) if wide else (x, x + 1)
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def _whole(start: int, end: int, old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """The range widened so that it cuts no wide character in either line."""
    while start > 0 and TAIL in (old[start], new[start]):
        start -= 1
    while end < len(old) and TAIL in (old[end], new[end]):
        end += 1
    return start, end
