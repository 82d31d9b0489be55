"""Asks for a push of the carts whose webhooks said that something is to be read again."""

from __future__ import annotations

import sqlite3

from invsync_tui import clock
from invsync_tui.store import hooks
from invsync_tui.store.hooks import Due
from invsync_tui.store.runs import runs
from invsync_tui.store.runs.records import RunRequest
from invsync_tui.store.runs.waiting_requests import WEBHOOK

SETTLE = 2
"""Seconds from the first webhook to the push: what comes in between is read by the same one."""
GAP = 10
"""Seconds at least from the end of a cart's push to the next one for webhooks."""
AFTER_FAILURE = 300
"""Seconds where that push failed."""


def due(cx: sqlite3.Connection, now: int) -> list[Due]:
    """Carts of which a push is to be asked for."""
    return [cart for cart in hooks.due(cx) if _is_time(cart, now) and not runs.login_refused(cx, "push", cart.cart_id)]


def _is_time(cart: Due, now: int) -> bool:
    gap = GAP if cart.ended_well else AFTER_FAILURE
    return not clock.within(cart.first_at, SETTLE, now) and not clock.within(cart.ended_at, gap, now)


def request_pushes(tx: sqlite3.Connection, now: int) -> list[int]:
    """Ask for them; the numbers of the runs."""
    requests = [RunRequest("push", cart.cart_id, cart.merchant_id, WEBHOOK, WEBHOOK) for cart in due(tx, now)]
    return [runs.request(tx, request, now).run_id for request in requests]
