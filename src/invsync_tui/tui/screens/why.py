"""Why a SKU shows what it shows: the arithmetic of each of its listings, and every cause."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from invsync_tui.tui import why_text
from invsync_tui.tui.lines import Line
from invsync_tui.tui.screens.report import ReportScreen

if TYPE_CHECKING:
    from invsync_tui.operations.lists import ListingLine
    from invsync_tui.operations.why import Why
    from invsync_tui.tui.desk import Desk
    from invsync_tui.tui.gateway import Gateway


class WhyScreen(ReportScreen["Why"]):
    """All carts, that of the listing it was asked for first."""

    def __init__(self, desk: Desk, asked: str, chosen: ListingLine | None) -> None:
        self._asked = asked
        self._chosen = (chosen.cart, chosen.ref) if chosen else None
        super().__init__(desk)

    @property
    def trail(self) -> tuple[str, ...]:
        return "Merchants", self._asked, "Why"

    def question(self, gateway: Gateway) -> Why:
        return gateway.why(self._asked)

    def verdict(self, answer: Why) -> Line:
        return why_text.verdict(answer, self.desk.glyphs)

    def write(self, answer: Why, width: int) -> Sequence[Line]:
        return why_text.write(answer, self._chosen, width, self.desk.glyphs)
