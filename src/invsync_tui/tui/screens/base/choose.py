"""The choices of a field, with what is worth knowing about each. One is taken with Enter; several are marked with Space."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from invsync_tui.operations.list_views import Choice, Field, FieldKind
from invsync_tui.tui.screens.base.toned import TonedScreen
from invsync_tui.tui.screens.settings.draft import listed, picked
from invsync_tui.tui.screens.settings.text import ALL_LOCATIONS
from invsync_tui.tui.text.glyphs import Glyphs
from invsync_tui.tui.text.styled import Tone, line
from invsync_tui.tui.widgets.columns import Column
from invsync_tui.tui.widgets.footer import Hints
from invsync_tui.tui.widgets.row_source import ListSource, Row
from invsync_tui.tui.widgets.strap import Strap
from invsync_tui.tui.widgets.table import WindowTable

COLUMNS = (Column("", 3), Column("Choice", 20, flex=2), Column("About it", 16, flex=3))


class ChooseScreen(TonedScreen[str | None], ModalScreen[str | None]):
    """Dismissed with the field's new value, or None."""

    DEFAULT_CSS = """
    ChooseScreen { background: $background; }
    ChooseScreen WindowTable { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "Mark", tooltip="Take this one too, or no longer", id="choose.mark"),
        Binding("escape", "leave", "Cancel", tooltip="Leave the field as it was", id="choose.cancel"),
    ]

    def __init__(self, field: Field, present: str, glyphs: Glyphs) -> None:
        super().__init__()
        self._field = field
        self._glyphs = glyphs
        self._several = field.kind is FieldKind.CHOICES
        self._marked = frozenset(picked(present)) if self._several else frozenset({present})

    def compose(self) -> ComposeResult:
        more = self._glyphs.more
        yield Strap(more, id="header")
        yield WindowTable(COLUMNS, glyphs=self._glyphs, id="choices")
        yield Strap(more, id="chosen")
        yield Hints()

    def on_mount(self) -> None:
        self.query_one("#header", Strap).show(line((self._field.label, Tone.STRONG)), line((self._way(), Tone.FAINT)))
        self._fill()
        present = [n for n, choice in enumerate(self._field.choices) if choice.value in self._marked]
        self.call_after_refresh(self._table.move_to, present[0] if present else 0)

    def _way(self) -> str:
        return "Space marks, Enter takes all marked" if self._several else "Enter takes"

    @property
    def _table(self) -> WindowTable:
        return self.query_one("#choices", WindowTable)

    def _fill(self) -> None:
        self._table.use(ListSource([self._row(choice) for choice in self._field.choices]))
        if self._several:
            number = len(self._marked)
            told = f"{number} of {len(self._field.choices)} marked" if number else f"None is marked: {ALL_LOCATIONS}"
            self.query_one("#chosen", Strap).show(line((told, Tone.ACCENT)))

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
