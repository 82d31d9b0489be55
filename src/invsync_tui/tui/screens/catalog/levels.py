"""The levels of one warehouse: what the last download said of each product, and when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.geometry import Size

from invsync_tui.operations.list_views import LevelLine
from invsync_tui.operations.rows import Rows
from invsync_tui.tui.navigation import routes
from invsync_tui.tui.screens.base.list_screen import ListScreen, facts
from invsync_tui.tui.text import words
from invsync_tui.tui.text.formatting import moment
from invsync_tui.tui.text.styled import Line, Span, Tone, line, packed
from invsync_tui.tui.widgets.fields import Field, Sight, number

if TYPE_CHECKING:
    from invsync_tui.operations.list_views import WarehouseLine
    from invsync_tui.tui.context import Desk
    from invsync_tui.tui.gateway import Gateway
    from invsync_tui.tui.widgets.looks import Look


def _sku(line: LevelLine, sight: Sight) -> Span:
    return line.sku, Tone.STRONG if line.missing_since is None else Tone.FAINT


def _missing(line: LevelLine, sight: Sight) -> Span:
    if line.missing_since is None:
        return "no", Tone.FAINT
    return words.moment(line.missing_since, sight.now), Tone.WARN


FIELDS: tuple[Field[LevelLine], ...] = (
    Field("SKU", 16, lambda line: line.sku, _sku, flex=2, sort="sku"),
    Field("Name", 14, lambda line: line.name, flex=3, sort="name", room=100),
    number("On hand", 9, lambda line: line.on_hand, sort="on_hand"),
    number("Available", 11, lambda line: line.available, sort="available"),
    number("Committed", 9, lambda line: line.committed),
    number("Incoming", 8, lambda line: line.incoming),
    moment("Loaded at", 18, lambda line: line.loaded_at, sort="loaded_at"),
    Field("Missing since", 18, lambda line: line.missing_since, _missing, room=132),
)


class LevelsScreen(ListScreen[LevelLine]):
    """Enter opens the SKU."""

    noun = "levels"
    filtered_by = "a part of a SKU or alias"

    def __init__(self, desk: Desk, warehouse: WarehouseLine, merchant: str) -> None:
        self._warehouse = warehouse
        self._merchant = merchant
        super().__init__(desk)

    @property
    def trail(self) -> tuple[str, ...]:
        return "Merchants", self._merchant, "Locations & Products", self._warehouse.name or self._warehouse.code

    @property
    def memory(self) -> str:
        return f"levels:{self._warehouse.id}"

    @property
    def fields(self) -> Sequence[Field[LevelLine]]:
        return FIELDS

    def rows(self, gateway: Gateway, look: Look) -> Rows[LevelLine]:
        return gateway.levels(self._warehouse.id, look.text, look.ordering)

    def empty(self) -> Sequence[str]:
        return (
            "No levels in this warehouse.",
            "A download has not named it yet, or the WMS holds nothing here. "
            "On the merchants screen, s starts a download; / finds a SKU wherever it is.",
        )

    def about(self, found: LevelLine, size: Size) -> Sequence[Line]:
        """The whole SKU and the name in one tone and without labels: they say themselves what they are, and a row
        down stays cheap over SSH."""
        left = [field for field in self.left_out() if field.title not in ("SKU", "Name")]
        named = len(left) < len(self.left_out())
        whole = [line((f"{found.sku}  {found.name}".rstrip(), Tone.STRONG))] if named else []
        return [
            *(row for one in whole for row in packed(one.spans, size.width)),
            *facts(left, found, self.sight(), size.width),
        ]

    def open_line(self, line: LevelLine) -> None:
        self.app.push_screen(routes.sku(self.desk, line.product_id, line.sku))
