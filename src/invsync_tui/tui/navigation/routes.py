"""The screens, a line each: the command line behind `:`, the key sheet, the keymap and `BaseScreen.go_to` read this table.

A screen is imported when it is first opened, and by its name: no screen imports another one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from invsync_tui.tui.navigation.names import Named

if TYPE_CHECKING:
    from invsync_tui.tui.context import AppContext
    from invsync_tui.tui.screens.base.base_screen import BaseScreen


class Takes(StrEnum):
    """What is typed behind the name of a screen or a command."""

    NOTHING = ""
    RUN = "N"
    MERCHANT = "MERCHANT"
    CART = "CART"
    TEXT = "TEXT"
    THEME = "NAME"
    ALERTS = "bell, title, both or off"


@dataclass(frozen=True, slots=True)
class Route:
    """A screen: its name, which is its word for `:` too, its title in the key sheet, and "module:Class" below `screens`."""

    name: str
    title: str
    target: str
    takes: Takes | None = None
    """What is typed behind its word; None: it is opened from other screens only."""
    alone: bool = False
    """Whether its word means something with nothing behind it: the merchant one is at, or all."""
    link: str = ""
    """The kind of `links.Link` that leads there; '' where none does."""

    @property
    def module(self) -> str:
        """The module, below `invsync_tui.tui`."""
        return f"screens.{self.target.partition(':')[0]}"

    @property
    def screen(self) -> str:
        """The name of the class."""
        return self.target.partition(":")[2]


ROUTES = (
    Route("merchants", "Merchants", "merchants.merchants:MerchantsScreen", Takes.NOTHING, alone=True),
    Route("run", "Run", "runs.run:RunScreen", Takes.RUN, link="run"),
    Route("runs", "Runs", "runs.runs:RunsScreen", Takes.MERCHANT, alone=True, link="runs"),
    Route("held", "What a held run would send", "runs.held:HeldScreen"),
    Route("reasons", "Outcomes of a run", "runs.reasons:ReasonsScreen"),
    Route("reason SKUs", "SKUs of a reason", "runs.reasons:ReasonSkusScreen"),
    Route("outcome SKUs", "SKUs of an outcome", "runs.reasons:OutcomeSkusScreen"),
    Route("run changes", "Changes of a run", "runs.changes:ChangesScreen"),
    Route("run comparison", "Comparison of runs", "runs.diff:RunDiffScreen"),
    Route("carts", "Carts", "listings.carts:CartsScreen", Takes.MERCHANT, alone=True),
    Route("products", "Product Sync", "listings.product_sync:ProductSyncScreen", Takes.CART, link="listings"),
    Route("listings", "Listings of all carts", "listings.all_carts:AllCartsScreen", Takes.MERCHANT, alone=True),
    Route("warehouses", "Locations & Products", "catalog.warehouses:WarehousesScreen", Takes.MERCHANT, alone=True,
          link="warehouses"),
    Route("levels", "Levels of a warehouse", "catalog.warehouses:LevelsScreen"),
    Route("all warehouses", "All warehouses", "catalog.all_warehouses:AllWarehousesScreen"),
    Route("settings", "Edit Setup of a merchant", "settings.merchant:MerchantSettingsScreen", Takes.MERCHANT, alone=True,
          link="merchant"),
    Route("setup", "Edit Setup of a cart", "settings.cart:CartSettingsScreen", Takes.CART, link="cart"),
    Route("add", "A new merchant or cart", "settings.add:AddSetupScreen"),
    Route("new connection test", "Test before saving", "settings.connection_test:NewConnectionScreen"),
    Route("about system", "About a system", "settings.about_system:AboutSystemScreen"),
    Route("connection test", "Connection test", "settings.connection_test:ConnectionScreen", link="test"),
    Route("search", "SKU search", "catalog.search:SearchScreen", Takes.TEXT, alone=True, link="sku"),
    Route("sku", "SKU", "catalog.sku:SkuScreen", Takes.TEXT),
    Route("why", "Why", "diagnosis.why:WhyScreen", Takes.TEXT),
    Route("history", "History of a SKU", "diagnosis.sku_history:SkuHistoryScreen", Takes.TEXT),
    Route("plan", "Plan", "listings.plan:PlanScreen", Takes.CART),
    Route("identity", "Identity", "listings.identity:IdentityScreen", Takes.CART),
    Route("drift", "Drift", "listings.drift:DriftScreen", Takes.CART),
    Route("aliases", "Aliases", "catalog.aliases:AliasesScreen", Takes.MERCHANT, alone=True, link="aliases"),
    Route("collisions", "Collisions", "catalog.aliases:CollisionsScreen"),
    Route("missing aliases", "Products without an alias", "catalog.aliases:MissingAliasScreen"),
    Route("compare", "Products side by side", "catalog.compare:CompareScreen"),
    Route("events", "Events", "events.events:EventsScreen", Takes.NOTHING, alone=True),
    Route("audit", "Audit", "audit.audit:AuditScreen", Takes.NOTHING, alone=True),
    Route("themes", "Themes", "settings.themes:ThemesScreen"),
    Route("bookmarks", "Bookmarks", "personal.bookmarks:BookmarksScreen", Takes.NOTHING, alone=True),
    Route("filters", "Saved filters", "personal.filters:FiltersScreen", Takes.NOTHING, alone=True),
    Route("fixes", "Changes in the shop", "diagnosis.fixes:FixesScreen", Takes.CART, link="fix"),
    Route("doctor", "Doctor", "diagnosis.doctor:DoctorScreen", Takes.MERCHANT, alone=True),
)  # fmt: skip
BY_NAME = {route.name: route for route in ROUTES}
BY_LINK = {route.link: route for route in ROUTES if route.link}


class Visit(NamedTuple):
    """A screen by its route, and what it is opened with."""

    name: str
    what: tuple[Any, ...] = ()


def screen_class(name: str) -> type[BaseScreen]:
    """The class of a screen, imported now."""
    route = BY_NAME[name]
    screen_type: type[BaseScreen] = getattr(import_module(f"invsync_tui.tui.{route.module}"), route.screen)
    return screen_type


def screen(context: AppContext, name: str, *what: Any, **more: Any) -> BaseScreen:
    """A new screen, given what its class takes after the context.

    Screens of a merchant take its number and name first; commands that name no merchant mean this one from then on.
    """
    if BY_NAME[name].takes is Takes.MERCHANT and what[0] is not None:
        context.merchant = Named(what[0], what[1])
    opened = screen_class(name)(context, *what, **more)
    opened.visit = Visit(name, what)
    return opened
