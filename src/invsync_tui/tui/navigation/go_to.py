"""Goes where the command line said: from words to a screen on top of the present one, or a change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from invsync_tui.tui.navigation.commands import WORDS, GoTo
from invsync_tui.tui.navigation.names import Known, Named, known, named
from invsync_tui.tui.navigation.routes import Takes
from invsync_tui.tui.text.styled import Tone

if TYPE_CHECKING:
    from invsync_tui.operations.list_views import SearchAnswer
    from invsync_tui.operations.session import Session
    from invsync_tui.operations.views import Requested
    from invsync_tui.tui.screens.base.base_screen import BaseScreen

OF_ALL = frozenset({"runs", "carts", "doctor", "listings"})
"""Screens that there also are for all merchants together."""


def follow(screen: BaseScreen, to: GoTo) -> None:
    """Do what was typed on this screen."""
    simple: Mapping[str, Callable[[], object]] = {
        "merchants": screen.back_home,
        "audit": lambda: screen.go_to("audit"),
        "help": screen.action_help,
        "quit": screen.leave,
        "run": lambda: screen.open_run(to.number),
        "search": lambda: screen.go_to("search", to.text),
        "theme": lambda: screen.use_theme(to.text),
        "sku": lambda: _find(screen, to.text),
        "why": lambda: screen.go_to("why", to.text, None),
        "history": lambda: screen.go_to("history", to.text, None),
    }
    if to.place in simple:
        simple[to.place]()
    else:
        screen.ask(known, partial(_named, screen, to))


def _named(screen: BaseScreen, to: GoTo, known_names: Known) -> None:
    screen.context.known = known_names
    if WORDS[to.place] is Takes.CART:
        _cart(screen, to, known_names)
    elif not to.text and screen.merchant is None and to.place in OF_ALL:
        screen.go_to(to.place, None, "")
    else:
        _merchant(screen, to, known_names)


def _cart(screen: BaseScreen, to: GoTo, known_names: Known) -> None:
    cart = named(to.text, known_names.carts)
    if cart is None:
        screen.notice(f"There is no cart {to.text!r}. Type: carts", Tone.WARN)
    else:
        screen.go_to(to.place, cart.id, cart.name, cart.merchant)


def _merchant(screen: BaseScreen, to: GoTo, known_names: Known) -> None:
    merchant = _meant(screen, to.text, known_names)
    if merchant is None:
        what = f"There is no merchant {to.text!r}." if to.text else "Which merchant?"
        screen.notice(f"{what} Type: {to.place} and its name", Tone.WARN)
    elif to.place == "sync":
        screen.ask(partial(_sync, merchant.id), partial(_started, screen))
    else:
        screen.go_to(to.place, merchant.id, merchant.name)


def _meant(screen: BaseScreen, text: str, known_names: Known) -> Named | None:
    """The merchant that was named, else the one that the screen is about, else the only one."""
    if text:
        return named(text, known_names.merchants)
    if screen.merchant is not None:
        return screen.merchant
    return known_names.merchants[0] if len(known_names.merchants) == 1 else None


def _sync(merchant_id: int, session: Session) -> Requested:
    from invsync_tui.operations.runs import request

    return request.request(session, merchant_id)


def _started(screen: BaseScreen, requested: Requested) -> None:
    if requested.runs:
        screen.open_run(requested.runs[0], requested.message)
    else:
        screen.notice(requested.message, Tone.GOOD)


def _find(screen: BaseScreen, text: str) -> None:
    """The SKU itself where only one has exactly this code, else what there is."""
    screen.ask(partial(_search, text), partial(_found, screen, text))


def _search(text: str, session: Session) -> SearchAnswer:
    from invsync_tui.operations.catalog import search

    return search.search(session, text, None, 2)


def _found(screen: BaseScreen, text: str, answer: SearchAnswer) -> None:
    from invsync_tui.operations.list_views import HitRank

    exact = [hit for hit in answer.hits if hit.rank is HitRank.EXACT]
    if len(exact) == 1:
        screen.go_to("sku", exact[0].product_id, exact[0].sku)
    else:
        screen.go_to("search", text)
