"""Turns due schedules into requests, and ended pulls into pushes."""

from __future__ import annotations

import random
import sqlite3

from invsync_tui.store import runs, schedule
from invsync_tui.store.runs import Order, RunRow
from invsync_tui.store.schedule import Entry

BACKOFF_MOST = 8
"""A key whose runs keep failing is tried at most so many times less often."""


def _next(entry: Entry, now: int) -> int:
    slower = min(BACKOFF_MOST, 1 << min(entry.failures, 10))
    wait: int = entry.every * slower + (random.randrange(entry.jitter) if entry.jitter else 0)
    return now + wait


def request_due(tx: sqlite3.Connection, now: int) -> int:
    """Ask for every run whose time has come; returns how many were due.

    A refused login is not tried again by itself: that locks accounts out. A run that somebody orders ends the pause.
    """
    entries = schedule.due(tx, now)
    for entry in entries:
        if not runs.login_refused(tx, entry.kind, entry.key):
            runs.request(tx, Order(entry.kind, entry.key, entry.merchant_id, "schedule", "schedule"), now)
        schedule.move(tx, entry.kind, entry.key, _next(entry, now))
    return len(entries)


def request_pushes_after(tx: sqlite3.Connection, pull: RunRow, now: int) -> list[int]:
    """After a good scheduled pull: a push of each cart of the merchant that is switched on."""
    carts = tx.execute(
        "SELECT id FROM cart WHERE merchant_id = ? AND upload_enabled = 1", (pull.merchant_id,)
    ).fetchall()
    orders = [
        Order("push", cart, pull.merchant_id, "after pull", pull.requested_by)
        for (cart,) in carts
        if not runs.login_refused(tx, "push", cart)
    ]
    return [runs.request(tx, order, now).run_id for order in orders]
