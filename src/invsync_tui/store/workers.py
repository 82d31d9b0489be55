"""The processes that execute requests, for display; whether one is alive is told by its file lock, not by this row."""

from __future__ import annotations

import sqlite3


def register(tx: sqlite3.Connection, worker_id: str, kind: str, pid: int, host: str, now: int) -> None:
    """Enter a worker, and forget those of this host that have not been heard of for a day."""
    tx.execute("DELETE FROM worker WHERE heartbeat_at < ?", (now - 86400,))
    tx.execute("INSERT OR REPLACE INTO worker VALUES (?, ?, ?, ?, ?, ?)", (worker_id, kind, pid, host, now, now))


def beat(tx: sqlite3.Connection, worker_id: str, now: int) -> None:
    """A sign of life."""
    tx.execute("UPDATE worker SET heartbeat_at = ? WHERE id = ?", (now, worker_id))


def remove(tx: sqlite3.Connection, worker_id: str) -> None:
    """A worker that ends in order."""
    tx.execute("DELETE FROM worker WHERE id = ?", (worker_id,))
