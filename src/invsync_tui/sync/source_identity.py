"""Whose data a connection leads to: remembered at its first run, and a safety rule when it is somebody else's.

An address, a login or a tenant behind them may change without a word in our settings. Nothing is read from another
company, and nothing written to another shop, before an operator has accepted it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NoReturn

from invsync_tui import clock
from invsync_tui.connectors.base import Cart, Identified, Source
from invsync_tui.rules import safety
from invsync_tui.rules.safety import SafetyRule, Trip
from invsync_tui.store.catalog import pull_progress, sync_marks
from invsync_tui.store.runs import runs
from invsync_tui.sync.runs.run_context import RunContext, RunHeld

UNTOLD = ""
"""Among the names of a cart's known identity: an operator has accepted that nothing of it can be read."""


async def check_source(job: RunContext, source: Source, known: str) -> bool:
    """Compare with what the source was read as before (JSON, '' for never). True: it is another, and accepted.

    Names that are not told this time stay known, with a warning in the run: a permission that is removed stops no download.
    Raises RunHeld where it is another and an operator has not accepted that.
    """
    before, identity = _parsed(known), await _of(source)
    await job.writable()
    trip = safety.account_changed(SafetyRule.SOURCE_CHANGED, before, identity)
    if trip is not None:
        _stop_unless_accepted(job, trip)
    stored = _stored_identity(job, before, identity, changed=trip is not None)
    with job.transaction() as tx:
        sync_marks.record_identity(tx, job.run.merchant_id, _text(stored))
    return trip is not None


def check_warehouses(job: RunContext, reported: set[str]) -> bool:
    """As `check_source`, by the warehouses alone, see `safety.warehouses_changed`."""
    with job.store.reading() as cx:
        sites = [site for site in sync_marks.warehouses(cx, job.run.merchant_id) if site.ref]
    loaded = [site for site in sites if site.last_full_at is not None]
    # Where all are gone, as after an empty answer, they are still what the company is known by.
    known = {site.ref for site in loaded if site.vanished_at is None} or {site.ref for site in loaded}
    trip = safety.warehouses_changed(known, {site.ref for site in sites}, {ref for ref in reported if ref})
    if trip is None:
        return False
    _stop_unless_accepted(job, trip)
    return True


async def check_cart(job: RunContext, cart: Cart, known: str) -> None:
    """As `check_source`, for a cart before it is read or written.

    A cart of which nothing can be told any more may be any shop: RunHeld as well, until an operator has accepted that for
    as long as it lasts.
    """
    before, identity = _parsed(known), await _of(cart)
    await job.writable()
    names = _names(before)
    trip = _cart_trip(before, identity)
    if trip is not None:
        _stop_unless_accepted(job, trip)
    stored = _stored_identity(job, names, identity, changed=trip is not None and bool(identity))
    if names and not identity:
        stored[UNTOLD] = "accepted"
    with job.transaction() as tx:
        sync_marks.record_cart_identity(tx, job.run.key, _text(stored))


async def trip_of_cart(cart: Cart, known: str) -> Trip | None:
    """The rule that a push of this cart would be held by for its identity; None where it may be written.

    `known` is JSON, '' for never. For what is written outside of runs; nothing is remembered.
    """
    return _cart_trip(_parsed(known), await _of(cart))


def _names(known: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in known.items() if name != UNTOLD}


def _cart_trip(known: Mapping[str, str], identity: Mapping[str, str]) -> Trip | None:
    names = _names(known)
    trip = safety.account_changed(SafetyRule.CART_CHANGED, names, identity)
    if trip is None and names and not identity and UNTOLD not in known:
        trip = safety.account_untold(SafetyRule.CART_CHANGED, names)
    return trip


def _stored_identity(
    job: RunContext, known: Mapping[str, str], identity: Mapping[str, str], *, changed: bool
) -> dict[str, str]:
    """What is remembered from now on: of another account than before only what it tells; else also what was known of it."""
    if changed:
        return dict(identity)
    absent = sorted(known.keys() - identity.keys())
    if absent:
        job.report.event("warning", safety.untold(known, absent))
    return {**known, **identity}


def begin_anew(job: RunContext) -> None:
    """Nothing that was read of another company goes on here: no interrupted download, and no delta."""
    with job.transaction() as tx:
        pull_progress.abandon_open(tx, job.run.merchant_id)
        sync_marks.drop_mark(tx, job.run.merchant_id)


async def _of(connector: object) -> dict[str, str]:
    if not isinstance(connector, Identified):
        return {}
    return {str(name): str(value) for name, value in (await connector.identity()).items()}


def _parsed(text: str) -> Mapping[str, str]:
    return dict(json.loads(text)) if text else {}


def _text(identity: Mapping[str, str]) -> str:
    return json.dumps(identity, sort_keys=True) if identity else ""


def _stop_unless_accepted(job: RunContext, trip: Trip) -> None:
    if not safety.is_accepted(trip, job.released()):
        hold(job, trip)


def hold(job: RunContext, trip: Trip) -> NoReturn:
    """Stop before anything is read or sent."""
    records = [{"breaker": trip.rule.value, "measure": trip.measure, "text": trip.text}]
    with job.transaction() as tx:
        runs.hold(tx, job.run.id, records, clock.seconds())
    raise RunHeld(trip.text)
