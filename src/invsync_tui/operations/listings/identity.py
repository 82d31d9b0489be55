"""Listings without a product and what they may mean, links, and renamed listings."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from invsync_tui.operations.errors import NotFoundError, OperationError, as_operation_error
from invsync_tui.operations.lists.listed_rows import Listed, chosen, few
from invsync_tui.operations.lists.rows import Count, Ordering, PlaceKey, Rows
from invsync_tui.operations.lists.sorted_lines import Value, in_order, parted
from invsync_tui.operations.session import Session
from invsync_tui.rules.match_suggestions import FILED_UNDER, Suggestion
from invsync_tui.rules.matching import normalize_key, trimmed
from invsync_tui.store import change_sequence
from invsync_tui.store.catalog import lookup, products
from invsync_tui.store.listings import links, match_suggestions
from invsync_tui.store.listings.match_suggestions import Without
from invsync_tui.store.paging import identity as pages
from invsync_tui.store.settings import read as settings_read


@dataclass(frozen=True, slots=True)
class UnmatchedLine:
    """A listing without a product, and what it may mean. `kind` is the word it is filed under, see resemblance."""

    id: int
    cart_listing_id: str
    sku: str
    name: str
    reason: str
    kind: str
    kinds: tuple[str, ...]
    words: str
    product_id: int | None
    product_sku: str | None
    product_name: str
    code: str | None
    """The code of the product that is nearly the listing's."""
    candidates: tuple[tuple[int, str], ...]
    """(number, SKU) of products that fit equally well."""


@dataclass(frozen=True, slots=True)
class LinkLine:
    """An explicit link. `state` says in words whether it holds: '' while it does."""

    cart_listing_id: str
    sku: str
    name: str
    product_id: int
    product_sku: str
    product_name: str
    kind: str
    made_at: int
    made_by: str
    state: str


@dataclass(frozen=True, slots=True)
class RenameLine:
    """A listing whose SKU was changed in the cart. `former_id` is the one product that has the code it had before."""

    id: int
    cart_listing_id: str
    at: int
    before: str
    after: str
    name: str
    product_id: int | None
    product_sku: str | None
    former_id: int | None
    former_sku: str | None


@dataclass(frozen=True, slots=True)
class IdentityCounts:
    """How many listings stand under each word, as far as they were looked at; `exact` False means at least so many."""

    counts: Mapping[str, int]
    links: int
    exact: bool


@dataclass(frozen=True, slots=True)
class AcceptProgress:
    """A part of a change of all of a kind: what was done, what was looked at, and where to go on; None at the end."""

    done: int
    looked_at: int
    after: tuple[str, int] | None


@dataclass(frozen=True, slots=True)
class ComparedProduct:
    """One of several products that share a code, or fit a listing equally well: to be compared side by side."""

    product_id: int
    sku: str
    name: str
    codes: tuple[tuple[str, str], ...]
    """(type, code)."""
    levels: tuple[tuple[str, int], ...]
    """(warehouse, available)."""
    listings: tuple[tuple[str, str], ...]
    """(cart, code) of listings that mean it."""


COUNTED_MOST = 5000
"""Listings that are compared for the numbers of a workbench."""
CANDIDATES_MOST = 20


@dataclass(frozen=True, slots=True)
class MatchedCart:
    """A cart as matching knows it."""

    id: int
    merchant_id: int
    push_kind: int


def matched_cart(cx: sqlite3.Connection, cart_id: int) -> MatchedCart:
    """What matching needs to know of a cart; NotFoundError where there is none."""
    cart = settings_read.cart(cx, cart_id)
    if cart is None:
        raise NotFoundError(f"There is no cart {cart_id}. List them with: invsync carts.")
    return MatchedCart(cart_id, int(cart["merchant_id"]), int(cart["push_kind"]))


UNMATCHED_VALUES: Mapping[str, Callable[[UnmatchedLine], Value]] = {
    "suggestion": lambda line: line.product_sku,
    "why": lambda line: line.words,
    "kind": lambda line: FILED_UNDER.index(line.kind),
    "name": lambda line: line.product_name,
}
LINK_VALUES: Mapping[str, Callable[[LinkLine], Value]] = {
    "listing": lambda line: line.sku or line.cart_listing_id,
    "product": lambda line: line.product_sku,
    "kind": lambda line: line.kind,
    "state": lambda line: line.state,
    "by": lambda line: line.made_by,
    "made_at": lambda line: line.made_at,
}
RENAME_VALUES: Mapping[str, Callable[[RenameLine], Value]] = {
    "before": lambda line: line.before,
    "after": lambda line: line.after,
    "means": lambda line: line.product_sku,
    "meant": lambda line: line.former_sku,
}
"""What else these lists can be sorted by, where they are short."""


# --- lists -----------------------------------------------------------------------------------------------------------


class _Unmatched(Listed[UnmatchedLine]):
    """A list filtered by kind counts quickly as far as it looked; what is behind it is not known."""

    def count(self) -> Count:
        if not isinstance(self.pages, pages.Sorted):
            return Listed.count(self)
        with as_operation_error(), self.session.store.reading():
            seen = self.pages.pages.count(pages.QUICK + 1)
            return Count(self.pages.count(pages.QUICK), exact=seen <= pages.QUICK)


def unmatched(
    session: Session, cart_id: int, kind: str | None = None, text: str = "", ordering: Ordering | None = None
) -> Rows[UnmatchedLine]:
    """Listings without a product by code, each with what it may mean; `kind` keeps those filed under one word."""
    if kind is not None and kind not in FILED_UNDER:
        raise OperationError(f"There is no kind {kind!r}. Choose one of: {', '.join(FILED_UNDER)}.")
    by_code, rest = parted(ordering, pages.SKU.name)
    with as_operation_error(), session.store.reading() as cx:
        cart = matched_cart(cx, cart_id)
        _, descending, sortable = chosen((pages.SKU,), by_code, small=False)
        unfiltered = pages.unmatched(cx, cart_id, normalize_key(text), descending)
        if unfiltered.count(pages.QUICK + 1) <= pages.QUICK:
            sortable = (*sortable, *UNMATCHED_VALUES)

    def keep(rows: Sequence[pages.UnmatchedRow]) -> list[pages.UnmatchedRow]:
        with session.store.reading() as cx:
            words = _filed(session, cx, cart, rows)
        return [row for row in rows if words[row.id] == kind]

    def make(rows: Sequence[pages.UnmatchedRow]) -> list[UnmatchedLine]:
        with session.store.reading() as cx:
            return _lines(cx, cart, rows)

    paging = unfiltered if kind is None else pages.Sorted(unfiltered, keep)
    return in_order(_Unmatched(session, paging, make, _by_code, sortable), rest, UNMATCHED_VALUES)


def fitting(cx: sqlite3.Connection, cart: MatchedCart, rows: Sequence[pages.UnmatchedRow]) -> Mapping[int, Suggestion]:
    """By listing, what some rows of `unmatched` may mean."""
    return match_suggestions.suggestions(
        cx, cart.merchant_id, cart.push_kind, [Without(row.id, row.sku) for row in rows]
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """Under which word listings stand, by number, as of a write batch."""

    seq: int
    words: dict[int, str]


_known: dict[tuple[str, MatchedCart], _Known] = {}
"""The last comparison of each cart. Whatever may change a suggestion takes a number of the write sequence."""


def _filed(
    session: Session, cx: sqlite3.Connection, cart: MatchedCart, rows: Sequence[pages.UnmatchedRow]
) -> Mapping[int, str]:
    """By listing, the word it stands under; those that were compared since the last change are not compared again."""
    key, seq = (str(session.path), cart), change_sequence.current(cx)
    known = _known.get(key)
    if known is None or known.seq != seq:
        known = _known[key] = _Known(seq, {})
    new = [row for row in rows if row.id not in known.words]
    known.words.update({number: fit.filed_under for number, fit in fitting(cx, cart, new).items()})
    return known.words


def _by_code(line: UnmatchedLine) -> PlaceKey:
    return normalize_key(line.sku), line.id


def _lines(cx: sqlite3.Connection, cart: MatchedCart, rows: Sequence[pages.UnmatchedRow]) -> list[UnmatchedLine]:
    fits = fitting(cx, cart, rows)
    named = {
        number for fit in fits.values() for number in (fit.product_id, *fit.candidates[:CANDIDATES_MOST]) if number
    }
    known = match_suggestions.products(cx, sorted(named))
    return [_line(row, fits[row.id], known) for row in rows]


def _line(row: pages.UnmatchedRow, fit: Suggestion, known: Mapping[int, tuple[str, str]]) -> UnmatchedLine:
    sku, name = known[fit.product_id] if fit.product_id is not None else (None, "")
    return UnmatchedLine(
        id=row.id,
        cart_listing_id=row.ref,
        sku=row.sku,
        name=row.name,
        reason=row.reason,
        kind=fit.filed_under,
        kinds=tuple(kind.value for kind in fit.kinds),
        words=fit.words,
        product_id=fit.product_id,
        product_sku=sku,
        product_name=name,
        code=fit.hit.code if fit.hit else None,
        candidates=tuple((number, known[number][0]) for number in fit.candidates[:CANDIDATES_MOST]),
    )


def tally(session: Session, cart_id: int) -> IdentityCounts:
    """How many listings stand under each word. Compares up to COUNTED_MOST listings: for a patient reader."""
    counts: Counter[str] = Counter(dict.fromkeys(FILED_UNDER, 0))
    looked_at, key = 0, None
    with as_operation_error(), session.store.reading() as cx:
        cart, unmatched_pages = matched_cart(cx, cart_id), pages.unmatched(cx, cart_id, "")
        while looked_at < COUNTED_MOST and (rows := unmatched_pages.after(key, pages.CHUNK)):
            words = _filed(session, cx, cart, rows)
            counts.update(words[row.id] for row in rows)
            looked_at, key = looked_at + len(rows), pages.place(rows[-1])
        return IdentityCounts(counts, links.count(cx, cart_id), exact=looked_at < COUNTED_MOST)


def link_list(
    session: Session, cart_id: int, kind: str = "", text: str = "", ordering: Ordering | None = None
) -> Rows[LinkLine]:
    """Explicit links of a cart by the cart's reference; `kind` keeps those made from suggestions of one kind."""
    by_ref, rest = parted(ordering, pages.REF.name)
    with as_operation_error(), session.store.reading() as cx:
        matched_cart(cx, cart_id)
        _, descending, sortable = chosen((pages.REF,), by_ref, small=False)
        link_pages = pages.links(cx, cart_id, kind, normalize_key(text), descending)
        sortable = (*sortable, *(LINK_VALUES if few(link_pages) else ()))
        total = links.count(cx, cart_id) if not kind and not text else None
    lines = Listed(session, link_pages, lambda rows: [_link_line(row) for row in rows], _by_ref, sortable, total)
    return in_order(lines, rest, LINK_VALUES)


def _by_ref(line: LinkLine) -> PlaceKey:
    return (line.cart_listing_id,)


def _link_line(row: pages.LinkRow) -> LinkLine:
    state = "" if row.matched == row.product_id else "takes effect with the next push"
    if row.product_missing is not None:
        state = "the WMS no longer has the product"
    elif row.listing_id is None or row.gone_at is not None:
        state = "the cart no longer has the listing"
    return LinkLine(
        cart_listing_id=row.ref,
        sku=row.sku,
        name=row.name,
        product_id=row.product_id,
        product_sku=row.product_sku,
        product_name=row.product_name,
        kind=row.kind,
        made_at=row.made_at,
        made_by=row.made_by,
        state=state,
    )


def renamed(session: Session, cart_id: int, text: str = "", ordering: Ordering | None = None) -> Rows[RenameLine]:
    """Listings whose SKU was changed in the cart, the latest first, with the product that they meant before."""
    by_time, rest = parted(ordering, pages.TIME.name)
    with as_operation_error(), session.store.reading() as cx:
        cart = matched_cart(cx, cart_id)
        _, descending, sortable = chosen((pages.TIME,), by_time, small=False)
        renamed_pages = pages.renamed(cx, cart_id, normalize_key(text), descending if ordering else True)
        sortable = (*sortable, *(RENAME_VALUES if few(renamed_pages) else ()))

    def make(rows: Sequence[pages.RenameRow]) -> list[RenameLine]:
        with session.store.reading() as cx:
            former = match_suggestions.owners(cx, cart.merchant_id, cart.push_kind, [row.before for row in rows])
            known = match_suggestions.products(cx, sorted(set(former.values())))
        return [_rename(row, former.get(trimmed(row.before)), known) for row in rows]

    lines = Listed(session, renamed_pages, make, lambda line: (line.at, line.id), sortable)
    return in_order(lines, rest, RENAME_VALUES)


def _rename(row: pages.RenameRow, former: int | None, known: Mapping[int, tuple[str, str]]) -> RenameLine:
    sku = None if former is None else known[former][0]
    return RenameLine(
        id=row.id,
        cart_listing_id=row.ref,
        at=row.at,
        before=row.before,
        after=row.after,
        name=row.name,
        product_id=row.product_id,
        product_sku=row.product_sku,
        former_id=former,
        former_sku=sku,
    )


def side_by_side(session: Session, product_ids: Sequence[int]) -> tuple[ComparedProduct, ...]:
    """Products that share a code or fit a listing equally well, each with its codes, levels and listings."""
    with as_operation_error(), session.store.reading() as cx:
        listing_ofs = lookup.by_products(cx, product_ids)
        return tuple(_candidate(cx, number, listing_ofs) for number in product_ids[:CANDIDATES_MOST])


def _candidate(cx: sqlite3.Connection, number: int, listing_ofs: Sequence[lookup.ListingOf]) -> ComparedProduct:
    product = products.get(cx, number)
    if product is None:
        raise NotFoundError(f"There is no product {number}.")
    return ComparedProduct(
        number,
        product.sku,
        product.name,
        tuple((kind, code) for _, kind, code in products.codes(cx, number)),
        tuple((row.warehouse, row.available) for row in products.stock(cx, number) if row.missing_since is None),
        tuple((listing.cart, listing.sku) for listing in listing_ofs if listing.product_id == number),
    )
