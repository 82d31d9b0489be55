"""One value of the line under the cursor, chosen from all that the list has of it, and sent to the clipboard."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from invsync_tui.tui.text.sanitize import clean
from invsync_tui.tui.text.styled import Tone

if TYPE_CHECKING:
    from invsync_tui.tui.screens.base.list_screen import ListScreen
    from invsync_tui.tui.widgets.columns import Field, RenderContext

WHOLE = "whole"
"""The choice of all values, each with its title."""


def values_of(
    line: Any, fields: Sequence[Field[Any]], rendering: RenderContext, across: str = ""
) -> list[tuple[str, str]]:
    """Titles and texts of a line, in the order of the columns; of a line without cells what it shows instead. A text of the
    record is whole, whatever the column has room for; numbers and times are as they are shown."""
    if across:
        return [("Line", across.strip())]
    texts = []
    for field in fields:
        value = field.value(line)
        texts.append((field.title, value if isinstance(value, str) else field.cell(line, rendering)[0].strip()))
    return [(title, text) for title, text in texts if title]


def choose_cell(screen: ListScreen[Any]) -> None:
    """Ask which value is meant, that of the first column under the cursor, and send it."""
    from invsync_tui.operations.lists.list_views import Choice, Field, FieldKind
    from invsync_tui.tui.screens.base.dialogs import ListDialog
    from invsync_tui.tui.widgets.columns import Column

    line = screen.line
    shown = screen.across(line)
    values = values_of(line, screen.fields, screen.rendering(), shown[0] if shown else "")
    choices = [Choice(str(n), title, text) for n, (title, text) in enumerate(values)]
    question = Field(
        "cell", "Copy", FieldKind.CHOICE, "0", "", (*choices, Choice(WHOLE, "All of them", "with their titles"))
    )
    width = max(len(title) for title, _ in values)
    columns = (Column("", 2), Column("Column", max(width, len("All of them"))), Column("Value", 20, flex=1))
    screen.app.push_screen(ListDialog(question, "0", screen.context.glyphs, columns), partial(_send, screen, values))


def _send(screen: ListScreen[Any], values: Sequence[tuple[str, str]], answer: str | None) -> None:
    if answer is None:
        screen.notice("Nothing was copied.", Tone.FAINT)
    elif answer == WHOLE:
        screen.send_to_clipboard("\n".join(f"{title}: {_one_row(text)}" for title, text in values))
    else:
        screen.send_to_clipboard(_one_row(values[int(answer)][1]))


def _one_row(text: str) -> str:
    return " ".join(clean(text).split("\n"))
