"""One SKU: its levels, codes, listings and history on one screen, and what an operator may wish for its listings."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence

from invsync_tui import clock
from invsync_tui.operations.catalog.sku_tracks import shown_in_carts, tracks
from invsync_tui.operations.errors import NotFoundError, as_operation_error
from invsync_tui.operations.listings.product_sync import line
from invsync_tui.operations.lists.list_views import AliasLine, ListingLine, SkuView, StockLine
from invsync_tui.operations.roles import Right
from invsync_tui.operations.runs import request as run_request
from invsync_tui.operations.session import Session
from invsync_tui.operations.settings import values
from invsync_tui.operations.views import Requested
from invsync_tui.plain_text import counted
from invsync_tui.rules.matching import normalize_key, trimmed
from invsync_tui.store import audit, change_sequence
from invsync_tui.store.catalog import level_history, products
from invsync_tui.store.catalog import search as codes
from invsync_tui.store.catalog.products import Wished
from invsync_tui.store.paging import listings as pages
from invsync_tui.store.runs import runs
from invsync_tui.store.runs.records import RunRequest

SUBJECTS_MOST = 100
"""Listings that an audit entry names at most; it tells how many there were."""


def view(session: Session, product_id: int) -> SkuView:
    """Everything that is known about a product."""
    with as_operation_error(), session.store.reading() as cx:
        product = products.get(cx, product_id)
        if product is None:
            raise NotFoundError(f"There is no product {product_id}. Look for it with: invsync search TEXT.")
        shared = products.sharers(cx, product_id)
        stock = products.stock(cx, product_id)
        listings = tuple(line(row) for row in pages.of_product(cx, product.merchant_id, product_id))
        lacking = products.unlisted(cx, product.merchant_id, product_id)
        levels_then = level_history.of_product(cx, product_id)
        listings_then = level_history.of_listings(cx, [listing.id for listing in listings])
        in_carts = shown_in_carts(cx, listings, listings_then)
        aliases = products.codes(cx, product_id)
        parts = products.components(cx, product_id)
    listed = {listing.cart_id for listing in listings}
    return SkuView(
        product_id=product.id,
        merchant_id=product.merchant_id,
        merchant=product.merchant,
        sku=product.sku,
        name=product.name,
        missing_since=product.missing_since,
        components=tuple(parts),
        aliases=tuple(AliasLine(name, code, tuple(shared.get((kind, code), ()))) for kind, name, code in aliases),
        levels=tuple(StockLine(**row._asdict()) for row in stock),
        listings=listings,
        not_listed=tuple((cart, reason) for number, cart, reason in lacking if number not in listed),
        history=tracks(stock, listings, levels_then, listings_then, in_carts),
    )


def resolve(session: Session, text: str, merchant_id: int | None = None) -> list[int]:
    """Products that an operator means: by exact code, else by folded code; [] for none."""
    with as_operation_error(), session.store.reading() as cx:
        hits = codes.exact(cx, normalize_key(text), codes.merchants(cx, merchant_id))
    same = [hit for hit in hits if trimmed(hit.code) == trimmed(text)]
    return list(dict.fromkeys(hit.product_id for hit in same or hits))


def taken(view: SkuView, text: str) -> str:
    """Which SKU a text was matched as, before the answer to a change: codes are found in any case, and by aliases."""
    sku, typed = view.sku or view.name, trimmed(text)
    if typed == trimmed(sku):
        return f"{sku}: "
    if any(trimmed(alias.code) == typed for alias in view.aliases):
        return f"{text!r} is an alias of {sku}: "
    return f"{text!r} was matched as {sku}: "


# --- changes -----------------------------------------------------------------------------------------------------------


def sync_now(session: Session, listing_ids: Sequence[int]) -> Requested:
    """Compare listings with their carts and send what differs, whatever was sent before: a push of each of their carts."""
    session.allow(Right.SYNC, "sync listings")
    now = clock.seconds()
    with as_operation_error(), session.store.transaction() as tx:
        wished = _all_present(products.wished(tx, listing_ids), listing_ids)
        products.doubt(tx, [listing.id for listing in wished])
        carts = dict.fromkeys((listing.cart_id, listing.merchant_id) for listing in wished)
        pushes = [
            runs.request(tx, RunRequest("push", cart, merchant, "manual", session.operator), now)
            for cart, merchant in carts
        ]
        for cart, named in _by_cart(wished).items():
            audit.record(tx, now, session.operator, "sync listings", f"cart:{cart}", after=_named(named))
    started = run_request.ensure_worker(session)
    text = f"{counted(len(wished), 'listing is', 'listings are')} sent again where the cart shows something else."
    return Requested(tuple(push.run_id for push in pushes), started, text)


def set_excluded(session: Session, listing_ids: Sequence[int], on: bool, reason: str) -> str:
    """Take listings out of the sync, or back in."""
    return _wish(session, listing_ids, "excluded", int(on), reason, "exclude" if on else "include")


def set_locked(session: Session, listing_ids: Sequence[int], on: bool, reason: str) -> str:
    """Keep listings at the quantity they have, or let them be synced again."""
    return _wish(session, listing_ids, "locked", int(on), reason, "lock" if on else "unlock")


def set_override(session: Session, listing_ids: Sequence[int], quantity: int | None, reason: str) -> str:
    """Fix the quantity of listings whatever the stock is; None lets the stock decide again."""
    if quantity is not None:
        values.whole("--override", str(quantity))
    return _wish(session, listing_ids, "override", quantity, reason, "override")


def _wish(session: Session, listing_ids: Sequence[int], column: str, value: int | None, reason: str, verb: str) -> str:
    session.allow(Right.LISTING, f"{verb} listings")
    why, now = values.reason(reason), clock.seconds()
    with as_operation_error(), session.store.transaction() as tx:
        wished = _all_present(products.wished(tx, listing_ids, column), listing_ids)
        seq = change_sequence.upcoming(tx)
        changed = products.wish(tx, [listing.id for listing in wished], column, value, seq)
        if changed:
            change_sequence.take(tx, seq)
            for cart, named in _by_cart(listing for listing in wished if listing.before != value).items():
                before, after = _named(named, column), json.dumps({column: value})
                subject = f"cart:{cart}"
                audit.record(tx, now, session.operator, verb, subject, before=before, after=after, reason=why)
    return f"{changed} of {counted(len(wished), 'listing')} changed; the next push of their cart uses it."


def _all_present(wished: list[Wished], listing_ids: Sequence[int]) -> list[Wished]:
    if not wished:
        raise NotFoundError(f"There is no listing {', '.join(map(str, listing_ids)) or 'given'}.")
    return wished


def _by_cart(wished: Iterable[Wished]) -> dict[int, list[Wished]]:
    grouped: dict[int, list[Wished]] = defaultdict(list)
    for listing in wished:
        grouped[listing.cart_id].append(listing)
    return grouped


def _named(wished: Sequence[Wished], column: str = "") -> str:
    """The listings of an audit entry with what was wished for them."""
    shown = [
        {"id": listing.id, "sku": listing.sku, **({column: listing.before} if column else {})}
        for listing in wished[:SUBJECTS_MOST]
    ]
    return json.dumps({"listings": shown, "total": len(wished)})


def of_carts(view: SkuView, cart_id: int | None) -> tuple[ListingLine, ...]:
    """A product's listings that stand for it, in one cart or in all."""
    mine = (listing for listing in view.listings if listing.product_id == view.product_id)
    return tuple(listing for listing in mine if cart_id in (None, listing.cart_id))
