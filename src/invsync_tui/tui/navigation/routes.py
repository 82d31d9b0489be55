"""Where one can go from anywhere, by merchant, cart or product. Screens are imported when they are first opened.

The one place that knows which screens there are, so that no screen has to import another.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from invsync_tui.tui.navigation.names import Named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from invsync_tui.operations.list_views import ListingLine
    from invsync_tui.tui.context import AppContext
    from invsync_tui.tui.screens.base.base_screen import BaseScreen


def warehouses(desk: AppContext, merchant_id: int, merchant: str) -> BaseScreen:
    """Locations & Products of a merchant."""
    _busy_with(desk, merchant_id, merchant)
    from invsync_tui.tui.screens.catalog.warehouses import WarehousesScreen

    return WarehousesScreen(desk, merchant_id, merchant)


def search(desk: AppContext, text: str = "") -> BaseScreen:
    """SKU search over all merchants. A text may be a code of a cart: it comes into the line without control characters."""
    from invsync_tui.tui.screens.catalog.search import SearchScreen
    from invsync_tui.tui.text.sanitize import clean

    return SearchScreen(desk, clean(text))


def sku(desk: AppContext, product_id: int, name: str) -> BaseScreen:
    """A product; `name` is shown until it is read."""
    from invsync_tui.tui.screens.catalog.sku import SkuScreen

    return SkuScreen(desk, product_id, name)


def why(desk: AppContext, asked: str, chosen: ListingLine | None) -> BaseScreen:
    """Why a SKU shows what it shows, the chosen listing first."""
    from invsync_tui.tui.screens.diagnosis.why import WhyScreen

    return WhyScreen(desk, asked, chosen)


def history(desk: AppContext, asked: str, chosen: ListingLine | None) -> BaseScreen:
    """A SKU over time, in the cart of the chosen listing."""
    from invsync_tui.tui.screens.diagnosis.sku_history import SkuHistoryScreen

    return SkuHistoryScreen(desk, asked, chosen)


def doctor(desk: AppContext, merchant_id: int | None, merchant: str) -> BaseScreen:
    """The guide walked over a merchant, or all."""
    _busy_with(desk, merchant_id, merchant)
    from invsync_tui.tui.screens.diagnosis.doctor import DoctorScreen

    return DoctorScreen(desk, merchant_id, merchant)


def aliases(desk: AppContext, merchant_id: int, merchant: str) -> BaseScreen:
    """The alias types of a merchant."""
    _busy_with(desk, merchant_id, merchant)
    from invsync_tui.tui.screens.catalog.aliases import AliasesScreen

    return AliasesScreen(desk, merchant_id, merchant)


def rivals(desk: AppContext, shared: str, product_ids: Sequence[int]) -> BaseScreen:
    """Products that share something, side by side."""
    from invsync_tui.tui.screens.catalog.compare import CompareScreen

    return CompareScreen(desk, shared, product_ids)


def product_sync(desk: AppContext, cart_id: int, cart: str, merchant: str, tab: str = "") -> BaseScreen:
    """View Product Sync of a cart, at a tab."""
    from invsync_tui.tui.screens.listings.product_sync import ProductSyncScreen

    return ProductSyncScreen(desk, cart_id, cart, merchant, tab)


def identity(desk: AppContext, cart_id: int, cart: str, merchant: str) -> BaseScreen:
    """The identity workbench of a cart."""
    from invsync_tui.tui.screens.listings.identity import IdentityScreen

    return IdentityScreen(desk, cart_id, cart, merchant)


def drift(desk: AppContext, cart_id: int, cart: str, merchant: str) -> BaseScreen:
    """What a cart shows otherwise than it accepted."""
    from invsync_tui.tui.screens.listings.drift import DriftScreen

    return DriftScreen(desk, cart_id, cart, merchant)


def plan(
    desk: AppContext, cart_id: int, cart: str, kept: int | None = None, overlay: Mapping[str, str] | None = None
) -> BaseScreen:
    """What the next push of a cart would set; `kept`: the number of a kept plan, `overlay`: settings tried unsaved."""
    from invsync_tui.tui.screens.listings.plan import PlanScreen

    return PlanScreen(desk, cart_id, cart, kept, overlay)


def carts(desk: AppContext, merchant_id: int | None, merchant: str) -> BaseScreen:
    """The carts of a merchant, or all."""
    _busy_with(desk, merchant_id, merchant)
    from invsync_tui.tui.screens.listings.carts import CartsScreen

    return CartsScreen(desk, merchant_id, merchant)


def runs(desk: AppContext, merchant_id: int | None, merchant: str) -> BaseScreen:
    """The runs of a merchant, or all."""
    _busy_with(desk, merchant_id, merchant)
    from invsync_tui.tui.screens.runs.runs import RunsScreen

    return RunsScreen(desk, merchant_id, merchant)


def cart_runs(desk: AppContext, merchant_id: int, merchant: str, cart_id: int, cart: str) -> BaseScreen:
    """The pushes of a cart."""
    _busy_with(desk, merchant_id, merchant)
    from invsync_tui.tui.screens.runs.runs import RunsScreen

    return RunsScreen(desk, merchant_id, merchant, cart_id, cart)


def merchant_connection(desk: AppContext, merchant_id: int) -> BaseScreen:
    """The test of a merchant's WMS connection."""
    from invsync_tui.tui.gateway.settings import merchant_subject
    from invsync_tui.tui.screens.settings.connection_test import ConnectionScreen

    return ConnectionScreen(desk, merchant_subject(merchant_id))


def cart_connection(desk: AppContext, cart_id: int) -> BaseScreen:
    """The test of a cart's connection."""
    from invsync_tui.tui.gateway.settings import cart_subject
    from invsync_tui.tui.screens.settings.connection_test import ConnectionScreen

    return ConnectionScreen(desk, cart_subject(cart_id))


def merchant_settings(desk: AppContext, merchant_id: int, merchant: str, at: str = "") -> BaseScreen:
    """Edit Setup of a merchant, at a field."""
    _busy_with(desk, merchant_id, merchant)
    from invsync_tui.tui.screens.settings.merchant import MerchantSettingsScreen

    return MerchantSettingsScreen(desk, merchant_id, merchant).with_cursor_on(at)


def cart_settings(desk: AppContext, cart_id: int, cart: str, merchant: str, at: str = "") -> BaseScreen:
    """Edit Setup of a cart, at a field."""
    from invsync_tui.tui.screens.settings.cart import CartSettingsScreen

    return CartSettingsScreen(desk, cart_id, cart, merchant).with_cursor_on(at)


def _busy_with(desk: AppContext, merchant_id: int | None, merchant: str) -> None:
    """Commands that name no merchant mean this one from now on."""
    if merchant_id is not None:
        desk.merchant = Named(merchant_id, merchant)
