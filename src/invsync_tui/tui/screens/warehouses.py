"""Locations & Products: the warehouses of a merchant, Default among them, and how old what is known of them is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from invsync_tui.operations.lists import WarehouseLine
from invsync_tui.operations.rows import Rows
from invsync_tui.tui import words
from invsync_tui.tui.desk import Desk
from invsync_tui.tui.fields import UNKNOWN, Field, Sight, number
from invsync_tui.tui.gateway import Gateway
from invsync_tui.tui.lines import Span, Tone
from invsync_tui.tui.looks import Look
from invsync_tui.tui.memory_rows import MemoryRows
from invsync_tui.tui.screens.listing import ListScreen


def _ident(line: WarehouseLine) -> int:
    return line.id


def _load(line: WarehouseLine, sight: Sight) -> Span:
    if line.last_full_at is None:
        return "Never", Tone.WARN
    return words.moment(line.last_full_at, sight.now), Tone.WARN if line.stale else Tone.PLAIN


def _state(line: WarehouseLine) -> str:
    if line.vanished_at is not None:
        return "vanished"
    if not line.enabled:
        return "off"
    return "stale" if line.stale else "fresh"


def _state_cell(line: WarehouseLine, sight: Sight) -> Span:
    state = _state(line)
    return state, {"vanished": Tone.BAD, "stale": Tone.WARN, "fresh": Tone.GOOD}.get(state, Tone.FAINT)


def _carts(line: WarehouseLine) -> str:
    return ", ".join(line.carts)


def _carts_cell(line: WarehouseLine, sight: Sight) -> Span:
    return (_carts(line), Tone.PLAIN) if line.carts else ("none", Tone.FAINT)


def _confirmed(line: WarehouseLine, sight: Sight) -> Span:
    return UNKNOWN if line.confirmed_at is None else (words.moment(line.confirmed_at, sight.now), Tone.PLAIN)


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
    """Enter shows the levels of one, `a` those of all side by side."""

    noun = "warehouses"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "all", "All warehouses", tooltip="Every product with a column per warehouse", id="warehouses.all"),
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
        from invsync_tui.tui.screens.levels import LevelsScreen

        self.app.push_screen(LevelsScreen(self.desk, line, self._merchant))

    def action_all(self) -> None:
        self.ask(lambda gateway: gateway.warehouses(self._merchant_id), self._open_all)

    def _open_all(self, warehouses: Sequence[WarehouseLine]) -> None:
        from invsync_tui.tui.screens.summary import SummaryScreen

        self.app.push_screen(SummaryScreen(self.desk, self._merchant_id, self._merchant, warehouses))
