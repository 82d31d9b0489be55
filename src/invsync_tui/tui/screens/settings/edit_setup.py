"""What the settings screens have: a form that is edited in place, checked while typing, reviewed before it is saved.

Nothing that was typed is lost: leaving asks, a screen that is left otherwise keeps its draft, and where another operator
saved first, ours go on top of theirs or wait. Not here: the words (`text`), and the fields with their input (`widgets.form`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.widget import Widget

from invsync_tui.operations.lists.list_views import Change, Conflict, FieldProblem, Form, Saved
from invsync_tui.operations.roles import Right
from invsync_tui.tui.context import AppContext
from invsync_tui.tui.rights import refusal
from invsync_tui.tui.screens.base.base_screen import BaseScreen
from invsync_tui.tui.screens.settings import text
from invsync_tui.tui.text.breadcrumb import breadcrumb
from invsync_tui.tui.text.styled import Line, Tone, line
from invsync_tui.tui.widgets.form import FormView
from invsync_tui.tui.widgets.form_draft import Draft
from invsync_tui.tui.widgets.form_rows import FormRenderContext, plain_value
from invsync_tui.tui.widgets.text_line import TextLine
from invsync_tui.tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from invsync_tui.operations.session import Session

SAVE, STAY, LEAVE, MERGE, THEIRS = "save", "stay", "leave", "merge", "theirs"
PAUSE = 1.0
"""Seconds between two readings of a form that is open, at least: a sync commits many times a second."""


class EditSetupScreen(BaseScreen):
    """A subclass says whose settings they are (`subject`, `trail`), and what follows from saving (`follows`)."""

    AUTO_FOCUS: ClassVar[str | None] = "FormView"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (34, "-tall")]  # noqa: RUF012 - Textual declares no class variable
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "save", "Save", tooltip="Show what will change, then save", id="settings.save"),
        Binding("u", "revert", "Undo", tooltip="The selected field as it is saved", id="settings.revert"),
        Binding("escape", "back", "Back", tooltip="Back; asks first if something is not saved", id="back"),
        Binding("T", "test", "Test", tooltip="Test the saved connection step by step", id="settings.test"),
        Binding("z", "bring_back", "My edits back", tooltip="Put my edits on top again", id="settings.back"),
    ]

    def __init__(self, context: AppContext, subject: str, at: str = "") -> None:
        super().__init__(context)
        self.subject = subject
        self.draft: Draft | None = None
        self.turn = 0
        """Grows with every change of the draft, so that answers about an older one are told apart."""
        self._rescued: Draft | None = None
        self._begin = at
        self._commits = 0
        """How many commits had been seen when the form was read last."""
        self._read_at = float("-inf")
        self.set_class(context.terminal.ascii_only, "-plain")

    # -- for subclasses -----------------------------------------------------------------------------------------------

    @property
    def trail(self) -> tuple[str, ...]:
        """Where one is, from the merchants on."""
        raise NotImplementedError

    @property
    def follows(self) -> str:
        """What follows from saving, told before it."""
        return ""

    def above(self) -> Iterator[Widget]:
        """Rows between the trail and the form."""
        yield from ()

    def draft_changed(self) -> None:
        """The draft is another one, and it was checked."""

    # -- frame --------------------------------------------------------------------------------------------------------

    def body(self) -> Iterator[Widget]:
        yield TextLine(self.context.glyphs.more, id="trail")
        yield from self.above()
        yield FormView(self.context.glyphs, locked=lambda: bool(self._refusal()), id="form")
        yield TextView(id="about")

    def on_mount(self) -> None:
        self._show_trail()
        self._read()

    def store_changed(self) -> None:
        if self.draft is None:
            self._read()
        elif self._untouched and self._commits != self.context.store.commits:
            self._read_again()

    def _read(self) -> None:
        self.ask(partial(_form, self.subject), self._opened, wanted=lambda: self.draft is None)

    @property
    def _untouched(self) -> bool:
        """Whether nothing is being typed, and nothing was that is not saved."""
        return self.draft is not None and not self.draft.dirty and not self.sheet.editing

    def _read_again(self) -> None:
        """What may have changed under a form that is only looked at: its choices, their numbers, what others saved."""
        now = self.context.elapsed()
        if now - self._read_at < PAUSE:
            return
        self._commits, self._read_at = self.context.store.commits, now
        turn = self.turn
        self.ask_slow(
            partial(_form, self.subject),
            lambda form: self._read_anew(form, turn),
            wanted=lambda: self._untouched and turn == self.turn,
        )

    def _read_anew(self, form: Form, turn: int) -> None:
        draft = self.draft
        if draft is None or not self._untouched or turn != self.turn or form == draft.form:
            return
        saved_elsewhere = form.rev != draft.form.rev
        self.put(Draft(form))
        if saved_elsewhere:
            self.notice("Somebody else saved these settings; this is how they are now.", Tone.ACCENT)

    def _opened(self, form: Form) -> None:
        """The form, and on top of it what was typed when this screen was left last."""
        if self.draft is not None:
            return
        unsaved = self.context.drafts.pop(self.subject, None)
        if unsaved is None:
            self.put(Draft(form))
        else:
            self.put(unsaved.rebased(form))
            self.notice("Your unsaved edits are here again.", Tone.ACCENT)
        self.sheet.go_to(first_of(form, self._begin))
        self.press_again()

    @property
    def settled(self) -> bool:
        return self.draft is not None

    def on_unmount(self) -> None:
        if self.draft is not None and self.draft.dirty:
            self.context.drafts[self.subject] = self.draft

    @property
    def awaits_text(self) -> bool:
        return super().awaits_text or self.sheet.editing

    @property
    def sheet(self) -> FormView:
        return self.query_one("#form", FormView)

    def put(self, draft: Draft) -> None:
        """This draft from now on."""
        before, self.draft = self.draft, draft
        self.turn += 1
        self.sheet.show(draft)
        self._show_trail()
        self._show_about()
        if before is None or before.dirty != draft.dirty:
            self.refresh_bindings()
        self._check()

    def _show_trail(self) -> None:
        self.text_line("trail").show(breadcrumb(self.trail, self.context.glyphs), line(self._state()))

    def _state(self) -> tuple[str, Tone]:
        if self.draft is None:
            return self.context.glyphs.more, Tone.FAINT
        edits = len(self.draft.edits)
        return (f"{edits} not saved", Tone.ACCENT) if edits else ("saved", Tone.FAINT)

    def _ink(self, width: int) -> FormRenderContext:
        return FormRenderContext(width, self.context.glyphs)

    def _show_about(self) -> None:
        self.query_one("#about", TextView).show(self._about)

    def _about(self, size: Size) -> Sequence[Line]:
        if self.draft is None or not self.sheet.field:
            return ()
        return text.about(self.draft, self.sheet.field, self._ink(size.width))

    def on_resize(self, event: events.Resize) -> None:
        self._show_about()

    # -- editing ------------------------------------------------------------------------------------------------------

    def on_form_view_moved(self, event: FormView.Moved) -> None:
        self._show_about()
        self.refresh_bindings()

    def on_form_view_locked(self, event: FormView.Locked) -> None:
        self.notice(self._refusal(), Tone.WARN)

    def _refusal(self) -> str:
        return refusal(self.context.connection, Right.SETTINGS)

    def on_form_view_valued(self, event: FormView.Valued) -> None:
        self._set(event.field, event.text)

    def on_form_view_list_wanted(self, event: FormView.ListWanted) -> None:
        from invsync_tui.tui.screens.base.dialogs import ListDialog

        if self.draft is not None:
            chosen = ListDialog(self.draft.field_of(event.field), self.draft.value(event.field), self.context.glyphs)
            self.app.push_screen(chosen, partial(self._chosen, event.field))

    def _chosen(self, field: str, value: str | None) -> None:
        if value is not None:
            self._set(field, value)

    def _set(self, field: str, value: str) -> None:
        if self.draft is not None and value != self.draft.value(field):
            self.put(self.draft.with_value(field, value))

    def _check(self) -> None:
        """Ask whether this draft can be saved, unless another one has taken its place by then."""
        draft, turn = self.draft, self.turn
        if draft is not None and draft.dirty:
            self.ask(
                partial(_problems, self.subject, draft.edits),
                partial(self._checked, turn),
                wanted=lambda: turn == self.turn,
            )
        else:
            self._checked(turn, ())

    def _checked(self, turn: int, problems: Sequence[FieldProblem]) -> None:
        if self.draft is None or turn != self.turn:
            return
        self.draft = self.draft.with_problems(problems)
        self.sheet.show(self.draft)
        self.draft_changed()

    # -- saving -------------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        draft = self.draft
        if action == "save":
            return draft is not None and draft.dirty and not self._refusal()
        if action == "revert":
            return draft is not None and self.sheet.field in draft.edits
        if action == "bring_back":
            return self._rescued is not None
        return True

    def action_save(self) -> None:
        draft = self.draft
        if draft is None:
            return
        if (wrong := draft.first_problem) is not None:
            self.sheet.go_to(wrong)
            self.notice(f"Not saved: {draft.problems[wrong]}", Tone.BAD)
            return
        self.ask(partial(_changes, self.subject, draft.edits), self._review)

    def _review(self, changes: Sequence[Change]) -> None:
        if not changes:
            self.notice("Nothing would change.", Tone.FAINT)
            return
        self._ask_for(
            "Save these settings?",
            lambda width: text.review(changes, self.follows, self._ink(width)),
            (STAY, "Cancel"),
            (SAVE, "Save"),
            then=self._save,
        )

    def _save(self, answer: str) -> None:
        draft = self.draft
        if answer != SAVE or draft is None:
            self.notice("Nothing was saved.", Tone.FAINT)
            return
        self.ask(partial(_save_and_read, self.subject, draft), self._saved)

    def _saved(self, answer: tuple[Saved | Conflict, Form]) -> None:
        outcome, form = answer
        if isinstance(outcome, Saved):
            self._rescued = None
            self.put(Draft(form))
            self.notice(f"Saved. {outcome.note}".strip(), Tone.GOOD)
        else:
            self._meet(outcome, form)

    def _meet(self, conflict: Conflict, form: Form) -> None:
        """Another operator saved first."""
        draft = self.draft
        if draft is None:
            return
        mine, now = tuple(draft.edits), self.context.clock()
        self._ask_for(
            "Somebody else changed these settings meanwhile",
            lambda width: text.conflict(conflict, form, mine, now, self._ink(width)),
            (STAY, "Keep editing"),
            (THEIRS, "Take theirs"),
            (MERGE, "Mine on top of theirs"),
            then=partial(self._settle, conflict, form),
        )

    def _settle(self, conflict: Conflict, form: Form, answer: str) -> None:
        draft = self.draft
        if draft is None or answer == STAY:
            self.notice("Nothing was saved, and your edits are still here. s asks again.", Tone.WARN)
        elif answer == MERGE:
            self.put(draft.rebased(form, conflict))
            self.notice("Your edits are on top of theirs now. Press s to save them.", Tone.ACCENT)
        else:
            self._rescued = draft
            self.put(Draft(form))
            self.notice("These are theirs. Press z to have your edits back.", Tone.ACCENT)

    def action_bring_back(self) -> None:
        if self._rescued is not None and self.draft is not None:
            rescued, self._rescued = self._rescued, None
            self.put(rescued.rebased(self.draft.form))

    def action_revert(self) -> None:
        if self.draft is not None:
            self._set(self.sheet.field, self.draft.field_of(self.sheet.field).value)

    def action_test(self) -> None:
        if self.draft is not None and self.draft.dirty:
            self.notice("The saved connection is tested, without what is not saved.", Tone.FAINT)
        self.go_to("connection test", self.subject)

    # -- leaving ------------------------------------------------------------------------------------------------------

    @property
    def unsaved(self) -> bool:
        return self.draft is not None and self.draft.dirty

    def action_back(self) -> None:
        if self.unsaved:
            self.ask_before_leaving(self._drop_and_pop)
        else:
            self.app.pop_screen()

    def _drop_and_pop(self) -> None:
        if self.draft is not None:
            self.draft = Draft(self.draft.form)
        self.app.pop_screen()

    def ask_before_leaving(self, leave: Callable[[], None]) -> None:
        self._ask_for(
            "Leave without saving?",
            self._edits,
            (STAY, "Cancel"),
            (LEAVE, "Leave"),
            then=lambda answer: leave() if answer == LEAVE else None,
        )

    def _edits(self, width: int) -> Sequence[Line]:
        draft = self.draft
        if draft is None:
            return ()
        changes = [_change(draft, name) for name in draft.edits]
        return text.review(changes, "These changes are not saved.", self._ink(width))

    def _ask_for(
        self,
        question: str,
        facts: Callable[[int], Sequence[Line]],
        *answers: tuple[str, str],
        then: Callable[[str], None],
    ) -> None:
        """A question whose first answer is the safe one."""
        from invsync_tui.tui.screens.base.dialogs import Answer, ChoiceDialog

        choices = [Answer(name, label, risky=n > 0) for n, (name, label) in enumerate(answers)]
        self.app.push_screen(
            ChoiceDialog(question, facts, choices, self.context.glyphs), lambda answer: then(answer or answers[0][0])
        )


def _change(draft: Draft, name: str) -> Change:
    field = draft.field_of(name)
    return Change(name, field.label, plain_value(field, field.value), plain_value(field, draft.value(name)))


def first_of(form: Form, name: str) -> str:
    """The field of a setting; of the options of a connector, which have a field each, the first."""
    fields = [field.name for field in form.fields]
    return (
        name
        if name in fields
        else next((field for field in fields if field.startswith(f"{name.removesuffix('s')}-")), name)
    )


def _form(subject: str, session: Session) -> Form:
    from invsync_tui.operations.settings import forms

    return forms.form(session, subject)


def _problems(subject: str, edits: Mapping[str, str], session: Session) -> Sequence[FieldProblem]:
    from invsync_tui.operations.settings import forms

    return forms.check(session, subject, edits)


def _changes(subject: str, edits: Mapping[str, str], session: Session) -> Sequence[Change]:
    from invsync_tui.operations.settings import forms

    return forms.diff(session, subject, edits)


def _save_and_read(subject: str, draft: Draft, session: Session) -> tuple[Saved | Conflict, Form]:
    """Save, and read what is saved now, whoever saved it."""
    from invsync_tui.operations.settings import forms

    outcome = forms.save(session, subject, draft.form.rev, draft.edits)
    return outcome, forms.form(session, subject)
