"""What the lists of merchants and carts have in common: add, rename, switch off and on, remove.

A subclass says what a line is (`subject_of`), where something new belongs (`addition`), and which switch turns it off.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import events
from textual.binding import Binding, BindingType

from invsync_tui.tui.screens.base.list_screen import ListScreen
from invsync_tui.tui.text.styled import Tone

if TYPE_CHECKING:
    from textual.widgets import Input

    from invsync_tui.operations.lists.list_views import Choice
    from invsync_tui.operations.session import Session
    from invsync_tui.operations.settings.removal import Contents, Removed

L = TypeVar("L")
RENAME = "set-up-rename"
"""The prompt for a new name."""
KEYS = frozenset({"A", "N", "x", "X"})
CLEAR_FOR = 0.3
"""Seconds of deleting what a removal left behind, before other slow questions get their turn."""


@dataclass(frozen=True, slots=True)
class SetUpSubject:
    """A merchant or a cart that a line shows."""

    subject: str
    """`merchant:1` or `cart:3`."""
    name: str
    switched_on: bool
    switch: str
    """The setting that turns it off: its label."""

    @property
    def kind(self) -> str:
        """merchant or cart."""
        return self.subject.partition(":")[0]

    @property
    def number(self) -> str:
        return self.subject.partition(":")[2]


@dataclass(frozen=True, slots=True)
class Addition:
    """What can be added here."""

    kind: str
    """merchant or cart."""
    merchant_id: int
    """The owner of a new cart."""
    follows: str
    """What to do next, when it is saved."""


class SetUpScreen(ListScreen[L]):
    """Merchants, or carts."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("A", "add", "Add", tooltip="Add one, with a form for its system", id="setup.add"),
        Binding("N", "rename", "Rename", tooltip="Give it another display name", id="setup.rename"),
        Binding("x", "switch", "On/off", tooltip="Switch its synchronization off, or on again", id="setup.switch"),
        Binding("X", "remove", "Remove", tooltip="Remove it with everything that belongs to it", id="setup.remove"),
    ]

    _to_rename: SetUpSubject | None = None
    """What the name that is being typed is for, wherever the cursor is by then."""

    # -- for subclasses -----------------------------------------------------------------------------------------------

    def subject_of(self, line: L) -> SetUpSubject:
        """The merchant or cart of a line."""
        raise NotImplementedError

    @property
    def addition(self) -> Addition | None:
        """What is added here; None where nothing can be."""
        raise NotImplementedError

    # -- keys ---------------------------------------------------------------------------------------------------------

    def _setup_refusal(self) -> str:
        from invsync_tui.operations.roles import Right
        from invsync_tui.tui.rights import refusal

        return refusal(self.context.connection, Right.SETTINGS)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "add":
            return self.is_mounted and self.addition is not None and not self._setup_refusal()
        if action in ("rename", "switch", "remove"):
            return self.is_mounted and self.line is not None and not self._setup_refusal()
        return super().check_action(action, parameters)

    def on_key(self, event: events.Key) -> None:
        """Where they are refused the keys are hidden; they still say why nothing happens."""
        if event.character in KEYS and (why := self._setup_refusal()):
            self.notice(why, Tone.WARN)

    def point_at(self, subject: str) -> None:
        """Put the cursor on what was added, such as `cart:3`: what is said of a key is said of that row."""
        number = subject.rpartition(":")[2]
        if number.isdecimal():
            self.table.look_for((int(number),))

    # -- add ----------------------------------------------------------------------------------------------------------

    def action_add(self) -> None:
        if (addition := self.addition) is not None:
            self.ask(partial(_offered, addition), partial(self._choose, addition))

    def _choose(self, addition: Addition, systems: tuple[Choice, ...]) -> None:
        from invsync_tui.operations.lists.list_views import Field, FieldKind
        from invsync_tui.tui.screens.base.dialogs import ListDialog
        from invsync_tui.tui.widgets.columns import Column

        what = "WMS of the new merchant" if addition.kind == "merchant" else "System of the new cart"
        field = Field("system", what, FieldKind.CHOICE, "", "", systems)
        titles = {choice.value: choice.label for choice in systems}

        def chosen(subject: str | None) -> None:
            if subject is not None:
                self.go_to("add", subject, titles[subject], self.trail, addition.follows)

        columns = (Column("", 2), Column("System", 22), Column("Versions, and what they were tested with", 20, flex=1))
        self.app.push_screen(ListDialog(field, "", self.context.glyphs, columns), chosen)

    # -- rename -------------------------------------------------------------------------------------------------------

    def action_rename(self) -> None:
        if (selected := self.line) is not None:
            self._to_rename = self.subject_of(selected)
            self.open_prompt("New name: ", RENAME, "its display name", value=self._to_rename.name)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.input.id != RENAME:
            return
        self.close_prompt()
        if (subject := self._to_rename) is None:
            return
        name = event.value.strip()
        if name == subject.name:
            self.notice("The name is as it was.", Tone.FAINT)
        else:
            self.ask(partial(_rename, subject, name), self.change_made)

    # -- on and off ---------------------------------------------------------------------------------------------------

    def action_switch(self) -> None:
        from invsync_tui.tui.actions import Confirmation

        if (selected := self.line) is None:
            return
        about = self.subject_of(selected)
        if about.switched_on:
            rest = "its carts get nothing either" if about.kind == "merchant" else "the cart keeps what it shows"
            ask = Confirmation(
                "Switch it off?", f"{about.switch}: off. Nothing is synced; {rest}.", "Switch off", False
            )
        else:
            ask = Confirmation(
                "Switch it on?", f"{about.switch}: on. The next push is recalculated.", "Switch on", False
            )
        self.confirmed(ask, about.name, lambda _: self.ask(partial(_switch, about), self.change_made))

    # -- remove -------------------------------------------------------------------------------------------------------

    def action_remove(self) -> None:
        """What goes is counted first, which takes a moment where there are a million listings."""
        if (selected := self.line) is not None:
            about = self.subject_of(selected)
            self.notice(f"Counting what belongs to {about.name} {self.context.glyphs.more}", Tone.FAINT, lasts=True)
            self.ask_slow(partial(_contents, about.subject), self._announce)

    def _announce(self, going: Contents) -> None:
        from invsync_tui.tui.screens.base.remove_dialog import RemoveDialog

        if going.under_way:
            runs = ", ".join(map(str, going.under_way))
            text = f"{going.name} cannot be removed now: run {runs} is requested or under way. r opens its runs."
            self.notice(text, Tone.WARN)
            return
        self.notice("")
        self.app.push_screen(RemoveDialog(going, self.context.glyphs), partial(self._decided, going))

    def _decided(self, going: Contents, typed: str | None) -> None:
        if typed is None:
            self.notice("Nothing was removed.", Tone.FAINT)
        else:
            self.ask_slow(partial(_remove, going.subject, typed), self._removed)

    def _removed(self, done: Removed) -> None:
        self.change_made(done.message)
        self._clear()

    def _clear(self, _rows: int | None = 0) -> None:
        """Delete what is left behind, a little at a time; a service does it too, and goes on when this program ends."""
        if _rows is not None and self.is_running:
            self.ask_slow(_clear, self._clear)


def _offered(addition: Addition, session: Session) -> tuple[Choice, ...]:
    from invsync_tui.operations.settings import additions

    return additions.offered(session, addition.kind, addition.merchant_id)


def _rename(about: SetUpSubject, name: str, session: Session) -> str:
    _change(about, {"name": name}, session)
    return f"{about.name} is called {name} now."


def _switch(about: SetUpSubject, session: Session) -> str:
    word = "off" if about.switched_on else "on"
    _change(about, {"sync" if about.kind == "merchant" else "upload": word}, session)
    return f"{about.switch} of {about.name} is {word}."


def _change(about: SetUpSubject, given: dict[str, str], session: Session) -> None:
    from invsync_tui.operations.settings import carts, merchants

    (merchants if about.kind == "merchant" else carts).change(session, about.number, given)


def _contents(subject: str, session: Session) -> Contents:
    from invsync_tui.operations.settings import removal

    return removal.contents(session, subject)


def _remove(subject: str, typed: str, session: Session) -> Removed:
    from invsync_tui.operations.settings import removal

    return removal.remove(session, subject, typed, with_locations=True)


def _clear(session: Session) -> int | None:
    from invsync_tui.operations.settings import removal

    return removal.clear(session, CLEAR_FOR)
