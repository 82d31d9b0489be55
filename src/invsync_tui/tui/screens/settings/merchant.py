"""Edit Setup of a merchant: synchronization, schedule, connection, limits."""

from __future__ import annotations

from invsync_tui.tui.context import AppContext
from invsync_tui.tui.screens.settings.edit_setup import EditSetupScreen


class MerchantSettingsScreen(EditSetupScreen):
    """Home of "Synchronization With WMS - Inventory"."""

    def __init__(self, context: AppContext, merchant_id: int, merchant: str, at: str = "") -> None:
        """`at` is the field that the cursor begins on."""
        super().__init__(context, f"merchant:{merchant_id}", at)
        self._merchant = merchant

    @property
    def trail(self) -> tuple[str, ...]:
        return "Merchants", self._merchant, "Edit Setup"

    @property
    def follows(self) -> str:
        return "It holds from the next inventory download on. A changed address is downloaded completely."
