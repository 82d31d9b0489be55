"""A run against the one before it of its kind: outcomes and reasons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.widget import Widget

from invsync_tui.operations.lists.list_views import RunDiff
from invsync_tui.plain_text import grouped, signed
from invsync_tui.rules import words
from invsync_tui.tui.context import AppContext
from invsync_tui.tui.screens.base.base_screen import BaseScreen
from invsync_tui.tui.text.breadcrumb import breadcrumb
from invsync_tui.tui.text.glyphs import Glyphs
from invsync_tui.tui.text.sanitize import clean, fit, fit_right
from invsync_tui.tui.text.styled import BLANK, Line, Tone, line
from invsync_tui.tui.widgets.text_line import TextLine
from invsync_tui.tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from invsync_tui.operations.session import Session

Counted = Sequence[tuple[str, int, int]]
NAME, NUMBER = 28, 12
WORSE = frozenset({"failed", "held", "in_doubt"})
"""Outcomes of which more are bad news."""


def write(diff: RunDiff, width: int, glyphs: Glyphs) -> list[Line]:
    """Outcomes, then reasons; what differs is what one looks for."""
    if diff.before_id is None:
        return [
            line((f"Run {diff.run_id} is the first of its kind: there is nothing to compare it with.", Tone.STRONG)),
            BLANK,
            *_table("Outcome", diff.outcomes, None, diff.run_id, width, glyphs),
        ]
    return [
        *_table("Outcome", diff.outcomes, diff.before_id, diff.run_id, width, glyphs),
        BLANK,
        *_table("Reason", diff.reasons, diff.before_id, diff.run_id, width, glyphs),
    ]


def _table(title: str, counted: Counted, before: int | None, now: int, width: int, glyphs: Glyphs) -> list[Line]:
    names = min(NAME, max(width - 3 * NUMBER - 3, 8))
    head = [fit(title, names), fit_right(f"run {before}" if before else "-", NUMBER), fit_right(f"run {now}", NUMBER)]
    lines = [line((" ".join([*head, fit_right("change", NUMBER)]), Tone.STRONG))]
    lines += [_row(name, then, here, names, glyphs) for name, then, here in counted]
    return lines if counted else [*lines, line(("none", Tone.FAINT))]


def _row(name: str, then: int, here: int, names: int, glyphs: Glyphs) -> Line:
    change = here - then
    text = signed(change) if change else "same"
    return line(
        fit(clean(words.outcome(name)), names, glyphs.more),
        " ",
        (fit_right(grouped(then), NUMBER), Tone.FAINT),
        " ",
        (fit_right(grouped(here), NUMBER), Tone.PLAIN),
        " ",
        (fit_right(text, NUMBER), _tone(name, change)),
    )


def _tone(name: str, change: int) -> Tone:
    if not change or name == "total":
        return Tone.FAINT if not change else Tone.ACCENT
    if name in WORSE:
        return Tone.BAD if change > 0 else Tone.GOOD
    return Tone.ACCENT


class RunDiffScreen(BaseScreen):
    """Enter goes back in time: the run before, against the one before that."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "earlier", "Earlier", tooltip="The run before against the one before that", id="diff.earlier"),
        Binding("escape", "back", "Back", id="back"),
    ]

    def __init__(self, context: AppContext, run_id: int) -> None:
        super().__init__(context)
        self._run_id = run_id
        self._diff: RunDiff | None = None

    def body(self) -> Iterator[Widget]:
        yield TextLine(self.context.glyphs.more, id="trail")
        yield TextView(id="sheet")

    def on_mount(self) -> None:
        self._show_trail()

    def watch_facts(self) -> None:
        self.watch_store(self._compare, self._compared)

    def _compare(self, session: Session) -> RunDiff:
        from invsync_tui.operations.runs import history

        return history.diff(session, self._run_id)

    def _compared(self, diff: RunDiff) -> None:
        self._diff = diff
        self._show_trail()
        self.query_one("#sheet", TextView).show(self._write)
        self.refresh_bindings()

    def _show_trail(self) -> None:
        before = self._diff.before_id if self._diff else None
        against = f" against run {before}" if before else ""
        self.text_line("trail").show(breadcrumb(("Runs", f"Run {self._run_id}{against}"), self.context.glyphs))

    def _write(self, size: Size) -> list[Line]:
        return write(self._diff, size.width, self.context.glyphs) if self._diff else []

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "earlier" or (self._diff is not None and self._diff.before_id is not None)

    def action_earlier(self) -> None:
        if self._diff is not None and self._diff.before_id is not None:
            self.go_to("run comparison", self._diff.before_id)

    def action_back(self) -> None:
        self.app.pop_screen()
