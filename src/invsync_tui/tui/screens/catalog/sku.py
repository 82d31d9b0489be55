"""One SKU: its listings in every cart on top, and under them why, where it lies, its codes and its history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.widget import Widget

from invsync_tui.operations.lists.list_views import ListingLine, SkuView
from invsync_tui.plain_text import grouped
from invsync_tui.tui.screens.base.listing_actions import ListingActionsScreen
from invsync_tui.tui.screens.base.listing_fields import CART_FIELDS
from invsync_tui.tui.screens.catalog.sku_text import LinkedSheet, head, write
from invsync_tui.tui.text.breadcrumb import breadcrumb
from invsync_tui.tui.text.styled import BLANK, Line, Tone, line
from invsync_tui.tui.widgets.columns import Column, Field, ListView, RenderContext, fields_that_fit
from invsync_tui.tui.widgets.row_source import ListSource, Row
from invsync_tui.tui.widgets.table import WindowTable
from invsync_tui.tui.widgets.text_line import TextLine
from invsync_tui.tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from invsync_tui.operations.session import Session
    from invsync_tui.tui.context import AppContext

MOST_ROWS = 7
"""Rows of the table of listings, its header included; a product in more carts scrolls."""
HEAD_ROWS = 3


class SkuScreen(ListingActionsScreen):
    """The cursor is on a listing; the sheet under the table tells about that one first. Enter opens its last run."""

    AUTO_FOCUS: ClassVar[str | None] = "#listings"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="back"),
        Binding("y", "copy", "Copy", tooltip="Send the SKU to the terminal's clipboard", id="list.copy"),
        Binding(
            "h", "history", "History", tooltip="Over time, with the runs and changes that touched it", id="sku.history"
        ),
        Binding("right_square_bracket", "roll(1)", "More", tooltip="Scroll the sheet down", id="sku.down"),
        Binding("left_square_bracket", "roll(-1)", "Less", tooltip="Scroll the sheet up", id="sku.up"),
    ]

    def __init__(self, context: AppContext, product_id: int, name: str) -> None:
        super().__init__(context)
        self._product_id = product_id
        self._called = name
        self._view: SkuView | None = None
        self.set_class(context.terminal.ascii_only, "-plain")

    def body(self) -> Iterator[Widget]:
        yield TextLine(self.context.glyphs.more, id="trail")
        yield TextView(id="head")
        yield WindowTable(self._columns(), glyphs=self.context.glyphs, id="listings")
        yield TextView(id="sheet")

    def on_mount(self) -> None:
        self.query_one("#head").can_focus = False
        self.listings.is_marked = self.is_selected
        self._show_trail()

    def watch_facts(self) -> None:
        self.watch_store(self._read, self._show)

    def _read(self, session: Session) -> SkuView:
        from invsync_tui.operations.catalog import sku

        return sku.view(session, self._product_id)

    def _show(self, view: SkuView) -> None:
        self._view = view
        self._fill()
        self.press_again()

    @property
    def settled(self) -> bool:
        return self._view is not None

    def reading_failed(self, text: str) -> None:
        self._show_trail()
        super().reading_failed(text)

    def on_resize(self, event: events.Resize) -> None:
        self._fill()

    # -- showing ------------------------------------------------------------------------------------------------------

    def _rendering(self) -> RenderContext:
        return RenderContext(self.context.clock(), self.context.glyphs)

    def _columns(self) -> tuple[Column, ...]:
        return tuple(field.column(ListView()) for field in fields_that_fit(CART_FIELDS, self.app.size.width))

    def _fill(self) -> None:
        if (view := self._view) is None:
            return
        self._show_trail()
        self._show_head(view)
        fields, rendering = fields_that_fit(CART_FIELDS, self.app.size.width), self._rendering()
        rows = [
            Row(listing.id, tuple(field.cell(listing, rendering) for field in fields), listing)
            for listing in view.listings
        ]
        self.listings.styles.height = min(len(rows) + 1, MOST_ROWS)
        self.listings.display = bool(rows)
        if not rows:
            self.query_one("#sheet").focus()
        self.listings.use(ListSource(rows), self._columns())
        self._show_sheet()
        self.refresh_bindings()

    def _show_trail(self) -> None:
        view = self._view
        total = sum(level.available for level in view.levels) if view else 0
        state = line((f"{grouped(total)} available", Tone.ACCENT)) if view else BLANK
        trail = ("Merchants", *([view.merchant] if view else []), view.sku if view else self._called)
        self.text_line("trail").show(breadcrumb(trail, self.context.glyphs), state)

    def _show_head(self, view: SkuView) -> None:
        paper = self.query_one("#head", TextView)
        rows = head(view, LinkedSheet(max(self.app.size.width - 1, 1), self._rendering()))[:HEAD_ROWS]
        paper.styles.height = max(len(rows), 1)
        paper.show(lambda _: rows)

    def _show_sheet(self) -> None:
        self.query_one("#sheet", TextView).show(self._sheet)

    def _sheet(self, size: Size) -> Sequence[Line]:
        if self._view is None:
            return ()
        self.call_after_refresh(self.refresh_bindings)
        return write(self._view, self._present(), LinkedSheet(size.width, self._rendering()), self._left_out())

    def _left_out(self) -> list[Field[ListingLine]]:
        """Columns that the table has no room for, or not enough for what the cursor's row has in them."""
        fields, cut = fields_that_fit(CART_FIELDS, self.app.size.width), self.listings.cut()
        return [field for field in CART_FIELDS if field not in fields or fields.index(field) in cut]

    def on_window_table_cursor_moved(self, event: WindowTable.CursorMoved) -> None:
        self._show_sheet()
        self.refresh_bindings()

    # -- keys ---------------------------------------------------------------------------------------------------------

    def on_window_table_row_opened(self, event: WindowTable.RowOpened) -> None:
        present: ListingLine | None = self._present()
        if present is not None and present.run_id is not None:
            self.open_run(present.run_id)
        else:
            self.notice("No run has decided about this listing yet.", Tone.WARN)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "roll":
            return self.is_mounted and self._can_roll(down=parameters == (1,))
        if action in ("why", "history"):
            return self._view is not None
        return super().check_action(action, parameters)

    def _can_roll(self, *, down: bool) -> bool:
        sheet = self.query_one("#sheet", TextView)
        return sheet.scroll_offset.y < sheet.max_scroll_y if down else sheet.scroll_offset.y > 0

    def action_roll(self, pages: int) -> None:
        self.query_one("#sheet", TextView).action_roll_page(pages)
        self.call_after_refresh(self.refresh_bindings)

    def action_why(self) -> None:
        if self._view is not None:
            self.go_to("why", self._view.sku, self._present())

    def action_history(self) -> None:
        if self._view is not None:
            self.go_to("history", self._view.sku, self._present())

    def action_copy(self) -> None:
        self.send_to_clipboard(self._view.sku if self._view else self._called)

    def action_back(self) -> None:
        self.app.pop_screen()
