"""What a connector says of itself, before one connects it: what to do there, permissions, options, limits."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.widget import Widget

from invsync_tui.tui.context import AppContext
from invsync_tui.tui.screens.base.base_screen import BaseScreen
from invsync_tui.tui.text.sanitize import clean, wrap
from invsync_tui.tui.text.styled import BLANK, Line, Tone, line
from invsync_tui.tui.widgets.text_line import TextLine
from invsync_tui.tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from invsync_tui.operations.connections.connector_pages import ConnectorPage
    from invsync_tui.operations.session import Session


class AboutSystemScreen(BaseScreen):
    """The page of `invsync connections about`."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", "Back", tooltip="Back to the fields", id="back")]

    def __init__(self, context: AppContext, subject: str) -> None:
        """`subject` is what is to be added, see `operations.settings.additions`."""
        super().__init__(context)
        self._subject = subject
        self._page: ConnectorPage | None = None

    def body(self) -> Iterator[Widget]:
        yield TextLine(self.context.glyphs.more, id="title")
        yield TextView(id="page")

    def on_mount(self) -> None:
        self.ask(partial(_page, self._subject), self._show)

    def _show(self, page: ConnectorPage) -> None:
        self._page = page
        self.text_line("title").show(line((clean(page.title), Tone.STRONG)), line((clean(page.system), Tone.FAINT)))
        self.query_one("#page", TextView).show(self._write)

    def _write(self, size: Size) -> list[Line]:
        if self._page is None:
            return []
        lines = [line(row) for row in wrap(clean(self._page.summary), size.width)]
        for section in self._page.sections:
            lines += [BLANK, line((clean(section.heading), Tone.ACCENT))]
            for number, text in enumerate(section.lines, 1):
                mark = f"{number}. " if section.steps else f"{self.context.glyphs.bullet} "
                rows = wrap(clean(text), max(size.width - len(mark), 10))
                lines += [line((mark if n == 0 else " " * len(mark), Tone.FAINT), row) for n, row in enumerate(rows)]
        return lines

    def action_back(self) -> None:
        self.app.pop_screen()


def _page(subject: str, session: Session) -> ConnectorPage:
    from invsync_tui.operations.settings import additions

    return additions.page(session, subject)
