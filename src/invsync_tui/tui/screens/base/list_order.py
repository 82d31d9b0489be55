"""Sorting of a list by the number of a column: its keys, and why a column cannot be sorted by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from textual.binding import Binding

from invsync_tui.operations.rows import Count
from invsync_tui.tui.widgets.columns import Field

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


def why_not(field: Field[Any], fields: Sequence[Field[Any]], sorts: Sequence[str], count: Count | None) -> str:
    """Why a list cannot be sorted by a column now, and by which it can; '' where it can."""
    if field.sort in sorts and field.sort:
        return ""
    titles = [each.title for each in fields if each.sort and each.sort in sorts]
    instead = f" It can be sorted by {', '.join(titles)}." if titles else " It has one order only."
    if field.sort and count is not None:
        return f"{count.n:,}{'' if count.exact else '+'} rows are too many to sort by {field.title}.{instead}"
    return f"The store keeps no order by {field.title} for this list.{instead}"
