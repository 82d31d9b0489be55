"""Who may write for a key. The row's epoch fences a predecessor out; `sync.leases` holds the kernel lock beside it."""

from __future__ import annotations

import sqlite3


class FencedError(Exception):
    """Another worker has taken this key over; whatever this one still knows is out of date."""


def acquire(tx: sqlite3.Connection, key: str, holder: str, until: int) -> int:
    """Take the key and return the new, higher epoch."""
    row = tx.execute(
        "INSERT INTO lease (key, epoch, holder, until) VALUES (?, 1, ?, ?) "
        "ON CONFLICT (key) DO UPDATE SET epoch = epoch + 1, holder = excluded.holder, until = excluded.until RETURNING epoch",
        (key, holder, until),
    ).fetchone()
    return int(row[0])


def check(tx: sqlite3.Connection, key: str, epoch: int) -> None:
    """Raise FencedError unless `epoch` is still the key's; to be called in each transaction that writes for it."""
    row = tx.execute("SELECT epoch FROM lease WHERE key = ?", (key,)).fetchone()
    if row is None or row[0] != epoch:
        raise FencedError(f"{key}: epoch {epoch} was overtaken by {row[0] if row else 'nobody'}")
