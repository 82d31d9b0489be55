"""Makes explicit links and takes them back: one, those that were shown, or all of a kind in pieces.

A link goes before matching by code. It takes effect with the next push of the cart; so does taking it back.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence

from invsync_tui import clock
from invsync_tui.operations.errors import NotFoundError, OperationError, as_operation_error
from invsync_tui.operations.listings.identity import AcceptProgress, MatchedCart, fitting, matched_cart
from invsync_tui.operations.roles import Right
from invsync_tui.operations.session import Session
from invsync_tui.plain_text import counted
from invsync_tui.rules import match_suggestions
from invsync_tui.rules.match_suggestions import Kind, Suggestion
from invsync_tui.rules.matching import normalize_key, trimmed
from invsync_tui.store import audit, change_sequence
from invsync_tui.store.listings import links
from invsync_tui.store.listings import match_suggestions as listings_match_suggestions
from invsync_tui.store.listings.links import Link, NewLink
from invsync_tui.store.listings.match_suggestions import Without
from invsync_tui.store.paging import identity as pages

PIECE = 250
"""Listings that one step of a change of all reads: its transaction is over in a fraction of a second."""
AUDITED_MOST = 20
"""Listings named in one audit entry."""


def accept(session: Session, cart_id: int, shown: Mapping[str, int]) -> str:
    """Link listings, by the cart's reference, to the products that were suggested for them when they were shown.

    A listing for which something else is suggested by now is left as it is, and the answer says so.
    """
    session.allow(Right.LISTING, "link listings")
    with as_operation_error(), session.store.transaction() as tx:
        cart = matched_cart(tx, cart_id)
        rows = listings_match_suggestions.without(tx, cart_id, list(shown))
        fits = listings_match_suggestions.suggestions(
            tx, cart.merchant_id, cart.push_kind, [Without(row.id, row.sku) for row in rows]
        )
        same = [(row.ref, fits[row.id]) for row in rows if fits[row.id].product_id == shown[row.ref]]
        _put(tx, session, cart, same)
    left = len(shown) - len(same)
    text = f"{_listings(len(same))} linked; the next push uses it."
    return text + (f" {_listings(left)} left: something else is suggested by now." if left else "")


def _listings(n: int) -> str:
    return counted(n, "listing")


def accept_piece(session: Session, cart_id: int, kind: str, after: tuple[str, int] | None = None) -> AcceptProgress:
    """Accept the suggestions of a kind among the next PIECE listings without a product."""
    session.allow(Right.LISTING, "link listings")
    if kind not in tuple(Kind):
        known = ", ".join(accepted_kind.value for accepted_kind in Kind)
        raise OperationError(f"{kind!r} is no kind of suggestion that can be accepted. Choose one of: {known}.")
    with as_operation_error(), session.store.transaction() as tx:
        cart = matched_cart(tx, cart_id)
        rows = pages.unmatched(tx, cart_id, "").after(after, PIECE)
        fits = fitting(tx, cart, rows)
        taken = [(row.ref, fits[row.id]) for row in rows if fits[row.id].filed_under == kind]
        _put(tx, session, cart, taken)
    return AcceptProgress(len(taken), len(rows), pages.place(rows[-1]) if len(rows) == PIECE else None)


Told = Callable[[int, int], bool]
"""Hears how many were done and looked at so far; False stops."""


def accept_all(session: Session, cart_id: int, kind: str, report: Told = lambda done, seen: True) -> int:
    """Accept all suggestions of a kind, in pieces; returns how many. What was done before a stop stays done."""
    done, seen, after = 0, 0, None
    while True:
        piece = accept_piece(session, cart_id, kind, after)
        done, seen, after = done + piece.done, seen + piece.looked_at, piece.after
        if not report(done, seen) or after is None:
            return done


def _put(tx: sqlite3.Connection, session: Session, cart: MatchedCart, taken: Sequence[tuple[str, Suggestion]]) -> None:
    new_links = [NewLink(ref, fit.product_id, fit.filed_under) for ref, fit in taken if fit.product_id is not None]
    if new_links:
        _write(tx, session, cart, new_links)


def _write(tx: sqlite3.Connection, session: Session, cart: MatchedCart, new_links: Sequence[NewLink]) -> None:
    now, seq = clock.seconds(), change_sequence.upcoming(tx)
    before = links.of_refs(tx, cart.id, [new_link.ref for new_link in new_links])
    links.put(tx, cart.id, new_links, session.operator, now, seq)
    change_sequence.take(tx, seq)
    _audit(tx, session, cart, "link", now, before=list(before.values()), after=new_links)


def _audit(
    tx: sqlite3.Connection,
    session: Session,
    cart: MatchedCart,
    verb: str,
    now: int,
    *,
    before: Sequence[Link] = (),
    after: Sequence[NewLink] = (),
) -> None:
    subject = f"cart:{cart.id}"
    audit.record(tx, now, session.operator, verb, subject, before=_named(before), after=_named(after))


def _named(changed: Sequence[Link | NewLink]) -> str:
    if not changed:
        return ""
    shown = [
        {"ref": changed_link.ref, "product": changed_link.product_id, "kind": changed_link.kind}
        for changed_link in changed[:AUDITED_MOST]
    ]
    return json.dumps({"links": shown, "total": len(changed)})


def link(session: Session, cart_id: int, listing: str, product: str | int) -> str:
    """Link a listing, by the cart's reference or its code, to a product, by its SKU or number, whatever their codes are."""
    session.allow(Right.LISTING, "link listings")
    with as_operation_error(), session.store.transaction() as tx:
        cart = matched_cart(tx, cart_id)
        ref = _ref(tx, cart_id, listing)
        number = product if isinstance(product, int) else _product(tx, cart.merchant_id, product)
        if listings_match_suggestions.merchant_of(tx, number) != cart.merchant_id:
            raise NotFoundError(f"The merchant of this cart has no product {product!r}.")
        sku = listings_match_suggestions.products(tx, [number])[number][0]
        _write(tx, session, cart, [NewLink(ref, number, match_suggestions.MANUAL)])
    return f"Listing {ref} is linked to {sku}; the next push uses it."


def _ref(cx: sqlite3.Connection, cart_id: int, called: str) -> str:
    refs = listings_match_suggestions.refs(cx, cart_id, called, normalize_key(called))
    exact = [ref for ref, sku in refs if ref == called] or [ref for ref, sku in refs if trimmed(sku) == trimmed(called)]
    if not exact:
        raise NotFoundError(
            f"The cart has no listing {called!r}, neither as cart listing ID nor as code. See: invsync listings."
        )
    if len(exact) > 1:
        raise OperationError(
            f"Several listings have the code {called!r}. Name one by its cart listing ID: {', '.join(exact)}."
        )
    return exact[0]


def _product(cx: sqlite3.Connection, merchant_id: int, sku: str) -> int:
    hits = listings_match_suggestions.by_sku(cx, merchant_id, normalize_key(sku))
    exact = [number for number, code in hits if trimmed(code) == trimmed(sku)]
    if not exact:
        near = f" Nearly: {', '.join(code for _, code in hits)}." if hits else ""
        raise NotFoundError(f"The merchant has no product with the SKU {sku!r}.{near} Find it with: invsync search.")
    if len(exact) > 1:
        numbers = ", ".join(map(str, exact))
        raise OperationError(f"Several products have the SKU {sku!r}: numbers {numbers}. Fix that in the WMS first.")
    return exact[0]


def remove(session: Session, cart_id: int, called: Sequence[str]) -> str:
    """Take links back, by the cart's reference or the listing's code: the listings are matched by their code again."""
    session.allow(Right.LISTING, "unlink listings")
    with as_operation_error(), session.store.transaction() as tx:
        cart = matched_cart(tx, cart_id)
        linked = links.of_refs(tx, cart_id, called)
        refs = [name if name in linked else _ref(tx, cart_id, name) for name in called]
        gone = _remove(tx, session, cart, refs)
        if not gone:
            raise NotFoundError("There is no link to remove. See: invsync links CART.")
    return f"{_listings(len(gone))} unlinked; the next push matches by code again."


def remove_all(session: Session, cart_id: int, kind: str, report: Told = lambda done, seen: True) -> int:
    """Take back all links of a kind, '' for all kinds, in pieces; returns how many."""
    session.allow(Right.LISTING, "unlink listings")
    done = 0
    while True:
        with as_operation_error(), session.store.transaction() as tx:
            cart = matched_cart(tx, cart_id)
            refs = links.refs_of_kind(tx, cart_id, kind, PIECE)
            _remove(tx, session, cart, refs)
        done += len(refs)
        if not report(done, done) or len(refs) < PIECE:
            return done


def _remove(tx: sqlite3.Connection, session: Session, cart: MatchedCart, refs: Sequence[str]) -> Mapping[str, Link]:
    seq = change_sequence.upcoming(tx)
    gone = links.remove(tx, cart.id, refs, seq)
    if gone:
        change_sequence.take(tx, seq)
        _audit(tx, session, cart, "unlink", clock.seconds(), before=list(gone.values()))
    return gone
