"""Listings that need a look over all carts of a merchant, or of all merchants; mismatches first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from invsync_tui.operations.lists.list_views import ListingFilter, ListingLine
from invsync_tui.operations.lists.rows import Count, Rows
from invsync_tui.tui.screens.base.listing_fields import ALL_CARTS_FIELDS
from invsync_tui.tui.screens.base.listing_tabs import ListingTabsScreen
from invsync_tui.tui.widgets.columns import Field, ListView

if TYPE_CHECKING:
    from invsync_tui.operations.session import Session
    from invsync_tui.tui.context import AppContext
    from invsync_tui.tui.navigation.routes import Visit


class AllCartsScreen(ListingTabsScreen):
    """One row per listing, whichever cart it is in."""

    tabs: ClassVar[Sequence[ListingFilter]] = (
        ListingFilter.MISMATCH, ListingFilter.HELD, ListingFilter.FAILED, ListingFilter.NEVER, ListingFilter.DRIFT,
        ListingFilter.OVERRIDES, ListingFilter.EXCLUDED, ListingFilter.LOCKED,
    )  # fmt: skip

    def __init__(self, context: AppContext, merchant_id: int | None, merchant: str, tab: str = "") -> None:
        self._merchant_id = merchant_id
        self._merchant = merchant
        super().__init__(context, ListingFilter(tab) if tab else ListingFilter.MISMATCH)

    @property
    def trail(self) -> tuple[str, ...]:
        return "Merchants", *([] if self._merchant_id is None else [self._merchant]), "Listings of all carts"

    @property
    def visited(self) -> Visit | None:
        return self.visit and self.visit._replace(what=(self._merchant_id, self._merchant, self.tab.value))

    @property
    def memory(self) -> str:
        return f"listings:merchant:{self._merchant_id or 'all'}"

    @property
    def fields(self) -> Sequence[Field[ListingLine]]:
        return [field for field in ALL_CARTS_FIELDS if self._merchant_id is None or field.title != "Merchant"]

    def rows(self, session: Session, look: ListView) -> Rows[ListingLine]:
        from invsync_tui.operations.listings import product_sync

        return product_sync.everywhere(session, self._merchant_id, self.tab, look.text, look.ordering)

    def count_tabs(self, session: Session) -> Mapping[ListingFilter, Count]:
        from invsync_tui.operations.listings import product_sync

        return product_sync.tabs_everywhere(session, self._merchant_id, self.tabs)
