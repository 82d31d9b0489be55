"""All causes of a cart's listings in groups, or those of one SKU.

Whole carts are counted from what the last plan recorded; where it stopped at a reason before the stock, the chain is run
again for the listing, up to a limit that keeps the answer quick.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from invsync_tui import clock
from invsync_tui.operations.diagnosis import operator_changes
from invsync_tui.operations.errors import NotFoundError, as_operation_error
from invsync_tui.operations.session import Session
from invsync_tui.plain_text import counted
from invsync_tui.rules.eligibility import STOCK_CAUSES, Recorded, hides_stock, recorded_causes
from invsync_tui.rules.merchant_checks import SAMPLE, Group
from invsync_tui.rules.outcomes import Reason
from invsync_tui.store.diagnosis import cause_counts, checkup
from invsync_tui.store.diagnosis.checkup import CartRow, MerchantRow
from invsync_tui.store.listings import plans
from invsync_tui.store.paging import counts as paging_counts

TRACED_MOST = 1000
"""Listings of all carts together whose stock is looked at behind another cause."""


@dataclass(frozen=True, slots=True)
class Findings:
    """Groups in the order of the causes' words, and why more causes may lie in the stock ('' if none can)."""

    groups: tuple[Group, ...]
    unseen: str = ""
    absent: bool = False
    """One SKU was asked for, and no listing has to do with it."""


@dataclass(slots=True)
class _CauseCounts:
    cart: str
    counts: dict[Reason, int] = field(default_factory=lambda: defaultdict(int))
    samples: dict[Reason, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    notes: dict[Reason, str] = field(default_factory=dict)

    def add(self, cause: Reason, count: int, sample: Iterable[str]) -> None:
        self.counts[cause] += count
        self.samples[cause].update(dict.fromkeys(sample))

    def groups(self) -> tuple[Group, ...]:
        order = {reason: place for place, reason in enumerate(Reason)}
        return tuple(
            Group(self.cart, cause, self.counts[cause], tuple(self.samples[cause])[:SAMPLE], self.notes.get(cause, ""))
            for cause in sorted(self.counts, key=lambda cause: order.get(cause, len(order)))
        )


def of_sku(session: Session, cart: CartRow, sku: str) -> Findings:
    """The causes of one SKU's listings in a cart, live."""
    from invsync_tui.operations.diagnosis.why import why

    tally = _CauseCounts(cart.name)
    try:
        answer = why(session, sku, cart.id)
    except NotFoundError:
        return Findings((), absent=True)
    for listing in answer.listings:
        for cause in listing.causes:
            tally.add(cause, 1, [listing.sku or answer.sku or sku])
        tally.notes |= {change.cause: change.text for change in listing.set_by}
    return Findings(tally.groups(), absent=not answer.listings)


def of_cart(session: Session, merchant: MerchantRow, cart: CartRow, most: int, *, usable: bool) -> Findings:
    """The causes of all listings of a cart; `usable` tells whether any warehouse of it is enabled.

    Behind other causes the stock of `most` listings is looked at.
    """
    tally = _CauseCounts(cart.name)
    with as_operation_error(), session.store.reading() as cx:
        if not merchant.inventory_sync:
            _whole_cart(cx, tally, cart, (Reason.SWITCH_OFF,))
            return Findings(tally.groups())
        stops = (
            (not cart.upload_enabled, Reason.SWITCH_OFF),
            (cart.id in plans.all_frozen(cx), Reason.FROZEN),
            (not usable, Reason.WAREHOUSE_DISABLED),
        )
        _whole_cart(cx, tally, cart, [cause for applies, cause in stops if applies])
        hidden = _recorded(cx, tally, cart, usable)
        count, sample = cause_counts.overridden(cx, cart.id, SAMPLE)
        if count:
            tally.add(Reason.OVERRIDDEN, count, sample)
        tally.notes |= {cause: operator_changes.newest(cx, cart.id, cause) for cause in tally.counts}
        for reason, count in checkup.unlisted(cx, cart.id):
            tally.add(Reason(reason), count, checkup.unlisted_skus(cx, cart.id, reason, SAMPLE))
        unseen = _behind(cx, tally, cart, hidden, most) if usable else ""
    return Findings(tally.groups(), unseen)


def _whole_cart(cx: sqlite3.Connection, tally: _CauseCounts, cart: CartRow, stops: Iterable[Reason]) -> None:
    """What stops every listing of it."""
    listings = paging_counts.listings(cx, cart.id)
    for cause in stops:
        if listings:
            tally.add(cause, listings, checkup.listed_skus(cx, cart.id, SAMPLE))


def _recorded(cx: sqlite3.Connection, tally: _CauseCounts, cart: CartRow, usable: bool) -> list[tuple[Recorded, int]]:
    """Count what the rows tell; returns those that cannot tell of their stock."""
    groups = cause_counts.groups(cx, cart.id)
    for recorded, count in groups:
        causes = [
            cause for cause in recorded_causes(recorded) if usable or cause not in STOCK_CAUSES or recorded.match_reason
        ]
        if causes:
            sample = checkup.skus(cx, cause_counts.ids(cx, cart.id, recorded, SAMPLE))
            for cause in causes:
                tally.add(cause, count, sample)
    return [(recorded, count) for recorded, count in groups if hides_stock(recorded)]


def _behind(
    cx: sqlite3.Connection, tally: _CauseCounts, cart: CartRow, hidden: Sequence[tuple[Recorded, int]], most: int
) -> str:
    """Look at the stock of listings that a plan stopped at for another reason; says so where there are too many."""
    ids: list[int] = []
    if not cart.upload_enabled:
        if paging_counts.listings(cx, cart.id) > most:
            return "stock is not checked while Inventory Upload Service is off"
        ids = cause_counts.switched_off(cx, cart.id)
    for recorded, _ in hidden:
        ids += cause_counts.ids(cx, cart.id, recorded, most)
    _trace(cx, tally, cart, sorted(set(ids))[:most])
    total = sum(count for _, count in hidden)
    return f"checked stock of {most} of {counted(total, 'listing')} that have other causes" if total > most else ""


def _trace(cx: sqlite3.Connection, tally: _CauseCounts, cart: CartRow, ids: list[int]) -> None:
    if not ids:
        return
    from invsync_tui.connectors.base import QuantityBasis
    from invsync_tui.sync.decide import traces
    from invsync_tui.sync.settings import load_settings

    settings = load_settings(cx, cart.id)
    if settings is None:
        return
    # The basis is no matter: it changes the number to write, never a cause.
    for trace in traces(cx, ids, settings, QuantityBasis.AVAILABLE, clock.seconds()):
        for cause in trace.causes:
            if cause in STOCK_CAUSES and trace.row.match_reason is None:
                tally.add(cause, 1, [trace.row.sku])
