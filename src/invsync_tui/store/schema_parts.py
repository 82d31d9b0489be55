"""What a schema consists of, compared part by part: tells whether a store is exactly of a schema, or between two."""

from __future__ import annotations

import sqlite3
from functools import lru_cache
from pathlib import Path

from invsync_tui.store.connection import VERSION

Parts = frozenset[tuple[str, ...]]


def parts(cx: sqlite3.Connection) -> Parts:
    """Every table, column, index and trigger, in words that do not depend on how it came about."""
    collected: set[tuple[str, ...]] = set()
    for kind, name, table, sql in cx.execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
    ).fetchall():
        if kind == "table" and not str(sql).upper().startswith("CREATE VIRTUAL"):
            collected.add(("table", name))
            columns = cx.execute('SELECT name, type, "notnull", pk FROM pragma_table_info(?)', (name,))
            collected |= {("column", name, *map(str, column)) for column in columns}
        elif kind == "index":
            columns = cx.execute("SELECT name FROM pragma_index_info(?) ORDER BY seqno", (name,))
            collected.add(("index", name, table, *(str(column) for (column,) in columns)))
        else:
            collected.add((kind, name, table, " ".join(str(sql).replace('"', "").split())))
    return frozenset(collected)


@lru_cache
def _all() -> tuple[Parts, ...]:
    """The parts of each schema from 1 on, as the migrations make them."""
    from invsync_tui.store.migrate import one_transaction, run_migrations

    by_version = []
    cx = sqlite3.connect(":memory:", isolation_level=None)
    for version in range(1, VERSION + 1):
        with one_transaction(cx) as bound:
            run_migrations(bound, f"{version:04}")
        by_version.append(parts(cx))
    cx.close()
    return tuple(by_version)


def versions_of(cx: sqlite3.Connection) -> list[int]:
    """The schemas that a database is exactly of, whatever it says; none if it lacks parts or has some of a later one.

    Things that no schema knows, such as an index that somebody added, do not count.
    """
    every: Parts = frozenset().union(*_all())
    mine = parts(cx) & every
    return [number for number, known in enumerate(_all(), 1) if mine == known]


def is_undamaged_copy(path: Path, version: int) -> bool:
    """Whether a file is a readable store that is exactly of a schema."""
    from invsync_tui.store.connection import connect
    from invsync_tui.store.errors import StoreError
    from invsync_tui.store.file.backups import verify

    try:
        if verify(path).schema != version:
            return False
        cx = connect(path, "ro", "NORMAL")
    except (StoreError, sqlite3.Error, OSError):
        return False
    try:
        return version in versions_of(cx)
    finally:
        cx.close()
