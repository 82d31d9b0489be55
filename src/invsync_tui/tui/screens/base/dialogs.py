"""A question with facts to read before it is answered. The first answer is the safe one: it has the focus, and Esc is it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from invsync_tui.tui.screens.base.toned import TonedScreen
from invsync_tui.tui.text.glyphs import Glyphs
from invsync_tui.tui.text.sanitize import clean
from invsync_tui.tui.text.styled import Line
from invsync_tui.tui.widgets.paper import Paper

WIDEST = 76
FRAME = 8
"""Cells that border, padding and scroll bar take from the width."""
AROUND = 9
"""Rows that border, padding, title and buttons take from the height."""

Facts = Callable[[int], Sequence[Line]]
"""Writes what is to be read for a width."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One button. `risky` ones are marked by their colour."""

    name: str
    label: str
    risky: bool = False


class AskingScreen(TonedScreen[str], ModalScreen[str]):
    """Dismissed with the name of an answer."""

    AUTO_FOCUS: ClassVar[str | None] = "Button"
    DEFAULT_CSS = """
    AskingScreen { align: center middle; background: $background 60%; }
    AskingScreen:ansi { background: ansi_default; }
    AskingScreen > Vertical {
        width: 76; max-width: 100%; height: auto; max-height: 100%; padding: 1 2;
        border: round $warning; background: $background;
    }
    AskingScreen:ansi > Vertical { background: ansi_default; }
    AskingScreen.-plain > Vertical { border: ascii $warning; }
    AskingScreen #question { text-style: bold; height: auto; margin-bottom: 1; }
    AskingScreen Paper { height: 1; }
    AskingScreen #buttons { height: 1; margin-top: 1; align-horizontal: right; }
    AskingScreen Button {
        margin-left: 2; padding: 0 2; min-width: 6; width: auto;
        background: $panel; color: $foreground; text-style: none;
    }
    AskingScreen Button.-risky { color: $warning; }
    AskingScreen #buttons Button:focus { background: $foreground; color: $background; text-style: bold; }
    AskingScreen:ansi Button { background: ansi_default; }
    AskingScreen:ansi #buttons Button:focus { background: ansi_default; color: ansi_default; text-style: reverse bold; }
    """
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
            paper = Paper(id="facts")
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
        paper = self.query_one("#facts", Paper)
        paper.styles.height = max(min(len(lines), height - AROUND), 1)
        paper.show(lambda _: lines)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss((event.button.id or "").removeprefix("answer-"))

    def action_roll(self, by: int) -> None:
        self.query_one("#facts", Paper).action_roll(by)

    def action_safe(self) -> None:
        self.dismiss(self._answers[0].name)
