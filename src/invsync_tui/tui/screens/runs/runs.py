"""Runs, live and past, newest first: of everything, of a merchant, or of a cart, narrowed by the words of `run_filter`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from invsync_tui.operations.rows import Rows
from invsync_tui.operations.views import Decision, RunKind, RunRow, RunState
from invsync_tui.rules import words
from invsync_tui.rules.outcomes import Outcome
from invsync_tui.tui.navigation.names import NOBODY, Known, known
from invsync_tui.tui.screens.base.list_screen import FILTER, ListScreen
from invsync_tui.tui.screens.runs.filter import RunFilter, offers, understand
from invsync_tui.tui.screens.runs.run_text import state_span
from invsync_tui.tui.text import formatting
from invsync_tui.tui.text.formatting import age_field
from invsync_tui.tui.text.styled import Span, Tone
from invsync_tui.tui.widgets.columns import UNKNOWN, Align, Field, RenderContext, number
from invsync_tui.tui.widgets.row_source import MemoryRows

if TYPE_CHECKING:
    from invsync_tui.operations.session import Session
    from invsync_tui.tui.context import AppContext
    from invsync_tui.tui.widgets.columns import ListView


def _state(run: RunRow, rendering: RenderContext) -> Span:
    return state_span(run, rendering.glyphs)


def _state_word(run: RunRow) -> str:
    if run.stall is not None:
        return "stalled"
    return words.state(run.state) if run.decision is None else str(run.decision).replace("_", " ")


def _about(run: RunRow) -> str:
    return run.cart or ("download" if run.kind is RunKind.PULL else "upload")


def _took(run: RunRow) -> int | None:
    return run.ended_at - run.started_at if run.started_at is not None and run.ended_at is not None else None


def _took_cell(run: RunRow, rendering: RenderContext) -> Span:
    took = _took(run)
    return UNKNOWN if took is None else (formatting.duration(took), Tone.PLAIN)


def _story(run: RunRow) -> str:
    """Why it is stalled, what stopped it, what was decided on it, else how far it is, else nothing."""
    if run.stall is not None:
        return run.stall.text
    if run.decision is Decision.PARTLY_RELEASED:
        return f"{formatting.grouped(run.counts.held)} still held"
    if run.decision is Decision.DISCARDED:
        return run.error or "held for review, nothing sent"
    if run.error:
        return run.error
    if run.state in (RunState.RUNNING, RunState.CANCELLING):
        return (
            f"{words.phase(run.phase)} {run.done * 100 // run.total} %"
            if run.total
            else f"{words.phase(run.phase)} {run.done}"
        )
    return ""


def _story_cell(run: RunRow, rendering: RenderContext) -> Span:
    tone = Tone.BAD if run.state is RunState.FAILED else Tone.WARN if run.error or run.stall else Tone.ACCENT
    return (_story(run), tone) if _story(run) else ("-", Tone.FAINT)


def _failed(run: RunRow) -> int:
    return run.counts.failed


def _failed_cell(run: RunRow, rendering: RenderContext) -> Span:
    return (str(run.counts.failed), Tone.BAD) if run.counts.failed else ("-", Tone.FAINT)


FIELDS: tuple[Field[RunRow], ...] = (
    number("Run", 7, lambda run: run.id),
    Field("Merchant", 10, lambda run: run.merchant, flex=2),
    Field("Cart", 10, _about, flex=2),
    Field("State", 17, _state_word, _state),
    Field("Trigger", 10, lambda run: run.trigger, room=110),
    Field("By", 8, lambda run: run.requested_by, flex=1, room=100),
    age_field("Asked", 10, lambda run: run.requested_at),
    Field("Took", 12, _took, _took_cell, room=120),
    number("SKUs", 7, lambda run: run.counts.total),
    number("Updated", 7, lambda run: run.counts.set, room=100),
    Field("Failed", 6, _failed, _failed_cell, align=Align.RIGHT),
    Field("What happened", 14, lambda run: _story(run) or None, _story_cell, flex=4, room=120),
)
OUTCOMES: tuple[Field[RunRow], ...] = (
    number("In sync", 7, lambda run: run.counts.equal),
    number("Skipped", 7, lambda run: run.counts.skipped),
    number("Held", 6, lambda run: run.counts.held),
    number(str(Outcome.IN_DOUBT).replace("_", " ").capitalize(), 8, lambda run: run.counts.in_doubt),
    number("Submitted", 9, lambda run: run.counts.submitted),
)
"""Told by the strip below the table."""


class RunsScreen(ListScreen[RunRow]):
    """Enter opens the run, `d` compares it with the one before."""

    noun = "runs"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "diff", "Compare", tooltip="The selected run against the one before it", id="runs.diff"),
    ]

    def __init__(
        self, context: AppContext, merchant_id: int | None, merchant: str, cart_id: int | None = None, cart: str = ""
    ) -> None:
        self._base = RunFilter(merchant_id=merchant_id, cart_id=cart_id)
        self._merchant = merchant
        self._cart = cart
        self._known = NOBODY
        super().__init__(context)

    @property
    def trail(self) -> tuple[str, ...]:
        if self._base.merchant_id is None:
            return "Merchants", "All runs"
        return "Merchants", self._merchant, *([self._cart] if self._cart else []), "Runs"

    @property
    def memory(self) -> str:
        return f"runs:{self._base.merchant_id or 'all'}:{self._base.cart_id or 'all'}"

    @property
    def fields(self) -> Sequence[Field[RunRow]]:
        return (*FIELDS, *(Field(f.title, f.width, f.value, f.show, room=10_000) for f in OUTCOMES))

    def rows(self, session: Session, look: ListView) -> Rows[RunRow]:
        from invsync_tui.operations.runs import history

        if look.text and self._known is NOBODY:
            self._known = known(session)
        run_filter = understand(look.text, self._base, self._known)
        if run_filter is None:
            return MemoryRows((), FIELDS, look, lambda run: run.id)
        return history.runs(
            session, run_filter.merchant_id, run_filter.cart_id, run_filter.state, run_filter.trigger, run_filter.who
        )

    def empty(self) -> Sequence[str]:
        return ("No runs yet.", "Go back and press s to start the first sync.")

    def copied(self, line: RunRow) -> str:
        return str(line.id)

    def open_line(self, line: RunRow) -> None:
        self.open_run(line.id)

    # -- keys ---------------------------------------------------------------------------------------------------------

    def action_filter(self) -> None:
        """With the names of merchants and carts to complete."""
        self.ask(known, self._filter_with)

    def _filter_with(self, known_names: Known) -> None:
        self._known = known_names
        self.open_prompt(
            "Filter: ", FILTER, "a state, cart, merchant, trigger or operator", offers(known_names), self.look.text
        )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "diff":
            return self.is_mounted and self.line is not None
        return super().check_action(action, parameters)

    def action_diff(self) -> None:
        if (line := self.line) is not None:
            self.go_to("run comparison", line.id)
