"""A table that holds only the rows around the viewport, however many there are.

Rows come in blocks from a `RowSource`; the cursor belongs to a row's key, so it stays on that row when the table is
read again. Not here: what columns mean and where rows come from.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple

from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from invsync_tui.tui.text.glyphs import UNICODE, Glyphs
from invsync_tui.tui.text.sanitize import clean, fit, width_of
from invsync_tui.tui.text.styled import BLANK, Line, Tone
from invsync_tui.tui.widgets.columns import Column, Sorting, cells_line, header_line, widths
from invsync_tui.tui.widgets.diff_canvas import Canvas
from invsync_tui.tui.widgets.row_source import BLOCK, Key, ListSource, Row, RowSource

KEPT_BLOCKS = 16
"""Blocks in memory; the least recently drawn one makes room."""
OUTDATED = -1
"""The reading of a block that is drawn until its successor lands."""
SIDE_STEP = 8
"""Cells per step to the side."""

Submit = Callable[[Callable[[], Any], Callable[[Any], None]], None]
"""Runs the first somewhere and hands its result to the second on the event loop."""


def _unmarked(columns: Sequence[Column]) -> list[Column]:
    return [column._replace(sorting=Sorting.NONE) for column in columns]


def at_once(job: Callable[[], Any], deliver: Callable[[Any], None]) -> None:
    """For sources that are in memory."""
    deliver(job())


class _Block(NamedTuple):
    rows: Sequence[Row]
    reading: int
    """The re-read of the table that it belongs to; an older one is drawn until its successor lands."""


class WindowTable(Canvas, can_focus=True, inherit_bindings=False):
    """Rows under a fixed header. `read_again` after the source changed; `use` for another source."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"table--cursor"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", id="table.open"),
        Binding("up,k", "step(-1)", "Row up", show=False, id="table.up"),
        Binding("down,j", "step(1)", "Row down", show=False, id="table.down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="table.page-up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="table.page-down"),
        Binding("home,g", "first", "First row", show=False, id="table.first"),
        Binding("end,G", "last", "Last row", show=False, id="table.last"),
        Binding("left", "side(-1)", "Scroll left", show=False, id="table.left"),
        Binding("right", "side(1)", "Scroll right", show=False, id="table.right"),
    ]

    class CursorMoved(Message):
        """The cursor is on another row, or on none."""

        def __init__(self, key: Key | None) -> None:
            super().__init__()
            self.key = key

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, WindowTable.CursorMoved)

    class Counted(Message):
        """The source was counted."""

        def __init__(self, count: int) -> None:
            super().__init__()
            self.count = count

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, WindowTable.Counted)

    class RowOpened(Message):
        """Enter was pressed on a row."""

        def __init__(self, key: Key) -> None:
            super().__init__()
            self.key = key

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        source: RowSource | None = None,
        submit: Submit = at_once,
        glyphs: Glyphs = UNICODE,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(id=id)
        self._columns = columns
        self._sizes = widths(columns, 0)
        self._needs: list[int] = []
        """The widest cells of each column in the rows that came; they only grow, so that columns do not jump."""
        self._source: RowSource = source or ListSource(())
        self._submit = submit
        self._glyphs = glyphs
        self._count = 0
        self.counted = False
        """Whether the source has said how many rows it has."""
        self._blocks: OrderedDict[int, _Block] = OrderedDict()
        self._pending: set[int] = set()
        self._reading = 0
        self._recounts = 0
        self._cursor = 0
        self._key: Key | None = None
        self._record: Any = None
        self._to_the_end = False
        self._wanted: Key | None = None
        """A row that the cursor goes to as soon as the source has it."""
        self._recounting = False
        self._write_empty: Callable[[int], Sequence[Line]] = lambda _: ()
        self.is_marked: Callable[[Row], bool] = lambda _: False
        """Whether a row has a check in its first column."""
        self.when_moved: Callable[[], None] = lambda: None
        """Called with the move itself, where CursorMoved comes after the next paint: one paint instead of two. Also where
        columns become wider or narrower under the cursor."""

    # -- what it shows ------------------------------------------------------------------------------------------------

    @property
    def cursor_key(self) -> Key | None:
        """The row under the cursor; None while it is not loaded or where there is none."""
        return self._key

    @property
    def cursor_line(self) -> Any:
        """The record under the cursor; None as for `cursor_key`."""
        return self._record

    def lines_around(self, reach: int) -> list[Any]:
        """The records of the rows up to `reach` rows from the cursor that are loaded."""
        rows = (self._row(position) for position in range(max(self._cursor - reach, 0), self._cursor + reach + 1))
        return [row.line for row in rows if row is not None]

    @property
    def settled(self) -> bool:
        """Whether the row under the cursor is there, or it is known that there is none."""
        return self.counted and self._wanted is None and (not self._count or self._key is not None)

    @property
    def cursor_position(self) -> int:
        return self._cursor

    @property
    def count(self) -> int:
        return self._count

    @property
    def blocks_held(self) -> int:
        return len(self._blocks)

    def cut(self) -> frozenset[int]:
        """Columns that are too narrow for what the cursor's row has in them."""
        row = self._row(self._cursor)
        cells = row.cells if row else ()
        return frozenset(i for i, (text, _) in enumerate(cells) if width_of(clean(text)) > self._sizes[i])

    def use(self, source: RowSource, columns: Sequence[Column] | None = None) -> None:
        """Show another source, with the cursor on the same row if that has it."""
        self._source = source
        if columns is not None and columns != self._columns:
            # The old rows have the old columns.
            self._blocks.clear()
            self._needs = []
            self._put_columns(columns)
            self.refresh()
        self.read_again()

    def show_columns(self, columns: Sequence[Column]) -> None:
        """The same columns with another mark of the order; others belong to a source that has not come yet."""
        if columns != self._columns and _unmarked(columns) == _unmarked(self._columns):
            self._put_columns(columns)
            self.repaint()

    def say_when_empty(self, write: Callable[[int], Sequence[Line]]) -> None:
        """What is written in the place of rows where there are none; it is given the width."""
        self._write_empty = write
        self.repaint()

    def use_from_the_top(self, source: RowSource, columns: Sequence[Column]) -> None:
        """Show the same rows in another order, where the cursor's row is anywhere."""
        self._key = self._record = None
        self._needs = []
        self._cursor = 0
        self.scroll_to(y=0, animate=False)
        self.use(source, columns)

    def look_for(self, key: Key) -> None:
        """Put the cursor on a row as soon as the source has it, unless it is moved before."""
        self._wanted = key
        self.read_again()

    def recount(self, count: int) -> None:
        """The exact count arrived later."""
        if count == self._count:
            return
        self._count = count
        self._recounts += 1
        self._read_short_blocks_again()
        self._extend()
        self.move_to(count - 1 if self._to_the_end else min(self._cursor, count - 1))
        self._fetch_visible()
        self.repaint()

    def _read_short_blocks_again(self) -> None:
        """A block that was cut at the count of then has rows behind it now."""
        for index, block in self._blocks.items():
            if len(block.rows) < min(BLOCK, self._count - index * BLOCK):
                self._blocks[index] = block._replace(reading=OUTDATED)

    def read_again(self) -> None:
        """Count, find the cursor's row, and fetch what is visible; until that lands, the old rows stay."""
        self._reading += 1
        self._pending.clear()
        reading, recounts, key, source, asked_at = (
            self._reading, self._recounts, self._wanted or self._key, self._source, self._cursor,
        )  # fmt: skip
        self._submit(
            lambda: (source.count(), None if key is None else source.around(key)),
            lambda answer: self._recounted(reading, recounts, asked_at, *answer),
        )

    def _recounted(self, reading: int, recounts: int, asked_at: int, count: int, position: int | None) -> None:
        if reading != self._reading:
            return
        if recounts != self._recounts:
            # The exact count overtook this one, which may be from before it.
            self.read_again()
            return
        self._count, self.counted = count, True
        # A key that was pressed since then counts: its row moved as much as the one that was asked about.
        moved = 0 if position is None or (asked_at and not self._cursor) else position - asked_at
        end = self._to_the_end and self._cursor != asked_at
        self._cursor = max(0, count - 1 if end else min(self._cursor + moved, count - 1))
        if position is None and self._wanted is None:
            self._key = self._record = None
        elif position is not None and self._wanted is not None:
            # Its record comes with its rows; until then keys wait for it.
            self._key = self._record = None
        self._extend()
        if moved:
            # The row keeps its place on the screen, rather than the cursor its number.
            self.scroll_to(y=self.scroll_offset.y + moved, animate=False)
        self._reveal()
        self._recounting = True  # rows that are there at once are painted with the rest
        self._fetch_visible()
        self._recounting = False
        self._settle_key()
        self.repaint()
        self.post_message(self.Counted(count))

    # -- drawing ------------------------------------------------------------------------------------------------------

    def strip_at(self, y: int) -> Strip:
        room = self.scrollable_content_region.width
        if y == 0:
            return self._cropped(header_line(self._columns, self._sizes, self._glyphs), None, room)
        position = self.scroll_offset.y + y - 1
        if not self._count:
            lines = self._write_empty(max(room - 4, 1))
            return self.strip_of(
                Line((("  ", Tone.PLAIN), *lines[y - 2].spans)) if 0 <= y - 2 < len(lines) else BLANK, room
            )
        if position >= self._count:
            return self.strip_of(BLANK, room)
        over = self._cursor_over() if position == self._cursor else None
        return self._cropped(self._line(position), over, room)

    def _cropped(self, line: Line, over: Style | None, room: int) -> Strip:
        left = self.scroll_offset.x
        plain = self.tone_style(Tone.PLAIN)
        strip = Strip(self.segments(line, over), line.width)
        return strip.crop_extend(left, left + room, plain + over if over else plain).simplify()

    def _cursor_over(self) -> Style:
        return self.get_component_rich_style("table--cursor", partial=True)

    def _line(self, position: int) -> Line:
        row = self._row(position)
        if row is None:
            return Line(((self._glyphs.more, Tone.FAINT),))
        if row.across is not None:
            text, tone = row.across
            return Line(((fit(clean(text), sum(self._sizes) + len(self._sizes) - 1, self._glyphs.more), tone),))
        cells = ((self._glyphs.check, Tone.KEY), *row.cells[1:]) if self.is_marked(row) else row.cells
        return cells_line(cells, self._columns, self._sizes, self._glyphs)

    def _row(self, position: int) -> Row | None:
        block = self._blocks.get(position // BLOCK)
        offset = position % BLOCK
        row = block.rows[offset] if block and offset < len(block.rows) else None
        return row if row is not None and len(row.cells) == len(self._columns) else None

    def _put_columns(self, columns: Sequence[Column]) -> None:
        """Columns and their widths change in one step, or a line between the two could not be drawn."""
        self._columns = columns
        self._extend()

    def _extend(self) -> None:
        room = self.scrollable_content_region.width
        before, self._sizes = self._sizes, widths(self._columns, room, self._needs)
        if self._sizes != before and self._record is not None:
            self.when_moved()  # what a row has no room for changes with its columns
        natural = sum(self._sizes) + len(self._sizes) - 1
        self.set_extent(max(natural, room), self._count + 1)

    # -- blocks -------------------------------------------------------------------------------------------------------

    def _fetch_visible(self) -> None:
        first = self.scroll_offset.y
        last = min(first + max(self.size.height - 2, 0), self._count - 1)
        for index in {first // BLOCK, last // BLOCK, self._cursor // BLOCK} if self._count else ():
            self._fetch(index)

    def _fetch(self, index: int) -> None:
        block = self._blocks.get(index)
        if block:
            self._blocks.move_to_end(index)
        if index in self._pending or (block and block.reading == self._reading):
            return
        self._pending.add(index)
        reading, source, after, before = (
            self._reading,
            self._source,
            self._last_key(index - 1),
            self._first_key(index + 1),
        )
        self._submit(
            lambda: source.block(index, after, before),
            lambda rows: self._landed(reading, index, rows),
        )

    def reading_failed(self) -> None:
        """Something asked for does not come; it is asked for again when it is checked again."""
        self._pending.clear()

    def _first_key(self, index: int) -> Key | None:
        block = self._blocks.get(index)
        return block.rows[0].key if block and block.rows and block.reading == self._reading else None

    def _last_key(self, index: int) -> Key | None:
        block = self._blocks.get(index)
        return block.rows[-1].key if block and block.rows and block.reading == self._reading else None

    def _landed(self, reading: int, index: int, rows: Sequence[Row]) -> None:
        if reading != self._reading:
            return
        self._pending.discard(index)
        self._blocks[index] = _Block(rows, reading)
        self._blocks.move_to_end(index)
        while len(self._blocks) > KEPT_BLOCKS:
            self._blocks.popitem(last=False)
        self._measure(rows)
        before = self._record
        self._settle_key()
        if before is self._record is not None and index == self._cursor // BLOCK:
            self.when_moved()  # the same record, but ages in what is told of it have grown
        if not self._recounting:
            self.repaint()

    def _measure(self, rows: Sequence[Row]) -> None:
        """Fit the columns to what is in them."""
        whole = [row.cells for row in rows if len(row.cells) == len(self._columns)]
        if not whole:
            return
        before = self._needs or [0] * len(self._columns)
        self._needs = [max(need, *(width_of(clean(cells[i][0])) for cells in whole)) for i, need in enumerate(before)]
        if self._needs != before:
            self._extend()

    # -- cursor -------------------------------------------------------------------------------------------------------

    def move_to(self, position: int) -> None:
        """Put the cursor on a row and bring it into view."""
        position = max(0, min(position, self._count - 1))
        if position == self._cursor:
            return
        self._cursor = position
        self._key = self._record = self._wanted = None
        self._to_the_end = False
        self._reveal()
        self._fetch_visible()
        self._settle_key()
        self.repaint()

    def _settle_key(self) -> None:
        """Give the cursor the key of its row as soon as that is known."""
        if not self._count:
            self._blocks.clear()
        row = self._row(self._cursor) if self._count else None
        block = self._blocks.get(self._cursor // BLOCK)
        if row is None and self._key is None and self._count:
            return
        if block and block.reading != self._reading:
            return
        key, record = (row.key, row.line) if row else (None, None)
        if key == self._wanted:
            self._wanted = None
        if key != self._key or record != self._record or not self._count:
            self._key, self._record = key, record
            self.when_moved()
            self.post_message(self.CursorMoved(key))

    def _reveal(self) -> None:
        rows = max(self.size.height - 1, 1)
        top = self.scroll_offset.y
        if self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False)
        elif self._cursor >= top + rows:
            self.scroll_to(y=self._cursor - rows + 1, animate=False)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._fetch_visible()

    def on_resize(self, event: events.Resize) -> None:
        self._extend()
        self._reveal()
        self._fetch_visible()
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        if event.y > 0:
            self.move_to(self.scroll_offset.y + event.y - 1)

    def action_step(self, by: int) -> None:
        self.move_to(self._cursor + by)

    def action_page(self, pages: int) -> None:
        self.move_to(self._cursor + pages * max(self.size.height - 2, 1))

    def action_first(self) -> None:
        self.move_to(0)

    def action_last(self) -> None:
        self.move_to(self._count - 1)
        self._to_the_end = True

    def action_side(self, steps: int) -> None:
        self.scroll_to(x=self.scroll_offset.x + steps * SIDE_STEP, animate=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "open" or self._key is not None

    def action_open(self) -> None:
        if self._key is not None:
            self.post_message(self.RowOpened(self._key))
