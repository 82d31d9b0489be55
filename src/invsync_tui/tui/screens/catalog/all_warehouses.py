"""All warehouses side by side: what is available of each product where, and when that was loaded.

Wider than any terminal with many warehouses: Left and Right scroll; the strip tells everything about one product.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from textual.geometry import Size

from invsync_tui.operations.lists.list_views import SummaryLine
from invsync_tui.operations.lists.rows import Rows
from invsync_tui.plain_text import grouped
from invsync_tui.tui.screens.base.list_screen import ListScreen
from invsync_tui.tui.screens.catalog.warehouse_text import called
from invsync_tui.tui.text import formatting
from invsync_tui.tui.text.sanitize import clean, width_of
from invsync_tui.tui.text.styled import Line, Span, Tone, flowed, line
from invsync_tui.tui.widgets.columns import UNKNOWN, Field, RenderContext, number

if TYPE_CHECKING:
    from invsync_tui.operations.lists.list_views import WarehouseLine
    from invsync_tui.operations.session import Session
    from invsync_tui.tui.context import AppContext
    from invsync_tui.tui.widgets.columns import ListView

NARROWEST, WIDEST = 9, 16
AGE = 12
SKU: Field[SummaryLine] = Field("SKU", 16, lambda line: line.sku, lambda line, _: (line.sku, Tone.STRONG), sort="sku")
NAME: Field[SummaryLine] = Field("Name", 26, lambda line: line.name, flex=1, sort="name", room=120)
TOTAL: Field[SummaryLine] = number("Total", 9, lambda line: line.total, sort="total")


def _at(values: Callable[[SummaryLine], tuple[int | None, ...]], index: int, line: SummaryLine) -> int | None:
    numbers = values(line)
    return numbers[index] if index < len(numbers) else None


def _loaded(index: int, line: SummaryLine, rendering: RenderContext) -> Span:
    at = _at(lambda each: each.loaded_at, index, line)
    return UNKNOWN if at is None else (formatting.age(at, rendering.now), Tone.FAINT)


def _warehouse_fields(index: int, warehouse: WarehouseLine) -> tuple[Field[SummaryLine], Field[SummaryLine]]:
    """Two columns: how much, and how long ago that was loaded."""
    title = clean(warehouse.code or warehouse.name)
    available = partial(_at, lambda each: each.available, index)
    loaded = partial(_at, lambda each: each.loaded_at, index)
    width = min(max(width_of(title), NARROWEST), WIDEST)
    return (
        number(title, width, available),
        Field("loaded", AGE, loaded, partial(_loaded, index)),
    )


class AllWarehousesScreen(ListScreen[SummaryLine]):
    """Enter opens the SKU."""

    noun = "products"
    filtered_by = "a part of a SKU or alias"

    def __init__(
        self, context: AppContext, merchant_id: int, merchant: str, warehouses: Sequence[WarehouseLine]
    ) -> None:
        self._merchant_id = merchant_id
        self._merchant = merchant
        self._warehouses = tuple(warehouses)
        pairs = (_warehouse_fields(index, each) for index, each in enumerate(self._warehouses))
        self._fields = (SKU, NAME, TOTAL, *(field for pair in pairs for field in pair))
        super().__init__(context)

    @property
    def trail(self) -> tuple[str, ...]:
        return "Merchants", self._merchant, "Locations & Products", "All warehouses"

    @property
    def memory(self) -> str:
        return f"summary:{self._merchant_id}"

    @property
    def fields(self) -> Sequence[Field[SummaryLine]]:
        return self._fields

    def rows(self, session: Session, look: ListView) -> Rows[SummaryLine]:
        from invsync_tui.operations.catalog import stock

        return stock.summary(session, self._merchant_id, look.text, look.ordering)

    def empty(self) -> Sequence[str]:
        return (
            "No products yet.",
            "They come with the first inventory download: on the merchants screen, s starts it.",
        )

    def about(self, summary: SummaryLine, size: Size) -> Sequence[Line]:
        """Name, then each warehouse with quantity and time, whatever has scrolled off to the side."""
        rendering = self.rendering()
        levels: list[Line] = []
        for index, warehouse in enumerate(self._warehouses):
            available = _at(lambda each: each.available, index, summary)
            at = _at(lambda each: each.loaded_at, index, summary)
            level = UNKNOWN if available is None else (grouped(available), Tone.STRONG)
            age = "" if at is None else f" {formatting.moment(at, rendering.now)}"
            name = clean(called(warehouse))
            levels.append(line((f"{name} ", Tone.FAINT), level, (age, Tone.FAINT)))
        head = line((summary.sku, Tone.STRONG), (f"  {summary.name}", Tone.FAINT))
        return [head, *flowed(levels, size.width)]

    def open_line(self, line: SummaryLine) -> None:
        self.go_to("sku", line.product_id, line.sku)
