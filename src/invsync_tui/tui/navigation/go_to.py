"""Goes where the command line said: from words to a screen on top of the present one, or a change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from invsync_tui.tui.alerts import choose_alerts
from invsync_tui.tui.navigation.commands import FIND, WORDS, GoTo
from invsync_tui.tui.navigation.names import Fit, Known, Named, fit, known, named
from invsync_tui.tui.navigation.routes import BY_NAME, ROUTES, Takes
from invsync_tui.tui.text.styled import Tone

if TYPE_CHECKING:
    from invsync_tui.operations.lists.list_views import SearchAnswer, SearchHit
    from invsync_tui.operations.session import Session
    from invsync_tui.operations.views import Requested
    from invsync_tui.preferences import Bookmark
    from invsync_tui.tui.screens.base.base_screen import BaseScreen

OF_ALL = frozenset({"runs", "carts", "doctor", "listings"})
"""Screens that there also are for all merchants together."""


def follow(screen: BaseScreen, to: GoTo) -> None:
    """Do what was typed on this screen."""
    simple: Mapping[str, Callable[[], object]] = {
        "merchants": screen.back_home,
        "audit": lambda: screen.go_to("audit"),
        "events": lambda: screen.go_to("events"),
        "bookmarks": lambda: screen.go_to("bookmarks"),
        "filters": lambda: screen.go_to("filters"),
        "help": screen.action_help,
        "quit": screen.leave,
        "run": lambda: screen.open_run(to.number),
        "search": lambda: screen.go_to("search", to.text),
        "theme": lambda: screen.use_theme(to.text) if to.text else screen.go_to("themes"),
        "alerts": lambda: choose_alerts(screen, to.text),
        "sku": lambda: _find(screen, to.text),
        "why": lambda: screen.go_to("why", to.text, None),
        "history": lambda: screen.go_to("history", to.text, None),
        FIND: lambda: screen.ask_the_way(partial(_look_up, to.text), partial(_looked_up, screen, to.text)),
    }
    if to.place in simple:
        simple[to.place]()
    else:
        screen.ask_the_way(known, partial(_named, screen, to))


def _named(screen: BaseScreen, to: GoTo, known_names: Known) -> None:
    screen.context.known = known_names
    screen.context.merchant = _merchant_of_cart(screen, known_names) or screen.context.merchant
    if WORDS[to.place] is Takes.CART:
        _cart(screen, to, known_names)
    elif not to.text and screen.merchant is None and to.place in OF_ALL:
        screen.go_to(to.place, None, "")
    else:
        _merchant(screen, to, known_names)


def _merchant_of_cart(screen: BaseScreen, known_names: Known) -> Named | None:
    """The merchant of the cart that a screen is about; None for screens about something else."""
    visit = screen.visit
    if visit is None or BY_NAME[visit.name].takes is not Takes.CART:
        return None
    cart = next((each for each in known_names.carts if each.id == visit.what[0]), None)
    return next((each for each in known_names.merchants if cart and each.name == cart.merchant), None)


def _cart(screen: BaseScreen, to: GoTo, known_names: Known) -> None:
    cart = named(to.text, known_names.carts)
    if cart is None:
        screen.notice(f"There is no cart {to.text!r}. Type: carts", Tone.WARN)
    else:
        screen.go_to(to.place, cart.id, cart.name, cart.merchant)


def _merchant(screen: BaseScreen, to: GoTo, known_names: Known) -> None:
    merchant = _merchant_of(screen, to.text, known_names)
    if merchant is None:
        what = f"There is no merchant {to.text!r}." if to.text else "Which merchant?"
        screen.notice(f"{what} Type: {to.place} and its name", Tone.WARN)
    elif to.place == "sync":
        screen.ask_the_way(partial(_sync, merchant.id), partial(_started, screen))
    else:
        screen.go_to(to.place, merchant.id, merchant.name)


def _merchant_of(screen: BaseScreen, text: str, known_names: Known) -> Named | None:
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
    screen.ask_the_way(partial(_search, text), partial(_open_hit, screen, text))


def _search(text: str, session: Session) -> SearchAnswer:
    from invsync_tui.operations.catalog import search

    return search.search(session, text, None, 2)


def _exact(answer: SearchAnswer) -> Sequence[SearchHit]:
    from invsync_tui.operations.lists.list_views import HitRank

    return [hit for hit in answer.hits if hit.rank is HitRank.EXACT]


def _open_hit(screen: BaseScreen, text: str, answer: SearchAnswer) -> None:
    exact = _exact(answer)
    if len(exact) == 1:
        screen.go_to("sku", exact[0].product_id, exact[0].sku)
    else:
        screen.go_to("search", text)


class Destination(NamedTuple):
    """A place that fits what was typed."""

    fit: Fit
    name: str
    open: Callable[[BaseScreen], None]


def _look_up(text: str, session: Session) -> tuple[Known, SearchAnswer]:
    return known(session), _search(text, session)


def _looked_up(screen: BaseScreen, text: str, answer: tuple[Known, SearchAnswer]) -> None:
    """Open what fits best: a name or title that is exactly this, the SKU that is, a name that begins or has a word like
    it; else what the search finds, else a name that has the characters in their order."""
    screen.context.known, hits = answer
    bookmarks = screen.context.preferences.bookmarks(screen.context.connection.label)
    places = places_for(text, screen.context.known, bookmarks)
    best = [place for place in places if place.fit == places[0].fit] if places else []
    exact = _exact(hits)
    if best and best[0].fit is not Fit.EXACT and len(exact) == 1:
        best = []
    if best and best[0].fit > Fit.WORD and hits.hits:
        best = []
    if len(best) == 1:
        best[0].open(screen)
    elif best and not hits.hits:
        screen.notice(
            f"Several fit: {', '.join(place.name for place in best[:SHOWN_MOST])}. Type more of one.", Tone.WARN
        )
    else:
        _open_hit(screen, text, hits)


SHOWN_MOST = 4
"""Names that a notice lists."""


def places_for(text: str, names: Known, bookmarks: Sequence[Bookmark] = ()) -> list[Destination]:
    """Bookmarks, merchants, carts and screens that fit, the best first."""
    candidates: list[tuple[str, Callable[[BaseScreen], None]]] = [
        *((bookmark.name, partial(_open_bookmark, bookmark)) for bookmark in bookmarks),
        *((cart.name, partial(_open_cart, cart)) for cart in names.carts),
        *((merchant.name, partial(_open_merchant, merchant)) for merchant in names.merchants),
        *((route.title, partial(_open_screen, route.name)) for route in ROUTES if route.alone),
    ]
    fitting = [
        Destination(quality, name, opener) for name, opener in candidates if (quality := fit(name, text)) is not None
    ]
    return sorted(fitting, key=lambda place: place.fit)


def _open_cart(cart: Named, screen: BaseScreen) -> None:
    """Its listings; commands that name no merchant mean its merchant from then on."""
    merchants = screen.context.known.merchants
    screen.context.merchant = next((each for each in merchants if each.name == cart.merchant), screen.context.merchant)
    screen.go_to("products", cart.id, cart.name, cart.merchant)


def _open_bookmark(bookmark: Bookmark, screen: BaseScreen) -> None:
    from invsync_tui.tui.navigation.visits import open_bookmark

    open_bookmark(screen, bookmark)


def _open_merchant(merchant: Named, screen: BaseScreen) -> None:
    screen.go_to("carts", merchant.id, merchant.name)


def _open_screen(name: str, screen: BaseScreen) -> None:
    follow(screen, GoTo(name))
