"""The columns of the merchants screen: merchants alone, and, where the terminal is wide, merchants with their carts.

Cells are written by `text`, which is imported with the first row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from invsync_tui.operations.lists.rows import Rows
from invsync_tui.operations.lists.sorted_lines import comparable
from invsync_tui.tui.text.styled import Span
from invsync_tui.tui.widgets.columns import Align, Field, ListView, RenderContext, Value
from invsync_tui.tui.widgets.row_source import MemoryRows, matches

if TYPE_CHECKING:
    from typing_extensions import TypeIs

    from invsync_tui.operations.views import CartRow, MerchantRow

    HomeLine = MerchantRow | CartRow

WIDE = 120
"""Columns of the terminal from which on carts are shown beneath their merchant."""


def is_cart(line: HomeLine) -> TypeIs[CartRow]:
    """Whether a line is a cart's, not a merchant's."""
    return hasattr(line, "merchant_id")


def _cell(name: str) -> Callable[[HomeLine, RenderContext], Span]:
    def show(line: HomeLine, rendering: RenderContext) -> Span:
        from invsync_tui.tui.screens.merchants import text

        return text.CELLS[name](line, rendering)

    return show


def _value(name: str) -> Callable[[HomeLine], Value]:
    def value(line: HomeLine) -> Value:
        from invsync_tui.tui.screens.merchants import text

        return text.VALUES[name](line)

    return value


_STATUS: Field[HomeLine] = Field("Status", 9, _value("status"), _cell("status"), flex=4, sort="status")
_NEXT: Field[HomeLine] = Field(
    "Next run", 10, lambda line: line.next_run_at, _cell("next"), align=Align.RIGHT, sort="next"
)
_HELD: Field[HomeLine] = Field("Held", 4, lambda line: line.held, _cell("held"), align=Align.RIGHT, sort="held")
_PROBLEMS: Field[HomeLine] = Field(
    "Problems", 8, lambda line: len(line.problems), _cell("problems"), align=Align.RIGHT, sort="problems"
)

FIELDS: tuple[Field[HomeLine], ...] = (
    Field("Merchant", 12, _value("name"), _cell("name"), flex=3, sort="name"),
    Field("Source", 7, _value("source"), _cell("source"), flex=1, sort="source"),
    Field("Sync", 4, _value("sync"), _cell("sync"), sort="sync"),
    Field("Last Inventory Run", 18, _value("last"), _cell("last"), sort="last"),
    _STATUS,
    _NEXT,
    _HELD,
    _PROBLEMS,
)
WIDE_FIELDS: tuple[Field[HomeLine], ...] = (
    Field("Merchant / cart", 18, _value("name"), _cell("name"), flex=3, sort="name"),
    Field("System", 9, _value("source"), _cell("source"), flex=1, sort="source"),
    Field("Last run", 18, _value("last"), _cell("last"), sort="last"),
    _STATUS,
    _NEXT,
    _HELD,
    Field("Mismatch", 8, _value("mismatches"), _cell("mismatches"), align=Align.RIGHT, sort="mismatches"),
    _PROBLEMS,
    Field("Pushes", 8, _value("pushes"), _cell("pushes")),
)


def ident(line: HomeLine) -> int | str:
    """What a line is, whatever changes in it."""
    return f"cart:{line.id}" if is_cart(line) else line.id


def tree(lines: Sequence[HomeLine], fields: Sequence[Field[HomeLine]], look: ListView) -> Rows[HomeLine]:
    """Merchants with their carts beneath them, as they are looked at. Merchants are sorted by their own value, and one is
    shown with all its carts where the filter is in it or in one of them."""
    groups: list[list[HomeLine]] = []
    for line in lines:
        if is_cart(line):
            groups[-1].append(line)
        else:
            groups.append([line])
    if look.text:
        groups = [group for group in groups if any(matches(line, fields, look.text) for line in group)]
    if sort := next((field for field in fields if field.sort and field.sort == look.sort), None):
        groups.sort(key=lambda group: comparable(sort.value(group[0])))
    shown = [line for group in (groups[::-1] if look.descending else groups) for line in group]
    return MemoryRows(shown, fields, ListView(), ident)
