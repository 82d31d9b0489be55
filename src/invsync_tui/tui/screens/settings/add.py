"""A new merchant or cart: the fields of its system, what has to be set up there, a connection test, then saving.

The system was chosen before. What is typed is kept as any draft is; nothing is in the store before it is saved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from invsync_tui.operations.lists.list_views import FieldKind, FieldProblem, Form
from invsync_tui.tui.context import AppContext
from invsync_tui.tui.screens.base.base_screen import BaseScreen
from invsync_tui.tui.screens.base.set_up_screen import SetUpScreen
from invsync_tui.tui.screens.settings.edit_setup import EditSetupScreen
from invsync_tui.tui.text.styled import Tone
from invsync_tui.tui.widgets.form_draft import Draft

if TYPE_CHECKING:
    from invsync_tui.operations.session import Session
    from invsync_tui.operations.settings.additions import Added
    from invsync_tui.tui.widgets.form import FormView


class AddSetupScreen(EditSetupScreen):
    """`s` goes on to the connection test, and from there the form is saved."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "save", "Next", tooltip="Test the connection, then save", id="settings.save"),
        Binding(
            "i", "about", "What to set up", tooltip="What to do in the system first, and permissions", id="add.about"
        ),
    ]

    def __init__(self, context: AppContext, subject: str, system: str, where: Sequence[str], follows: str) -> None:
        """`where` is the trail of the list that it is added to; `follows` is said when it is saved."""
        super().__init__(context, subject)
        self._system = system
        self._where = tuple(where)
        self._follows = follows
        self._incomplete = False
        """Whether the notice says what is missing."""
        self._looked_up = ""
        """The reference that was looked up last."""

    @property
    def trail(self) -> tuple[str, ...]:
        return *self._where, f"New: {self._system}"

    def _opened(self, form: Form) -> None:
        first = self.draft is None and self.subject not in self.context.drafts
        super()._opened(form)
        if first:
            self.notice(
                f"i: what to set up in {self._system} first. s: test the connection, then save.", Tone.FAINT, lasts=True
            )

    def _state(self) -> tuple[str, Tone]:
        return ("not saved yet", Tone.ACCENT) if self.draft is not None else super()._state()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "save":
            return self.draft is not None and not self._refusal()
        if action == "test":
            return False  # it comes before saving
        return super().check_action(action, parameters)

    def action_about(self) -> None:
        self.go_to("about system", self.subject)

    # -- secrets ------------------------------------------------------------------------------------------------------

    def on_form_view_moved(self, event: FormView.Moved) -> None:
        super().on_form_view_moved(event)
        self._look_up()

    def _look_up(self) -> None:
        """Say whether a reference that was typed can be read, as soon as its field is left."""
        draft = self.draft
        if draft is None:
            return
        references = [
            draft.value(field.name)
            for field in draft.form.fields
            if field.kind is FieldKind.SECRET_REF and field.name in draft.edits and field.name not in draft.problems
        ]
        latest = " ".join(filter(None, references))
        if latest and latest != self._looked_up:
            self._looked_up = latest
            self.ask_slow(partial(_unreadable, references), self._found_out)

    def _found_out(self, unreadable: str) -> None:
        if unreadable:
            self.notice(unreadable, Tone.WARN)
        else:
            self.notice("The secret can be read.", Tone.GOOD)

    def draft_changed(self) -> None:
        """What was missing may be there now."""
        if self._incomplete and self.draft is not None and not self.draft.problems:
            self._incomplete = False
            self.notice("")

    # -- saving -------------------------------------------------------------------------------------------------------

    def action_save(self) -> None:
        if self.draft is not None:
            self.ask(partial(_incomplete, self.subject, self.draft.edits), self._completed)

    def _completed(self, problems: Sequence[FieldProblem]) -> None:
        draft = self.draft
        if draft is None:
            return
        if not problems:
            self.go_to("new connection test", self.subject, dict(draft.edits), self.added)
            return
        self._incomplete = True
        self.draft = draft.with_problems(problems)
        self.sheet.show(self.draft)
        self.sheet.go_to(problems[0].field)
        label = draft.field_of(problems[0].field).label
        self.notice(f"Not complete: {label}: {problems[0].text}", Tone.BAD)

    def added(self, added: Added) -> None:
        """It is saved: back to the list, which has it now."""
        if self.draft is not None:
            self.draft = Draft(self.draft.form)
        self.app.pop_screen()
        if isinstance(self.app.screen, SetUpScreen):
            self.app.screen.point_at(added.subject)
        if isinstance(self.app.screen, BaseScreen):
            self.app.screen.notice(f"{added.name} is added. {self._follows}".strip(), Tone.GOOD)


def _incomplete(subject: str, edits: Mapping[str, str], session: Session) -> Sequence[FieldProblem]:
    from invsync_tui.operations.settings import forms

    return forms.incomplete(session, subject, edits)


def _unreadable(references: Sequence[str], _session: Session) -> str:
    """Why one of the references cannot be read here; '' where all can. A command of the operator's own is run for it."""
    from invsync_tui.operations.connections import connections

    return next((text for text in map(connections.unreadable, references) if text), "")
