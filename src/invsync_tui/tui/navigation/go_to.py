"""Goes where the command line said: from words to a screen on top of the present one, or an order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from invsync_tui.tui.navigation import routes
from invsync_tui.tui.navigation.commands import GoTo, Place
from invsync_tui.tui.navigation.names import Known, Named, known, named
from invsync_tui.tui.text.styled import Tone

if TYPE_CHECKING:
    from invsync_tui.operations.list_views import SearchAnswer
    from invsync_tui.operations.views import Requested
    from invsync_tui.tui.context import AppContext
    from invsync_tui.tui.screens.base.base_screen import BaseScreen

OF_MERCHANT: Mapping[Place, Callable[[AppContext, int, str], BaseScreen]] = {
    Place.RUNS: routes.runs,
    Place.CARTS: routes.carts,
    Place.WAREHOUSES: routes.warehouses,
    Place.SETTINGS: routes.merchant_settings,
    Place.ALIASES: routes.aliases,
    Place.DOCTOR: routes.doctor,
}
OF_CART: Mapping[Place, Callable[[AppContext, int, str, str], BaseScreen]] = {
    Place.PRODUCTS: routes.product_sync,
    Place.SETUP: routes.cart_settings,
    Place.PLAN: lambda desk, cart_id, cart, merchant: routes.plan(desk, cart_id, cart),
    Place.IDENTITY: routes.identity,
    Place.DRIFT: routes.drift,
}
OF_ALL = {Place.RUNS: routes.runs, Place.CARTS: routes.carts, Place.DOCTOR: routes.doctor}
"""Places that there also are for all merchants together."""


def follow(screen: BaseScreen, to: GoTo) -> None:
    """Do what was typed on this screen."""
    simple: Mapping[Place, Callable[[], object]] = {
        Place.MERCHANTS: screen.back_home,
        Place.HELP: screen.action_help,
        Place.QUIT: screen.leave,
        Place.RUN: lambda: screen.open_run(to.number),
        Place.SEARCH: lambda: screen.app.push_screen(routes.search(screen.desk, to.text)),
        Place.THEME: lambda: screen.use_theme(to.text),
        Place.SKU: lambda: _find(screen, to.text),
        Place.WHY: lambda: screen.app.push_screen(routes.why(screen.desk, to.text, None)),
        Place.HISTORY: lambda: screen.app.push_screen(routes.history(screen.desk, to.text, None)),
    }
    if to.place in simple:
        simple[to.place]()
    else:
        screen.ask(known, partial(_named, screen, to))


def _named(screen: BaseScreen, to: GoTo, found: Known) -> None:
    screen.desk.known = found
    if to.place in OF_CART:
        _cart(screen, to, found)
    elif not to.text and screen.merchant is None and to.place in OF_ALL:
        screen.app.push_screen(OF_ALL[to.place](screen.desk, None, ""))
    else:
        _merchant(screen, to, found)


def _cart(screen: BaseScreen, to: GoTo, found: Known) -> None:
    cart = named(to.text, found.carts)
    if cart is None:
        screen.notice(f"There is no cart {to.text!r}. Type: carts", Tone.WARN)
    else:
        screen.app.push_screen(OF_CART[to.place](screen.desk, cart.id, cart.name, cart.merchant))


def _merchant(screen: BaseScreen, to: GoTo, found: Known) -> None:
    merchant = _meant(screen, to.text, found)
    if merchant is None:
        what = f"There is no merchant {to.text!r}." if to.text else "Which merchant?"
        screen.notice(f"{what} Type: {to.place} and its name", Tone.WARN)
    elif to.place is Place.SYNC:
        screen.ask(lambda gateway: gateway.start(merchant.id, None), partial(_started, screen))
    else:
        screen.app.push_screen(OF_MERCHANT[to.place](screen.desk, merchant.id, merchant.name))


def _meant(screen: BaseScreen, text: str, found: Known) -> Named | None:
    """The merchant that was named, else the one that the screen is about, else the only one."""
    if text:
        return named(text, found.merchants)
    if screen.merchant is not None:
        return screen.merchant
    return found.merchants[0] if len(found.merchants) == 1 else None


def _started(screen: BaseScreen, requested: Requested) -> None:

    if requested.runs:
        screen.open_run(requested.runs[0], requested.message)
    else:
        screen.notice(requested.message, Tone.GOOD)


def _find(screen: BaseScreen, text: str) -> None:
    """The SKU itself where only one has exactly this code, else what there is."""
    screen.ask(lambda gateway: gateway.search(text, None, 2), partial(_found, screen, text))


def _found(screen: BaseScreen, text: str, answer: SearchAnswer) -> None:
    from invsync_tui.operations.list_views import HitRank

    exact = [hit for hit in answer.hits if hit.rank is HitRank.EXACT]
    if len(exact) == 1:
        screen.app.push_screen(routes.sku(screen.desk, exact[0].product_id, exact[0].sku))
    else:
        screen.app.push_screen(routes.search(screen.desk, text))
