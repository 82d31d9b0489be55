"""The doctor's short round after a run: what holds for its cart or source now, and what of it is new.

It counts what the rows themselves record, by one partial index; the whole walk is `operations.diagnosis.doctor`.
"""

from __future__ import annotations

import sqlite3
from collections import Counter

from invsync_tui.rules.eligibility import recorded_causes
from invsync_tui.rules.outcomes import REASONS, Reason
from invsync_tui.store.diagnosis import cause_counts, checkup, findings
from invsync_tui.store.runs.records import RunRow
from invsync_tui.sync import location_facts


def record(tx: sqlite3.Connection, run: RunRow, failed_with: Reason | None, now: int) -> list[str]:
    """Record what is found after a run, `failed_with` the reason it ended by if it failed; returns the new causes."""
    if run.kind == "radar":
        return []
    counts: Counter[str] = Counter()
    if run.kind == "push":
        counts.update(_of_cart(tx, run.key))
        wrong = Reason.WRONG_WAREHOUSE.value
        if counts[wrong] and location_facts.sold_there(tx, run.merchant_id, run.key):
            del counts[wrong]  # that stock is where it belongs: at the shop's other locations
    if failed_with is not None and not REASONS[failed_with].expected:
        counts[failed_with.value] = max(1, counts[failed_with.value])
    cart_id = run.key if run.kind == "push" else findings.SOURCE
    return findings.record(tx, run.merchant_id, cart_id, counts, run.id, now)


def _of_cart(cx: sqlite3.Connection, cart_id: int) -> Counter[str]:
    counted: Counter[str] = Counter()
    for recorded, count in cause_counts.groups(cx, cart_id):
        for cause in recorded_causes(recorded):
            if not REASONS[cause].expected:
                counted[cause.value] += count
    counted.update(dict(checkup.unlisted(cx, cart_id)))
    return counted
