"""Why a SKU shows what it shows: the arithmetic of each of its listings, and every cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from invsync_tui.operations.diagnosis.evidence_text import CartReadings, refs_by_cart
from invsync_tui.tui.screens.base.report_screen import BundleScreen, ReportScreen
from invsync_tui.tui.screens.diagnosis import why_text
from invsync_tui.tui.text.styled import Line, Tone

if TYPE_CHECKING:
    from invsync_tui.operations.diagnosis.why import Why
    from invsync_tui.operations.lists.list_views import ListingLine
    from invsync_tui.operations.session import Session
    from invsync_tui.tui.context import AppContext
    from invsync_tui.tui.navigation.routes import Visit


class WhyScreen(ReportScreen["Why"], BundleScreen):
    """All carts, that of the listing it was asked for first. Enter on a step or a cause leads to its setting."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "b", "read_back", "Read from cart", tooltip="Ask the carts what they show right now", id="why.read-back"
        ),
        Binding(
            "v", "records", "Records", tooltip="Show or fold the records of the WMS and the requests", id="why.records"
        ),
    ]

    def __init__(self, context: AppContext, code: str, chosen: ListingLine | None) -> None:
        self._asked = code
        self._chosen = (chosen.cart, chosen.cart_listing_id) if chosen else None
        self._live: Mapping[int, CartReadings] = {}
        self._records = False
        super().__init__(context)

    @property
    def visited(self) -> Visit | None:
        return self.visit and self.visit._replace(what=(self._asked, None))

    @property
    def trail(self) -> tuple[str, ...]:
        return "Merchants", self._asked, "Why"

    @property
    def bundled(self) -> int | str:
        return self._asked

    def question(self, session: Session) -> Why:
        from invsync_tui.operations.diagnosis import why

        return why.why(session, self._asked)

    def verdict(self, answer: Why) -> Line:
        return why_text.verdict(answer, self.context.glyphs)

    def write(self, answer: Why, width: int) -> Sequence[Line]:
        return why_text.write(answer, self._chosen, width, self.context.glyphs, self._live, records=self._records)

    def action_records(self) -> None:
        """Show what was read and sent as it was, or fold it again."""
        self._records = not self._records
        self.show_answer()

    def action_read_back(self) -> None:
        if self.answer is not None and (refs := refs_by_cart(self.answer.listings)):
            self.notice("Asking the carts", Tone.FAINT, lasts=True)
            self.ask_slow(partial(read_all, refs), self._read)
        else:
            self.notice("No cart has a listing to ask for.", Tone.WARN)

    def _read(self, live: Mapping[int, CartReadings]) -> None:
        self._live = live
        failed = sum(bool(reading.error) for reading in live.values())
        text = f"{failed} of {len(live)} carts could not be asked" if failed else "This is what the carts show now."
        self.notice(text, Tone.WARN if failed else Tone.GOOD)
        self.show_answer()


def read_all(refs: Mapping[int, Sequence[str]], session: Session) -> Mapping[int, CartReadings]:
    """Ask each cart what it shows. One that does not answer hides none of the others."""
    from invsync_tui.operations.diagnosis import evidence
    from invsync_tui.operations.errors import OperationError

    result: dict[int, CartReadings] = {}
    for cart_id, mine in refs.items():
        try:
            result[cart_id] = CartReadings(evidence.read_back(session, cart_id, mine))
        except OperationError as error:
            result[cart_id] = CartReadings({}, str(error))
    return result
