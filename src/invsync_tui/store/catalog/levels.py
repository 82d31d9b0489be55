"""Levels by warehouse and product: written if changed, with the source's own record of each."""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import orjson

from invsync_tui import clock
from invsync_tui.rules.quantity import AHEAD_MOST
from invsync_tui.store import named_rows

LevelRecord = tuple[int, int, int | None, int, int | None, int | None, int | None, int, int]
"""A level by our ids, in the order of the statement below: warehouse, product, on_hand, available, committed, incoming,
read_at (None is unknown), loaded_at, seq. A plain tuple: a download makes millions of them."""

_UPSERT = """
INSERT INTO level (warehouse_id, product_id, on_hand, available, committed, incoming, read_at, loaded_at, seq)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (warehouse_id, product_id) DO UPDATE SET on_hand = excluded.on_hand, available = excluded.available,
  committed = excluded.committed, incoming = excluded.incoming, read_at = excluded.read_at,
  loaded_at = excluded.loaded_at, seq = excluded.seq, missing_since = NULL
WHERE level.available IS NOT excluded.available OR level.on_hand IS NOT excluded.on_hand
  OR level.committed IS NOT excluded.committed OR level.incoming IS NOT excluded.incoming
  OR level.read_at IS NOT excluded.read_at OR level.missing_since IS NOT NULL
"""


_AROUND = """
SELECT warehouse_id, product_id, on_hand, available, committed, incoming, read_at, ?, ? FROM level
WHERE warehouse_id = ? AND product_id BETWEEN ? AND ? AND missing_since IS NULL LIMIT ?
"""
"""Levels as records that would be written now."""
AROUND_MOST = 2
"""Rows that are read to find the unchanged ones, for each row of the page."""


def upsert(tx: sqlite3.Connection, records: Sequence[LevelRecord]) -> int:
    """Write one page; returns how many rows were new or changed."""
    return max(0, tx.executemany(_UPSERT, _maybe_changed(tx, records)).rowcount)


def _maybe_changed(tx: sqlite3.Connection, records: Sequence[LevelRecord]) -> Sequence[LevelRecord]:
    """The records of a page without most of those that the store has already.

    Pages mostly have one warehouse, and products whose ids lie close together: reading that part of the table in one go
    costs half of what the statement above costs for a row that it leaves as it is.
    """
    if not records or records[0][0] != records[-1][0]:
        return records
    warehouse, *_, loaded_at, seq = records[0]
    ids = {record[1] for record in records}
    limit = AROUND_MOST * len(records)
    stored = tx.execute(_AROUND, (loaded_at, seq, warehouse, min(ids), max(ids), limit)).fetchall()
    if stored == records:
        return []
    if not stored or len(ids) < len(records):
        return records  # of a product that comes twice the last record counts, also one that is as the store has it
    known = {*stored}
    return [record for record in records if record not in known]


def present_ids(cx: sqlite3.Connection, warehouse_id: int) -> array[int]:
    """Products with a level in the warehouse that the last full download had, ascending."""
    sql = "SELECT product_id FROM level WHERE warehouse_id = ? AND missing_since IS NULL ORDER BY product_id"
    return array("q", chain.from_iterable(cx.execute(sql, (warehouse_id,))))


def quantities(
    cx: sqlite3.Connection, warehouse_id: int, product_ids: Iterable[int]
) -> dict[int, tuple[int | None, int]]:
    """By product, (on hand, available) of some levels of a warehouse that are not missing."""
    rows = cx.execute(
        "SELECT product_id, on_hand, available FROM level WHERE warehouse_id = ? AND missing_since IS NULL "
        "AND product_id IN (SELECT value FROM json_each(?))",
        (warehouse_id, json.dumps(list(product_ids))),
    )
    return {product: (on_hand, available) for product, on_hand, available in rows}


def flag_missing(tx: sqlite3.Connection, warehouse_id: int, product_ids: Iterable[int], now: int, seq: int) -> int:
    """Mark levels that a full download no longer had; the quantity stays as last reported."""
    rows = [(now, seq, warehouse_id, number) for number in product_ids]
    tx.executemany(
        "UPDATE level SET missing_since = ?, seq = ? WHERE warehouse_id = ? AND product_id = ? AND missing_since IS NULL",
        rows,
    )
    return len(rows)


def set_to_zero(tx: sqlite3.Connection, warehouse_id: int, product_ids: Sequence[int], now: int, seq: int) -> int:
    """Set levels that a full download no longer had to 0, for sources that leave out what is out of stock."""
    rows = [(now, seq, warehouse_id, number) for number in product_ids]
    changed = tx.executemany(
        "UPDATE level SET on_hand = 0, available = 0, committed = NULL, incoming = NULL, read_at = NULL, loaded_at = ?, "
        "seq = ? WHERE warehouse_id = ? AND product_id = ? AND (available <> 0 OR on_hand IS NOT 0)",
        rows,
    ).rowcount
    tx.executemany(_FORGET_FRACTION, [(warehouse_id, number) for number in product_ids])
    return max(0, changed)


_ADD_ZERO = """
INSERT INTO level (warehouse_id, product_id, on_hand, available, loaded_at, seq)
SELECT ?, id, 0, 0, ?, ? FROM product WHERE id = ? AND is_kit = 0 AND inactive = 0 AND uncounted = 0
ON CONFLICT (warehouse_id, product_id) DO UPDATE SET on_hand = 0, available = 0, committed = NULL, incoming = NULL,
  read_at = NULL, loaded_at = excluded.loaded_at, seq = excluded.seq, missing_since = NULL
WHERE level.missing_since IS NOT NULL
"""


def add_zeros(tx: sqlite3.Connection, warehouse_id: int, product_ids: Sequence[int], now: int, seq: int) -> int:
    """Levels of 0 for products that have none, or one that is missing; for sources that leave out what is out of stock. None
    for kits, and for products that are deactivated or not counted. Returns how many."""
    rows = [(warehouse_id, now, seq, number) for number in product_ids]
    return max(0, tx.executemany(_ADD_ZERO, rows).rowcount) if rows else 0


def flag_inactive(tx: sqlite3.Connection, product_ids: Sequence[int], now: int, seq: int) -> None:
    """Mark all levels of products that were deactivated: a kit of them is unknown, and a product that comes back is read."""
    tx.execute(
        "UPDATE level SET missing_since = ?, seq = ? WHERE product_id IN (SELECT value FROM json_each(?)) "
        "AND missing_since IS NULL",
        (now, seq, json.dumps(list(product_ids))),
    )


_FORGET_FRACTION = "DELETE FROM level_fraction WHERE warehouse_id = ? AND product_id = ?"
_KEEP_FRACTION = (
    "INSERT INTO level_fraction (warehouse_id, product_id, reported) VALUES (?, ?, ?) "
    "ON CONFLICT (warehouse_id, product_id) DO UPDATE SET reported = excluded.reported "
    "WHERE reported IS NOT excluded.reported"
)


def save_fractions(
    tx: sqlite3.Connection, places: Iterable[tuple[int, int]], fractions: Mapping[tuple[int, int], str]
) -> None:
    """Of a page with levels at `places`, by (warehouse, product), keep those that the WMS reports as a fraction."""
    if tx.execute("SELECT 1 FROM level_fraction LIMIT 1").fetchone() is not None:
        tx.executemany(_FORGET_FRACTION, [place for place in places if place not in fractions])
    tx.executemany(_KEEP_FRACTION, [(*place, reported) for place, reported in fractions.items()])


def fractions_of(cx: sqlite3.Connection, product_ids: Sequence[int]) -> dict[tuple[int, int], str]:
    """By (product, warehouse), the quantity as the WMS reports it, of levels that are fractions there."""
    rows = cx.execute(
        "SELECT v.product_id, v.warehouse_id, f.reported FROM level AS v CROSS JOIN level_fraction AS f "
        "ON f.warehouse_id = v.warehouse_id AND f.product_id = v.product_id "
        "WHERE v.product_id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(product_ids)),),
    )
    return {(product, warehouse): reported for product, warehouse, reported in rows}


class Fraction(NamedTuple):
    """A level that the WMS reports as a fraction."""

    sku: str
    warehouse: str
    reported: str
    available: int


def fractions(cx: sqlite3.Connection, merchant_id: int, limit: int) -> list[Fraction]:
    """The first of a merchant's levels that are fractions, by warehouse and product."""
    rows = cx.execute(
        "SELECT coalesce(nullif(p.sku, ''), p.ref), w.code, f.reported, v.available FROM warehouse AS w "
        "CROSS JOIN level_fraction AS f ON f.warehouse_id = w.id "
        "CROSS JOIN level AS v ON v.warehouse_id = w.id AND v.product_id = f.product_id "
        "CROSS JOIN product AS p ON p.id = f.product_id WHERE w.merchant_id = ? AND v.missing_since IS NULL "
        "AND p.missing_since IS NULL ORDER BY w.id, f.product_id LIMIT ?",
        (merchant_id, limit),
    )
    return named_rows.filled(Fraction, rows)


class LevelView(NamedTuple):
    """A level as the plan reads it. `confirmed_at`: until then it is known that the row had not changed."""

    product_id: int
    warehouse_id: int
    available: int
    read_at: int
    missing: bool


TRUSTED_READ_AT = "CASE WHEN v.read_at <= :farthest AND v.loaded_at <= :latest THEN v.read_at END"
"""The WMS's time of the reading of level v, with the values of `latest`. By our clock when it was loaded: if that was
ahead, so is this."""


def latest(now: int) -> dict[str, int]:
    """Up to when times are believed: a later one was written by a clock that was ahead."""
    return {"latest": now + int(clock.TOLERANCE), "farthest": now + AHEAD_MOST}


def confirmed(confirmed_at: int, now: int) -> int:
    """The end of the last good pull, by which unchanged rows were right; 0 where a clock that was ahead wrote it."""
    return confirmed_at if confirmed_at <= now + int(clock.TOLERANCE) else 0


def of_products(
    cx: sqlite3.Connection, product_ids: Sequence[int], confirmed_at: int, now: int
) -> dict[int, list[LevelView]]:
    """All levels of some products, by product, warehouses ascending.

    The time of a reading is the WMS's own where it gives one, else the later of the row's load and `confirmed_at`, the
    last successful pull: a row that did not change since was right then too. A warehouse that vanished is not read by
    those pulls: its rows are as old as its last load. A time after `now` was written by a clock that was ahead, and says
    nothing. The index has all columns, and the warehouses in order.
    """
    rows = cx.execute(
        "SELECT v.product_id, v.warehouse_id, v.available, coalesce(" + TRUSTED_READ_AT + ", "
        "max(CASE WHEN v.loaded_at <= :latest THEN v.loaded_at ELSE 0 END, "
        "CASE WHEN w.vanished_at IS NULL THEN :confirmed ELSE coalesce(min(w.last_full_at, :latest), 0) END)), "
        "v.missing_since IS NOT NULL "
        "FROM level AS v INDEXED BY level_product CROSS JOIN warehouse AS w ON w.id = v.warehouse_id "
        "WHERE v.product_id IN (SELECT value FROM json_each(:ids)) ORDER BY v.product_id, v.warehouse_id",
        {**latest(now), "confirmed": confirmed(confirmed_at, now), "ids": json.dumps(list(product_ids))},
    )
    result: dict[int, list[LevelView]] = defaultdict(list)
    for row in rows:
        result[row[0]].append(tuple.__new__(LevelView, row))  # as _make, without counting the columns of each row
    return result


class KitPart(NamedTuple):
    """A component of a kit. One that is deactivated, whatever levels come of it, has number 0."""

    product_id: int
    sku: str
    needed: int


def components(cx: sqlite3.Connection, kit_ids: Sequence[int]) -> dict[int, list[KitPart]]:
    """The components of some kits, by kit."""
    rows = cx.execute(
        "SELECT k.kit_id, CASE WHEN p.inactive = 1 THEN 0 ELSE k.component_id END, "
        "coalesce(nullif(p.sku, ''), p.ref, '?') || CASE WHEN p.inactive = 1 THEN ' (deactivated in the WMS)' "
        "WHEN p.is_kit = 1 THEN ' (a kit itself)' ELSE '' END, "
        "k.needed FROM kit_component k "
        "LEFT JOIN product p ON p.id = k.component_id WHERE k.kit_id IN (SELECT value FROM json_each(?)) "
        "AND coalesce(p.uncounted, 0) = 0 "  # what nobody counts is never short
        "ORDER BY k.kit_id, k.component_id",
        (json.dumps(list(kit_ids)),),
    )
    result: dict[int, list[KitPart]] = defaultdict(list)
    for kit, part in named_rows.keyed(KitPart, rows):
        result[kit].append(part)
    return result


def save_source_records(tx: sqlite3.Connection, seq: int, raw: Mapping[tuple[int, int], object], now: int) -> None:
    """Of a page, keep the records of the levels that were written with `seq`, by (product, warehouse)."""
    if not raw:
        return
    written = tx.execute("SELECT product_id, warehouse_id FROM level WHERE seq = ?", (seq,)).fetchall()
    rows = [(*place, now, orjson.dumps(raw[place]).decode()) for place in written if place in raw]
    tx.executemany(
        "INSERT OR REPLACE INTO source_record (product_id, warehouse_id, at, body) VALUES (?, ?, ?, ?)", rows
    )


def source_records_of(cx: sqlite3.Connection, product_ids: Sequence[int]) -> dict[tuple[int, int], tuple[int, str]]:
    """By (product, warehouse), when the record came and its text."""
    marks = ", ".join("?" * len(product_ids))
    rows = cx.execute(
        f"SELECT product_id, warehouse_id, at, body FROM source_record WHERE product_id IN ({marks})",
        tuple(product_ids),
    )
    return {(product, warehouse): (at, body) for product, warehouse, at, body in rows}
