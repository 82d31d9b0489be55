"""What happened around a listing: the runs that had to do with it, and what operators changed that concerns it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from invsync_tui.store import named_rows


class Ran(NamedTuple):
    """A run by its number."""

    id: int
    kind: str
    trigger: str
    by: str
    started_at: int | None
    ended_at: int | None
    state: str


class AuditedChange(NamedTuple):
    """An entry of the audit."""

    at: int
    who: str
    action: str
    subject: str
    before: str
    after: str
    reason: str


_RUN = "SELECT id, kind, trigger, requested_by, started_at, ended_at, state FROM run "


def runs(cx: sqlite3.Connection, run_ids: Sequence[int]) -> dict[int, Ran]:
    """Some runs by number."""
    rows = cx.execute(_RUN + "WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(run_ids)),))
    return {row[0]: row for row in named_rows.filled(Ran, rows)}


def pull_at(cx: sqlite3.Connection, merchant_id: int, at: int) -> Ran | None:
    """The pull that was loading at a moment."""
    return named_rows.first(
        Ran,
        cx.execute(
            _RUN
            + "WHERE kind = 'pull' AND key = ? AND started_at <= ? AND coalesce(ended_at, ?) >= ? ORDER BY id DESC LIMIT 1",
            (merchant_id, at, at, at),
        ),
    )


def pushes_since(cx: sqlite3.Connection, cart_id: int, since: int) -> list[int]:
    """Numbers of the pushes of a cart that were asked for at a time or after it."""
    sql = "SELECT id FROM run WHERE kind = 'push' AND key = ? AND requested_at >= ?"
    return [number for (number,) in cx.execute(sql, (cart_id, since))]


def changed_by(cx: sqlite3.Connection, listing_id: int, since: int) -> dict[int, int | None]:
    """By time, the run that changed what a listing should show or what the cart accepted."""
    sql = "SELECT at, run_id FROM listing_history WHERE listing_id = ? AND at >= ?"
    return dict(cx.execute(sql, (listing_id, since)).fetchall())


def audit_entries(cx: sqlite3.Connection, subjects: Sequence[str], since: int) -> list[AuditedChange]:
    """Audit entries of some subjects, the newest first."""
    rows = cx.execute(
        "SELECT at, who, action, subject, before, after, reason FROM audit "
        "WHERE subject IN (SELECT value FROM json_each(?)) AND at >= ? ORDER BY id DESC",
        (json.dumps(list(subjects)), since),
    )
    return named_rows.filled(AuditedChange, rows)


CHANGES_MOST = 500
"""Entries of one action that are looked through."""


def changes(cx: sqlite3.Connection, subject: str, action: str) -> list[AuditedChange]:
    """The newest audit entries of one subject and action."""
    rows = cx.execute(
        "SELECT at, who, action, subject, before, after, reason FROM audit WHERE subject = ? AND action = ? "
        "ORDER BY id DESC LIMIT ?",
        (subject, action, CHANGES_MOST),
    )
    return named_rows.filled(AuditedChange, rows)
