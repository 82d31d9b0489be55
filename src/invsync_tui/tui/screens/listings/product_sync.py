"""View Product Sync of a cart: every listing with what it shows beside its target, and why not, in tabs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from invsync_tui.operations.lists.list_views import ListingFilter, ListingLine
from invsync_tui.operations.lists.rows import Count, Rows
from invsync_tui.tui.screens.base.listing_fields import SYNC_FIELDS
from invsync_tui.tui.screens.base.listing_tabs import ListingTabsScreen
from invsync_tui.tui.widgets.columns import Field, ListView

if TYPE_CHECKING:
    from invsync_tui.operations.session import Session
    from invsync_tui.tui.context import AppContext
    from invsync_tui.tui.navigation.routes import Visit


class ProductSyncScreen(ListingTabsScreen):
    """The listings of one cart."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("i", "identity", "Identity", tooltip="Listings without a product", id="listing.identity"),
        Binding("p", "plan", "Plan", tooltip="What the next push would set, riskiest first", id="listing.plan"),
        Binding(
            "d", "drift", "Drift", tooltip="Listings whose number in the cart was changed there", id="listing.drift"
        ),
    ]

    def __init__(self, context: AppContext, cart_id: int, cart: str, merchant: str, tab: str = "") -> None:
        self._cart_id = cart_id
        self._cart = cart
        self._merchant = merchant
        super().__init__(context, ListingFilter(tab) if tab else ListingFilter.ALL)

    @property
    def trail(self) -> tuple[str, ...]:
        return "Merchants", self._merchant, self._cart, "Product Sync"

    @property
    def visited(self) -> Visit | None:
        return self.visit and self.visit._replace(what=(self._cart_id, self._cart, self._merchant, self.tab.value))

    @property
    def memory(self) -> str:
        return f"listings:{self._cart_id}"

    @property
    def fields(self) -> Sequence[Field[ListingLine]]:
        return SYNC_FIELDS

    def rows(self, session: Session, look: ListView) -> Rows[ListingLine]:
        from invsync_tui.operations.listings import product_sync

        return product_sync.listings(session, self._cart_id, self.tab, look.text, look.ordering)

    def count_tabs(self, session: Session) -> Mapping[ListingFilter, Count]:
        from invsync_tui.operations.listings import product_sync

        return product_sync.tabs(session, self._cart_id)

    def empty(self) -> Sequence[str]:
        if self.tab is not ListingFilter.ALL:
            return super().empty()
        return (
            "This cart has no listings yet.",
            "They are read with its first push. Not every cart tells its listings; then compare the SKUs in the cart "
            "with those in the WMS.",
        )

    def action_identity(self) -> None:
        self.go_to("identity", self._cart_id, self._cart, self._merchant)

    def action_drift(self) -> None:
        self.go_to("drift", self._cart_id, self._cart, self._merchant)

    def action_plan(self) -> None:
        self.go_to("plan", self._cart_id, self._cart, self._merchant)
