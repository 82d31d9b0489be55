"""A SKU over time in one cart: what its warehouses had, what it should show, what the cart accepted, and who did what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from invsync_tui.tui.screens.base.report import ReportScreen
from invsync_tui.tui.screens.diagnosis import sku_history_text
from invsync_tui.tui.text.styled import Line, Tone, line

if TYPE_CHECKING:
    from invsync_tui.operations.diagnosis.sku_history import SkuHistory
    from invsync_tui.operations.list_views import ListingLine
    from invsync_tui.tui.context import Desk
    from invsync_tui.tui.gateway import Gateway

TALL = 32
"""Rows of a terminal from which on each line of the chart gets more of them."""
ROWS, ROWS_TALL = 2, 4


class SkuHistoryScreen(ReportScreen[tuple["SkuHistory", ...]]):
    """The listing it was asked for, else the first one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left_square_bracket", "other(-1)", "Listings", tooltip="The listing before", id="history.previous"),
        Binding("right_square_bracket", "other(1)", "Listings", show=False, tooltip="The next one", id="history.next"),
    ]

    def __init__(self, desk: Desk, asked: str, chosen: ListingLine | None) -> None:
        self._asked = asked
        self._chosen = (chosen.cart, chosen.ref) if chosen else None
        super().__init__(desk)

    @property
    def trail(self) -> tuple[str, ...]:
        return "Merchants", self._asked, "History"

    def question(self, gateway: Gateway) -> tuple[SkuHistory, ...]:
        return gateway.history.of_sku(self._asked)

    def verdict(self, answer: tuple[SkuHistory, ...]) -> Line:
        count = len(self._of(answer).happenings)
        return line((f"{count} {'event' if count == 1 else 'events'}", Tone.ACCENT))

    def write(self, answer: tuple[SkuHistory, ...], width: int) -> Sequence[Line]:
        rows = ROWS_TALL if self.app.size.height >= TALL else ROWS
        return sku_history_text.write(self._of(answer), len(answer) - 1, width, rows, self.desk.glyphs)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "other":
            return self.is_mounted and self.answer is not None and len(self.answer) > 1
        return super().check_action(action, parameters)

    def action_other(self, by: int) -> None:
        """The same product in another cart, or under another remote id."""
        if self.answer is None:
            return
        at = (self.answer.index(self._of(self.answer)) + by) % len(self.answer)
        self._chosen = (self.answer[at].cart, self.answer[at].ref)
        self.show_answer()

    def _of(self, answer: tuple[SkuHistory, ...]) -> SkuHistory:
        return next((one for one in answer if (one.cart, one.ref) == self._chosen), answer[0])
