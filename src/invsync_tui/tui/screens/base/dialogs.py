"""Dialogs: a question with choices, a confirmation with a reason, a list to choose from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from invsync_tui.operations.lists.list_views import Choice, Field, FieldKind
from invsync_tui.plain_text import grouped
from invsync_tui.rules.words import ALL_LOCATIONS
from invsync_tui.tui.actions import Confirmation
from invsync_tui.tui.screens.base.toned_screen import STYLES, TonedScreen
from invsync_tui.tui.text.glyphs import Glyphs
from invsync_tui.tui.text.sanitize import clean
from invsync_tui.tui.text.styled import Line, Tone, line
from invsync_tui.tui.text.typed_lists import listed, picked
from invsync_tui.tui.widgets.choice_table import ChoiceTable
from invsync_tui.tui.widgets.columns import Column
from invsync_tui.tui.widgets.footer import KeyFooter
from invsync_tui.tui.widgets.row_source import ListSource, Row
from invsync_tui.tui.widgets.table import WindowTable
from invsync_tui.tui.widgets.text_line import TextLine
from invsync_tui.tui.widgets.text_view import TextView

WIDEST = 76
FRAME = 8
"""Cells that border, padding and scroll bar take from the width."""
AROUND = 9
"""Rows that border, padding, title and buttons take from the height."""

Facts = Callable[[int], Sequence[Line]]
"""Writes what is to be read for a width."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One button. `risky` ones are marked by their color."""

    name: str
    label: str
    risky: bool = False


class ChoiceDialog(TonedScreen[str], ModalScreen[str]):
    """Dismissed with the name of an answer."""

    AUTO_FOCUS: ClassVar[str | None] = "Button"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "safe", "Cancel", id="asking.cancel"),
        Binding("left", "app.focus_previous", "Previous", show=False, id="asking.previous"),
        Binding("right", "app.focus_next", "Next", show=False, id="asking.next"),
        Binding("up", "roll(-1)", "Scroll up", show=False, id="asking.up"),
        Binding("down", "roll(1)", "Scroll down", show=False, id="asking.down"),
    ]

    def __init__(self, question: str, facts: Facts, answers: Sequence[Answer], glyphs: Glyphs) -> None:
        super().__init__()
        self._question = clean(question)
        self._facts = facts
        self._answers = answers
        self.set_class(glyphs.arrow.isascii(), "-plain")

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(self._question, id="question", markup=False)
            paper = TextView(id="facts")
            paper.can_focus = False
            yield paper
            with Horizontal(id="buttons"):
                for answer in self._answers:
                    classes = "-risky" if answer.risky else None
                    yield Button(answer.label, id=f"answer-{answer.name}", compact=True, classes=classes)

    def on_mount(self) -> None:
        self._write()

    def on_resize(self, event: events.Resize) -> None:
        self._write()

    def _write(self) -> None:
        width, height = self.app.size
        lines = self._facts(min(WIDEST, width) - FRAME)
        paper = self.query_one("#facts", TextView)
        paper.styles.height = max(min(len(lines), height - AROUND), 1)
        paper.show(lambda _: lines)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss((event.button.id or "").removeprefix("answer-"))

    def action_roll(self, by: int) -> None:
        self.query_one("#facts", TextView).action_roll(by)

    def action_safe(self) -> None:
        self.dismiss(self._answers[0].name)


COLUMNS = (Column("", 3), Column("Choice", 20, flex=2), Column("About it", 16, flex=3))


NONE_MARKED = f"None is marked: {ALL_LOCATIONS}"
"""What it means that no choice is taken, for a cart's warehouses."""


class ListDialog(TonedScreen[str | None], ModalScreen[str | None]):
    """Dismissed with the field's new value, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "Mark", tooltip="Take this one too, or no longer", id="choose.mark"),
        Binding("escape", "leave", "Cancel", tooltip="Leave the field as it was", id="choose.cancel"),
    ]

    def __init__(
        self,
        field: Field,
        present: str,
        glyphs: Glyphs,
        columns: Sequence[Column] = COLUMNS,
        none_marked: str = NONE_MARKED,
    ) -> None:
        super().__init__()
        self._columns = columns
        self._none_marked = none_marked
        self._field = field
        self._glyphs = glyphs
        self._several = field.kind is FieldKind.CHOICES
        self._marked = frozenset(picked(present)) if self._several else frozenset({present})

    def compose(self) -> ComposeResult:
        more = self._glyphs.more
        yield TextLine(more, id="header")
        yield ChoiceTable(self._columns, glyphs=self._glyphs, id="choices")
        yield TextLine(more, id="chosen")
        yield KeyFooter()

    def on_mount(self) -> None:
        self.query_one("#header", TextLine).show(
            line((self._field.label, Tone.STRONG)), line((self._way(), Tone.FAINT))
        )
        self._fill()
        present = [n for n, choice in enumerate(self._field.choices) if choice.value in self._marked]
        # At once: after the next refresh it would undo a key that was quicker, and Enter would take another row.
        self._table.move_to(present[0] if present else 0)

    def _way(self) -> str:
        return "Space marks, Enter takes all marked" if self._several else "Enter takes"

    @property
    def _table(self) -> WindowTable:
        return self.query_one("#choices", WindowTable)

    def _fill(self) -> None:
        self._table.use(ListSource([self._row(choice) for choice in self._field.choices]))
        if self._several:
            number = len(self._marked)
            text = f"{grouped(number)} of {grouped(len(self._field.choices))} marked" if number else self._none_marked
            self.query_one("#chosen", TextLine).show(line((text, Tone.ACCENT)))

    def _row(self, choice: Choice) -> Row:
        on = choice.value in self._marked
        mark = ("[x]" if on else "[ ]") if self._several else (" " + self._glyphs.bullet if on else "")
        return Row(
            choice.value,
            ((mark, Tone.GOOD), (choice.label, Tone.STRONG if on else Tone.PLAIN), (choice.note, Tone.FAINT)),
        )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "mark" or self._several

    def action_mark(self) -> None:
        value = str(self._table.cursor_key)
        self._marked = self._marked - {value} if value in self._marked else self._marked | {value}
        self._fill()

    def on_window_table_row_opened(self, event: WindowTable.RowOpened) -> None:
        if self._several:
            self.dismiss(listed(self._field.choices, self._marked))
        else:
            self.dismiss(str(event.key))

    def action_leave(self) -> None:
        self.dismiss(None)


class ConfirmDialog(ModalScreen[str | None]):
    """Dismissed with the reason ('' where none is asked for), or None when the operator thought better of it."""

    CSS_PATH = STYLES
    AUTO_FOCUS: ClassVar[str | None] = "#cancel"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "think_better", "Cancel", id="confirm.cancel"),
        Binding("left,up", "app.focus_previous", "Previous", show=False, id="confirm.previous"),
        Binding("right,down", "app.focus_next", "Next", show=False, id="confirm.next"),
    ]

    def __init__(self, ask: Confirmation, subject: str, glyphs: Glyphs) -> None:
        super().__init__()
        self._ask = ask
        self._subject = clean(subject)
        self.set_class(glyphs.arrow.isascii(), "-plain")

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(self._ask.question, id="question", markup=False)
            yield Static(self._subject, id="subject", markup=False)
            yield Static(self._ask.consequence, markup=False)
            if self._ask.needs_reason:
                yield self._reason_input()
            with Horizontal(id="buttons"):
                yield Button(self._ask.leave, id="cancel", compact=True)
                yield Button(self._ask.confirm, id="confirm", compact=True)

    def _reason_input(self) -> Input:
        reason = Input(placeholder="Reason, kept in the audit trail (required)", id="reason", compact=True)
        reason.cursor_blink = False
        reason.select_on_focus = False
        return reason

    def on_key(self, event: events.Key) -> None:
        """Cancel has the focus, but whoever starts to type means the reason."""
        if not self._ask.needs_reason or isinstance(self.focused, Input) or not event.is_printable:
            return
        reason = self.query_one("#reason", Input)
        reason.focus()
        reason.insert_text_at_cursor(event.character or "")
        event.stop()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "confirm":
            self._confirm()
        else:
            self.action_think_better()

    def on_input_submitted(self) -> None:
        """Enter in the reason leads to the buttons, with the safe one first; it confirms nothing."""
        self.query_one("#cancel").focus()

    def _confirm(self) -> None:
        if not self._ask.needs_reason:
            self.dismiss("")
            return
        reason = self.query_one("#reason", Input)
        if reason_text := clean(reason.value).strip():
            self.dismiss(reason_text)
        else:
            reason.focus()

    def action_think_better(self) -> None:
        self.dismiss(None)
