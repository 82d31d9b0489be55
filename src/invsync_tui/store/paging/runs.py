"""Runs, newest first, by merchant, cart, state, trigger and who asked for them."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from invsync_tui.store.paging.keyset import Pages, Select, SortOrder
from invsync_tui.store.runs.records import RunRow
from invsync_tui.store.runs.runs import RUN_COLUMNS, RUN_ORIGIN


def _count(outcome: str) -> str:
    return f"coalesce(json_extract(r.counts, '$.{outcome}'), 0)"


ORDERS = (
    SortOrder("run", ("r.id",)),
    SortOrder("merchant", ("m.name", "r.id"), indexed=False),
    SortOrder("cart", ("coalesce(c.name, '')", "r.id"), indexed=False),
    SortOrder("state", ("r.state", "r.id"), indexed=False),
    SortOrder("trigger", ("r.trigger", "r.id"), indexed=False),
    SortOrder("by", ("r.requested_by", "r.id"), indexed=False),
    SortOrder("asked", ("r.requested_at", "r.id"), indexed=False),
    SortOrder("took", ("iif(r.ended_at >= r.started_at, r.ended_at - r.started_at, -1)", "r.id"), indexed=False),
    SortOrder("skus", (_count("total"), "r.id"), indexed=False),
    SortOrder("updated", (_count("set"), "r.id"), indexed=False),
    SortOrder("failed", (_count("failed"), "r.id"), indexed=False),
)
"""By number, which is the order of their requests; the others where they are few. A download has no cart and is in front of
all carts; a run that did not end, or ended before it began by its clock, took -1."""


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


def runs(
    cx: sqlite3.Connection, run_filter: RunFilter, order: SortOrder = ORDERS[0], descending: bool = True
) -> Pages[RunRow]:
    """The runs that are wanted, newest first where no other order is given."""
    criteria = {name: value for name, value in run_filter._asdict().items() if value is not None}
    where = " AND ".join(_CONDITIONS[name] for name in criteria) or "1"
    values = tuple(criteria.values())
    return Pages(cx, Select(RUN_COLUMNS, RUN_ORIGIN, where, values, order, descending, record=RunRow._make))


def before(cx: sqlite3.Connection, run: RunRow) -> int | None:
    """The newest run of the same pull or push before this one that ended."""
    row = cx.execute(
        "SELECT max(id) FROM run WHERE kind = ? AND key = ? AND id < ? AND state IN ('done', 'failed', 'held', 'cancelled')",
        (run.kind, run.key, run.id),
    ).fetchone()
    return None if row[0] is None else int(row[0])
