"""What the lists under an alias type have in common: whose type it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from invsync_tui.tui.screens.base.list_screen import ListScreen

if TYPE_CHECKING:
    from invsync_tui.operations.list_views import AliasTypeLine
    from invsync_tui.tui.context import Desk

L = TypeVar("L")


class OfKindScreen(ListScreen[L]):
    """A list of a merchant's codes or products that has to do with one alias type."""

    def __init__(self, desk: Desk, merchant_id: int, merchant: str, kind: AliasTypeLine) -> None:
        self._merchant_id = merchant_id
        self._merchant = merchant
        self._kind = kind
        super().__init__(desk)
