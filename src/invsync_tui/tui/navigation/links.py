"""Where a line of an answer leads: from a step, a cause or a check to the place where one can do something about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from invsync_tui.operations.diagnosis.why_table import setting_of
from invsync_tui.operations.list_views import ListingFilter
from invsync_tui.rules.outcomes import REASONS, Reason, ReasonKind
from invsync_tui.tui.navigation.names import Known, Named, known
from invsync_tui.tui.text.styled import Line, Tone

if TYPE_CHECKING:
    from invsync_tui.tui.screens.base.base_screen import BaseScreen


@dataclass(frozen=True, slots=True)
class Link:
    """A place: `kind` cart (a field of its Edit Setup), merchant (a field of its), listings (a tab), aliases, sku, run."""

    kind: str
    subject: str
    """The name of the cart or merchant, the SKU, or the number of the run."""
    at: str = ""
    """The field or the tab."""


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


_CHECK_FIELDS = {
    "merchant.switch": ("merchant", "sync"), "merchant.last_run": ("merchant", "every"),
    "merchant.status": ("merchant", "url"), "cart.switch": ("cart", "upload"), "cart.warehouses": ("cart", "warehouses"),
    "cart.alias": ("cart", "alias"), "cart.never_synced": ("listings", ListingFilter.NEVER.value),
    "cart.listings": ("listings", ListingFilter.ALL.value),
}  # fmt: skip


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
    return Link("cart", cart, info.setting) if info.setting else None


def of_group(cart: str, cause: Reason) -> Link:
    """The listings of a cart that have a cause in common, or the setting that all of them have it from."""
    info = REASONS[cause]
    if info.setting and not info.listings:
        return Link("cart", cart, info.setting)
    return Link("listings", cart, info.listings or ListingFilter.ALL.value)


def of_check(check: str, subject: str) -> Link | None:
    """Where a check of the guide looks."""
    target = _CHECK_FIELDS.get(check)
    return Link(target[0], subject, target[1]) if target else None


def follow(screen: BaseScreen, jump: Link) -> None:
    """Open the screen that a link points to."""
    if jump.kind == "run":
        screen.open_run(int(jump.subject))
    elif jump.kind == "sku":
        screen.go_to("search", jump.subject)
    else:
        screen.ask(known, partial(_named, screen, jump))


def _named(screen: BaseScreen, jump: Link, known_names: Known) -> None:
    screen.context.known = known_names
    openers: Mapping[str, tuple[Sequence[Named], Callable[[Named], None]]] = {
        "cart": (known_names.carts, lambda cart: screen.go_to("setup", cart.id, cart.name, cart.merchant, jump.at)),
        "listings": (
            known_names.carts,
            lambda cart: screen.go_to("products", cart.id, cart.name, cart.merchant, jump.at),
        ),
        "merchant": (
            known_names.merchants,
            lambda merchant: screen.go_to("settings", merchant.id, merchant.name, jump.at),
        ),
    }
    among, opener = openers[jump.kind]
    subject = next((each for each in among if each.name == jump.subject), None)
    if subject is None:
        screen.notice(f"{jump.subject} is not there any more.", Tone.WARN)
    else:
        opener(subject)
