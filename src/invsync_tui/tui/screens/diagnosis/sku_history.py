"""A SKU in a cart over time: one chart, and a cursor along the events that changed it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.widget import Widget

from invsync_tui.plain_text import counted
from invsync_tui.tui.screens.base.report_screen import ReportScreen
from invsync_tui.tui.screens.diagnosis.sku_history_text import SelectedEvent, first_shown, moved, write
from invsync_tui.tui.text.styled import Line, Tone, line
from invsync_tui.tui.widgets.text_line import TextLine
from invsync_tui.tui.widgets.text_view import SelectedTextView

if TYPE_CHECKING:
    from invsync_tui.operations.diagnosis.sku_history import SkuHistory
    from invsync_tui.operations.lists.list_views import ListingLine
    from invsync_tui.operations.session import Session
    from invsync_tui.tui.context import AppContext
    from invsync_tui.tui.navigation.routes import Visit


class SkuHistoryScreen(ReportScreen[tuple["SkuHistory", ...]]):
    """The listing it was asked for, else the first one. The chart stays in its place while the events scroll."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "event(1)", "Events", tooltip="To the event before in time", id="history.older"),
        Binding("right", "event(-1)", "Events", show=False, tooltip="To the next event in time", id="history.newer"),
        Binding("left_square_bracket", "other(-1)", "Listings", tooltip="The listing before", id="history.previous"),
        Binding("right_square_bracket", "other(1)", "Listings", show=False, tooltip="The next one", id="history.next"),
    ]

    def __init__(self, context: AppContext, code: str, chosen: ListingLine | None) -> None:
        self._asked = code
        self._chosen = (chosen.cart, chosen.cart_listing_id) if chosen else None
        self._place = SelectedEvent(0)
        super().__init__(context)

    @property
    def visited(self) -> Visit | None:
        return self.visit and self.visit._replace(what=(self._asked, None))

    @property
    def trail(self) -> tuple[str, ...]:
        return "Merchants", self._asked, "History"

    def body(self) -> Iterator[Widget]:
        yield TextLine(self.context.glyphs.more, id="trail")
        yield SelectedTextView(id="sheet")

    def question(self, session: Session) -> tuple[SkuHistory, ...]:
        from invsync_tui.operations.diagnosis import sku_history

        return sku_history.histories(session, self._asked)

    def _answered(self, answer: tuple[SkuHistory, ...]) -> None:
        self._keep_event(answer)
        super()._answered(answer)

    def _keep_event(self, answer: tuple[SkuHistory, ...]) -> None:
        """The selected event stays selected when newer ones come."""
        if self.answer is None or not self._of(self.answer).happenings:
            return
        selected = self._of(self.answer).happenings[self._place.selected]
        events = self._of(answer).happenings
        self._place = SelectedEvent(events.index(selected) if selected in events else 0, self._place.first)

    def verdict(self, answer: tuple[SkuHistory, ...]) -> Line:
        count = len(self._of(answer).happenings)
        return line((counted(count, "event"), Tone.ACCENT))

    def _write(self, size: Size) -> Sequence[Line]:
        if self.answer is None:
            return ()
        history, glyphs = self._of(self.answer), self.context.glyphs
        first = first_shown(history, size.width, size.height, self._place, glyphs) if history.happenings else 0
        self._place = SelectedEvent(self._place.selected, first)
        return write(history, len(self.answer) - 1, size.width, size.height, self._place, glyphs)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "other":
            return self.is_mounted and self.answer is not None and len(self.answer) > 1
        if action == "event":
            return self.is_mounted and self.answer is not None and len(self._of(self.answer).happenings) > 1
        return super().check_action(action, parameters)

    def action_event(self, by: int) -> None:
        """Select an earlier event, or with a negative number a later one."""
        if self.answer is None:
            return
        selected = moved(self._of(self.answer).happenings, self._place, by)
        if selected != self._place.selected:
            self._place = SelectedEvent(selected, self._place.first)
            self.show_answer()

    def on_selected_text_view_moved(self, event: SelectedTextView.Moved) -> None:
        self.action_event(event.by)

    def action_other(self, by: int) -> None:
        """The same product in another cart, or under another cart listing ID."""
        if self.answer is None:
            return
        at = (self.answer.index(self._of(self.answer)) + by) % len(self.answer)
        self._chosen = (self.answer[at].cart, self.answer[at].cart_listing_id)
        self._place = SelectedEvent(0)
        self.show_answer()

    def _of(self, answer: tuple[SkuHistory, ...]) -> SkuHistory:
        return next(
            (listing for listing in answer if (listing.cart, listing.cart_listing_id) == self._chosen), answer[0]
        )
