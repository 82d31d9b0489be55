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


async def check_source(job: RunContext, source: Source, known: str) -> bool:
    """Compare with what the source was read as before (JSON, '' for never). True: it is another, and accepted.

    Raises RunHeld where it is another and an operator has not accepted that.
    """
    identity = await _of(source)
    trip = safety.account_changed(SafetyRule.SOURCE_CHANGED, _parsed(known), identity)
    if trip is not None:
        _stop_unless_accepted(job, trip)
    if identity:
        with job.transaction() as tx:
            sync_marks.record_identity(tx, job.run.merchant_id, _text(identity))
    return trip is not None


def check_warehouses(job: RunContext, reported: set[str]) -> bool:
    """As `check_source`, by the warehouses alone: not one of those that were read before is among those reported."""
    with job.store.reading() as cx:
        known = {
            site.ref
            for site in sync_marks.warehouses(cx, job.run.merchant_id)
            if site.ref and site.last_full_at is not None and site.vanished_at is None
        }
    trip = safety.warehouses_changed(known, {ref for ref in reported if ref})
    if trip is None:
        return False
    _stop_unless_accepted(job, trip)
    return True


async def check_cart(job: RunContext, cart: Cart, known: str) -> None:
    """As `check_source`, for a cart before it is read or written."""
    identity = await _of(cart)
    trip = safety.account_changed(SafetyRule.CART_CHANGED, _parsed(known), identity)
    if trip is not None:
        _stop_unless_accepted(job, trip)
    if identity:
        with job.transaction() as tx:
            sync_marks.record_cart_identity(tx, job.run.key, _text(identity))


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
    return json.dumps(identity, sort_keys=True)


def _stop_unless_accepted(job: RunContext, trip: Trip) -> None:
    if not safety.is_accepted(trip, job.released()):
        hold(job, trip)


def hold(job: RunContext, trip: Trip) -> NoReturn:
    """Stop before anything is read or sent."""
    shown = [{"breaker": trip.rule.value, "measure": trip.measure, "text": trip.text}]
    with job.transaction() as tx:
        runs.hold(tx, job.run.id, shown, clock.seconds())
    raise RunHeld(trip.text)
