"""Who ordered or changed what, and why. Only ever appended to."""

from __future__ import annotations

import sqlite3


def record(
    tx: sqlite3.Connection,
    now: int,
    who: str,
    action: str,
    subject: str,
    *,
    before: str = "",
    after: str = "",
    reason: str = "",
) -> None:
    """Append one entry in the transaction of the change that it describes. `subject` is like `run:17` or `cart:3`."""
    tx.execute(
        "INSERT INTO audit (at, who, action, subject, before, after, reason) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (now, who, action, subject, before, after, reason),
    )
