"""A push as it would be recorded if the cart accepted everything: matched, decided and acknowledged without a network.

For generated and planted stores: it brings what is recorded in step with rows that were written past the sync.
"""

from __future__ import annotations

import sqlite3

from invsync_tui.connectors import registry
from invsync_tui.connectors.network.http_log import redacted
from invsync_tui.rules.outcomes import Outcome
from invsync_tui.rules.quantity import Decision
from invsync_tui.store import change_sequence
from invsync_tui.store.catalog import sync_marks
from invsync_tui.store.listings import listings, matching
from invsync_tui.store.listings.listings import Decided, PlanRow
from invsync_tui.store.runs import runs
from invsync_tui.store.runs.records import RunRequest
from invsync_tui.sync import connections
from invsync_tui.sync.decide import StockSnapshot, chain_rules, decide_row
from invsync_tui.sync.settings import Settings, load_settings


def rehearse(tx: sqlite3.Connection, cart_id: int, now: int) -> int:
    """Record a push of every listing of a cart; returns the run."""
    settings = load_settings(tx, cart_id)
    if settings is None:
        raise ValueError(f"cart {cart_id} has no WMS connection")
    merchant = settings.cart.merchant_id
    run = runs.request(tx, RunRequest("push", cart_id, merchant, "manual", "rehearsal", full=True), now).run_id
    runs.start(tx, run, 1, now)
    seq = change_sequence.upcoming(tx)
    ids = listings.present_ids(tx, cart_id)
    matching.rematch(tx, merchant, cart_id, settings.cart.push_kind, ids, seq)
    change_sequence.take(tx, seq)
    _decide(tx, settings, ids, run, now)
    if settings.switched_on:
        everything = list(matching.moved_products(tx, merchant, cart_id, 0))
        matching.record_unlisted(tx, cart_id, settings.cart.push_kind, run, everything)
    _note(tx, settings, cart_id, seq, now)
    runs.finish(tx, run, "done", redacted(""), now)
    return run


def _decide(tx: sqlite3.Connection, settings: Settings, ids: list[int], run: int, now: int) -> None:
    basis = registry.cart(connections.cart_connection(settings.cart)).capabilities.quantity_basis
    rows = listings.plan_rows(tx, ids)
    stock = StockSnapshot.of(tx, rows, settings, now)
    rules = chain_rules(settings, basis)
    decided = [(row, decide_row(row, stock, settings, rules, now)) for row in rows]
    listings.decide(tx, [_record(row, decision, run) for row, decision in decided])
    accepted = [(row, made) for row, made in decided if made.outcome in (Outcome.PLANNED, Outcome.EQUAL)]
    listings.refresh(tx, [(made.target or 0, made.target, row.allocated, row.id) for row, made in accepted])
    listings.confirm_equal(tx, [row.id for row, _ in accepted], now)


def _record(row: PlanRow, decision: Decision, run: int) -> Decided:
    outcome = Outcome.SET if decision.outcome is Outcome.PLANNED else decision.outcome
    reason = decision.reason.value if decision.reason else None
    return Decided(decision.desired, decision.target, outcome.value, reason, "", 0, run, row.id)


def _note(tx: sqlite3.Connection, settings: Settings, cart_id: int, seq: int, now: int) -> None:
    revision = settings.cart.rules_rev
    sync_marks.record_observed(tx, cart_id, now, settings.cart.rev, settings.cart.listed_at, complete=True)
    sync_marks.record_matched(tx, cart_id, seq, revision)
    sync_marks.record_sending(tx, cart_id, revision)
    sync_marks.record_pushed(tx, cart_id, seq, revision)
