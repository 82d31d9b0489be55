"""Runs, live and past, newest first: of everything, of a merchant, or of a cart, narrowed by the words of `run_filter`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual.binding import Binding, BindingType
from textual.geometry import Size

from invsync_tui.operations.lists.rows import Count, PlaceKey, Rows
from invsync_tui.operations.runs.folding import FoldedList, FoldedRuns
from invsync_tui.operations.views import Decision, RunKind, RunRow, RunState
from invsync_tui.plain_text import grouped
from invsync_tui.rules import words
from invsync_tui.rules.outcomes import Outcome
from invsync_tui.tui.navigation.names import NOBODY, Known, known
from invsync_tui.tui.screens.base.list_screen import FILTER, ListScreen
from invsync_tui.tui.screens.runs.filter import RunFilter, offers, understand
from invsync_tui.tui.screens.runs.run_text import state_span
from invsync_tui.tui.text import formatting
from invsync_tui.tui.text.formatting import age_field
from invsync_tui.tui.text.styled import Line, Span, Tone
from invsync_tui.tui.text.styled import line as styled
from invsync_tui.tui.widgets.columns import UNKNOWN, Align, Field, ListView, RenderContext, number, run_number
from invsync_tui.tui.widgets.row_source import MemoryRows

if TYPE_CHECKING:
    from invsync_tui.operations.session import Session
    from invsync_tui.tui.context import AppContext


def _state(run: RunRow, rendering: RenderContext) -> Span:
    return state_span(run, rendering.glyphs)


def _state_word(run: RunRow) -> str:
    if run.stall is not None:
        return "stalled"
    return words.state(run.state) if run.decision is None else str(run.decision).replace("_", " ")


def _about(run: RunRow) -> str:
    return run.cart or ("download" if run.kind is RunKind.PULL else "upload")


def _took(run: RunRow) -> int | None:
    return run.took


def _took_cell(run: RunRow, rendering: RenderContext) -> Span:
    took = _took(run)
    return UNKNOWN if took is None else (formatting.duration(took), Tone.PLAIN)


def _story(run: RunRow) -> str:
    """Why it is stalled, what stopped it, what was decided on it, else how far it is, else nothing."""
    if run.stall is not None:
        return run.stall.text
    if run.decision is Decision.PARTLY_RELEASED:
        return f"{grouped(run.counts.held)} still held"
    if run.decision is Decision.DISCARDED:
        return run.error or "held for review, nothing sent"
    if run.error:
        return run.error
    if run.state in (RunState.RUNNING, RunState.CANCELLING):
        return (
            f"{words.phase(run.phase)} {run.done * 100 // run.total} %"
            if run.total
            else f"{words.phase(run.phase)} {grouped(run.done)}"
        )
    return ""


def _story_cell(run: RunRow, rendering: RenderContext) -> Span:
    failed = run.state is RunState.FAILED and run.stall is None and run.decision is None
    tone = Tone.BAD if failed else Tone.WARN if run.stall or (run.error and _story(run) == run.error) else Tone.ACCENT
    return (_story(run), tone) if _story(run) else ("-", Tone.FAINT)


def _failed(run: RunRow) -> int:
    return run.counts.failed


def _failed_cell(run: RunRow, rendering: RenderContext) -> Span:
    return grouped(run.counts.failed), Tone.BAD if run.counts.failed else Tone.FAINT


FIELDS: tuple[Field[RunRow], ...] = (
    run_number(7, lambda run: run.id),
    Field("Merchant", 10, lambda run: run.merchant, flex=2, sort="merchant"),
    Field("Cart", 10, _about, flex=2, sort="cart"),
    Field("State", 17, _state_word, _state, sort="state"),
    Field("Trigger", 10, lambda run: run.trigger, sort="trigger", room=110),
    Field("By", 8, lambda run: run.requested_by, flex=1, sort="by", room=100),
    age_field("Asked", 10, lambda run: run.requested_at, sort="asked"),
    Field("Took", 12, _took, _took_cell, sort="took", room=120),
    number("Total", 7, lambda run: run.counts.total, sort="skus"),
    number("Updated", 7, lambda run: run.counts.set, sort="updated", room=100),
    Field("Failed", 6, _failed, _failed_cell, align=Align.RIGHT, sort="failed"),
    Field("What happened", 14, lambda run: _story(run) or None, _story_cell, flex=4, room=120),
)
OUTCOMES: tuple[Field[RunRow], ...] = (
    number("In sync", 7, lambda run: run.counts.equal),
    number("Skipped", 7, lambda run: run.counts.skipped),
    number("Held", 6, lambda run: run.counts.held),
    number(str(Outcome.IN_DOUBT).replace("_", " ").capitalize(), 8, lambda run: run.counts.in_doubt),
    number("Submitted", 9, lambda run: run.counts.submitted),
    Field("Total counts", 30, lambda run: words.counted_in(run.kind)),
)
"""Told by the strip below the table."""


RunLine = RunRow | FoldedRuns


class RunsScreen(ListScreen[RunLine]):
    """Runs that found nothing to do are one line where they follow each other, unless a filter looks for runs. Enter opens a
    run, or shows those of a folded line; `d` compares a run with the one before."""

    noun = "runs"
    first_look = ListView(sort="run", descending=True)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "z",
            "fold",
            "Fold",
            tooltip="Runs in a row that found nothing to do: one by one, or again as one line",
            id="runs.fold",
        ),
        Binding("d", "diff", "Compare", tooltip="The selected run against the one before it", id="runs.diff"),
    ]

    def __init__(
        self, context: AppContext, merchant_id: int | None, merchant: str, cart_id: int | None = None, cart: str = ""
    ) -> None:
        self._base = RunFilter(merchant_id=merchant_id, cart_id=cart_id)
        self._merchant = merchant
        self._cart = cart
        self._known = NOBODY
        self._folds = True
        self._opened: frozenset[PlaceKey] = frozenset()
        """Folded lines that are shown run by run."""
        self._hidden = 0
        """How many runs more there are than lines."""
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
    def fields(self) -> Sequence[Field[RunLine]]:
        # A folded line has no cells, see `across`.
        more = (Field(f.title, f.width, f.value, f.show, room=10_000) for f in OUTCOMES)
        return cast("Sequence[Field[RunLine]]", (*FIELDS, *more))

    def rows(self, session: Session, look: ListView) -> Rows[RunLine]:
        runs = self._runs(session, look)
        if not self._may_fold(look) or not self._folds:
            self._hidden = 0
            return cast("Rows[RunLine]", runs)
        lines = FoldedList(runs, self._opened)
        self._hidden = lines.hidden
        return lines

    def exported(self, session: Session, look: ListView) -> Rows[RunLine]:
        """Each run by itself."""
        return cast("Rows[RunLine]", self._runs(session, look))

    def _runs(self, session: Session, look: ListView) -> Rows[RunRow]:
        from invsync_tui.operations.runs import history

        if look.text and self._known is NOBODY:
            self._known = known(session)
        run_filter = understand(look.text, self._base, self._known)
        if run_filter is None:
            return MemoryRows((), FIELDS, look, lambda run: run.id)
        return history.runs(
            session,
            run_filter.merchant_id,
            run_filter.cart_id,
            run_filter.state,
            run_filter.trigger,
            run_filter.who,
            ordering=look.ordering,
        )

    def across(self, line: RunLine) -> Span | None:
        if not isinstance(line, FoldedRuns):
            return None
        return f"{self.context.glyphs.more:>7} {line.text}", Tone.FAINT

    def about(self, line: RunLine, size: Size) -> Sequence[Line]:
        if not isinstance(line, FoldedRuns):
            return super().about(line, size)
        numbers = [run.id for run in line.runs]
        return (
            styled((f"Runs {min(numbers)} to {max(numbers)} found nothing to do.", Tone.STRONG)),
            styled((f"{self.context.glyphs.arrow} Enter shows them one by one; z all that are folded.", Tone.FAINT)),
        )

    def noun_of(self, count: Count) -> str:
        if not self._hidden:
            return super().noun_of(count)
        return f"{'line' if count.n == 1 else 'lines'}, {count._replace(n=count.n + self._hidden).text} runs"

    def empty(self) -> Sequence[str]:
        return ("No runs yet.", "Go back and press s to start the first sync.")

    def copied(self, line: RunLine) -> str:
        return line.text if isinstance(line, FoldedRuns) else str(line.id)

    def open_line(self, line: RunLine) -> None:
        if isinstance(line, FoldedRuns):
            self._opened |= {(line.runs[-1].id,)}
            self._use(self.table.use)
        else:
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
            return self.is_mounted and isinstance(self.line, RunRow)
        if action == "fold":
            return self._may_fold(self.look)
        return super().check_action(action, parameters)

    def _may_fold(self, look: ListView) -> bool:
        """Whether runs that follow each other in the list followed each other in time, and all of them are in it."""
        return not look.text and look.ordering in (None, self.first_look.ordering)

    def action_fold(self) -> None:
        self._folds, self._opened = not self._folds or bool(self._opened), frozenset()
        self._use(self.table.use)
        text = "Runs in a row that found nothing to do are one line" if self._folds else "Each run is a line"
        self.notice(text, Tone.FAINT)

    def action_diff(self) -> None:
        if isinstance(selected := self.line, RunRow):
            self.go_to("run comparison", selected.id)
