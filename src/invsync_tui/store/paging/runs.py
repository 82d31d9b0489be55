"""Runs, newest first, by merchant, cart, state, trigger and who asked for them."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from invsync_tui.store.paging.keyset import Pages, Select, SortOrder
from invsync_tui.store.runs.records import RunRow
from invsync_tui.store.runs.runs import RUN_COLUMNS, RUN_ORIGIN

NEWEST = SortOrder("newest", ("r.id",))


class RunFilter(NamedTuple):
    """Which runs; None does not narrow."""

    merchant_id: int | None = None
    cart_id: int | None = None
    state: str | None = None
    trigger: str | None = None
    who: str | None = None
    since: int | None = None
    """Epoch seconds of the request; this one and `until` are included."""
    until: int | None = None


_CONDITIONS = {
    "merchant_id": "r.merchant_id = ?",
    "cart_id": "r.kind = 'push' AND r.key = ?",
    "state": "r.state = ?",
    "trigger": "r.trigger = ?",
    "who": "r.requested_by = ?",
    "since": "r.requested_at >= ?",
    "until": "r.requested_at <= ?",
}


def runs(cx: sqlite3.Connection, run_filter: RunFilter) -> Pages:
    """The runs that are wanted."""
    criteria = {name: value for name, value in run_filter._asdict().items() if value is not None}
    where = " AND ".join(_CONDITIONS[name] for name in criteria) or "1"
    return Pages(cx, Select(RUN_COLUMNS, RUN_ORIGIN, where, tuple(criteria.values()), NEWEST, descending=True))


def before(cx: sqlite3.Connection, run: RunRow) -> int | None:
    """The newest run of the same pull or push before this one that ended."""
    row = cx.execute(
        "SELECT max(id) FROM run WHERE kind = ? AND key = ? AND id < ? AND state IN ('done', 'failed', 'held', 'cancelled')",
        (run.kind, run.key, run.id),
    ).fetchone()
    return None if row[0] is None else int(row[0])
