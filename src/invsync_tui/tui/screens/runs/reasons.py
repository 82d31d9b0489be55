"""How the SKUs of a run ended, and those that share an outcome or a reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.geometry import Size

from invsync_tui.operations.lists.list_views import ListingLine
from invsync_tui.operations.lists.rows import Rows
from invsync_tui.operations.views import EndRow, ends
from invsync_tui.rules import words
from invsync_tui.tui.screens.base.conditions import ConditionsScreen
from invsync_tui.tui.screens.base.list_screen import ListScreen
from invsync_tui.tui.screens.base.listing_fields import SYNC_FIELDS, beyond_the_row, explained
from invsync_tui.tui.text.advice import of_keys
from invsync_tui.tui.text.outcomes import outcome_span
from invsync_tui.tui.text.sanitize import clean, wrap
from invsync_tui.tui.text.styled import Line, Span, Tone, line
from invsync_tui.tui.widgets.columns import Field, RenderContext, number
from invsync_tui.tui.widgets.row_source import MemoryRows

if TYPE_CHECKING:
    from invsync_tui.operations.session import Session
    from invsync_tui.tui.context import AppContext
    from invsync_tui.tui.widgets.columns import ListView


def _outcome(row: EndRow, rendering: RenderContext) -> Span:
    return outcome_span(row.outcome)


WHY = "Why"
FIELDS: tuple[Field[EndRow], ...] = (
    number("SKUs", 8, lambda row: row.count, sort="count"),
    Field("Outcome", 9, lambda row: row.outcome, _outcome, sort="outcome"),
    Field("Reason", 22, lambda row: row.reason, sort="reason"),
    Field(WHY, 20, lambda row: row.cause, flex=3, sort="cause"),
)


def _ident(row: EndRow) -> str:
    return f"{row.outcome} {row.reason or ''}"


class ReasonsScreen(ListScreen[EndRow]):
    """Enter lists the SKUs."""

    noun = "outcomes"

    def __init__(self, context: AppContext, run_id: int) -> None:
        self._run_id = run_id
        super().__init__(context)

    @property
    def trail(self) -> tuple[str, ...]:
        return "Runs", f"Run {self._run_id}", "Outcomes"

    @property
    def fields(self) -> Sequence[Field[EndRow]]:
        return FIELDS

    def rows(self, session: Session, look: ListView) -> Rows[EndRow]:
        from invsync_tui.operations.runs import runs

        return MemoryRows(ends(runs.detail(session, self._run_id)), FIELDS, look, _ident)

    def empty(self) -> Sequence[str]:
        return ("No SKU of this run has an outcome yet.", "Esc goes back.")

    def about(self, reason_row: EndRow, size: Size) -> Sequence[Line]:
        # What the row shows whole is not repeated: each move of the cursor would send it once more.
        cut = any(field.title == WHY for field in self.left_out())
        cause = [line((row, Tone.PLAIN)) for row in wrap(clean(reason_row.cause), size.width) if cut]
        advice = [line((row, Tone.FAINT)) for row in wrap(clean(of_keys(reason_row.advice)), size.width)]
        sample = f"e.g. {', '.join(reason_row.sample)}" if reason_row.sample else ""
        return [*cause, *advice, *(line((row, Tone.FAINT)) for row in wrap(clean(sample), size.width) if row)]

    def copied(self, line: EndRow) -> str:
        return line.reason or words.outcome(line.outcome)

    def open_line(self, line: EndRow) -> None:
        if line.reason is not None:
            self.go_to("reason SKUs", self._run_id, line.reason)
        else:
            self.go_to("outcome SKUs", self._run_id, line.outcome)


class ReasonSkusScreen(ConditionsScreen[ListingLine]):
    """Enter opens the SKU; where the WMS has none, the search for it."""

    noun = "SKUs"
    filtered_by = "a part of a SKU or code, diff>0, reason:CODE, -locked"

    what = "reason"

    def __init__(self, context: AppContext, run_id: int, reason: str) -> None:
        self._run_id = run_id
        self._reason = reason
        super().__init__(context)

    @property
    def trail(self) -> tuple[str, ...]:
        return "Runs", f"Run {self._run_id}", self._reason

    @property
    def memory(self) -> str:
        return f"skus:{self._run_id}:{self._reason}"

    @property
    def fields(self) -> Sequence[Field[ListingLine]]:
        return SYNC_FIELDS

    def rows(self, session: Session, look: ListView) -> Rows[ListingLine]:
        from invsync_tui.operations.runs import history

        return history.skus(session, self._run_id, self._reason, look.ordering, look.text)

    def empty(self) -> Sequence[str]:
        return (
            f"No SKU has this {self.what} any more.",
            "A newer run has decided about them since. Esc goes back.",
        )

    def about(self, listing: ListingLine, size: Size) -> Sequence[Line]:
        rendering = self.rendering()
        known = beyond_the_row(listing, self.left_out(), rendering, size.width)
        return [*known, *explained(listing, size.width, rendering)]

    def open_line(self, line: ListingLine) -> None:
        if line.product_id is not None:
            self.go_to("sku", line.product_id, line.product_sku or line.sku)
        else:
            self.go_to("search", line.sku)


class OutcomeSkusScreen(ReasonSkusScreen):
    """The same for an outcome, whatever the reason."""

    what = "outcome"

    @property
    def trail(self) -> tuple[str, ...]:
        return "Runs", f"Run {self._run_id}", words.outcome(self._reason).capitalize()

    def rows(self, session: Session, look: ListView) -> Rows[ListingLine]:
        from invsync_tui.operations.runs import history

        return history.of_outcome(session, self._run_id, self._reason, look.ordering, look.text)
