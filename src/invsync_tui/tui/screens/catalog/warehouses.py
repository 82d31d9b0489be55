"""Warehouses of a merchant, and the levels of one of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size

from invsync_tui.operations.lists.list_views import LevelLine, WarehouseLine
from invsync_tui.operations.lists.rows import Rows
from invsync_tui.operations.roles import Right
from invsync_tui.tui.actions import Confirmation
from invsync_tui.tui.context import AppContext
from invsync_tui.tui.rights import refusal
from invsync_tui.tui.screens.base.list_screen import ListScreen, facts
from invsync_tui.tui.screens.catalog.warehouse_text import called
from invsync_tui.tui.text import formatting
from invsync_tui.tui.text.formatting import moment_field
from invsync_tui.tui.text.styled import Line, Span, Tone, line, packed
from invsync_tui.tui.widgets.columns import UNKNOWN, Field, ListView, RenderContext, number
from invsync_tui.tui.widgets.row_source import MemoryRows

if TYPE_CHECKING:
    from invsync_tui.operations.session import Session


def _ident(line: WarehouseLine) -> int:
    return line.id


def _load(line: WarehouseLine, rendering: RenderContext) -> Span:
    if line.last_full_at is None:
        return "Never", Tone.WARN
    return formatting.moment(line.last_full_at, rendering.now), Tone.WARN if line.state == "stale" else Tone.PLAIN


def _state(line: WarehouseLine) -> str:
    return line.state


def _state_cell(line: WarehouseLine, rendering: RenderContext) -> Span:
    if not line.enabled:
        return line.state, Tone.FAINT
    return line.state, {"stale": Tone.WARN, "fresh": Tone.GOOD}.get(line.state, Tone.BAD)


def _carts(line: WarehouseLine) -> str:
    return ", ".join(line.carts)


def _carts_cell(line: WarehouseLine, rendering: RenderContext) -> Span:
    return (_carts(line), Tone.PLAIN) if line.carts else ("none", Tone.FAINT)


def _confirmed(line: WarehouseLine, rendering: RenderContext) -> Span:
    return UNKNOWN if line.confirmed_at is None else (formatting.moment(line.confirmed_at, rendering.now), Tone.PLAIN)


DISABLE = Confirmation(
    "Disable this warehouse?",
    "Its stock does not count for any cart from the next push on. That push is held for review.",
    "Disable",
    needs_reason=True,
)
ENABLE = Confirmation(
    "Enable this warehouse?",
    "Its stock counts for the carts that sync with it. Their next push is held for review.",
    "Enable",
    needs_reason=False,
)

WAREHOUSE_FIELDS: tuple[Field[WarehouseLine], ...] = (
    Field("Warehouse", 10, lambda line: line.code, lambda line, _: (line.code, Tone.STRONG), flex=1, sort="code"),
    Field("Name", 14, lambda line: line.name, flex=3, sort="name"),
    number("Products", 10, lambda line: line.products, sort="products"),
    Field("Last full download", 18, lambda line: line.last_full_at, _load, sort="loaded"),
    Field("Last confirmed", 18, lambda line: line.confirmed_at, _confirmed, sort="confirmed", room=110),
    Field("State", 8, _state, _state_cell, sort="state"),
    Field("Carts", 12, _carts, _carts_cell, flex=3, sort="carts"),
)


class WarehousesScreen(ListScreen[WarehouseLine]):
    """Enter shows the levels of one, `a` those of all side by side; `d` disables or enables one."""

    noun = "warehouses"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "all", "All warehouses", tooltip="Every product with a column per warehouse", id="warehouses.all"),
        Binding(
            "d",
            "enable",
            "Disable",
            tooltip="Whether the stock of the selected warehouse counts",
            id="warehouses.enable",
        ),
    ]

    def __init__(self, context: AppContext, merchant_id: int, merchant: str) -> None:
        self._merchant_id = merchant_id
        self._merchant = merchant
        super().__init__(context)

    @property
    def trail(self) -> tuple[str, ...]:
        return "Merchants", self._merchant, "Locations & Products"

    @property
    def memory(self) -> str:
        return f"warehouses:{self._merchant_id}"

    @property
    def fields(self) -> Sequence[Field[WarehouseLine]]:
        return WAREHOUSE_FIELDS

    def rows(self, session: Session, look: ListView) -> Rows[WarehouseLine]:
        return MemoryRows(self._read_all(session), WAREHOUSE_FIELDS, look, _ident)

    def _read_all(self, session: Session) -> Sequence[WarehouseLine]:
        from invsync_tui.operations.catalog import stock

        return stock.warehouses(session, self._merchant_id)

    def empty(self) -> Sequence[str]:
        return (
            "No warehouses yet.",
            "They are loaded with the first inventory download: go back and press s to start it.",
        )

    def copied(self, line: WarehouseLine) -> str:
        return line.code or line.name

    def open_line(self, line: WarehouseLine) -> None:
        self.go_to("levels", line, self._merchant)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "enable":
            return self.is_mounted and self.line is not None and not refusal(self.context.connection, Right.DECIDE)
        return super().check_action(action, parameters)

    def action_enable(self) -> None:
        if (selected := self.line) is not None:
            self.confirmed(
                DISABLE if selected.enabled else ENABLE, selected.code or selected.name, partial(self._enable, selected)
            )

    def _enable(self, warehouse: WarehouseLine, reason: str) -> None:
        self.ask(partial(_enable_or_disable, self._merchant_id, warehouse, reason), self.change_made)

    def action_all(self) -> None:
        self.ask(self._read_all, self._open_all)

    def _open_all(self, warehouses: Sequence[WarehouseLine]) -> None:
        self.go_to("all warehouses", self._merchant_id, self._merchant, warehouses)


def _enable_or_disable(merchant_id: int, warehouse: WarehouseLine, reason: str, session: Session) -> str:
    from invsync_tui.operations.catalog import warehouses

    return warehouses.set_enabled(
        session, merchant_id, f"#{warehouse.id}", enabled=not warehouse.enabled, reason=reason
    )


def _sku(line: LevelLine, rendering: RenderContext) -> Span:
    return (line.sku, Tone.STRONG) if line.missing_since is None else (f"{line.sku} (missing)", Tone.FAINT)


def _missing(line: LevelLine, rendering: RenderContext) -> Span:
    if line.missing_since is None:
        return "no", Tone.FAINT
    return formatting.moment(line.missing_since, rendering.now), Tone.WARN


LEVEL_FIELDS: tuple[Field[LevelLine], ...] = (
    Field("SKU", 16, lambda line: line.sku, _sku, flex=2, sort="sku"),
    Field("Name", 14, lambda line: line.name, flex=3, sort="name", room=100),
    number("On hand", 9, lambda line: line.on_hand, sort="on_hand"),
    number("Available", 11, lambda line: line.available, sort="available"),
    number("Committed", 9, lambda line: line.committed, sort="committed"),
    number("Incoming", 8, lambda line: line.incoming, sort="incoming"),
    moment_field("Loaded at", 18, lambda line: line.loaded_at, sort="loaded_at"),
    Field("Missing from WMS", 18, lambda line: line.missing_since, _missing, sort="missing", room=132),
)


class LevelsScreen(ListScreen[LevelLine]):
    """Enter opens the SKU."""

    noun = "levels"
    filtered_by = "a part of a SKU or alias"

    def __init__(self, context: AppContext, warehouse: WarehouseLine, merchant: str) -> None:
        self._warehouse = warehouse
        self._merchant = merchant
        super().__init__(context)

    @property
    def trail(self) -> tuple[str, ...]:
        return "Merchants", self._merchant, "Locations & Products", called(self._warehouse)

    @property
    def memory(self) -> str:
        return f"levels:{self._warehouse.id}"

    @property
    def fields(self) -> Sequence[Field[LevelLine]]:
        return LEVEL_FIELDS

    def rows(self, session: Session, look: ListView) -> Rows[LevelLine]:
        from invsync_tui.operations.catalog import stock

        return stock.levels(session, self._warehouse.id, look.text, look.ordering)

    def empty(self) -> Sequence[str]:
        return (
            "No levels in this warehouse.",
            "A download has not named it yet, or the WMS holds nothing here. "
            "On the merchants screen, s starts a download; / finds a SKU wherever it is.",
        )

    def about(self, level: LevelLine, size: Size) -> Sequence[Line]:
        """The whole SKU and the name in one tone and without labels: they say themselves what they are, and a row
        down stays cheap over SSH."""
        left = [field for field in self.left_out() if field.title not in ("SKU", "Name")]
        named = len(left) < len(self.left_out())
        whole = [line((f"{level.sku}  {level.name}".rstrip(), Tone.STRONG))] if named else []
        return [
            *(row for long_line in whole for row in packed(long_line.spans, size.width)),
            *facts(left, level, self.rendering(), size.width),
        ]

    def open_line(self, line: LevelLine) -> None:
        self.go_to("sku", line.product_id, line.sku)
