"""View Product Sync: a cart's listings with what they should show, what the cart accepted, and when it was last synced."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from invsync_tui.operations.errors import OperationError, as_operation_error
from invsync_tui.operations.lists.filtering import understood
from invsync_tui.operations.lists.list_views import ListingFilter, ListingLine
from invsync_tui.operations.lists.listed_rows import Listed, chosen
from invsync_tui.operations.lists.rows import ALWAYS, Count, Ordering, Period, PlaceKey, Rows
from invsync_tui.operations.session import Session
from invsync_tui.rules.matching import normalize_key
from invsync_tui.rules.outcomes import Reason
from invsync_tui.store.paging import counts, stock
from invsync_tui.store.paging import listings as pages
from invsync_tui.store.paging.listing_conditions import tab_of
from invsync_tui.store.paging.listings import ListingRow, Sought

_PLACES: Mapping[str, Callable[[ListingLine], PlaceKey]] = {
    "sku": lambda line: (normalize_key(line.sku), line.id),
    "synced_at": lambda line: (line.synced_at or 0, line.id),
    "outcome": lambda line: (line.outcome or "", line.id),
    "reason": lambda line: (Reason(line.reason).stored if line.reason else "", line.id),
    "target": lambda line: (-1 if line.target is None else line.target, line.id),
    "confirmed": lambda line: (-1 if line.confirmed is None else line.confirmed, line.id),
    "in_cart": lambda line: (pages.LEAST if line.in_cart is None else line.in_cart, line.id),
    "difference": lambda line: (pages.LEAST if line.difference is None else line.difference, line.id),
    "name": lambda line: (line.name, line.id),
    "tracked": lambda line: (-1 if line.tracked is None else int(line.tracked), line.id),
    "cart": lambda line: (line.cart, line.id),
    "merchant": lambda line: (line.merchant, line.id),
}


def listings(
    session: Session,
    cart_id: int,
    filter: ListingFilter = ListingFilter.ALL,  # noqa: A002 (the word of the screen)
    text: str = "",
    ordering: Ordering | None = None,
    synced: Period = ALWAYS,
) -> Rows[ListingLine]:
    """A tab of View Product Sync, of those that were last synced in a period. `text` is a filter (`rules.listing_filter`):
    conditions, and what is looked for in SKUs and codes; OperationError for one that means nothing.

    Those that differ begin with what the cart offers most beyond its target.
    """
    sought = _sought(filter, text)._replace(synced=synced)
    with as_operation_error(), session.store.reading() as cx:
        total = counts.listings(cx, cart_id)
        wanted = ordering or first_order(ListingFilter(sought.tab), synced)
        order, descending, sortable = chosen(pages.orders(sought.tab), wanted, small=total <= stock.SMALL)
        listing_pages = pages.listings(cx, cart_id, sought, order, descending)
    counted = total if filter is ListingFilter.ALL and not text and synced == ALWAYS else None
    return Listed(session, listing_pages, lines, _PLACES[order.name], sortable, counted)


def _sought(filter: ListingFilter, text: str) -> Sought:  # noqa: A002 (the word of the screen)
    """What a filter looks for on a tab: where all of it is on a smaller tab, on that one."""
    parsed = understood(text)
    return Sought(tab_of(filter.value, parsed.conditions), normalize_key(parsed.text), parsed.conditions)


def first_order(filter: ListingFilter, synced: Period = ALWAYS) -> Ordering | None:  # noqa: A002 (the word of the screen)
    """The order that a tab has where none is asked for; None for its SKUs. Of a period the newest come first: an index over
    all listings of a cart has them."""
    if synced != ALWAYS and filter is ListingFilter.ALL:
        return Ordering("synced_at", descending=True)
    return Ordering("difference", descending=True) if filter is ListingFilter.MISMATCH else None


def everywhere(
    session: Session,
    merchant_id: int | None,
    filter: ListingFilter = ListingFilter.MISMATCH,  # noqa: A002 (the word of the screen)
    text: str = "",
    ordering: Ordering | None = None,
    synced: Period = ALWAYS,
) -> Rows[ListingLine]:
    """A tab over all carts of a merchant, or of all merchants.

    OperationError: there are more carts than can be merged, and it is not the tab of those that differ.
    """
    sought = _sought(filter, text)._replace(synced=synced)
    wanted = ordering or first_order(ListingFilter(sought.tab), synced)
    with as_operation_error(), session.store.reading() as cx:
        carts = pages.carts_of(cx, merchant_id)
        few = len(carts) <= pages.MERGED_MOST
        if not few and sought.tab != ListingFilter.MISMATCH:
            raise OperationError(
                f"There are more than {pages.MERGED_MOST} carts; this list is for one merchant or one cart. "
                f"Over all carts: {ListingFilter.MISMATCH.value}."
            )
        small = few and sum(counts.listings(cx, cart) for cart in carts) <= stock.SMALL
        order, descending, sortable = chosen(pages.orders(sought.tab), wanted, small=small)
        if few:
            listing_pages = pages.merged(cx, carts, sought, order, descending)
        else:
            listing_pages = pages.mismatches(cx, merchant_id, sought, descending)
    return Listed(session, listing_pages, lines, _PLACES[order.name], sortable)


def tabs_everywhere(
    session: Session, merchant_id: int | None, filters: Sequence[ListingFilter]
) -> dict[ListingFilter, Count]:
    """How many listings each of some tabs has over all carts, counted up to 1000."""
    return {tab: everywhere(session, merchant_id, tab).count() for tab in filters}


def tabs(session: Session, cart_id: int) -> dict[ListingFilter, Count]:
    """How many listings each tab has, counted up to 1000 but for all of them."""
    return {tab: listings(session, cart_id, tab).count() for tab in ListingFilter}


def lines(rows: Sequence[ListingRow]) -> list[ListingLine]:
    """Listings as front ends are given them."""
    return [line(row) for row in rows]


def line(row: ListingRow) -> ListingLine:
    """A listing as front ends are given it."""
    in_cart = None if row.observed is None else row.observed - row.allocated
    return ListingLine(
        id=row.id,
        cart_id=row.cart_id,
        cart=row.cart,
        merchant=row.merchant,
        cart_listing_id=row.ref,
        sku=row.sku,
        name=row.name,
        tracked=None if row.tracked is None else bool(row.tracked),
        product_id=row.product_id,
        product_sku=row.product_sku,
        target=row.desired,
        confirmed=row.acked,
        in_cart=in_cart,
        difference=None if in_cart is None or row.desired is None else in_cart - row.desired,
        cart_count=row.observed,
        cart_orders=row.allocated,
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
