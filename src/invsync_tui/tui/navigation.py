"""Goes where the command line said: from words to a screen on top of the present one, or an order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from invsync_tui.tui import places
from invsync_tui.tui.commands import GoTo, Place
from invsync_tui.tui.lines import Tone
from invsync_tui.tui.names import Known, Named, known, named

if TYPE_CHECKING:
    from invsync_tui.operations.lists import SearchAnswer
    from invsync_tui.operations.model import Requested
    from invsync_tui.tui.desk import Desk
    from invsync_tui.tui.screens.control import ControlScreen

OF_MERCHANT: Mapping[Place, Callable[[Desk, int, str], ControlScreen]] = {
    Place.RUNS: places.runs,
    Place.CARTS: places.carts,
    Place.WAREHOUSES: places.warehouses,
    Place.SETTINGS: places.merchant_settings,
    Place.ALIASES: places.aliases,
    Place.DOCTOR: places.doctor,
}
OF_CART: Mapping[Place, Callable[[Desk, int, str, str], ControlScreen]] = {
    Place.PRODUCTS: places.product_sync,
    Place.SETUP: places.cart_settings,
    Place.PLAN: lambda desk, cart_id, cart, merchant: places.plan(desk, cart_id, cart),
    Place.IDENTITY: places.identity,
    Place.DRIFT: places.drift,
}
OF_ALL = {Place.RUNS: places.runs, Place.CARTS: places.carts, Place.DOCTOR: places.doctor}
"""Places that there also are for all merchants together."""


def follow(screen: ControlScreen, to: GoTo) -> None:
    """Do what was typed on this screen."""
    simple: Mapping[Place, Callable[[], object]] = {
        Place.MERCHANTS: screen.back_home,
        Place.HELP: screen.action_help,
        Place.QUIT: screen.leave,
        Place.RUN: lambda: screen.open_run(to.number),
        Place.SEARCH: lambda: screen.app.push_screen(places.search(screen.desk, to.text)),
        Place.THEME: lambda: screen.wear(to.text),
        Place.SKU: lambda: _find(screen, to.text),
        Place.WHY: lambda: screen.app.push_screen(places.why(screen.desk, to.text, None)),
        Place.HISTORY: lambda: screen.app.push_screen(places.history(screen.desk, to.text, None)),
    }
    if to.place in simple:
        simple[to.place]()
    else:
        screen.ask(known, partial(_named, screen, to))


def _named(screen: ControlScreen, to: GoTo, found: Known) -> None:
    screen.desk.known = found
    if to.place in OF_CART:
        _cart(screen, to, found)
    elif not to.text and screen.merchant is None and to.place in OF_ALL:
        screen.app.push_screen(OF_ALL[to.place](screen.desk, None, ""))
    else:
        _merchant(screen, to, found)


def _cart(screen: ControlScreen, to: GoTo, found: Known) -> None:
    cart = named(to.text, found.carts)
    if cart is None:
        screen.notice(f"There is no cart {to.text!r}. Type: carts", Tone.WARN)
    else:
        screen.app.push_screen(OF_CART[to.place](screen.desk, cart.id, cart.name, cart.merchant))


def _merchant(screen: ControlScreen, to: GoTo, found: Known) -> None:
    merchant = _meant(screen, to.text, found)
    if merchant is None:
        what = f"There is no merchant {to.text!r}." if to.text else "Which merchant?"
        screen.notice(f"{what} Type: {to.place} and its name", Tone.WARN)
    elif to.place is Place.SYNC:
        screen.ask(lambda gateway: gateway.start(merchant.id, None), partial(_started, screen))
    else:
        screen.app.push_screen(OF_MERCHANT[to.place](screen.desk, merchant.id, merchant.name))


def _meant(screen: ControlScreen, text: str, found: Known) -> Named | None:
    """The merchant that was named, else the one that the screen is about, else the only one."""
    if text:
        return named(text, found.merchants)
    if screen.merchant is not None:
        return screen.merchant
    return found.merchants[0] if len(found.merchants) == 1 else None


def _started(screen: ControlScreen, requested: Requested) -> None:

    if requested.runs:
        screen.open_run(requested.runs[0], requested.message)
    else:
        screen.notice(requested.message, Tone.GOOD)


def _find(screen: ControlScreen, text: str) -> None:
    """The SKU itself where only one has exactly this code, else what there is."""
    screen.ask(lambda gateway: gateway.search(text, None, 2), partial(_found, screen, text))


def _found(screen: ControlScreen, text: str, answer: SearchAnswer) -> None:
    from invsync_tui.operations.lists import HitRank

    exact = [hit for hit in answer.hits if hit.rank is HitRank.EXACT]
    if len(exact) == 1:
        screen.app.push_screen(places.sku(screen.desk, exact[0].product_id, exact[0].sku))
    else:
        screen.app.push_screen(places.search(screen.desk, text))
