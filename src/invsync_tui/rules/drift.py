"""Drift: what a cart shows against what it accepted from us, and what that puts at risk.

All comparisons are of sellable units: what the cart stores less what it holds back for its own open orders. A cart takes
its orders off by itself, so a fall is drift only as far as known orders do not explain it; where orders are not known, a
fall is taken for sales, since writing it back would sell those units twice. A rise has no such excuse: it is an edit, or
an order that was cancelled, and an oversell where fewer units exist. A promise beyond what exists is told as the harm it
is, whoever made it; a fall is told as the units that are not sold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from invsync_tui import local_time
from invsync_tui.rules.outcomes import Reason

LAG = 120
"""Seconds within which a cart may go on showing the number of before."""


class Drift(StrEnum):
    """The classes, the gravest first."""

    VANISHED = "vanished"
    UNTRACKED = "untracked"
    OVERSELL = "oversell"
    UNDERSELL = "undersell"
    EDITED = "edited"
    LAGGING = "lagging"


REASONS: Mapping[Drift, Reason] = {
    Drift.VANISHED: Reason.NOT_IN_CART,
    Drift.UNTRACKED: Reason.CART_NOT_TRACKING,
    Drift.OVERSELL: Reason.OVERSELL,
    Drift.UNDERSELL: Reason.UNDERSELL,
    Drift.EDITED: Reason.EDITED_IN_CART,
    Drift.LAGGING: Reason.CART_LAGGING,
}
"""Under which reason a drift check counts a class."""
_HEALED: Mapping[str, frozenset[Drift]] = {
    "never": frozenset(),
    "oversell": frozenset({Drift.OVERSELL}),
    "always": frozenset({Drift.OVERSELL, Drift.UNDERSELL, Drift.EDITED}),
}


def corrects(policy: str, drift: Drift) -> bool:
    """Whether a cart's policy puts a class right by itself. What cannot be written, or rights itself, never is."""
    return drift in _HEALED.get(policy, frozenset())


@dataclass(frozen=True, slots=True)
class ListingState:
    """A listing as last read, and what is known of it. `observed`, `shown` and `allocated` are in the cart's basis."""

    acked: int | None
    """Sellable units that the cart last accepted; None: it never did, so there is nothing to differ from."""
    shown: int | None
    """What was written or confirmed with that."""
    observed: int | None
    allocated: int
    tracked: bool | None
    present: bool
    synced_at: int | None
    observed_at: int | None
    exists: int | None
    """Sellable units in the cart's warehouses before buffer and share; None where that is not known."""
    sold: int | None
    """Units of orders that the cart took since `synced_at`; None where its orders are not known."""
    look_after: int | None = None
    """When a quantity that the cart applies later is asked about, in epoch seconds; None where none waits, or the cart
    had its time."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A class with its exposure: units promised too many (oversell, edited), or not for sale (undersell); else 0."""

    drift: Drift
    exposure: int
    text: str


def classify(seen: ListingState, lag: int = LAG) -> Finding | None:
    """The drift of a listing; None where there is none."""
    if seen.look_after is not None and seen.present and seen.tracked is not False:
        return _submitted(seen, seen.look_after)
    if seen.acked is None:
        return None
    if not seen.present:
        return Finding(Drift.VANISHED, 0, f"The cart accepted {seen.acked} and no longer has the listing.")
    if seen.tracked is False:
        return Finding(
            Drift.UNTRACKED, 0, f"The cart accepted {seen.acked} and no longer tracks stock: it sells any number."
        )
    if seen.observed is None:
        return Finding(Drift.UNTRACKED, 0, f"The cart accepted {seen.acked} and shows no quantity.")
    return _compared(seen.acked, seen.observed - seen.allocated, seen, lag)


def _submitted(seen: ListingState, look_after: int) -> Finding:
    """The cart may show either quantity: which one is known once it says what became of the newer."""
    shows = "no quantity" if seen.observed is None else str(seen.observed - seen.allocated)
    text = f"Submitted, checked again at {local_time.stamp(look_after)}; the cart shows {shows}."
    return Finding(Drift.LAGGING, 0, text)


def _compared(acked: int, sellable: int, seen: ListingState, lag: int) -> Finding | None:
    same = seen.observed == seen.shown
    if not same and sellable != acked and _is_fresh(seen, lag):
        return Finding(
            Drift.LAGGING,
            0,
            f"The cart accepted {acked} a moment ago and shows {sellable}; it may need a little longer.",
        )
    over = sellable - seen.exists if seen.exists is not None else 0
    if over > 0:
        since = "" if sellable == acked else f" It accepted {acked}: changed there since."
        return Finding(
            Drift.OVERSELL, over, f"The cart offers {sellable} and {seen.exists} exist: {over} too many.{since}"
        )
    if sellable > acked and not same:
        more = sellable - acked
        text = f"The cart accepted {acked} and shows {sellable}: {more} more, by an edit or a canceled order."
        return Finding(Drift.EDITED, more, text)
    return _fallen(acked, sellable, seen)


def _is_fresh(seen: ListingState, lag: int) -> bool:
    """The read came so soon after the write that the cart may not have got round to showing it."""
    return seen.synced_at is not None and seen.observed_at is not None and 0 <= seen.observed_at - seen.synced_at < lag


def _fallen(acked: int, sellable: int, seen: ListingState) -> Finding | None:
    if seen.sold is None:
        return None
    missing = acked - seen.sold - sellable
    if missing <= 0:
        return None
    sold = f", of which {seen.sold} were sold" if seen.sold else ""
    text = (
        f"The cart accepted {acked} and shows {sellable}: {acked - sellable} fewer{sold}; {missing} are not for sale."
    )
    return Finding(Drift.UNDERSELL, missing, text)
