"""When pulls and pushes are due by themselves."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from invsync_tui.store import named_rows


class ScheduleRow(NamedTuple):
    """A schedule. `every` and `jitter` in seconds, `next_at` in epoch seconds."""

    kind: str
    key: int
    every: int
    jitter: int
    next_at: int
    failures: int
    merchant_id: int


_SELECT = """
SELECT s.kind, s.key, s.every, s.jitter, s.next_at, s.failures, m.id
FROM schedule AS s
LEFT JOIN cart AS c ON s.kind <> 'pull' AND c.id = s.key
JOIN merchant AS m ON m.id = CASE WHEN s.kind = 'pull' THEN s.key ELSE c.merchant_id END
WHERE m.inventory_sync = 1 AND (s.kind = 'pull' OR c.upload_enabled = 1)
"""


def active(cx: sqlite3.Connection) -> list[ScheduleRow]:
    """Schedules whose switches are on."""
    return named_rows.filled(ScheduleRow, cx.execute(_SELECT))


def put(tx: sqlite3.Connection, kind: str, key: int, every: int, jitter: int, next_at: int) -> None:
    """Set a schedule; an existing one is replaced."""
    tx.execute(
        "INSERT INTO schedule (kind, key, every, jitter, next_at) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (kind, key) DO UPDATE SET every = excluded.every, jitter = excluded.jitter, next_at = excluded.next_at",
        (kind, key, every, jitter, next_at),
    )


def drop(tx: sqlite3.Connection, kind: str, key: int) -> None:
    """Take a schedule away: the sync runs on request only."""
    tx.execute("DELETE FROM schedule WHERE kind = ? AND key = ?", (kind, key))


def move(tx: sqlite3.Connection, kind: str, key: int, next_at: int) -> None:
    """Set the next time."""
    tx.execute("UPDATE schedule SET next_at = ? WHERE kind = ? AND key = ?", (next_at, kind, key))


def record_result(tx: sqlite3.Connection, kind: str, key: int, state: str, now: int) -> None:
    """Count failures in a row. A good run clears them, and with them the longer wait that they made; a cancel says nothing."""
    if state == "failed":
        tx.execute("UPDATE schedule SET failures = failures + 1 WHERE kind = ? AND key = ?", (kind, key))
    elif state == "done":
        tx.execute(
            "UPDATE schedule SET failures = 0, next_at = CASE WHEN failures > 0 THEN min(next_at, ? + every) ELSE next_at END "
            "WHERE kind = ? AND key = ?",
            (now, kind, key),
        )
