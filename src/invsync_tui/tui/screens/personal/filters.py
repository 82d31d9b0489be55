"""The user's saved filters of listings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual.binding import Binding, BindingType

from invsync_tui.operations.lists.rows import Rows
from invsync_tui.preferences import SAVED, filter_name
from invsync_tui.tui.screens.base.list_screen import ListScreen
from invsync_tui.tui.screens.base.listing_tabs import ListingTabsScreen
from invsync_tui.tui.text.sanitize import clean
from invsync_tui.tui.text.styled import Tone
from invsync_tui.tui.widgets.columns import Field, ListView
from invsync_tui.tui.widgets.row_source import MemoryRows

if TYPE_CHECKING:
    from textual.widgets import Input

    from invsync_tui.operations.session import Session

SAVE = "filter-save"


class SavedFilter(NamedTuple):
    """A filter of listings and its name."""

    name: str
    text: str


def _name(saved: SavedFilter) -> str:
    return f"{SAVED}{saved.name}"


FIELDS: tuple[Field[SavedFilter], ...] = (
    Field("Name", 16, _name, lambda line, _: (_name(line), Tone.STRONG), flex=1, sort="name"),
    Field("Filter", 30, lambda line: line.text, flex=3, sort="filter"),
)


class FiltersScreen(ListScreen[SavedFilter]):
    """Enter filters the list below by one; `a` saves the filter that it has."""

    noun = "filters"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "save", "Save", tooltip="Save the filter of the list below under a name", id="filter.save"),
        Binding("x", "remove", "Remove", tooltip="Remove the selected filter", id="filter.remove"),
    ]

    @property
    def trail(self) -> tuple[str, ...]:
        return "Merchants", "Saved filters"

    @property
    def fields(self) -> Sequence[Field[SavedFilter]]:
        return FIELDS

    @property
    def below(self) -> ListingTabsScreen | None:
        """The list of listings that this was opened from."""
        stack = self.app.screen_stack
        place = stack.index(self) - 1 if self in stack else -1
        below = stack[place] if place >= 0 else None
        return below if isinstance(below, ListingTabsScreen) else None

    def rows(self, session: Session, look: ListView) -> Rows[SavedFilter]:
        filters = [SavedFilter(name, text) for name, text in self.context.preferences.filters.items()]
        return MemoryRows(filters, FIELDS, look, lambda saved: saved.name)

    def empty(self) -> Sequence[str]:
        return "No filter is saved yet.", "Filter a list of listings with f, then press F and a."

    def open_line(self, line: SavedFilter) -> None:
        if (below := self.below) is None:
            self.notice(f"Open a list of listings and press F, or type {SAVED}{line.name} as its filter.", Tone.WARN)
            return
        self.app.pop_screen()
        below.apply_filter(line.text)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "save":
            return self.is_mounted and self.below is not None and bool(self.below.look.text)
        if action == "remove":
            return self.is_mounted and self.line is not None
        return super().check_action(action, parameters)

    def action_save(self) -> None:
        if (below := self.below) is not None:
            self.open_prompt("Save as: ", SAVE, f"a name for {clean(below.look.text)}")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.input.id != SAVE or (below := self.below) is None:
            return
        self.close_prompt()
        if not (name := filter_name(event.value)):
            self.notice("A name has letters, digits, . _ or -, and no spaces. Nothing was saved.", Tone.WARN)
            return
        lasts = self.context.preferences.save_filter(name, below.look.text)
        until = "" if lasts else " It is kept until you leave; the state folder cannot be written."
        self.notice(f"Saved as {SAVED}{name}.{until}", Tone.GOOD if lasts else Tone.WARN)
        self.table.read_again()

    def action_remove(self) -> None:
        if (selected := self.line) is not None:
            self.context.preferences.remove_filter(selected.name)
            self.notice(f"Removed {SAVED}{selected.name}.", Tone.GOOD)
            self.table.read_again()
