"""The source's own record of each level, as it was when the level last changed. An unchanged download writes none."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

import orjson


def keep(tx: sqlite3.Connection, seq: int, raw: Mapping[tuple[int, int], object], now: int) -> None:
    """Of a page, keep the records of the levels that were written with `seq`, by (product, warehouse)."""
    if not raw:
        return
    written = tx.execute("SELECT product_id, warehouse_id FROM level WHERE seq = ?", (seq,)).fetchall()
    rows = [(*place, now, orjson.dumps(raw[place]).decode()) for place in written if place in raw]
    tx.executemany(
        "INSERT OR REPLACE INTO source_record (product_id, warehouse_id, at, body) VALUES (?, ?, ?, ?)", rows
    )


def of_products(cx: sqlite3.Connection, product_ids: Sequence[int]) -> dict[tuple[int, int], tuple[int, str]]:
    """By (product, warehouse), when the record came and its text."""
    marks = ", ".join("?" * len(product_ids))
    rows = cx.execute(
        f"SELECT product_id, warehouse_id, at, body FROM source_record WHERE product_id IN ({marks})",
        tuple(product_ids),
    )
    return {(row[0], row[1]): (row[2], row[3]) for row in rows}
