"""Who ordered or changed what, and why. Only ever appended to."""

from __future__ import annotations

import sqlite3

from invsync_tui.rules.redaction import Redacted

CONNECTION = ("url", "login", "secret", "secrets", "options")
"""Settings by which a system is reached."""


def connection_changed(cx: sqlite3.Connection, subject: str, since: int) -> bool:
    """Whether somebody changed how a cart or a merchant's WMS is reached, or logged in, at a time or after it."""
    sql = (
        "SELECT 1 FROM audit AS a WHERE a.subject = ? AND a.at >= ? AND (a.action IN ('cart login', 'merchant login') "
        "OR a.action IN ('cart set', 'merchant set') AND a.before <> '' "
        "AND EXISTS (SELECT 1 FROM json_each(a.before) AS b WHERE b.key IN (?, ?, ?, ?, ?))) LIMIT 1"
    )
    return cx.execute(sql, (subject, since, *CONNECTION)).fetchone() is not None


def record(
    tx: sqlite3.Connection,
    now: int,
    who: str,
    action: str,
    subject: str,
    *,
    before: str = "",
    after: str = "",
    reason: Redacted | None = None,
) -> None:
    """Append one entry in the transaction of the change that it describes. `subject` is like `run:17` or `cart:3`."""
    tx.execute(
        "INSERT INTO audit (at, who, action, subject, before, after, reason) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (now, who, action, subject, before, after, reason or ""),
    )
