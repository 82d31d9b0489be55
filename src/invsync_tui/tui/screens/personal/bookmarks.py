"""The user's bookmarks of this store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from invsync_tui.operations.lists.rows import Rows
from invsync_tui.preferences import Bookmark
from invsync_tui.tui.navigation.routes import BY_NAME
from invsync_tui.tui.navigation.visits import open_bookmark
from invsync_tui.tui.screens.base.list_screen import ListScreen
from invsync_tui.tui.text.styled import Tone
from invsync_tui.tui.widgets.columns import Field, ListView
from invsync_tui.tui.widgets.row_source import MemoryRows

if TYPE_CHECKING:
    from invsync_tui.operations.session import Session


def _title(bookmark: Bookmark) -> str:
    route = BY_NAME.get(bookmark.screen)
    return route.title if route else bookmark.screen


FIELDS: tuple[Field[Bookmark], ...] = (
    Field("Bookmark", 24, lambda line: line.name, lambda line, _: (line.name, Tone.STRONG), flex=3, sort="name"),
    Field("Screen", 16, _title, flex=1, sort="screen"),
    Field("Filter", 16, lambda line: line.text or None, flex=2, sort="filter"),
)


class BookmarksScreen(ListScreen[Bookmark]):
    """Enter opens one in the place of this list."""

    noun = "bookmarks"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "remove", "Remove", tooltip="Remove the selected bookmark", id="bookmark.remove"),
    ]

    @property
    def trail(self) -> tuple[str, ...]:
        return "Merchants", "Bookmarks"

    @property
    def fields(self) -> Sequence[Field[Bookmark]]:
        return FIELDS

    def rows(self, session: Session, look: ListView) -> Rows[Bookmark]:
        bookmarks = self.context.preferences.bookmarks(self.context.connection.label)
        return MemoryRows(bookmarks, FIELDS, look, lambda bookmark: bookmark.name)

    def empty(self) -> Sequence[str]:
        return "No bookmark of this store yet.", "M on any screen makes one."

    def open_line(self, line: Bookmark) -> None:
        open_bookmark(self, line)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "remove":
            return self.is_mounted and self.line is not None
        return super().check_action(action, parameters)

    def action_remove(self) -> None:
        if (selected := self.line) is not None:
            self.context.preferences.remove_bookmark(selected)
            self.notice(f"Removed the bookmark {selected.name}.", Tone.GOOD)
            self.table.read_again()
