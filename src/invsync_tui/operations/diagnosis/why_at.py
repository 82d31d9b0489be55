"""Why a SKU showed what it showed at a moment of the past: the numbers of then through the rules of then.

What a run decided comes from its records, quantities from their history, settings from the audit. What is not known is
said to be unknown; it is never taken for 0.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from invsync_tui import clock
from invsync_tui.operations.diagnosis.why import Why, WhyListing, meaning_of, sellable
from invsync_tui.operations.errors import as_operation_error
from invsync_tui.operations.session import Session
from invsync_tui.rules.eligibility import SENDING_CAUSES
from invsync_tui.rules.matching import trimmed
from invsync_tui.rules.outcomes import Outcome
from invsync_tui.store.catalog import level_history, products
from invsync_tui.store.catalog.lookup import ListingOf
from invsync_tui.store.runs import decision_log
from invsync_tui.store.settings import history as settings_history
from invsync_tui.sync.plans.decision_log import DecisionChunk, plans_of
from invsync_tui.sync.plans.replay import Explained, Rules, chunk_of, explain

Held = level_history.KnownQuantity
"""A quantity of a moment, or that it is not known."""


@dataclass(frozen=True, slots=True)
class LevelThen:
    """What a warehouse had available. `value` None while known: it had no level."""

    warehouse: str
    held: Held


@dataclass(frozen=True, slots=True)
class ListingThen:
    """What is known of one listing at the moment. Of `why`, `target` and the steps are of the last decision before it."""

    why: WhyListing
    run_id: int | None
    """The push that decided last; None where no decision is kept that is old enough."""
    decided_at: int | None
    accepted: Held
    """What the cart had accepted from us."""
    wanted: Held
    """What the listing was to show, by its history."""
    levels: tuple[LevelThen, ...]
    settings: Mapping[str, Any] | None
    """The cart's and its merchant's settings of the moment; None before there was the cart."""
    oldest: int | None
    """The oldest moment of which a decision on it is kept; None where there is none."""


@dataclass(frozen=True, slots=True)
class WhyThen:
    """The answer as of a moment: the same as `why` gives for now, and what else was known."""

    at: int
    why: Why
    listings: tuple[ListingThen, ...]


def why_then(session: Session, word: str, at: int, cart_id: int | None = None) -> WhyThen:
    """Explain a word as of a moment. What it means is looked up in the codes of today."""
    now = clock.seconds()
    with as_operation_error(), session.store.reading() as cx:
        meaning = meaning_of(cx, trimmed(word))
        mine = [listing for listing in meaning.listings if cart_id in (None, listing.cart_id)]
        explained = tuple(_listing(cx, listing, at, now) for listing in mine)
    return WhyThen(
        at, Why(word, meaning.matched_as, meaning.sku, tuple(listing.why for listing in explained)), explained
    )


def _listing(cx: sqlite3.Connection, listing: ListingOf, at: int, now: int) -> ListingThen:
    chunk = chunk_of(cx, listing.cart_id, listing.id, at)
    target, accepted = _quantities(cx, listing, at, now)
    explained = None if chunk is None else _explained(cx, chunk, listing.id)
    product = listing.product_id if explained is None else explained.row.product_id
    return ListingThen(
        why=_why_listing(listing, chunk, explained, accepted),
        run_id=chunk.run_id if chunk else None,
        decided_at=chunk.at if chunk else None,
        accepted=accepted,
        wanted=target,
        levels=() if product is None else _levels(cx, product, at, now),
        settings=settings_history.of_cart(cx, listing.cart_id, at),
        oldest=chunk.at if chunk else _oldest(cx, listing),
    )


def _explained(cx: sqlite3.Connection, chunk: DecisionChunk, listing_id: int) -> Explained:
    return explain(chunk, listing_id, Rules.of(plans_of(cx, chunk.run_id)[chunk.plan]))


def _why_listing(
    listing: ListingOf, chunk: DecisionChunk | None, explained: Explained | None, accepted: Held
) -> WhyListing:
    """A listing as `why` tells it."""
    if chunk is None or explained is None:
        return WhyListing(
            cart=listing.cart, sku=listing.sku, cart_listing_id=listing.ref, steps=(), target=None, confirmed=accepted.value,
            in_cart=None, outcome=None, causes=(),
        )  # fmt: skip
    row, made = explained.row, chunk.decisions[chunk.ids.index(listing.id)]
    outcome, causes = made.outcome, explained.causes
    if outcome == Outcome.PLANNED and accepted.known and accepted.value == made.desired:
        # It was sent after the decision and before the moment: what had stopped it before stands no more.
        outcome, causes = Outcome.SET.value, tuple(cause for cause in causes if cause not in SENDING_CAUSES)
    return WhyListing(
        cart=listing.cart, sku=row.sku, cart_listing_id=row.ref, steps=explained.decision.steps,
        target=explained.decision.desired, confirmed=accepted.value, in_cart=sellable(row), outcome=outcome,
        causes=causes, cart_count=row.observed, cart_orders=row.allocated,
    )  # fmt: skip


def _oldest(cx: sqlite3.Connection, listing: ListingOf) -> int | None:
    """When the oldest decision on a listing was made that is kept."""
    oldest: int | None = None
    for row in decision_log.that_may_have(cx, listing.cart_id, listing.id, 2**62):
        if listing.id in DecisionChunk(row).ids:
            oldest = row.at
    return oldest


def _quantities(cx: sqlite3.Connection, listing: ListingOf, at: int, now: int) -> tuple[Held, Held]:
    """Desired and accepted."""
    changes = level_history.of_listings(cx, [listing.id])
    since = level_history.limit(level_history.known_listings_since(cx, listing.cart_id), now)
    desired, acked = level_history.listings_now(cx, [listing.id]).get(listing.id, (None, None))
    targets = [(change.at, change.desired_before, change.desired) for change in changes]
    taken = [(change.at, change.acked_before, change.acked) for change in changes]
    return level_history.at(targets, at, desired, since), level_history.at(taken, at, acked, since)


def _levels(cx: sqlite3.Connection, product_id: int, at: int, now: int) -> tuple[LevelThen, ...]:
    """What each warehouse had of a product."""
    product = products.get(cx, product_id)
    if product is None:
        return ()
    since = level_history.limit(level_history.known_levels_since(cx, product.merchant_id), now)
    changes = level_history.of_product(cx, product_id)
    levels = []
    for row in products.stock(cx, product_id):
        mine = [
            (change.at, change.before, change.after) for change in changes if change.warehouse_id == row.warehouse_id
        ]
        held = level_history.at(mine, at, row.available, since)
        if not held.known and not mine and row.loaded_at <= at:
            held = Held(True, row.available)
        levels.append(LevelThen(row.warehouse, held))
    return tuple(levels)
