"""The write sequence: one number per write batch that changed something, in the order of commits.

A cart's watermark against it makes a plan cost what changed. SQLite has one writer, so the order of numbers is the
order of commits.
"""

from __future__ import annotations

import sqlite3


def upcoming(tx: sqlite3.Connection) -> int:
    """The number to stamp on rows in this transaction; call `take` with it if any row changed."""
    return int(tx.execute("SELECT value + 1 FROM counter WHERE name = 'seq'").fetchone()[0])


def take(tx: sqlite3.Connection, seq: int) -> None:
    """Make `seq` the current number. Left out for a batch that changed nothing, so that it writes no page."""
    tx.execute("UPDATE counter SET value = ? WHERE name = 'seq'", (seq,))


def current(cx: sqlite3.Connection) -> int:
    """The number of the last batch that changed something."""
    return int(cx.execute("SELECT value FROM counter WHERE name = 'seq'").fetchone()[0])
