"""Alias types of a merchant, codes that several products share, and products without a code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual.binding import Binding, BindingType
from textual.geometry import Size

from invsync_tui.operations.lists.list_views import AliasTypeLine, CollisionLine, SummaryLine
from invsync_tui.operations.lists.rows import Rows
from invsync_tui.plain_text import counted, grouped
from invsync_tui.tui.screens.base.list_screen import ListScreen
from invsync_tui.tui.text.sanitize import clean, wrap
from invsync_tui.tui.text.styled import Line, Span, Tone, line
from invsync_tui.tui.widgets.columns import Align, Field, RenderContext, number
from invsync_tui.tui.widgets.row_source import MemoryRows

if TYPE_CHECKING:
    from invsync_tui.operations.session import Session
    from invsync_tui.tui.context import AppContext
    from invsync_tui.tui.widgets.columns import ListView


def _warned(value: int, tone: Tone) -> Span:
    return (grouped(value), tone) if value else ("0", Tone.FAINT)


def _carts(line: AliasTypeLine, rendering: RenderContext) -> Span:
    return (", ".join(line.carts), Tone.PLAIN) if line.carts else ("none", Tone.FAINT)


def _name(line: AliasTypeLine, rendering: RenderContext) -> Span:
    return line.name, Tone.STRONG


def _ident(line: AliasTypeLine) -> int:
    return line.kind


ALIAS_FIELDS: tuple[Field[AliasTypeLine], ...] = (
    Field("Alias type", 12, lambda line: line.name, _name, flex=2, sort="name"),
    number("Products", 10, lambda line: line.products, sort="products"),
    Field(
        "Missing", 9, lambda line: line.missing, lambda line, _: _warned(line.missing, Tone.WARN),
        align=Align.RIGHT, sort="missing",
    ),
    Field(
        "Collisions", 12, lambda line: line.collisions, lambda line, _: _warned(line.collisions, Tone.BAD),
        align=Align.RIGHT, sort="collisions",
    ),
    Field("Carts that push with it", 24, lambda line: ", ".join(line.carts), _carts, flex=3, sort="carts"),
)  # fmt: skip


class AliasesScreen(ListScreen[AliasTypeLine]):
    """Enter shows the collisions of a type, `n` the products that lack it."""

    noun = "alias types"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "missing", "Missing", tooltip="Products that have no code of this type", id="aliases.missing"),
    ]

    def __init__(self, context: AppContext, merchant_id: int, merchant: str) -> None:
        self._merchant_id = merchant_id
        self._merchant = merchant
        super().__init__(context)

    @property
    def trail(self) -> tuple[str, ...]:
        return "Merchants", self._merchant, "Aliases"

    @property
    def memory(self) -> str:
        return f"aliases:{self._merchant_id}"

    @property
    def fields(self) -> Sequence[Field[AliasTypeLine]]:
        return ALIAS_FIELDS

    def rows(self, session: Session, look: ListView) -> Rows[AliasTypeLine]:
        from invsync_tui.operations.catalog import aliases

        return MemoryRows(aliases.types(session, self._merchant_id), ALIAS_FIELDS, look, _ident)

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
        self.go_to("collisions", self._merchant_id, self._merchant, line)

    def action_missing(self) -> None:
        if (selected := self.line) is not None:
            self.go_to("missing aliases", self._merchant_id, self._merchant, selected)


L = TypeVar("L")


class OfKindScreen(ListScreen[L]):
    """A list of a merchant's codes or products that has to do with one alias type."""

    def __init__(self, context: AppContext, merchant_id: int, merchant: str, kind: AliasTypeLine) -> None:
        self._merchant_id = merchant_id
        self._merchant = merchant
        self._kind = kind
        super().__init__(context)


def _skus(collision: CollisionLine) -> str:
    return ", ".join(sku for _, sku in collision.products)


COLLISION_FIELDS: tuple[Field[CollisionLine], ...] = (
    Field("Code", 20, lambda line: line.code, lambda line, _: (line.code, Tone.STRONG), flex=1, sort="code"),
    number("Products", 10, lambda line: len(line.products), sort="products"),
    Field("SKUs", 30, _skus, flex=3, sort="skus"),
)


class CollisionsScreen(OfKindScreen[CollisionLine]):
    """Enter shows the products that share the code side by side."""

    noun = "codes"

    @property
    def trail(self) -> tuple[str, ...]:
        return "Merchants", self._merchant, "Aliases", f"{self._kind.name} collisions"

    @property
    def memory(self) -> str:
        return f"collisions:{self._merchant_id}:{self._kind.kind}"

    @property
    def fields(self) -> Sequence[Field[CollisionLine]]:
        return COLLISION_FIELDS

    def rows(self, session: Session, look: ListView) -> Rows[CollisionLine]:
        from invsync_tui.operations.catalog import aliases

        return aliases.collisions(session, self._merchant_id, self._kind.kind, look.ordering, look.text)

    def empty(self) -> Sequence[str]:
        return (f"No {self._kind.name} names two products.", "Esc goes back.")

    def about(self, collision: CollisionLine, size: Size) -> Sequence[Line]:
        rule = "An alias must name one product: give all but one of them another code in the WMS."
        return [
            line(
                (f"{collision.kind} {collision.code}", Tone.STRONG),
                (f"  is shared by {counted(len(collision.products), 'product')}", Tone.WARN),
            ),
            *(line(row) for row in wrap(clean(_skus(collision)), size.width)),
            *(line((row, Tone.FAINT)) for row in wrap(rule, size.width)),
        ]

    def copied(self, line: CollisionLine) -> str:
        return line.code

    def open_line(self, line: CollisionLine) -> None:
        shared = f"{line.kind} {line.code}"
        self.go_to("compare", shared, [number for number, _ in line.products])


MISSING_FIELDS: tuple[Field[SummaryLine], ...] = (
    Field("SKU", 20, lambda line: line.sku, lambda line, _: (line.sku, Tone.STRONG), flex=1, sort="sku"),
    Field("Name", 30, lambda line: line.name, flex=2, sort="name"),
    number("Available", 11, lambda line: line.total, sort="total"),
)


class MissingAliasScreen(OfKindScreen[SummaryLine]):
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
        return MISSING_FIELDS

    def rows(self, session: Session, look: ListView) -> Rows[SummaryLine]:
        from invsync_tui.operations.catalog import aliases

        return aliases.missing(session, self._merchant_id, self._kind.kind, look.ordering, look.text)

    def empty(self) -> Sequence[str]:
        return (f"Every product has a code of type {self._kind.name}.", "Esc goes back.")

    def open_line(self, line: SummaryLine) -> None:
        self.go_to("sku", line.product_id, line.sku)
