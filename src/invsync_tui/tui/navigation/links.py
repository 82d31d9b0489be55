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
from invsync_tui.tui.text.styled import Line, Tone

if TYPE_CHECKING:
    from invsync_tui.tui.screens.base.base_screen import BaseScreen


@dataclass(frozen=True, slots=True)
class Link:
    """A place: `kind` cart (a field of its Edit Setup), merchant (a field of its), listings (a tab), sku, run, test (of a
    connection), fix (changes in the shop for a cart), or runs, warehouses, aliases (of a merchant, or of the merchant of a
    cart)."""

    kind: str
    subject: str
    """The name of the cart or merchant, the SKU, or the number of the run."""
    at: str = ""
    """The field, the tab, the cart whose connection is tested, or the SKU of the listing to be changed."""


class LinkedLines(list[Line]):
    """Lines, some of which lead somewhere: `jumps` by the number of the line."""

    def __init__(self) -> None:
        super().__init__()
        self.jumps: dict[int, Link | None] = {}

    def put(self, rows: Sequence[Line], jump: Link | None = None) -> None:
        """Append rows; Enter on the first of them leads there."""
        if jump is not None and rows:
            self.jumps[len(self)] = jump
        self.extend(rows)

    def select(self, rows: Sequence[Line], jump: Link | None) -> None:
        """Append rows; the cursor is on the first of them, whether it leads anywhere or not."""
        self.jumps[len(self)] = jump
        self.extend(rows)


OF_MERCHANT = ("runs", "warehouses", "aliases")
"""Screens that take a merchant."""


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


def follow(screen: BaseScreen, jump: Link) -> None:
    """Open the screen that a link points to."""
    if jump.kind == "run":
        screen.open_run(int(jump.subject))
    elif jump.kind == "sku":
        screen.go_to("search", jump.subject)
    else:
        screen.ask_the_way(known, partial(_named, screen, jump))


def _named(screen: BaseScreen, jump: Link, known_names: Known) -> None:
    screen.context.known = known_names
    if jump.kind in OF_MERCHANT:
        merchant = _merchant_of(jump.subject, known_names)
        _open(screen, jump, merchant, lambda site: screen.go_to(jump.kind, site.id, site.name))
    elif jump.kind == "merchant":
        merchant = _called(jump.subject, known_names.merchants)
        _open(screen, jump, merchant, lambda site: screen.go_to("settings", site.id, site.name, jump.at))
    elif jump.kind == "test":
        cart = _called(jump.at, known_names.carts) if jump.at else None
        subject = cart or _called(jump.subject, known_names.merchants)
        kind = "cart" if cart else "merchant"
        _open(screen, jump, subject, lambda named: screen.go_to("connection test", f"{kind}:{named.id}"))
    else:
        name = {"cart": "setup", "fix": "fixes"}.get(jump.kind, "products")
        cart = _called(jump.subject, known_names.carts)
        _open(screen, jump, cart, lambda named: screen.go_to(name, named.id, named.name, named.merchant, jump.at))


def _open(screen: BaseScreen, jump: Link, subject: Named | None, opener: Callable[[Named], None]) -> None:
    if subject is None:
        screen.notice(f"{jump.subject} is not there any more.", Tone.WARN)
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
