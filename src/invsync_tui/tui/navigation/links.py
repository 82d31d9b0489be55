"""Where a line of an answer leads: from a step, a cause or a check to the place where one can do something about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from invsync_tui.operations.diagnosis.why_table import setting_of
from invsync_tui.operations.lists.list_views import ListingFilter
from invsync_tui.rules.outcomes import REASONS, Reason, ReasonKind
from invsync_tui.tui.navigation.names import Known, Named, known
from invsync_tui.tui.navigation.routes import BY_LINK, Takes
from invsync_tui.tui.text.styled import Line, Tone

if TYPE_CHECKING:
    from invsync_tui.tui.screens.base.base_screen import BaseScreen


@dataclass(frozen=True, slots=True)
class Link:
    """A place, by the kind that the table of `routes` has: cart and merchant are their Edit Setup, listings a tab of a cart."""

    kind: str
    subject: str
    """The name of the cart or merchant, the SKU, or the number of the run."""
    at: str = ""
    """The field, the tab, the cart whose connection is tested, or the SKU of the listing to be changed."""


class LinkedLines(list[Line]):
    """Lines, some of which lead somewhere: `links` by the number of the line."""

    def __init__(self) -> None:
        super().__init__()
        self.links: dict[int, Link | None] = {}

    def put(self, rows: Sequence[Line], link: Link | None = None) -> None:
        """Append rows; Enter on the first of them leads there."""
        if link is not None and rows:
            self.links[len(self)] = link
        self.extend(rows)

    def select(self, rows: Sequence[Line], link: Link | None) -> None:
        """Append rows; the cursor is on the first of them, whether it leads anywhere or not."""
        self.links[len(self)] = link
        self.extend(rows)


def of_step(cart: str, sku: str | None, step: str, because: str) -> Link | None:
    """The setting that a step of the arithmetic comes from."""
    if step == "override":
        return Link("sku", sku) if sku else None
    setting = setting_of(step, because)
    return Link("cart", cart, setting.name) if setting is not None else None


def of_cause(cart: str, sku: str | None, cause: Reason) -> Link | None:
    """Where a cause of one listing can be mended."""
    info = REASONS[cause]
    if info.kind is ReasonKind.LISTING:
        return Link("sku", sku) if sku else None
    if "connections fix" in info.fix:
        return Link("fix", cart, sku or "")
    return Link("cart", cart, info.setting) if info.setting else None


def of_group(cart: str, cause: Reason) -> Link:
    """The listings of a cart that have a cause in common, or the setting that all of them have it from."""
    info = REASONS[cause]
    if info.setting and not info.listings:
        return Link("cart", cart, info.setting)
    return Link("listings", cart, info.listings or ListingFilter.ALL.value)


def follow(screen: BaseScreen, link: Link) -> None:
    """Open the screen that a link points to."""
    route = BY_LINK[link.kind]
    if route.takes is Takes.RUN:
        screen.open_run(int(link.subject))
    elif route.takes is Takes.TEXT:
        screen.go_to(route.name, link.subject)
    else:
        screen.ask_the_way(known, partial(_named, screen, link))


def _named(screen: BaseScreen, link: Link, known_names: Known) -> None:
    screen.context.known = known_names
    route = BY_LINK[link.kind]
    if link.kind == "test":
        cart = _called(link.at, known_names.carts) if link.at else None
        subject = cart or _called(link.subject, known_names.merchants)
        kind = "cart" if cart else "merchant"
        _open(screen, link, subject, lambda named: screen.go_to(route.name, f"{kind}:{named.id}"))
    elif link.kind == "merchant":
        merchant = _called(link.subject, known_names.merchants)
        _open(screen, link, merchant, lambda site: screen.go_to(route.name, site.id, site.name, link.at))
    elif route.takes is Takes.MERCHANT:
        merchant = _merchant_of(link.subject, known_names)
        _open(screen, link, merchant, lambda site: screen.go_to(route.name, site.id, site.name))
    else:
        cart = _called(link.subject, known_names.carts)
        _open(screen, link, cart, lambda named: screen.go_to(route.name, named.id, named.name, named.merchant, link.at))


def _open(screen: BaseScreen, link: Link, subject: Named | None, opener: Callable[[Named], None]) -> None:
    if subject is None:
        screen.notice(f"{link.subject} is not there any more.", Tone.WARN)
    else:
        opener(subject)


def _called(name: str, among: Sequence[Named]) -> Named | None:
    return next((each for each in among if each.name == name), None)


def _merchant_of(subject: str, known_names: Known) -> Named | None:
    """The merchant itself, that of a cart, or that of "merchant / warehouse"."""
    cart = _called(subject, known_names.carts)
    named = [site for site in known_names.merchants if subject == site.name or subject.startswith(f"{site.name} / ")]
    return max(
        named, key=lambda site: len(site.name), default=_called(cart.merchant, known_names.merchants) if cart else None
    )
