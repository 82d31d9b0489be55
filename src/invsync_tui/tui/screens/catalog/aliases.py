"""Alias types of a merchant: how many products have each, lack it, or share a code of it with another product."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from invsync_tui.operations.list_views import AliasTypeLine
from invsync_tui.operations.rows import Rows
from invsync_tui.tui.screens.base.list_screen import ListScreen
from invsync_tui.tui.text.styled import Span, Tone
from invsync_tui.tui.widgets.columns import Align
from invsync_tui.tui.widgets.fields import Field, Sight
from invsync_tui.tui.widgets.memory_rows import MemoryRows

if TYPE_CHECKING:
    from invsync_tui.tui.context import Desk
    from invsync_tui.tui.gateway import Gateway
    from invsync_tui.tui.widgets.looks import Look


def _warned(value: int, tone: Tone) -> Span:
    return (str(value), tone) if value else ("0", Tone.FAINT)


def _carts(line: AliasTypeLine, sight: Sight) -> Span:
    return (", ".join(line.carts), Tone.PLAIN) if line.carts else ("none", Tone.FAINT)


def _name(line: AliasTypeLine, sight: Sight) -> Span:
    return line.name, Tone.STRONG


def _ident(line: AliasTypeLine) -> int:
    return line.kind


FIELDS: tuple[Field[AliasTypeLine], ...] = (
    Field("Alias type", 12, lambda line: line.name, _name, flex=2, sort="name"),
    Field("Products", 10, lambda line: line.products, align=Align.RIGHT, sort="products"),
    Field(
        "Missing", 9, lambda line: line.missing, lambda line, _: _warned(line.missing, Tone.WARN),
        align=Align.RIGHT, sort="missing",
    ),
    Field(
        "Collisions", 12, lambda line: line.collisions, lambda line, _: _warned(line.collisions, Tone.BAD),
        align=Align.RIGHT, sort="collisions",
    ),
    Field("Carts that push with it", 24, lambda line: ", ".join(line.carts), _carts, flex=3),
)  # fmt: skip


class AliasesScreen(ListScreen[AliasTypeLine]):
    """Enter shows the collisions of a type, `n` the products that lack it."""

    noun = "alias types"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "missing", "Missing", tooltip="Products that have no code of this type", id="aliases.missing"),
    ]

    def __init__(self, desk: Desk, merchant_id: int, merchant: str) -> None:
        self._merchant_id = merchant_id
        self._merchant = merchant
        super().__init__(desk)

    @property
    def trail(self) -> tuple[str, ...]:
        return "Merchants", self._merchant, "Aliases"

    @property
    def memory(self) -> str:
        return f"aliases:{self._merchant_id}"

    @property
    def fields(self) -> Sequence[Field[AliasTypeLine]]:
        return FIELDS

    def rows(self, gateway: Gateway, look: Look) -> Rows[AliasTypeLine]:
        return MemoryRows(gateway.alias_types(self._merchant_id), FIELDS, look, _ident)

    def empty(self) -> Sequence[str]:
        return (
            "No alias types yet.",
            "The download loads them with the products, where the WMS has UPC, EAN, ASIN or other codes.",
        )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "missing":
            return self.is_mounted and self.line is not None
        return super().check_action(action, parameters)

    def open_line(self, line: AliasTypeLine) -> None:
        from invsync_tui.tui.screens.catalog.collisions import CollisionsScreen

        self.app.push_screen(CollisionsScreen(self.desk, self._merchant_id, self._merchant, line))

    def action_missing(self) -> None:
        from invsync_tui.tui.screens.catalog.lacking import LackingScreen

        if (found := self.line) is not None:
            self.app.push_screen(LackingScreen(self.desk, self._merchant_id, self._merchant, found))
