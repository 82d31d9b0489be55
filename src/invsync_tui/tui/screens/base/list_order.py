"""Columns of a list: sorting by the number of one, why one cannot be sorted by, and which of them are shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from textual.binding import Binding

from invsync_tui.preferences import ColumnChoice
from invsync_tui.tui.text.styled import Tone
from invsync_tui.tui.widgets.columns import Field, fields_that_fit

if TYPE_CHECKING:
    from invsync_tui.tui.screens.base.list_screen import ListScreen

L = TypeVar("L")

NUMBERS = "1234567890"
"""Keys of the first ten columns."""


def sort_keys() -> Iterator[Binding]:
    """A key per column; the first stands for all of them in help and keymap."""
    yield Binding(
        "1",
        "sort_column(1)",
        "Sort by column",
        show=False,
        key_display="1-9, 0",
        tooltip="Sort by the column at that place of the table, 0 by the tenth; again: the other way round",
        id="list.sort-column",
    )
    for place, key in enumerate(NUMBERS[1:], 2):
        yield Binding(key, f"sort_column({place})", show=False)


def why_not(field: Field[Any], fields: Sequence[Field[Any]], sorts: Sequence[str]) -> str:
    """Why a list cannot be sorted by a column now, and by which it can; '' where it can."""
    if field.sort in sorts and field.sort:
        return ""
    titles = [each.title for each in fields if each.sort and each.sort in sorts]
    instead = f" It can be sorted by {', '.join(titles)}." if titles else " It has one order only."
    if field.sort:
        return f"This list is too large to be sorted by {field.title}.{instead}"
    return f"The store keeps no order by {field.title} for this list.{instead}"


def chosen_fields(fields: Sequence[Field[L]], width: int, choice: ColumnChoice) -> tuple[Field[L], ...]:
    """The fields that are shown: all, those that were chosen, or those that a terminal of this width has room for."""
    if choice.wide:
        return tuple(fields)
    if any(field.title in choice.titles for field in fields if field.title):
        return tuple(field for field in fields if not field.title or field.title in choice.titles)
    return fields_that_fit(fields, width)


def choose_columns(screen: ListScreen[Any]) -> None:
    """Ask which columns are shown."""
    from invsync_tui.operations.lists.list_views import Choice, FieldKind
    from invsync_tui.operations.lists.list_views import Field as Question
    from invsync_tui.tui.screens.base.dialogs import ListDialog

    width = screen.app.size.width
    present = chosen_fields(screen.fields, width, screen.context.preferences.columns(type(screen).__name__))
    titled = [field for field in screen.fields if field.title]
    choices = tuple(Choice(str(n), field.title, _note(field, width)) for n, field in enumerate(titled))
    marked = ",".join(str(n) for n, field in enumerate(titled) if field in present)
    question = Question("columns", "Columns", FieldKind.CHOICES, "", "", choices)
    dialog = ListDialog(question, marked, screen.context.glyphs, none_marked="None is marked: those that fit")
    screen.app.push_screen(dialog, partial(_chosen, screen, titled))


def _note(field: Field[Any], width: int) -> str:
    return f"from {field.room} columns of the terminal on" if width < field.room < FAR else ""


FAR = 1000
"""No terminal is so wide: such columns are shown where they are chosen."""


def _chosen(screen: ListScreen[Any], titled: Sequence[Field[Any]], answer: str | None) -> None:
    if answer is None:
        return
    numbers = {int(number) for number in answer.split(",") if number.strip()}
    titles = tuple(field.title for n, field in enumerate(titled) if n in numbers)
    usual = tuple(field.title for field in fields_that_fit(titled, screen.app.size.width))
    _keep(
        screen, ColumnChoice(() if titles == usual else titles), "The chosen columns are shown on this kind of screen."
    )


def toggle_wide(screen: ListScreen[Any]) -> None:
    """All columns, or again those that were shown before."""
    choice = screen.context.preferences.columns(type(screen).__name__)
    wide = not choice.wide
    text = "All columns; Right and Left scroll, W shows those that fit." if wide else "Columns as before."
    _keep(screen, ColumnChoice(choice.titles, wide=wide), text)


def _keep(screen: ListScreen[Any], choice: ColumnChoice, text: str) -> None:
    lasts = screen.context.preferences.choose_columns(type(screen).__name__, choice)
    until = "" if lasts else " Until you leave: the state folder cannot be written."
    screen.columns_chosen(text + until, Tone.FAINT if lasts else Tone.WARN)
