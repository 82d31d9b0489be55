"""The SKUs that a run ended with one reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.geometry import Size

from invsync_tui.operations.list_views import ListingLine
from invsync_tui.operations.rows import Rows
from invsync_tui.tui.navigation import routes
from invsync_tui.tui.screens.base.list_screen import ListScreen
from invsync_tui.tui.screens.listings.fields import SYNC_FIELDS, explained, quantities
from invsync_tui.tui.text.styled import Line
from invsync_tui.tui.widgets.fields import Field

if TYPE_CHECKING:
    from invsync_tui.tui.context import Desk
    from invsync_tui.tui.gateway import Gateway
    from invsync_tui.tui.widgets.looks import Look


class ReasonSkusScreen(ListScreen[ListingLine]):
    """Enter opens the SKU; where the WMS has none, the search for it."""

    noun = "SKUs"

    def __init__(self, desk: Desk, run_id: int, reason: str) -> None:
        self._run_id = run_id
        self._reason = reason
        super().__init__(desk)

    @property
    def trail(self) -> tuple[str, ...]:
        return "Runs", f"Run {self._run_id}", self._reason

    @property
    def memory(self) -> str:
        return f"skus:{self._run_id}:{self._reason}"

    @property
    def fields(self) -> Sequence[Field[ListingLine]]:
        return SYNC_FIELDS

    def rows(self, gateway: Gateway, look: Look) -> Rows[ListingLine]:
        return gateway.history.skus(self._run_id, self._reason)

    def empty(self) -> Sequence[str]:
        return (
            "No SKU has this reason any more.",
            "A newer run has decided about them since. Esc leads back.",
        )

    def about(self, found: ListingLine, size: Size) -> Sequence[Line]:
        sight = self.sight()
        return [*quantities(found, sight, size.width), *explained(found, size.width, sight)]

    def open_line(self, line: ListingLine) -> None:
        if line.product_id is not None:
            self.app.push_screen(routes.sku(self.desk, line.product_id, line.product_sku or line.sku))
        else:
            self.app.push_screen(routes.search(self.desk, line.sku))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Its order is the run's own, and so is what is in it."""
        return action != "filter" and super().check_action(action, parameters)
