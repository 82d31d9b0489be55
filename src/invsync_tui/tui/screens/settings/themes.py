"""The choice of a theme: moving shows it at once on everything, Enter keeps it, Esc takes it back."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.widget import Widget

from invsync_tui.tui.navigation.links import Link, LinkedLines
from invsync_tui.tui.screens.base.base_screen import BaseScreen
from invsync_tui.tui.text.breadcrumb import breadcrumb
from invsync_tui.tui.text.glyphs import Glyphs
from invsync_tui.tui.text.sanitize import fit, wrap
from invsync_tui.tui.text.styled import BLANK, Line, Tone, flowed, line
from invsync_tui.tui.themes import DESCRIPTIONS, OWN
from invsync_tui.tui.widgets.text_line import TextLine
from invsync_tui.tui.widgets.text_view import LinkedTextView, SelectedTextView
from invsync_tui.tui.widgets.theme_list import ThemeList

if TYPE_CHECKING:
    from invsync_tui.tui.context import AppContext

NAME_WIDTH = 16
NAMES = tuple(DESCRIPTIONS)


def states(glyphs: Glyphs) -> tuple[tuple[str, str, Tone], ...]:
    """Each state's mark, word and tone."""
    return (
        (glyphs.check, "updated", Tone.GOOD),
        (glyphs.warning, "held for review", Tone.WARN),
        (glyphs.cross, "failed", Tone.BAD),
        (glyphs.running, "running", Tone.ACCENT),
        (glyphs.skipped, "skipped", Tone.FAINT),
    )


def write(selected: int, chosen: int, width: int, glyphs: Glyphs) -> LinkedLines:
    """The themes, and below them what states look like in the selected one."""
    rows = LinkedLines()
    for number, name in enumerate(NAMES):
        mark = f"{glyphs.bar_full} " if number == selected else "  "
        used = f" {glyphs.check} in use before" if number == chosen else ""
        texts = wrap(f"{DESCRIPTIONS[name]}{used}", width - NAME_WIDTH - 2) or [""]
        tone = Tone.STRONG if number == selected else Tone.PLAIN
        block = [line((mark, Tone.KEY), (fit(name, NAME_WIDTH), tone), (texts[0], Tone.FAINT))]
        block += [line(" " * (NAME_WIDTH + 2), (text, Tone.FAINT)) for text in texts[1:]]
        if number == selected:
            rows.select(block, Link("theme", name))
        else:
            rows.put(block)
    samples = [line((f"{mark} {word}", tone)) for mark, word, tone in states(glyphs)]
    rows.put([BLANK, line(("Example", Tone.STRONG)), *flowed(samples, width)])
    numbers = (("target ", Tone.FAINT), ("12", Tone.STRONG), ("  in cart ", Tone.FAINT), ("16", Tone.STRONG))
    differs, key = (f"{glyphs.warning} differs by +4", Tone.WARN), (("w", Tone.KEY), (" Why", Tone.FAINT))
    rows.put(flowed([line(*numbers), line(differs), line(*key)], width))
    return rows


class ThemesScreen(BaseScreen):
    """A theme is shown by putting it on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back as it was", tooltip="Leave with the theme of before", id="themes.back")
    ]

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self._before = self._selected = 0

    def body(self) -> Iterator[Widget]:
        yield TextLine(self.context.glyphs.more, id="trail")
        yield ThemeList(id="sheet")

    def on_mount(self) -> None:
        self._before = self._selected = NAMES.index(self.context.theme_name)
        self.text_line("trail").show(breadcrumb(("Merchants", "Themes"), self.context.glyphs), line())
        self._show()
        if self.context.terminal.ansi_theme:
            self.notice("This terminal shows its own colors; another theme can be kept for other terminals.", Tone.WARN)

    def _show(self) -> None:
        self.query_one("#sheet", SelectedTextView).show(self._write)

    def _write(self, size: Size) -> Sequence[Line]:
        return write(self._selected, self._before, size.width, self.context.glyphs)

    def on_selected_text_view_moved(self, event: SelectedTextView.Moved) -> None:
        self._selected = min(max(self._selected + event.by, 0), len(NAMES) - 1)
        self._put_on(NAMES[self._selected])
        self._show()

    def _put_on(self, name: str) -> None:
        if name != OWN and not self.context.terminal.ansi_theme:
            self.use_theme(name)

    def action_back(self) -> None:
        self._put_on(NAMES[self._before])
        self.app.pop_screen()

    def on_linked_text_view_followed(self, event: LinkedTextView.Followed) -> None:
        """Keep it for this and later starts."""
        from invsync_tui.config import ConfigError
        from invsync_tui.config_file import set_theme

        name = event.to.subject
        path = self.context.config_file
        self._put_on(name)
        self.context.theme_name = name
        below = self.app.screen_stack[-2]
        self.app.pop_screen()
        if not isinstance(below, BaseScreen):
            return
        if path is None:
            below.notice(f"Theme {name}, until you leave: no configuration file is known.", Tone.WARN)
            return
        try:
            set_theme(path, name)
        except ConfigError as error:
            below.notice(str(error), Tone.BAD)
            return
        later = " From the next start." if name == OWN else ""
        over = f" INVSYNC_THEME={os.environ['INVSYNC_THEME']} has precedence." if "INVSYNC_THEME" in os.environ else ""
        below.notice(f"Theme {name} is kept in {path}.{later}{over}", Tone.GOOD)
