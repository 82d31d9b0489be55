"""All keys of the screen below, taken from its bindings. Nothing here is typed twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.screen import ModalScreen

from invsync_tui.tui.screens.base.toned_screen import TonedScreen
from invsync_tui.tui.text.glyphs import Glyphs
from invsync_tui.tui.text.sanitize import wrap
from invsync_tui.tui.text.styled import BLANK, Line, Tone, line
from invsync_tui.tui.widgets.footer import KeyFooter, KeyHint
from invsync_tui.tui.widgets.text_line import TextLine
from invsync_tui.tui.widgets.text_view import TextView

KEY_COLUMN = 16


class HelpScreen(TonedScreen[None], ModalScreen[None]):
    """Esc, q or ? leads back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark", "back", "Back", id="help.back"),
    ]

    def __init__(self, hints: Sequence[KeyHint], glyphs: Glyphs, signs: Sequence[tuple[str, str]] = ()) -> None:
        """`signs` are characters that the screen draws with, and what they mean."""
        super().__init__()
        self._hints = hints
        self._glyphs = glyphs
        self._signs = signs

    def compose(self) -> ComposeResult:
        yield TextLine(self._glyphs.more, id="header")
        yield TextView(id="keys")
        yield KeyFooter()

    def on_mount(self) -> None:
        self.query_one("#header", TextLine).show(line(("Keys for this screen", Tone.STRONG)))
        self.query_one("#keys", TextView).show(self._write)

    def _write(self, size: Size) -> list[Line]:
        lines: list[Line] = []
        if self._signs:
            lines += [BLANK, line(("Signs", Tone.STRONG))]
            lines += [row for sign, text in self._signs for row in _explained(sign, text, size.width)]
        for group in sorted({hint.group for hint in self._hints}, key=_importance):
            lines += [BLANK, line((group, Tone.STRONG))]
            lines += [row for hint in self._hints if hint.group == group for row in _rows(hint, size.width)]
        return lines

    def action_back(self) -> None:
        self.dismiss()


def _importance(group: str) -> tuple[bool, str]:
    """What the screen can do comes first, how one moves comes last."""
    return group != "This screen", group


def _rows(hint: KeyHint, width: int) -> Iterator[Line]:
    yield from _explained(", ".join(hint.keys), hint.explanation, width)


def _explained(keys: str, explanation: str, width: int) -> Iterator[Line]:
    lead = keys.ljust(KEY_COLUMN)
    for i, text in enumerate(wrap(explanation, width - len(lead) - 3)):
        yield line("  ", (lead if i == 0 else " " * len(lead), Tone.KEY), " ", text)
