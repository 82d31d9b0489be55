"""A widget that draws its own lines and repaints only those that changed."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollBarRender
from textual.strip import Strip

from invsync_tui.tui.text.styled import Line, Tone


class Canvas(ScrollView):
    """Subclasses say what is on each visible line; `repaint` draws the lines that are no longer what was drawn."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._drawn: dict[int, Strip] = {}
        """What Textual keeps of each line."""
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
        self._drawn[y] = strip
        return strip

    def repaint(self) -> None:
        """Draw those lines again whose content is no longer what was drawn last."""
        self._tones.clear()
        for y in range(self.size.height):
            if (drawn := self._drawn.get(y)) is not None and drawn != self.strip_at(y):
                self.refresh(Region(0, y, self.size.width, 1))

    def tone_style(self, tone: Tone) -> Style:
        component_rich_style = self._tones.get(tone)
        if component_rich_style is None:
            component_rich_style = self.screen.get_component_rich_style(f"tone--{tone}", default=self.rich_style)
            self._tones[tone] = component_rich_style
        return component_rich_style

    def segments(self, line: Line, over: Style | None = None) -> list[Segment]:
        """A line in this theme's colors; `over` is laid on top, such as a cursor.

        Blank spans take their neighbour's style, since each change of style costs 25 bytes.
        """
        segments: list[Segment] = []
        for text, tone in line.spans:
            if segments and text.isspace():
                segments.append(Segment(text, segments[-1].style))
            else:
                segments.append(Segment(text, self.tone_style(tone) + over))
        return segments

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


class PlainScrollBar(ScrollBarRender):
    """Moves by whole rows, since each step is sent; the thumb is a color and not a glyph, which some fonts lack."""

    VERTICAL_BARS = [" "] * 8
    HORIZONTAL_BARS = [" "] * 8
