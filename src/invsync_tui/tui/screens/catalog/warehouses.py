"""Locations & Products: the warehouses of a merchant, Default among them, and how old what is known of them is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType

from invsync_tui.operations.list_views import WarehouseLine
from invsync_tui.operations.rows import Rows
from invsync_tui.tui.context import Desk
from invsync_tui.tui.gateway import Gateway
from invsync_tui.tui.messages import OrderTaken
from invsync_tui.tui.rights import Right, refusal
from invsync_tui.tui.screens.base.list_screen import ListScreen
from invsync_tui.tui.text import words
from invsync_tui.tui.text.styled import Span, Tone
from invsync_tui.tui.verbs import Ask
from invsync_tui.tui.widgets.fields import UNKNOWN, Field, Sight, number
from invsync_tui.tui.widgets.looks import Look
from invsync_tui.tui.widgets.memory_rows import MemoryRows


def _ident(line: WarehouseLine) -> int:
    return line.id


def _load(line: WarehouseLine, sight: Sight) -> Span:
    if line.last_full_at is None:
        return "Never", Tone.WARN
    return words.moment(line.last_full_at, sight.now), Tone.WARN if line.stale else Tone.PLAIN


def _state(line: WarehouseLine) -> str:
    return line.state


def _state_cell(line: WarehouseLine, sight: Sight) -> Span:
    if not line.enabled:
        return line.state, Tone.FAINT
    return line.state, {"stale": Tone.WARN, "fresh": Tone.GOOD}.get(line.state, Tone.BAD)


def _carts(line: WarehouseLine) -> str:
    return ", ".join(line.carts)


def _carts_cell(line: WarehouseLine, sight: Sight) -> Span:
    return (_carts(line), Tone.PLAIN) if line.carts else ("none", Tone.FAINT)


def _confirmed(line: WarehouseLine, sight: Sight) -> Span:
    return UNKNOWN if line.confirmed_at is None else (words.moment(line.confirmed_at, sight.now), Tone.PLAIN)


DISABLE = Ask(
    "Disable this warehouse?",
    "Its stock does not count for any cart from the next push on. That push is held for review.",
    "Disable",
    needs_reason=True,
)
ENABLE = Ask(
    "Enable this warehouse?",
    "Its stock counts for the carts that sync with it. Their next push is held for review.",
    "Enable",
    needs_reason=False,
)

FIELDS: tuple[Field[WarehouseLine], ...] = (
    Field("Warehouse", 14, lambda line: line.name or line.code, flex=3, sort="warehouse"),
    Field("Code", 8, lambda line: line.code, flex=1, sort="code", room=100),
    number("Products", 10, lambda line: line.products, sort="products"),
    Field("Last complete load", 18, lambda line: line.last_full_at, _load, sort="loaded"),
    Field("Last confirmed", 18, lambda line: line.confirmed_at, _confirmed, sort="confirmed", room=110),
    Field("State", 8, _state, _state_cell, sort="state"),
    Field("Carts", 12, _carts, _carts_cell, flex=3),
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

    def __init__(self, desk: Desk, merchant_id: int, merchant: str) -> None:
        self._merchant_id = merchant_id
        self._merchant = merchant
        super().__init__(desk)

    @property
    def trail(self) -> tuple[str, ...]:
        return "Merchants", self._merchant, "Locations & Products"

    @property
    def memory(self) -> str:
        return f"warehouses:{self._merchant_id}"

    @property
    def fields(self) -> Sequence[Field[WarehouseLine]]:
        return FIELDS

    def rows(self, gateway: Gateway, look: Look) -> Rows[WarehouseLine]:
        return MemoryRows(gateway.warehouses(self._merchant_id), FIELDS, look, _ident)

    def empty(self) -> Sequence[str]:
        return (
            "No warehouses yet.",
            "They are loaded with the first inventory download: go back and press s to start it.",
        )

    def copied(self, line: WarehouseLine) -> str:
        return line.code or line.name

    def open_line(self, line: WarehouseLine) -> None:
        from invsync_tui.tui.screens.catalog.levels import LevelsScreen

        self.app.push_screen(LevelsScreen(self.desk, line, self._merchant))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "enable":
            return self.is_mounted and self.line is not None and not refusal(self.desk.reader.gateway, Right.DECIDE)
        return super().check_action(action, parameters)

    def action_enable(self) -> None:
        if (found := self.line) is not None:
            self.confirmed(DISABLE if found.enabled else ENABLE, found.code or found.name, partial(self._enable, found))

    def _enable(self, found: WarehouseLine, reason: str) -> None:
        code, enabled = f"#{found.id}", not found.enabled
        self.desk.reader.order(
            self, lambda gateway: OrderTaken(gateway.enable_warehouse(self._merchant_id, code, enabled, reason))
        )

    def action_all(self) -> None:
        self.ask(lambda gateway: gateway.warehouses(self._merchant_id), self._open_all)

    def _open_all(self, warehouses: Sequence[WarehouseLine]) -> None:
        from invsync_tui.tui.screens.catalog.all_warehouses import SummaryScreen

        self.app.push_screen(SummaryScreen(self.desk, self._merchant_id, self._merchant, warehouses))
