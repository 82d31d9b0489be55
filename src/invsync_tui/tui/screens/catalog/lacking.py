"""Products that have no code of an alias type. A cart that pushes with the type skips them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from invsync_tui.operations.list_views import SummaryLine
from invsync_tui.operations.rows import Rows
from invsync_tui.tui.navigation import routes
from invsync_tui.tui.screens.catalog.of_kind import OfKindScreen
from invsync_tui.tui.text.styled import Tone
from invsync_tui.tui.widgets.fields import Field, number

if TYPE_CHECKING:
    from invsync_tui.tui.gateway import Gateway
    from invsync_tui.tui.widgets.looks import Look

FIELDS: tuple[Field[SummaryLine], ...] = (
    Field("SKU", 20, lambda line: line.sku, lambda line, _: (line.sku, Tone.STRONG), flex=1, sort="sku"),
    Field("Name", 30, lambda line: line.name, flex=2, sort="name"),
    number("Available", 11, lambda line: line.total),
)


class LackingScreen(OfKindScreen[SummaryLine]):
    """Enter opens the SKU."""

    noun = "products"

    @property
    def trail(self) -> tuple[str, ...]:
        return "Merchants", self._merchant, "Aliases", f"without {self._kind.name}"

    @property
    def memory(self) -> str:
        return f"lacking:{self._merchant_id}:{self._kind.kind}"

    @property
    def fields(self) -> Sequence[Field[SummaryLine]]:
        return FIELDS

    def rows(self, gateway: Gateway, look: Look) -> Rows[SummaryLine]:
        return gateway.missing(self._merchant_id, self._kind.kind, look.text, look.ordering)

    def empty(self) -> Sequence[str]:
        return (f"Every product has a code of type {self._kind.name}.", "Esc leads back.")

    def open_line(self, line: SummaryLine) -> None:
        self.app.push_screen(routes.sku(self.desk, line.product_id, line.sku))
