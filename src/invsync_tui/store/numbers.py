"""Numbers of merchants, carts and runs: none is given twice, also where the row that had it last was removed.

The audit, and what is kept beside the store, name them by number: a new cart must not come into the history of an old one.
"""

from __future__ import annotations

import sqlite3

NUMBERED = ("merchant", "cart", "run")
"""Tables whose rows can be removed while something that is kept names them."""


def upcoming(cx: sqlite3.Connection, table: str) -> int:
    """The number of the next row of a table of NUMBERED."""
    row = cx.execute(
        f"SELECT max(coalesce((SELECT max(id) FROM {table}), 0), "
        "coalesce((SELECT value FROM counter WHERE name = ?), 0)) + 1",
        (table,),
    ).fetchone()
    return int(row[0])


def keep_used(tx: sqlite3.Connection, table: str) -> None:
    """Note the highest number of a table, before a row of it is removed."""
    tx.execute(
        "INSERT INTO counter (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (table, upcoming(tx, table) - 1),
    )


def newest_runs(cx: sqlite3.Connection, most: int) -> list[int]:
    """Numbers of the newest runs of all, newest first."""
    return [number for (number,) in cx.execute("SELECT id FROM run ORDER BY id DESC LIMIT ?", (most,))]
