"""A scroll bar of whole cells, for terminals without the characters for parts of one."""

from __future__ import annotations

from textual.scrollbar import ScrollBarRender


class PlainScrollBar(ScrollBarRender):
    """Moves by whole rows; the thumb is a colour and not a glyph."""

    VERTICAL_BARS = [" "] * 8
    HORIZONTAL_BARS = [" "] * 8
