"""Why a SKU shows what it shows: what a word means, and for each listing the arithmetic, the state and every cause."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from invsync_tui import clock, local_time
from invsync_tui.connectors import registry
from invsync_tui.operations.diagnosis import evidence, operator_changes
from invsync_tui.operations.diagnosis.evidence import SentView, SourceView
from invsync_tui.operations.diagnosis.operator_changes import OperatorChange
from invsync_tui.operations.errors import NotFoundError, OperationError, as_operation_error
from invsync_tui.operations.listings import drift
from invsync_tui.operations.listings.drift import DriftLine
from invsync_tui.operations.session import Session
from invsync_tui.plain_text import counted
from invsync_tui.rules.matching import normalize_key, trimmed
from invsync_tui.rules.outcomes import Outcome, Reason
from invsync_tui.rules.quantity import Step
from invsync_tui.store.catalog import lookup
from invsync_tui.store.catalog.lookup import CodeOf, ListingOf
from invsync_tui.store.listings import links
from invsync_tui.store.listings.links import Link
from invsync_tui.store.listings.listings import PlanRow
from invsync_tui.sync import connections
from invsync_tui.sync.decide import Trace, traces
from invsync_tui.sync.settings import load_settings


@dataclass(frozen=True, slots=True)
class WhyListing:
    """One cart's side of the answer. `cart_listing_id` and `sku` are None where the cart does not list the product."""

    cart: str
    sku: str | None
    cart_listing_id: str | None
    steps: tuple[Step, ...]
    target: int | None
    confirmed: int | None
    in_cart: int | None
    """Sellable units as last read, like the target: `cart_count` less `cart_orders`."""
    outcome: str | None
    causes: tuple[Reason, ...]
    linked: str = ""
    """Who linked it to which product, and when, in words; '' where its code is matched."""
    drift: DriftLine | None = None
    """How what the cart shows differs from what it accepted, as last read; None where it does not."""
    cart_id: int | None = None
    source: tuple[SourceView, ...] = ()
    """The source's rows of the product, with its own records."""
    sent: SentView | None = None
    """The last request for it; None where it was never sent, or is no longer kept."""
    cart_count: int | None = None
    """What the cart shows in its own count."""
    cart_orders: int = 0
    """Units of it that the cart holds back for its own open orders."""
    set_by: tuple[OperatorChange, ...] = ()
    """Of the causes that an operator set: who, when and why."""


@dataclass(frozen=True, slots=True)
class Why:
    """The answer: what was asked, what it was taken for, and each listing it concerns."""

    asked: str
    matched_as: str
    sku: str | None
    listings: tuple[WhyListing, ...]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a word was taken for."""

    matched_as: str
    sku: str | None
    products: tuple[int, ...]
    listings: tuple[ListingOf, ...]


def why(session: Session, word: str, cart_id: int | None = None) -> Why:
    """Explain a SKU, an alias, a cart's code, a cart listing ID or a near miss; NotFoundError if it is nothing of these."""
    with as_operation_error(), session.store.reading() as cx:
        meaning = meaning_of(cx, trimmed(word))
        listings = [listing for listing in meaning.listings if cart_id in (None, listing.cart_id)]
        lacking = [row for row in lookup.lacking(cx, meaning.products) if cart_id in (None, row.cart_id)]
    lines = [line for group in _by_cart(listings) for line in _explain(session, group)]
    listed = {(listing.cart_id, listing.product_id) for listing in listings}
    lines += [_not_listed(row.cart, row.reason) for row in lacking if (row.cart_id, row.product_id) not in listed]
    return Why(word, meaning.matched_as, meaning.sku, tuple(lines))


def _by_cart(listings: Iterable[ListingOf]) -> list[list[ListingOf]]:
    groups: dict[int, list[ListingOf]] = {}
    for listing in listings:
        groups.setdefault(listing.cart_id, []).append(listing)
    return list(groups.values())


def _explain(session: Session, listings: Sequence[ListingOf]) -> list[WhyListing]:
    """The listings of one cart."""
    with as_operation_error(), session.store.reading() as cx:
        settings = load_settings(cx, listings[0].cart_id)
        if settings is None:
            raise OperationError(
                f"The merchant of {listings[0].cart} has no WMS connection. See: invsync merchants set."
            )
        basis = registry.cart(connections.cart_connection(settings.cart)).capabilities.quantity_basis
        explained = traces(cx, [listing.id for listing in listings], settings, basis, clock.seconds())
        drifts = drift.of_listings(cx, settings, [listing.id for listing in listings])
        linked = links.of_refs(cx, listings[0].cart_id, [listing.ref for listing in listings])
        number = listings[0].cart_id
        rests = [
            (
                evidence.sources(cx, t.row.product_id, settings),
                evidence.sent(cx, number, t.row.id, t.row.ref),
                operator_changes.of_listing(cx, number, t.row.id, t.causes),
            )
            for t in explained
        ]
    lines = [_line(listings[0].cart, trace, linked.get(trace.row.ref)) for trace in explained]
    return [
        replace(line, drift=drifts.get(trace.row.id), cart_id=number, source=source, sent=sent, set_by=set_by)
        for line, trace, (source, sent, set_by) in zip(lines, explained, rests, strict=True)
    ]


def _line(cart: str, trace: Trace, link: Link | None) -> WhyListing:
    row = trace.row
    return WhyListing(
        cart, row.sku, row.ref, trace.steps, trace.desired, row.acked, sellable(row), row.outcome, trace.causes,
        _as_linked(link, row.product_id) if link else "", cart_count=row.observed, cart_orders=row.allocated,
    )  # fmt: skip


def sellable(row: PlanRow) -> int | None:
    """Units that the cart was last seen offering; None where that is unknown."""
    return None if row.observed is None else row.observed - row.allocated


def _as_linked(link: Link, product_id: int | None) -> str:
    text = f"linked to {link.product_sku} by {link.made_by} at {local_time.stamp(link.made_at)} ({link.kind})"
    if link.product_missing is not None:
        return f"{text}; the WMS no longer has that product"
    return text if product_id == link.product_id else f"{text}; takes effect with the next push"


def _not_listed(cart: str, reason: str) -> WhyListing:
    return WhyListing(cart, None, None, (), None, None, None, Outcome.SKIPPED.value, (Reason(reason),))


def meaning_of(cx, word: str) -> Meaning:  # type: ignore[no-untyped-def]
    """Exact codes before cart listing IDs, and both before near misses."""
    hits = lookup.codes(cx, normalize_key(word))
    named = lookup.by_key(cx, normalize_key(word))
    exact = [hit for hit in hits if trimmed(hit.code) == word]
    same = [listing for listing in named if trimmed(listing.sku) == word]
    if exact or same:
        return _with_listings(cx, _not_found_text(exact, same), exact, same)
    if remote := lookup.by_ref(cx, word):
        products = [listing.product_id for listing in remote if listing.product_id is not None]
        where = ", ".join(dict.fromkeys(listing.cart for listing in remote))
        return Meaning(f"cart listing ID in {where}", remote[0].sku, tuple(products), tuple(remote))
    if hits or named:
        near = [hit.code for hit in hits] + [listing.sku for listing in named]
        return _with_listings(cx, f"near miss of {near[0]!r}: it differs only by case or a space", hits, named)
    raise NotFoundError(
        f"Nothing is called {word!r}: no SKU, alias, cart's code or cart listing ID. Try: invsync search {word!r}"
    )


def _not_found_text(exact: Sequence[CodeOf], same: Sequence[ListingOf]) -> str:
    if not exact:
        return f"code of a listing in {', '.join(dict.fromkeys(listing.cart for listing in same))}; no product has it"
    products = list(dict.fromkeys(hit.sku or f"product {hit.product_id}" for hit in exact))
    kind = exact[0].kind
    if len(products) > 1:
        return f"{kind} shared by {counted(len(products), 'product')}: {', '.join(products)}"
    return "SKU" if kind == "SKU" else f"{kind} of {products[0]}"


def _with_listings(cx, matched_as: str, hits: Sequence[CodeOf], named: Sequence[ListingOf]) -> Meaning:  # type: ignore[no-untyped-def]
    products = tuple(dict.fromkeys(hit.product_id for hit in hits))
    of_products = [*lookup.by_products(cx, products), *lookup.by_codes_of(cx, products)]
    by_id = {listing.id: listing for listing in [*named, *of_products]}
    sku = hits[0].sku if len(products) == 1 else None
    return Meaning(matched_as, sku, products, tuple(by_id.values()))
