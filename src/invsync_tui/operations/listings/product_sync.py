"""View Product Sync: a cart's listings with what they should show, what the cart accepted, and when it was last synced."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from invsync_tui.operations.errors import as_operation_error
from invsync_tui.operations.list_views import ListingFilter, ListingLine
from invsync_tui.operations.listed_rows import Listed, chosen
from invsync_tui.operations.rows import Count, Ordering, PlaceKey, Rows
from invsync_tui.operations.session import Session
from invsync_tui.rules.matching import normalize_key
from invsync_tui.rules.outcomes import Reason
from invsync_tui.store.paging import counts, stock
from invsync_tui.store.paging import listings as pages
from invsync_tui.store.paging.listings import ListingRow

_PLACES: Mapping[str, Callable[[ListingLine], PlaceKey]] = {
    "sku": lambda line: (normalize_key(line.sku), line.id),
    "synced_at": lambda line: (line.synced_at or 0, line.id),
    "outcome": lambda line: (line.outcome or "", line.id),
    "reason": lambda line: (Reason(line.reason).stored if line.reason else "", line.id),
    "target": lambda line: (-1 if line.target is None else line.target, line.id),
    "confirmed": lambda line: (-1 if line.confirmed is None else line.confirmed, line.id),
    "in_cart": lambda line: (-1 if line.in_cart is None else line.in_cart, line.id),
    "name": lambda line: (line.name, line.id),
}


def listings(
    session: Session,
    cart_id: int,
    filter: ListingFilter = ListingFilter.ALL,  # noqa: A002 (the word of the screen)
    text: str = "",
    ordering: Ordering | None = None,
) -> Rows[ListingLine]:
    """A tab of View Product Sync; `text` keeps listings that have it in their SKU or in a code of their product."""
    with as_operation_error(), session.store.reading() as cx:
        total = counts.listings(cx, cart_id)
        order, descending, sortable = chosen(pages.orders(filter.value), ordering, small=total <= stock.SMALL)
        listing_pages = pages.listings(cx, cart_id, filter.value, normalize_key(text), order, descending)
    counted = total if filter is ListingFilter.ALL and not text else None
    return Listed(session, listing_pages, lines, _PLACES[order.name], sortable, counted)


def tabs(session: Session, cart_id: int) -> dict[ListingFilter, Count]:
    """How many listings each tab has, counted up to 1000 but for all of them."""
    return {tab: listings(session, cart_id, tab).count() for tab in ListingFilter}


def lines(rows: Sequence[Any]) -> list[ListingLine]:
    """Listings as front ends are given them."""
    return [line(ListingRow(*row)) for row in rows]


def line(row: ListingRow) -> ListingLine:
    """A listing as front ends are given it."""
    return ListingLine(
        id=row.id,
        cart_id=row.cart_id,
        cart=row.cart,
        cart_listing_id=row.ref,
        sku=row.sku,
        name=row.name,
        tracked=None if row.tracked is None else bool(row.tracked),
        product_id=row.product_id,
        product_sku=row.product_sku,
        target=row.desired,
        confirmed=row.acked,
        in_cart=row.observed,
        synced_at=row.synced_at,
        outcome=row.outcome,
        reason=str(Reason(row.reason)) if row.reason else None,
        error=row.error,
        run_id=row.run_id,
        override=row.override,
        excluded=bool(row.excluded),
        locked=bool(row.locked),
        drift=bool(row.drift),
        next_look_at=row.look_after,
    )
