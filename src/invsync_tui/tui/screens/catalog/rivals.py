"""Products that share a code, side by side: which of them is the one that the code should name?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from invsync_tui.tui.screens.base.report import ReportScreen
from invsync_tui.tui.screens.catalog import compare
from invsync_tui.tui.text.styled import Line, Tone, line

if TYPE_CHECKING:
    from invsync_tui.operations.listings.identity_lines import Rival
    from invsync_tui.tui.context import Desk
    from invsync_tui.tui.gateway import Gateway


class RivalsScreen(ReportScreen[tuple["Rival", ...]]):
    """Enter on a line below the table opens that product."""

    def __init__(self, desk: Desk, shared: str, product_ids: Sequence[int]) -> None:
        self._shared = shared
        self._products = tuple(product_ids)
        super().__init__(desk)

    @property
    def trail(self) -> tuple[str, ...]:
        return "Merchants", "Aliases", self._shared, "Side by side"

    def question(self, gateway: Gateway) -> tuple[Rival, ...]:
        return gateway.identity.rivals(self._products)

    def verdict(self, answer: tuple[Rival, ...]) -> Line:
        return line((f"{len(answer)} products", Tone.WARN))

    def write(self, answer: tuple[Rival, ...], width: int) -> Sequence[Line]:
        return compare.write(answer, self._shared, width)
