"""Processes that execute runs, and the keys that they hold."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from invsync_tui.store import named_rows

FORGET_AFTER = 86400
"""Seconds without a heartbeat after which the row of a worker is dropped by the next one that starts."""


class Beat(NamedTuple):
    """When: epoch seconds, and seconds since the boot named `boot` ('' where the system names none)."""

    now: int
    boot: str
    uptime: int


class WorkerRow(NamedTuple):
    """A worker. `uptime` belongs to `boot`; only processes of the same boot may compare it."""

    id: str
    kind: str
    pid: int
    host: str
    started_at: int
    heartbeat_at: int
    boot: str
    uptime: int


def register(tx: sqlite3.Connection, worker_id: str, kind: str, pid: int, host: str, beat: Beat) -> None:
    """Enter a worker, and drop those that have not been heard of for a day."""
    tx.execute("DELETE FROM worker WHERE heartbeat_at < ?", (beat.now - FORGET_AFTER,))
    # The number of a process is given again: whoever had it on this machine is gone.
    tx.execute("DELETE FROM worker WHERE host = ? AND pid = ?", (host, pid))
    tx.execute(
        "INSERT INTO worker (id, kind, pid, host, started_at, heartbeat_at, boot, uptime) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (worker_id, kind, pid, host, beat.now, beat.now, beat.boot, beat.uptime),
    )


def beat(tx: sqlite3.Connection, worker_id: str, beat: Beat) -> bool:
    """A sign of life; False if the worker is not entered: it could not be when it began, or was silent for a day."""
    done = tx.execute(
        "UPDATE worker SET heartbeat_at = ?, boot = ?, uptime = ? WHERE id = ?",
        (beat.now, beat.boot, beat.uptime, worker_id),
    )
    return done.rowcount > 0


def remove(tx: sqlite3.Connection, worker_id: str) -> None:
    """A worker that ends in order."""
    tx.execute("DELETE FROM worker WHERE id = ?", (worker_id,))


def listed(cx: sqlite3.Connection) -> list[WorkerRow]:
    """All workers that are entered, oldest first; some may be gone."""
    rows = cx.execute(
        "SELECT id, kind, pid, host, started_at, heartbeat_at, boot, uptime FROM worker ORDER BY started_at, id"
    )
    return named_rows.filled(WorkerRow, rows)


def holders(cx: sqlite3.Connection) -> dict[str, str]:
    """By lease key (`pull:1`, `push:2`), the worker that took it last; it may have let it go since."""
    return dict(cx.execute("SELECT key, holder FROM lease").fetchall())


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
