"""One run, live: phases, the sum, reasons, holds and events, and the changes that its state allows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.widget import Widget

from invsync_tui.operations.roles import Right
from invsync_tui.operations.views import Action, EndRow, HoldView, Requested, RunDetail, RunKind, RunRow, ends
from invsync_tui.plain_text import counted, grouped
from invsync_tui.rules import words
from invsync_tui.tui.actions import VERBS, Confirmation, RunAction, offered
from invsync_tui.tui.context import AppContext
from invsync_tui.tui.rights import refusal
from invsync_tui.tui.screens.base.report_screen import BundleScreen
from invsync_tui.tui.screens.runs.run_text import Page, group_lines, switcher, title, write
from invsync_tui.tui.text.styled import BLANK, Line, Tone, line
from invsync_tui.tui.widgets.text_line import TextLine
from invsync_tui.tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from invsync_tui.operations.session import Session


def read_run(run_id: int, session: Session) -> RunDetail:
    """What this screen watches."""
    from invsync_tui.operations.runs import runs

    return runs.detail(session, run_id)


def change_run(action: Action, run_id: int, reason: str, groups: Sequence[str], session: Session) -> str:
    """Resume, cancel, release or discard a run; what follows, in words."""
    from invsync_tui.operations.runs import runs

    if action is Action.RESUME:
        return runs.resume(session, run_id)
    if action is Action.CANCEL:
        return runs.cancel(session, run_id)
    if action is Action.RELEASE:
        return runs.release(session, run_id, reason, groups)
    return runs.discard(session, run_id, reason)


def sync_again(run: RunRow, session: Session) -> Requested:
    """Start a sync of what a run was about."""
    from invsync_tui.operations.runs import request

    return request.request(session, run.merchant_id, run.cart_id)


def plan_undo(run_id: int, reason: str, session: Session) -> int:
    """Plan to put back what a push replaced; the number of the plan."""
    from invsync_tui.operations.plans import undo

    return undo.undo(session, run_id, reason).plan


UNDO = Confirmation(
    "Plan to put back what this push replaced?",
    "Nothing is sent yet: the plan is shown first. What was changed since is left alone.",
    "Plan the undo",
    needs_reason=True,
)


class RunScreen(BundleScreen):
    """Follows one run, or a sibling of it."""

    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012 - Textual declares no class variable
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(verb.key, f"change('{action}')", verb.label, tooltip=verb.help, id=f"run.{action}")
            for action, verb in VERBS.items()
        ),
        Binding("left_square_bracket", "sibling(-1)", "Previous", tooltip="The run to the left", id="run.previous"),
        Binding("right_square_bracket", "sibling(1)", "Next", tooltip="The run to the right", id="run.next"),
        Binding("enter", "reasons", "SKUs", tooltip="The outcomes of this run, down to their SKUs", id="run.reasons"),
        Binding("v", "changes", "Changes", tooltip="What this push set, from what to what", id="run.changes"),
        Binding("u", "undo", "Undo", tooltip="Plan to put back what this push replaced", id="run.undo"),
        Binding("d", "diff", "Compare", tooltip="This run against the one before it", id="run.diff"),
        Binding("p", "plan", "Plan", tooltip="What the held push would send now, to apply exactly that", id="run.plan"),
        Binding("escape", "back", "Back", id="back"),
    ]

    @property
    def bundled(self) -> int | str:
        return self.run_id

    def __init__(self, context: AppContext, run_id: int, *, notice: str = "") -> None:
        super().__init__(context)
        self.run_id = run_id
        self._first_notice = notice
        self._detail: RunDetail | None = None
        self._groups: Sequence[str] = ()
        """The groups that are being released; () for all."""

    def body(self) -> Iterator[Widget]:
        more = self.context.glyphs.more
        yield TextLine(more, id="siblings")
        yield TextLine(more, id="title")
        yield TextView(id="sheet")

    def on_mount(self) -> None:
        self.text_line("title").show(line((f"Reading run {self.run_id}{self.context.glyphs.more}", Tone.FAINT)))
        if self._first_notice:
            self.notice(self._first_notice, Tone.GOOD)

    def watch_facts(self) -> None:
        self.watch_store(partial(read_run, self.run_id), self._show_detail)

    def _show_detail(self, detail: RunDetail) -> None:
        if detail.run.id != self.run_id:
            return
        before = self._bindable()
        self._detail = detail
        self._show_titles()
        self.notice_subject_read()
        self.query_one("#sheet", TextView).show(self._sheet)
        if before != self._bindable():
            self.refresh_bindings()
        self.press_again()

    @property
    def notice_subject(self) -> object:
        """State of the run; a notice that was given before it was read is about what is read first."""
        run = self._detail.run if self._detail is not None and self._detail.run.id == self.run_id else None
        return None if run is None else (run.id, run.state, run.decision, run.stall is not None)

    @property
    def settled(self) -> bool:
        return self._detail is not None and self._detail.run.id == self.run_id

    def on_resize(self, event: events.Resize) -> None:
        self._show_titles()

    def _show_titles(self) -> None:
        if self._detail is None or not self.size:
            return
        width, glyphs = self.size.width, self.context.glyphs
        several = len(self._detail.siblings) > 1
        self.text_line("siblings").show(switcher(self._detail, width, glyphs) if several else BLANK)
        self.text_line("title").show(title(self._detail.run, width, glyphs))

    def _sheet(self, size: Size) -> list[Line]:
        if self._detail is None:
            return []
        return write(self._detail, Page(size, self.context.clock(), self.context.glyphs, self._allowed()))

    def _allowed(self) -> frozenset[Action]:
        if self._detail is None:
            return frozenset()
        return offered(self._detail.actions, read_only=self.context.read_only)

    def _bindable(self) -> tuple[frozenset[Action], bool, bool, bool, bool, bool]:
        """What the bindings depend on."""
        return (
            self._allowed(),
            self._siblings(),
            bool(self._ends()),
            self._held(),
            self._plannable(),
            self._sent(),
        )

    def _ends(self) -> tuple[EndRow, ...]:
        """The outcomes that can be opened: those of pushes. A download keeps no list of what it counted."""
        detail = self._detail
        return () if detail is None or detail.run.kind is RunKind.PULL else ends(detail)

    def _sent(self) -> bool:
        """Whether it may have set something."""
        run = self._detail.run if self._detail is not None else None
        return run is not None and run.kind is RunKind.PUSH and run.started_at is not None

    def _held(self) -> bool:
        return self._detail is not None and self._detail.hold is not None and self._detail.run.cart_id is not None

    def _plannable(self) -> bool:
        """Whether something of this push waits for an operator, or was given up."""
        run = self._detail.run if self._detail is not None else None
        return self._held() or (run is not None and run.kind is RunKind.PUSH and run.decision is not None)

    def _siblings(self) -> bool:
        return self._detail is not None and len(self._detail.siblings) > 1

    # -- changes ------------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "change":
            return Action(str(parameters[0])) in self._allowed()
        allowed: Mapping[str, Callable[[], bool]] = {
            "undo": self._undoable,
            "plan": self._plannable,
            "sibling": self._siblings,
            "changes": self._sent,
            "reasons": lambda: bool(self._ends()),
            "diff": lambda: self._detail is not None,
        }
        return action not in allowed or allowed[action]()

    def _undoable(self) -> bool:
        run = self._detail.run if self._detail is not None else None
        ended = run is not None and run.kind is RunKind.PUSH and run.state.final and run.counts.set > 0
        return ended and not refusal(self.context.connection, Right.DECIDE)

    def action_undo(self) -> None:
        from invsync_tui.tui.screens.base.dialogs import ConfirmDialog

        if self._detail is not None:
            ask = ConfirmDialog(UNDO, _subject(self._detail), self.context.glyphs)
            self.app.push_screen(ask, partial(self._undo, self._detail.run))

    def _undo(self, run: RunRow, reason: str | None) -> None:
        if reason is None:
            self.notice("Nothing was changed.", Tone.FAINT)
            return
        self.ask(partial(plan_undo, run.id, reason), partial(self._undo_planned, run))

    def action_plan(self) -> None:
        if self._detail is not None:
            run = self._detail.run
            self.go_to("plan", run.cart_id or 0, run.cart or "", run.merchant)

    def _undo_planned(self, run: RunRow, number: int) -> None:
        self.go_to("plan", run.cart_id or 0, run.cart or "", run.merchant, plan_id=number)

    def action_change(self, name: str) -> None:
        verb = VERBS[Action(name)]
        self._groups = ()
        if verb.ask is None:
            self._give(verb, "")
        elif verb.action is Action.RELEASE and self._detail and self._detail.hold and len(self._detail.hold.groups) > 1:
            self._ask_group(verb, self._detail.hold)
        else:
            self._confirm(verb)

    def _ask_group(self, verb: RunAction, hold: HoldView) -> None:
        """Which groups, the safe answer first; then why."""
        from invsync_tui.tui.screens.base.dialogs import Answer, ChoiceDialog

        answers = [Answer("cancel", "Cancel"), Answer("all", "All", risky=True)]
        answers += [Answer(name, f"{name} ({grouped(n)})", risky=True) for name, n in hold.groups.items()]

        def chosen(answer: str | None) -> None:
            if answer in (None, "cancel"):
                self.notice("Nothing was changed.", Tone.FAINT)
                return
            self._groups = () if answer == "all" else (str(answer),)
            self._confirm(verb)

        question = "Release all of it, or one group?"
        self.app.push_screen(
            ChoiceDialog(question, lambda width: group_lines(hold, width), answers, self.context.glyphs), chosen
        )

    def _confirm(self, verb: RunAction) -> None:
        if verb.ask is None:
            return
        from invsync_tui.tui.screens.base.dialogs import ConfirmDialog

        about = self.text_line("title").text if self._detail is None else _subject(self._detail)
        ask = self._exactly(verb.ask) if verb.action is Action.RELEASE else verb.ask
        self.app.push_screen(ConfirmDialog(ask, about, self.context.glyphs), partial(self._decided, verb, self.run_id))

    def _exactly(self, ask: Confirmation) -> Confirmation:
        """The question about a release with how many of how many listings it sends, and of which group."""
        hold = self._detail.hold if self._detail else None
        total = sum(hold.groups.values()) if hold else 0
        if hold is None or not total:
            return ask
        number = sum(hold.groups.get(group, 0) for group in self._groups) if self._groups else total
        of = (
            f"{grouped(number)} of {grouped(total)} listings ({', '.join(map(words.group, self._groups))})"
            if self._groups
            else (f"all {counted(total, 'held listing')}")
        )
        return replace(ask, question=f"Release {of}?")

    def _decided(self, verb: RunAction, asked_about: int, reason: str | None) -> None:
        if reason is None:
            self.notice("Nothing was changed.", Tone.FAINT)
        elif self._detail is None or not asked_about == self.run_id == self._detail.run.id:
            self.notice(f"Another run is shown by now; nothing was changed in run {asked_about}.", Tone.WARN)
        elif verb.action in self._allowed():
            self._give(verb, reason)
        else:
            self.notice(f"The run moved on meanwhile; it cannot be {verb.action}ed any more.", Tone.WARN)

    def _give(self, verb: RunAction, reason: str) -> None:
        if self._detail is None:
            return
        run = self._detail.run
        if verb.action is Action.START:
            self.ask(partial(sync_again, run), self.sync_requested)
        else:
            self.ask(partial(change_run, verb.action, run.id, reason, self._groups), self.change_made)

    def on_key(self, event: events.Key) -> None:
        """Changes that are refused are hidden; their keys still say why nothing happens."""
        why = refusal(self.context.connection, Right.SYNC)
        if why and any(verb.dangerous and verb.key == event.key for verb in VERBS.values()):
            self.notice(why, Tone.WARN)

    def change_made(self, text: str) -> None:
        super().change_made(text)
        if self.is_current:
            self.watch_facts()

    def sync_requested(self, requested: Requested) -> None:
        if requested.runs:
            self._show_run(requested.runs[0])
        super().sync_requested(requested)

    # -- moving -------------------------------------------------------------------------------------------------------

    def action_sibling(self, by: int) -> None:
        if self._detail is None:
            return
        runs = [run.id for run in self._detail.siblings]
        present = runs.index(self.run_id) if self.run_id in runs else 0
        self._show_run(runs[(present + by) % len(runs)])

    def _show_run(self, run_id: int) -> None:
        """Another run in the place of this one, so that Esc still leads back to where one came from."""
        if run_id == self.run_id:
            return
        self.run_id = run_id
        self.notice("")
        self.query_one("#sheet", TextView).action_roll_home()
        if self.is_current:
            self.watch_facts()

    def open_run(self, run_id: int, notice: str = "") -> None:
        self._show_run(run_id)
        if notice:
            self.notice(notice, Tone.GOOD)

    def action_reasons(self) -> None:
        """To the SKUs; where they ended in several ways, through the list of those."""
        if self._held():
            self.go_to("held", self.run_id)
            return
        rows = self._ends()
        if len(rows) == 1 and rows[0].reason is not None:
            self.go_to("reason SKUs", self.run_id, rows[0].reason)
        elif len(rows) == 1:
            self.go_to("outcome SKUs", self.run_id, rows[0].outcome)
        else:
            self.go_to("reasons", self.run_id)

    def action_changes(self) -> None:
        self.go_to("run changes", self.run_id)

    def action_diff(self) -> None:
        self.go_to("run comparison", self.run_id)

    def action_back(self) -> None:
        self.app.pop_screen()


def _subject(detail: RunDetail) -> str:
    run = detail.run
    where = f"{run.merchant}, {run.cart}" if run.cart else run.merchant
    return f"Run {run.id}: {run.kind} of {where}"
