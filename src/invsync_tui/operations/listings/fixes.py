"""Changes in the shop that make listings ready for the sync, such as turning on stock tracking. Never made by itself.

What a change will do is read from the cart first; what it did is read from the cart afterwards. The listings are then read
again by the next push, which is requested.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass

from invsync_tui import clock
from invsync_tui.connectors import on_request, registry
from invsync_tui.connectors.about import Fix
from invsync_tui.connectors.on_request import FixRow
from invsync_tui.operations.connections.cart_to_change import cart_to_change
from invsync_tui.operations.errors import InvalidError, NotFoundError, OperationError, as_operation_error
from invsync_tui.operations.roles import Right
from invsync_tui.operations.session import Session
from invsync_tui.operations.settings import values
from invsync_tui.operations.views import Requested
from invsync_tui.plain_text import counted, did_you_mean
from invsync_tui.rules.matching import normalize_key
from invsync_tui.rules.redaction import Redacted
from invsync_tui.store import audit, hooks
from invsync_tui.store.listings import fixable
from invsync_tui.store.listings.fixable import FixableRow
from invsync_tui.store.runs import runs
from invsync_tui.store.runs.records import RunRequest
from invsync_tui.store.settings import read as settings_read
from invsync_tui.sync import connections
from invsync_tui.sync.runs import leases
from invsync_tui.sync.settings import Settings, load_settings

AT_ONCE = 50
"""Listings of one change."""
COUNTED = 10_000
SAID = 50
"""SKUs that the audit names."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A change that the cart's connector can make, and how many listings need it; `exact` False: at least so many."""

    fix: Fix
    listings: int
    exact: bool


@dataclass(frozen=True, slots=True)
class FixLine:
    """A listing before or after a change. `why_not` '' where it can be made, or was made."""

    cart_listing_id: str
    sku: str
    name: str
    in_cart: int | None
    """What the cart shows, in its own basis."""
    why_not: str


@dataclass(frozen=True, slots=True)
class FixPlan:
    """What a change would do, or did. `left`: how many listings need it besides."""

    cart_id: int
    cart: str
    fix: Fix
    lines: tuple[FixLine, ...]
    left: int
    requested: Requested | None = None
    """The push that was requested after it."""

    @property
    def done(self) -> tuple[FixLine, ...]:
        """Those that it concerns, or was made for."""
        return tuple(line for line in self.lines if not line.why_not)


def offers(session: Session, cart_id: int) -> tuple[Offer, ...]:
    """The changes that the connector of a cart can make; () for none."""
    fixes = _declared(_settings(session, cart_id))
    with as_operation_error(), session.store.reading() as cx:
        counts = {fix.name: fixable.count(cx, cart_id, fix.reason, COUNTED + 1) for fix in fixes}
    return tuple(Offer(fix, min(counts[fix.name], COUNTED), counts[fix.name] <= COUNTED) for fix in fixes)


def plan(session: Session, cart_id: int, name: str, skus: Sequence[str] = ()) -> FixPlan:
    """What the change would do to the listings with these SKUs, or to the first that need it. Asks the cart, changes nothing."""
    settings = _settings(session, cart_id)
    fix = _fix(settings, name)
    listings = _chosen(session, cart_id, fix, skus)
    with as_operation_error():
        rows = asyncio.run(_planned(session, settings, fix, [listing.ref for listing in listings]))
    return _plan(session, settings, fix, listings, rows)


def make(session: Session, cart_id: int, name: str, skus: Sequence[str], reason: str) -> FixPlan:
    """Make the change for the listings with these SKUs, or for the first that need it, and request a push of the cart."""
    session.allow(Right.SHOP, "change listings in the shop")
    why = values.reason(reason)
    settings = _settings(session, cart_id)
    fix = _fix(settings, name)
    listings = _chosen(session, cart_id, fix, skus)
    lease = leases.acquire(session.store, f"push:{cart_id}", f"fix by {session.operator}")
    if lease is None:
        raise OperationError("A run of this cart is under way. Try again when it has ended; see: invsync runs")
    try:
        with as_operation_error():
            rows, renamed = asyncio.run(_apply_fix(session, settings, fix, [listing.ref for listing in listings]))
        done = [row.ref for row in rows if not row.why_not]
        push = _note(session, settings, fix, listings, done, why, renamed=bool(renamed)) if done else None
    finally:
        lease.release()
    result = _plan(session, settings, fix, listings, rows)
    return result if push is None else _with_push(session, result, push)


def _with_push(session: Session, plan: FixPlan, push: int) -> FixPlan:
    from dataclasses import replace

    from invsync_tui.operations.runs.request import ensure_worker

    return replace(plan, requested=Requested((push,), ensure_worker(session), f"Requested run {push}."))


# --- parts -----------------------------------------------------------------------------------------------------------


def _settings(session: Session, cart_id: int) -> Settings:
    with as_operation_error(), session.store.reading() as cx:
        if settings_read.cart(cx, cart_id) is None:
            raise NotFoundError(f"There is no cart {cart_id}. List them with: invsync carts.")
        settings = load_settings(cx, cart_id)
    if settings is None:
        raise OperationError("The cart's merchant has no WMS connection. See: invsync merchants set.")
    return settings


def _declared(settings: Settings) -> tuple[Fix, ...]:
    with as_operation_error():
        about = registry.about(registry.CARTS, settings.cart.system)
    return about.fixes if about is not None else ()


def _fix(settings: Settings, name: str) -> Fix:
    declared = _declared(settings)
    fix = on_request.fix_called(declared, name)
    if fix is None:
        names = [each.name for each in declared]
        known = f"Its changes: {', '.join(names)}." if names else "Change the listings in the shop itself."
        raise InvalidError("FIX", f"{settings.cart.system} has no {name!r}.{did_you_mean(name, names)} {known}")
    return fix


def _chosen(session: Session, cart_id: int, fix: Fix, skus: Sequence[str]) -> list[FixableRow]:
    with as_operation_error(), session.store.reading() as cx:
        if not skus:
            return fixable.first(cx, cart_id, fix.reason, AT_ONCE)
        if len(skus) > AT_ONCE:
            raise InvalidError("--sku", f"at most {AT_ONCE} listings are changed at once.")
        keys = {normalize_key(sku): sku for sku in skus}
        listings = fixable.called(cx, cart_id, list(keys), AT_ONCE)
    known = {normalize_key(listing.sku) for listing in listings}
    if absent := [sku for key, sku in keys.items() if key not in known]:
        raise NotFoundError(f"The cart has no listing {absent[0]!r}. List them with: invsync listings CART.")
    return listings


async def _planned(session: Session, settings: Settings, fix: Fix, refs: Sequence[str]) -> list[FixRow]:
    cart = connections.cart(settings.cart, session.store.path, settings.locations, read_only=session.read_only)
    try:
        await cart.open()
        return await on_request.plan(cart, fix, refs)
    finally:
        await cart.close()


async def _apply_fix(
    session: Session, settings: Settings, fix: Fix, refs: Sequence[str]
) -> tuple[list[FixRow], set[str]]:
    async with cart_to_change(session, settings) as cart:
        return await on_request.apply(cart, fix, refs)


def _note(
    session: Session,
    settings: Settings,
    fix: Fix,
    listings: Sequence[FixableRow],
    done: Sequence[str],
    reason: Redacted,
    *,
    renamed: bool,
) -> int:
    """The audit, what is to be read again, and a push; its number. Listings that have another reference now are found by a
    complete reading only."""
    cart_id, now = int(settings.cart.id or 0), clock.seconds()
    skus = [listing.sku for listing in listings if listing.ref in set(done)]
    with as_operation_error(), session.store.transaction() as tx:
        before = json.dumps({"listings": [{"sku": sku} for sku in skus[:SAID]], "total": len(done)})
        after = json.dumps({"change": fix.name})
        audit.record(
            tx,
            now,
            session.operator,
            "change in the shop",
            f"cart:{cart_id}",
            before=before,
            after=after,
            reason=reason,
        )
        hooks.read_soon(tx, settings_read.connected_through(tx, cart_id), done, now)
        if renamed:
            settings_read.drop_reading(tx, cart_id)
        merchant = settings.cart.merchant_id
        return runs.request(tx, RunRequest("push", cart_id, merchant, "manual", session.operator), now).run_id


def _plan(
    session: Session, settings: Settings, fix: Fix, listings: Sequence[FixableRow], rows: Sequence[FixRow]
) -> FixPlan:
    cart_id = int(settings.cart.id or 0)
    with as_operation_error(), session.store.reading() as cx:
        needing = fixable.count(cx, cart_id, fix.reason, COUNTED)
    lines = tuple(
        FixLine(listing.ref, listing.sku, listing.name, row.row.quantity if row.row else None, row.why_not)
        for listing, row in zip(listings, rows, strict=True)
    )
    return FixPlan(cart_id, settings.cart.name, fix, lines, max(0, needing - len(listings)))


def summary(plan: FixPlan) -> str:
    """What became of it, in a sentence."""
    refused = len(plan.lines) - len(plan.done)
    text = f"{counted(len(plan.done), 'listing was', 'listings were')} changed in the shop"
    text += f", {counted(refused, 'was', 'were')} not" if refused else ""
    left = f" {counted(plan.left, 'more listing needs', 'more listings need')} it." if plan.left else ""
    follow = f" {plan.requested.message} It reads them again and sends what differs." if plan.requested else ""
    return f"{text}.{follow}{left}"
