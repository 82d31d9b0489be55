"""How long records are kept: what is too old goes in small transactions, so that a store that is used for years stays small.

Never here: what something still refers to or waits for, the last runs of each cart and source, and silence about the audit.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass

log = logging.getLogger(__name__)

DAY = 86400
ROWS = 200
"""Rows looked at in one step: a step takes milliseconds, and whoever waits to write waits no longer."""
RUNS_LEFT = 20
"""Newest runs of each kind and cart or source that stay whatever their age."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Days after which records go; 0 keeps them for ever."""

    runs: int = 90
    """Runs with their events, unless a listing was decided last by it, or a plan or finding names it."""
    batches: int = 30
    """Finished writes to carts; a push can be undone as long as its batches are there."""
    exchanges: int = 14
    """Requests and answers."""
    generations: int = 30
    """Notes of downloads; of complete ones, which the shrink rule compares with, 400 days and always the last two."""
    history: int = 30
    """Changes of levels and of listings."""
    renames: int = 180
    """Listings whose SKU was changed in the cart."""
    gone: int = 180
    """Listings that a complete read of the cart no longer had, with their changes; never before `batches` and `history`."""
    audit: int = 730
    """Who did what: kept longest, and its removal is an entry itself."""


FULL_GENERATIONS = 400
ORDERS = 60
"""Days for which it is remembered how many units of an order the readings know: orders are seldom changed later."""
KINDS = (
    "pages", "generations", "exchanges", "batches", "runs", "levels", "listings", "renames", "gone", "orders", "audit",
)  # fmt: skip

Cursor = tuple[int, ...]
_Step = Callable[[sqlite3.Connection, Limits, int, Cursor], "tuple[int, Cursor | None]"]
"""Takes a transaction, the limits, epoch seconds and where to go on; returns rows removed and where to go on, None at the end."""


def step(tx: sqlite3.Connection, kind: str, limits: Limits, now: int, cursor: Cursor) -> tuple[int, Cursor | None]:
    """Remove some of what is too old of one kind; `cursor` is () at the beginning."""
    return _STEPS[kind](tx, limits, now, cursor)


def _pages(tx: sqlite3.Connection, limits: Limits, now: int, cursor: Cursor) -> tuple[int, Cursor | None]:
    """Pages of downloads that are not under way; a download that was given up leaves them."""
    done = tx.execute(
        "DELETE FROM pull_page WHERE (generation_id, stage, n) IN (SELECT p.generation_id, p.stage, p.n FROM pull_page AS p "
        "JOIN pull_generation AS g ON g.id = p.generation_id WHERE g.state <> 'open' LIMIT ?)",
        (ROWS,),
    ).rowcount
    return done, (0,) if done == ROWS else None


_OLD_GENERATION = """
SELECT id FROM pull_generation AS g WHERE id > ?1 AND state <> 'open' AND coalesce(ended_at, started_at) < CASE
  WHEN kind = 'full' AND state = 'complete' THEN ?3 ELSE ?2 END
  AND (kind <> 'full' OR state <> 'complete' OR (SELECT n.id FROM pull_generation AS n WHERE n.merchant_id = g.merchant_id
    AND n.id > g.id AND n.kind = 'full' AND n.state = 'complete' ORDER BY n.id LIMIT 1 OFFSET 1) IS NOT NULL)
ORDER BY id LIMIT ?4
"""


def _generations(tx: sqlite3.Connection, limits: Limits, now: int, cursor: Cursor) -> tuple[int, Cursor | None]:
    if not limits.generations:
        return 0, None
    ends = now - limits.generations * DAY, now - max(FULL_GENERATIONS, limits.generations) * DAY
    ids = tx.execute(_OLD_GENERATION, (*(cursor or (0,)), *ends, ROWS)).fetchall()
    tx.executemany("DELETE FROM pull_page WHERE generation_id = ?", ids)
    tx.executemany("DELETE FROM pull_generation WHERE id = ?", ids)
    return len(ids), ids[-1] if len(ids) == ROWS else None


def _exchanges(tx: sqlite3.Connection, limits: Limits, now: int, cursor: Cursor) -> tuple[int, Cursor | None]:
    if not limits.exchanges:
        return 0, None
    until = (now - limits.exchanges * DAY) * 1000
    done = tx.execute(
        "DELETE FROM exchange WHERE id IN (SELECT id FROM (SELECT id, at_ms FROM exchange ORDER BY id LIMIT ?) "
        "WHERE at_ms < ?)",
        (ROWS, until),
    ).rowcount
    return done, (0,) if done == ROWS else None


def _batches(tx: sqlite3.Connection, limits: Limits, now: int, cursor: Cursor) -> tuple[int, Cursor | None]:
    if not limits.batches:
        return 0, None
    rows = tx.execute(
        "SELECT rowid, state IN ('answered', 'refused') AND coalesce(ended_at, created_at) < ? FROM push_batch "
        "WHERE rowid > ? ORDER BY rowid LIMIT ?",
        (now - limits.batches * DAY, *(cursor or (0,)), ROWS),
    ).fetchall()
    old = [(number,) for number, is_old in rows if is_old]
    tx.executemany("DELETE FROM push_batch WHERE rowid = ?", old)
    # They grow with time: behind a piece without any there are none.
    return len(old), (rows[-1][0],) if len(rows) == ROWS and old else None


_OLD_RUN = f"""
SELECT id, ended_at FROM run AS r WHERE id > ?1 AND state IN ('done', 'cancelled', 'failed') AND coalesce(ended_at, 0) < ?2
  AND (SELECT n.id FROM run AS n WHERE n.kind = r.kind AND n.key = r.key AND n.id > r.id ORDER BY n.id
       LIMIT 1 OFFSET {RUNS_LEFT - 1}) IS NOT NULL
ORDER BY id LIMIT ?3
"""
_NAMED = (
    "SELECT EXISTS (SELECT 1 FROM listing WHERE run_id = ?1) OR EXISTS (SELECT 1 FROM unlisted WHERE run_id = ?1) "
    "OR EXISTS (SELECT 1 FROM finding WHERE run_id = ?1) OR EXISTS (SELECT 1 FROM plan WHERE of_run = ?1) "
    "OR EXISTS (SELECT 1 FROM push_batch WHERE run_id = ?1) OR EXISTS (SELECT 1 FROM exchange WHERE run_id = ?1)"
)


def _runs(tx: sqlite3.Connection, limits: Limits, now: int, cursor: Cursor) -> tuple[int, Cursor | None]:
    if not limits.runs:
        return 0, None
    rows = tx.execute(_OLD_RUN, (*(cursor or (0,)), now - limits.runs * DAY, ROWS)).fetchall()
    ids = [(number,) for number, _ in rows]
    tx.executemany("DELETE FROM run_event WHERE run_id = ?", ids)
    free = [key for key in ids if not tx.execute(_NAMED, key).fetchone()[0]]
    tx.executemany("DELETE FROM run WHERE id = ?", free)
    return len(free), ids[-1] if len(ids) == ROWS else None


def _history(table: str, key: tuple[str, ...]) -> _Step:
    """A row trims its own history when it changes; this is for those that never change again."""
    names = ", ".join(key)
    marks = ", ".join("?" * len(key))
    start = (-1,) * len(key)

    def old(tx: sqlite3.Connection, limits: Limits, now: int, cursor: Cursor) -> tuple[int, Cursor | None]:
        if not limits.history:
            return 0, None
        sql = f"SELECT {names} FROM {table} WHERE ({names}) > ({marks}) ORDER BY {names} LIMIT ?"
        rows = tx.execute(sql, (*(cursor or start), ROWS * 10)).fetchall()
        gone = [row for row in rows if row[-1] < now - limits.history * DAY]
        tx.executemany(f"DELETE FROM {table} WHERE ({names}) = ({marks})", gone)
        return len(gone), rows[-1] if len(rows) == ROWS * 10 else None

    return old


def _renames(tx: sqlite3.Connection, limits: Limits, now: int, cursor: Cursor) -> tuple[int, Cursor | None]:
    if not limits.renames:
        return 0, None
    done = tx.execute(
        "DELETE FROM listing_rename WHERE (listing_id, at) IN "
        "(SELECT listing_id, at FROM listing_rename WHERE at < ? ORDER BY at LIMIT ?)",
        (now - limits.renames * DAY, ROWS),
    ).rowcount
    return done, (0,) if done == ROWS else None


_OLD_GONE = """
SELECT id, gone_at < ?2 AND override IS NULL AND excluded = 0 AND locked = 0 AND inflight IS NULL
  AND id < (SELECT max(id) FROM listing)
  AND NOT EXISTS (SELECT 1 FROM link AS k WHERE k.cart_id = l.cart_id AND k.ref = l.ref)
FROM listing AS l WHERE id > ?1 ORDER BY id LIMIT ?3
"""
"""The newest number stays, as it would be given again. What an operator said of a listing, or a batch waits for, stays too."""


def _gone(tx: sqlite3.Connection, limits: Limits, now: int, cursor: Cursor) -> tuple[int, Cursor | None]:
    if not limits.gone:
        return 0, None
    until = now - max(limits.gone, limits.batches, limits.history) * DAY
    rows = tx.execute(_OLD_GONE, (*(cursor or (0,)), until, ROWS * 5)).fetchall()
    ids = [(number,) for number, is_old in rows if is_old]
    for table, column in (("listing_history", "listing_id"), ("listing_rename", "listing_id"), ("listing", "id")):
        tx.executemany(f"DELETE FROM {table} WHERE {column} = ?", ids)
    return len(ids), (rows[-1][0],) if len(rows) == ROWS * 5 else None


def _orders(tx: sqlite3.Connection, limits: Limits, now: int, cursor: Cursor) -> tuple[int, Cursor | None]:
    key = "merchant_id, shop, ref, product_id, location, until"
    done = tx.execute(
        f"DELETE FROM order_known WHERE ({key}) IN (SELECT {key} FROM order_known WHERE until < ? ORDER BY until "
        "LIMIT ?)",
        (now - ORDERS * DAY, ROWS),
    ).rowcount
    return done, (0,) if done == ROWS else None


AUDIT_ROWS = 5000
"""Entries removed in one step: each step leaves an entry, and those must not be many."""


def _audit(tx: sqlite3.Connection, limits: Limits, now: int, cursor: Cursor) -> tuple[int, Cursor | None]:
    if not limits.audit:
        return 0, None
    until = now - limits.audit * DAY
    first, last, n = tx.execute(
        "SELECT min(at), max(at), count(*) FROM (SELECT at FROM audit WHERE at < ? ORDER BY id LIMIT ?)",
        (until, AUDIT_ROWS),
    ).fetchone()
    if not n:
        return 0, None
    tx.execute(
        "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < ? ORDER BY id LIMIT ?)", (until, AUDIT_ROWS)
    )
    text = f"{n} entries older than {limits.audit} days"
    tx.execute(
        "INSERT INTO audit (at, who, action, subject, before, reason) VALUES (?, 'invsync', 'audit.removed', 'store', ?, ?)",
        (now, f"{first}..{last}", f"{text}, as [retention] in the configuration says"),
    )
    log.warning("audit: removed %s", text)
    return n, (0,) if n == AUDIT_ROWS else None


_STEPS: Mapping[str, _Step] = {
    "pages": _pages,
    "generations": _generations,
    "exchanges": _exchanges,
    "batches": _batches,
    "runs": _runs,
    "levels": _history("level_history", ("product_id", "warehouse_id", "at")),
    "listings": _history("listing_history", ("listing_id", "at")),
    "renames": _renames,
    "gone": _gone,
    "orders": _orders,
    "audit": _audit,
}
