"""Makes a large demo store for measurements: the same rows for the same arguments, streamed, indexes built at the end.

Not a way to load real data: it writes past every check. Its products, codes and names are made up.
"""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from invsync_tui.store.database import create_store
from invsync_tui.store.demo import generated_rows
from invsync_tui.store.demo.generated_rows import MERCHANT, SEQ, Scale
from invsync_tui.store.migrations.versions import v0002_long_lists as schema

Tell = Callable[[str], None]
_DROPPED = ("product", "product_code", "level", "listing")


@dataclass(frozen=True, slots=True)
class Generated:
    """How many rows of each kind were made."""

    products: int
    codes: int
    levels: int
    listings: int


def generate(path: Path, scale: Scale, tell: Tell) -> Generated:
    """Make the store at `path`, which must not exist; it gets its name when it is whole."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    create_store(draft).close()
    cx = sqlite3.connect(draft, isolation_level=None)
    try:
        for pragma in ("journal_mode=MEMORY", "synchronous=OFF", "cache_size=-262144", "temp_store=FILE"):
            cx.execute(f"PRAGMA {pragma}")
        made = _fill(cx, scale, tell)
        cx.execute("PRAGMA journal_mode=WAL")
    finally:
        cx.close()
    draft.rename(path)
    return made


def _fill(cx: sqlite3.Connection, scale: Scale, tell: Tell) -> Generated:
    parked = _park(cx)
    cx.execute("BEGIN")
    _settings(cx, scale)
    tell("products and codes")
    _insert(cx, "product", generated_rows.PRODUCT_COLUMNS, generated_rows.products(scale))
    cx.execute("CREATE TEMP TABLE loaded (key TEXT, kind INTEGER, product_id INTEGER, code TEXT)")
    cx.executemany("INSERT INTO loaded VALUES (?, ?, ?, ?)", generated_rows.codes(scale))
    cx.execute(
        f"INSERT INTO product_code (merchant_id, key, kind, product_id, code) SELECT {MERCHANT}, key, kind, product_id, code "
        "FROM loaded ORDER BY key, kind, product_id, code"
    )
    cx.execute("DROP TABLE loaded")
    _insert(cx, "kit_component", ("kit_id", "component_id", "needed"), generated_rows.kits(scale))
    tell("levels")
    stock = generated_rows.Stock(
        array("q", bytes(8 * (scale.products + 1))), array("q", bytes(8 * (scale.products + 1)))
    )
    _insert(cx, "level", generated_rows.LEVEL_COLUMNS, generated_rows.levels(scale, stock))
    tell("listings")
    shared = _shared(cx)
    _insert(cx, "listing", generated_rows.LISTING_COLUMNS, generated_rows.listings(scale, stock, shared))
    _insert(cx, "unlisted", ("cart_id", "product_id", "reason", "run_id"), generated_rows.unlisted(scale))
    _insert(cx, "level_history", generated_rows.HISTORY_COLUMNS, generated_rows.history(scale))
    tell("indexes")
    _restore(cx, parked)
    _runs(cx, scale)
    cx.execute("COMMIT")
    cx.execute("ANALYZE")
    return Generated(*(_count(cx, table) for table in ("product", "product_code", "level", "listing")))


def _park(cx: sqlite3.Connection) -> list[str]:
    """Take triggers and secondary indexes away; returns how to make them again, indexes first."""
    rows = cx.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE tbl_name IN (SELECT value FROM json_each(?)) AND sql IS NOT NULL "
        "AND type IN ('index', 'trigger') ORDER BY type, name",
        (json.dumps(_DROPPED),),
    ).fetchall()
    for kind, name, _ in rows:
        cx.execute(f"DROP {kind} {name}")
    return [sql for _, _, sql in rows]


def _restore(cx: sqlite3.Connection, parked: list[str]) -> None:
    for sql in (parked_sql for parked_sql in parked if not parked_sql.startswith("CREATE TRIGGER")):
        cx.execute(sql)
    for statement in schema.FILL[1:]:  # the kinds are there already
        cx.execute(statement)
    for index in ("product_fts", "product_name_fts"):
        cx.execute(f"INSERT INTO {index} ({index}) VALUES ('rebuild')")
    for sql in (parked_sql for parked_sql in parked if parked_sql.startswith("CREATE TRIGGER")):
        cx.execute(sql)


def _insert(cx: sqlite3.Connection, table: str, columns: tuple[str, ...], rows: Iterator[tuple[object, ...]]) -> None:
    marks = ", ".join("?" * len(columns))
    cx.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)


def _count(cx: sqlite3.Connection, table: str) -> int:
    return int(cx.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def _shared(cx: sqlite3.Connection) -> frozenset[str]:
    """Codes of the second cart's type that several products have."""
    sql = "SELECT key FROM product_code WHERE kind = ? GROUP BY key HAVING count(*) > 1"
    return frozenset(row[0] for row in cx.execute(sql, (generated_rows.UPC,)))


def _settings(cx: sqlite3.Connection, scale: Scale) -> None:
    cx.execute(
        "INSERT INTO merchant (id, name, inventory_sync, stale_after, created_at) VALUES (?, ?, 1, 86400, ?)",
        (MERCHANT, "Demo Million", scale.at),
    )
    cx.execute(
        "INSERT INTO source (merchant_id, system, url, last_full_at, confirmed_at) VALUES (?, 'sandbox', ?, ?, ?)",
        (MERCHANT, generated_rows.NOWHERE, scale.at, scale.at),
    )
    cx.executemany(
        "INSERT INTO warehouse (id, merchant_id, ref, code, name, last_full_at) VALUES (?, ?, ?, ?, ?, ?)",
        generated_rows.warehouses(scale),
    )
    cx.executemany("INSERT INTO alias_type (id, merchant_id, name) VALUES (?, ?, ?)", generated_rows.ALIAS_TYPES)
    _insert(cx, "cart", generated_rows.CART_COLUMNS, generated_rows.carts(scale))
    _insert(cx, "cart_warehouse", ("cart_id", "warehouse_id"), generated_rows.chosen(scale))
    cx.execute("UPDATE counter SET value = ? WHERE name = 'seq'", (SEQ,))


def _runs(cx: sqlite3.Connection, scale: Scale) -> None:
    """Old runs, and the last pull and pushes with the sums that their rows really have."""
    _insert(cx, "run", generated_rows.RUN_COLUMNS, generated_rows.runs(scale))
    for cart in range(1, scale.carts + 1):
        run = generated_rows.last_push(scale, cart)
        rows = cx.execute(
            "SELECT outcome, reason, count(*) FROM listing WHERE run_id = ?1 GROUP BY 1, 2 UNION ALL "
            "SELECT 'skipped', reason, count(*) FROM unlisted WHERE run_id = ?1 GROUP BY 1, 2",
            (run,),
        ).fetchall()
        counts = dict.fromkeys(("total", "set", "equal", "skipped", "failed", "held", "in_doubt", "submitted"), 0)
        reasons: dict[str, int] = {}
        for outcome, reason, n in rows:
            counts["total"] += n
            counts[outcome] += n
            if reason:
                reasons[reason] = reasons.get(reason, 0) + n
        cx.execute(
            "UPDATE run SET counts = ?, reasons = ? WHERE id = ?", (json.dumps(counts), json.dumps(reasons), run)
        )
