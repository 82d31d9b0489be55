"""What a run set in its cart: every listing with its quantity before and after, and the result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.geometry import Size

from invsync_tui.operations.lists.rows import Rows
from invsync_tui.operations.runs.changes import ChangeLine
from invsync_tui.plain_text import grouped, signed
from invsync_tui.rules.listing_filter import CHANGES
from invsync_tui.rules.outcomes import REASONS, Reason
from invsync_tui.tui.screens.base.conditions import ConditionsScreen
from invsync_tui.tui.screens.base.list_screen import facts
from invsync_tui.tui.text.outcomes import outcome_span
from invsync_tui.tui.text.sanitize import clean, wrap
from invsync_tui.tui.text.styled import Line, Span, Tone, line
from invsync_tui.tui.widgets.columns import UNKNOWN, Align, Field, RenderContext, number

if TYPE_CHECKING:
    from invsync_tui.operations.session import Session
    from invsync_tui.tui.context import AppContext
    from invsync_tui.tui.widgets.columns import ListView


def _set_to(change: ChangeLine, rendering: RenderContext) -> Span:
    return grouped(change.set_to), Tone.BAD if change.set_to == 0 and change.before else Tone.STRONG


def _change(change: ChangeLine, rendering: RenderContext) -> Span:
    return UNKNOWN if change.change is None else (signed(change.change), Tone.PLAIN)


def _result(change: ChangeLine, rendering: RenderContext) -> Span:
    return outcome_span(change.result)


FIELDS: tuple[Field[ChangeLine], ...] = (
    Field("Listing SKU", 15, lambda line: line.sku, lambda line, _: (line.sku, Tone.STRONG), flex=2, sort="sku"),
    Field("Name", 18, lambda line: line.name, flex=2, sort="name", room=100),
    number("Before", 8, lambda line: line.before, sort="before"),
    Field("Set to", 8, lambda line: line.set_to, _set_to, align=Align.RIGHT, sort="set_to"),
    Field("Change", 8, lambda line: line.change, _change, align=Align.RIGHT, sort="change"),
    Field("Result", 9, lambda line: line.result, _result, sort="result"),
    Field("Reason", 16, lambda line: line.reason, flex=1, sort="reason"),
)


class ChangesScreen(ConditionsScreen[ChangeLine]):
    """Enter opens the SKU, where the listing has a product."""

    noun = "changes"
    language = CHANGES
    filtered_by = "a part of a SKU, change<-20, set-to=0, result:failed"

    def __init__(self, context: AppContext, run_id: int) -> None:
        self._run_id = run_id
        self._why_none = ""
        super().__init__(context)

    @property
    def trail(self) -> tuple[str, ...]:
        return "Runs", f"Run {self._run_id}", "Changes"

    @property
    def memory(self) -> str:
        return f"changes:{self._run_id}"

    @property
    def fields(self) -> Sequence[Field[ChangeLine]]:
        return FIELDS

    def rows(self, session: Session, look: ListView) -> Rows[ChangeLine]:
        from invsync_tui.operations.runs import changes

        listed = changes.changes(session, self._run_id, look.ordering, look.text)
        self._why_none = "" if look.text or listed.count().n else changes.why_none(session, self._run_id)
        return listed

    def empty(self) -> Sequence[str]:
        return (self._why_none or "Nothing was set.", "Esc goes back.")

    def about(self, change: ChangeLine, size: Size) -> Sequence[Line]:
        rows = facts(self.left_out(), change, self.rendering(), size.width)
        if change.cart_set_to != change.set_to:
            in_cart = "unknown" if change.cart_before is None else grouped(change.cart_before)
            text = f"In the cart's own basis, with its open orders: from {in_cart} to {grouped(change.cart_set_to)}."
            rows += [line((row, Tone.FAINT)) for row in wrap(text, size.width)]
        if change.error:
            rows += [line((row, Tone.BAD)) for row in wrap(clean(change.error), size.width)]
        if change.reason:
            rows += [line(row) for row in wrap(clean(REASONS[Reason(change.reason)].text), size.width)]
        return rows

    def open_line(self, line: ChangeLine) -> None:
        if line.product_id is not None:
            self.go_to("sku", line.product_id, line.product_sku or line.sku)
        else:
            self.go_to("search", line.sku)
