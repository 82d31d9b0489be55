"""Codes of an alias type that name several products. Such a code is never pushed, since nobody can know whose it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.geometry import Size

from invsync_tui.operations.list_views import CollisionLine
from invsync_tui.operations.rows import Rows
from invsync_tui.tui.screens.catalog.of_kind import OfKindScreen
from invsync_tui.tui.text.sanitize import clean, wrap
from invsync_tui.tui.text.styled import Line, Tone, line
from invsync_tui.tui.widgets.fields import Field, number

if TYPE_CHECKING:
    from invsync_tui.tui.gateway import Gateway
    from invsync_tui.tui.widgets.looks import Look


def _skus(found: CollisionLine) -> str:
    return ", ".join(sku for _, sku in found.products)


FIELDS: tuple[Field[CollisionLine], ...] = (
    Field("Code", 20, lambda line: line.code, lambda line, _: (line.code, Tone.STRONG), flex=1, sort="code"),
    number("Products", 10, lambda line: len(line.products)),
    Field("SKUs", 30, _skus, flex=3),
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
        return FIELDS

    def rows(self, gateway: Gateway, look: Look) -> Rows[CollisionLine]:
        return gateway.collisions(self._merchant_id, self._kind.kind, look.text, look.ordering)

    def empty(self) -> Sequence[str]:
        return (f"No {self._kind.name} names two products.", "Esc leads back.")

    def about(self, found: CollisionLine, size: Size) -> Sequence[Line]:
        rule = "An alias must name one product: give all but one of them another code in the WMS."
        return [
            line(
                (f"{found.kind} {found.code}", Tone.STRONG),
                (f"  is shared by {len(found.products)} products", Tone.WARN),
            ),
            *(line(row) for row in wrap(clean(_skus(found)), size.width)),
            *(line((row, Tone.FAINT)) for row in wrap(rule, size.width)),
        ]

    def copied(self, line: CollisionLine) -> str:
        return line.code

    def open_line(self, line: CollisionLine) -> None:
        from invsync_tui.tui.navigation import routes

        shared = f"{line.kind} {line.code}"
        self.app.push_screen(routes.rivals(self.desk, shared, [number for number, _ in line.products]))
