"""A widget that draws its own lines and repaints only the cells that changed.

Textual repaints whole dirty regions, which is tenfold over SSH; so the regions are made as small as the change.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from invsync_tui.tui.lines import Line, Tone
from invsync_tui.tui.plain import width_of

Cell = tuple[str, Style | None]
_TAIL = ""
"""Stands in the second cell of a wide character."""
_NO_CELL: Cell = ("\0", None)


class Canvas(ScrollView):
    """Subclasses say what is on each visible line; `repaint` sends what differs from what is there."""

    DEFAULT_CSS = """
    Canvas {
        background: $background;
        overflow-x: hidden;
        overflow-y: hidden;
        scrollbar-size-vertical: 1;
        scrollbar-size-horizontal: 1;
    }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._painted: dict[int, Strip] = {}
        self._tones: dict[Tone, Style] = {}
        """Of one pass over the lines: Textual works a style out anew each time, for every cell."""

    def strip_at(self, y: int) -> Strip:
        """What belongs on line `y` of the viewport. Must not ask for anything."""
        raise NotImplementedError

    def render_lines(self, crop: Region) -> list[Strip]:
        self._tones.clear()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        strip = self.strip_at(y)
        self._painted[y] = strip
        return strip

    def repaint(self) -> None:
        """Refresh exactly the cells whose content is no longer what was painted last."""
        self._tones.clear()
        for y in range(self.size.height):
            if (painted := self._painted.get(y)) is None:
                continue
            if cells := changed_cells(painted, self.strip_at(y)):
                start, end = cells
                self.refresh(Region(start, y, end - start, 1))

    def tone_style(self, tone: Tone) -> Style:
        found = self._tones.get(tone)
        if found is None:
            found = self.screen.get_component_rich_style(f"tone--{tone}", default=self.rich_style)
            self._tones[tone] = found
        return found

    def segments(self, line: Line, over: Style | None = None) -> list[Segment]:
        """A line in this theme's colours; `over` is laid on top, such as a cursor.

        Blank spans take their neighbour's style, since each change of style costs 25 bytes.
        """
        found: list[Segment] = []
        for text, tone in line.spans:
            if found and text.isspace():
                found.append(Segment(text, found[-1].style))
            else:
                found.append(Segment(text, self.tone_style(tone) + over))
        return found

    def strip_of(self, line: Line, width: int) -> Strip:
        """A line as exactly `width` cells."""
        segments = self.segments(line)
        rest = segments[-1].style if segments else self.tone_style(Tone.PLAIN)
        return Strip(segments, line.width).adjust_cell_length(width, rest).simplify()

    def set_extent(self, width: int, height: int) -> None:
        """Tell Textual how much there is to scroll, and only when that changed, since it costs a layout."""
        extent = Size(width, height)
        if extent != self.virtual_size:
            self.virtual_size = extent


def changed_cells(old: Strip, new: Strip) -> tuple[int, int] | None:
    """The cells between the first and the last difference of two strips; wide characters are never cut.

    One range per line and not several: the compositor draws each from the widget's left edge, so a second one would
    send the first again.
    """
    if old == new:
        return None
    before, after = list(_cells(old)), list(_cells(new))
    width = max(len(before), len(after))
    before += [_NO_CELL] * (width - len(before))
    after += [_NO_CELL] * (width - len(after))
    changes = [x for x in range(width) if before[x] != after[x]]
    return _whole(changes[0], changes[-1] + 1, before, after) if changes else None


def _cells(strip: Strip) -> Iterator[Cell]:
    for text, style, _ in strip:
        if text.isascii():
            yield from ((char, style) for char in text)
            continue
        for char in text:
            cells = width_of(char)
            if cells:
                yield (char, style)
            yield from ((_TAIL, style) for _ in range(cells - 1))


def _whole(start: int, end: int, before: Sequence[Cell], after: Sequence[Cell]) -> tuple[int, int]:
    """The range widened so that it cuts no wide character in either strip."""
    while start > 0 and _TAIL in (before[start][0], after[start][0]):
        start -= 1
    while end < len(before) and _TAIL in (before[end][0], after[end][0]):
        end += 1
    return start, end
