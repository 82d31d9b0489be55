"""Pull generations: how far a read of the WMS has come, written with each page, so that a cut pull continues.

Only a generation that was read to its end decides what is missing.
"""

from __future__ import annotations

import itertools
import operator
import sqlite3
from array import array
from collections.abc import Iterable
from typing import NamedTuple

from invsync_tui.store import named_rows
from invsync_tui.store.catalog.id_set import IdSet


class Generation(NamedTuple):
    """An open read of a source. `stage` and `cursor` say where to continue; cursor None is the stage's first page."""

    id: int
    kind: str
    mark: str
    stage: str
    cursor: str | None
    started_at: int


class PageStats(NamedTuple):
    """Sums over the pages of a generation's stage."""

    pages: int
    rows: int
    changed: int
    rejected: int


_STEP_SIZES = (("B", 0xFF), ("H", 0xFFFF), ("I", 0xFFFFFFFF), ("Q", 2**64 - 1))
"""Type codes of `array` and the largest step each can hold."""


def packed(ids: Iterable[int]) -> bytes:
    """Ids as differences, in as few bytes each as the largest one needs: mostly one."""
    ascending = sorted(ids)
    if not ascending:
        return b""
    steps = list(map(operator.sub, ascending[1:], ascending))
    code = next(code for code, most in _STEP_SIZES if max(steps, default=0) <= most)
    return code.encode() + array("q", ascending[:1]).tobytes() + array(code, steps).tobytes()


def unpacked(blob: bytes) -> list[int]:
    """The ids of `packed`, ascending."""
    if not blob:
        return []
    first, steps = array("q"), array(chr(blob[0]))
    first.frombytes(blob[1:9])
    steps.frombytes(blob[9:])
    return list(itertools.accumulate(steps, initial=first[0]))


def start(
    tx: sqlite3.Connection, merchant_id: int, run_id: int, kind: str, mark: str, stage: str, now: int
) -> Generation:
    """Open a generation; one that was left open before is abandoned."""
    tx.execute(
        "UPDATE pull_generation SET state = 'abandoned' WHERE merchant_id = ? AND state = 'open'", (merchant_id,)
    )
    number = tx.execute(
        "INSERT INTO pull_generation (merchant_id, run_id, kind, state, mark, stage, started_at) "
        "VALUES (?, ?, ?, 'open', ?, ?, ?)",
        (merchant_id, run_id, kind, mark, stage, now),
    ).lastrowid
    return Generation(int(number or 0), kind, mark, stage, None, now)


def resumable(cx: sqlite3.Connection, merchant_id: int, run_id: int) -> Generation | None:
    """The open generation of this run. The caller looks at its age: an old one mixes too old pages with new ones."""
    return named_rows.first(
        Generation,
        cx.execute(
            "SELECT id, kind, mark, stage, cursor, started_at FROM pull_generation "
            "WHERE merchant_id = ? AND run_id = ? AND state = 'open' ORDER BY id DESC LIMIT 1",
            (merchant_id, run_id),
        ),
    )


def hand_over(tx: sqlite3.Connection, run_id: int, to_run: int) -> None:
    """Let another run go on with the open generation of a run that has ended."""
    tx.execute("UPDATE pull_generation SET run_id = ? WHERE run_id = ? AND state = 'open'", (to_run, run_id))


def add_page(
    tx: sqlite3.Connection, generation_id: int, stage: str, cursor: str | None, ids: Iterable[int], stats: PageStats
) -> None:
    """Record page number `stats.pages` and where to continue, in the transaction that writes the page's rows."""
    tx.execute(
        "INSERT INTO pull_page (generation_id, stage, n, rows, changed, rejected, seen) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (generation_id, stage, stats.pages, stats.rows, stats.changed, stats.rejected, packed(ids)),
    )
    move(tx, generation_id, stage if cursor is not None else "", cursor)


def move(tx: sqlite3.Connection, generation_id: int, stage: str, cursor: str | None) -> None:
    """Set where to continue; stage '' is between two stages."""
    tx.execute("UPDATE pull_generation SET stage = ?, cursor = ? WHERE id = ?", (stage, cursor, generation_id))


_SUMS = (
    "SELECT count(*) AS pages, coalesce(sum(rows), 0) AS rows, coalesce(sum(changed), 0) AS changed, "
    "coalesce(sum(rejected), 0) AS rejected FROM pull_page "
)


def stats(cx: sqlite3.Connection, generation_id: int, stage: str) -> PageStats:
    """Sums over the pages of one stage."""
    rows = cx.execute(
        _SUMS + "WHERE generation_id = ? AND stage = ?",
        (generation_id, stage),
    )
    return named_rows.filled(PageStats, rows)[0]


def totals(cx: sqlite3.Connection, generation_id: int) -> PageStats:
    """Sums over the pages with levels: the accounting of the pull."""
    rows = cx.execute(
        _SUMS + "WHERE generation_id = ?",
        (generation_id,),
    )
    return named_rows.filled(PageStats, rows)[0]


def seen(cx: sqlite3.Connection, generation_id: int, stage: str) -> IdSet:
    """All ids that the pages of a stage contained."""
    rows = cx.execute("SELECT seen FROM pull_page WHERE generation_id = ? AND stage = ?", (generation_id, stage))
    product_ids = IdSet()
    for (blob,) in rows:
        product_ids.update(unpacked(blob))
    return product_ids


def complete(tx: sqlite3.Connection, generation_id: int, products: int | None, levels: int, now: int) -> None:
    """Close a generation that was read to its end; its pages are no longer needed."""
    tx.execute(
        "UPDATE pull_generation SET state = 'complete', products = ?, levels = ?, ended_at = ? WHERE id = ?",
        (products, levels, now, generation_id),
    )
    tx.execute("DELETE FROM pull_page WHERE generation_id = ?", (generation_id,))


def abandon(tx: sqlite3.Connection, generation_id: int) -> None:
    """Give a generation up; it decides nothing."""
    tx.execute("UPDATE pull_generation SET state = 'abandoned' WHERE id = ?", (generation_id,))
    tx.execute("DELETE FROM pull_page WHERE generation_id = ?", (generation_id,))


def abandon_open(tx: sqlite3.Connection, merchant_id: int) -> None:
    """Give up what is open of a merchant."""
    for (number,) in tx.execute(
        "SELECT id FROM pull_generation WHERE merchant_id = ? AND state = 'open'", (merchant_id,)
    ).fetchall():
        abandon(tx, number)


def sizes_since(cx: sqlite3.Connection, merchant_id: int, since: int) -> tuple[int, int] | None:
    """Product counts of complete reads: (the newest, the newest of before `since`).

    None if one of them does not exist, or nothing was read since.
    """
    newest, before = cx.execute(
        "SELECT (SELECT products FROM pull_generation WHERE merchant_id = ?1 AND state = 'complete' AND kind = 'full' "
        "AND ended_at >= ?2 ORDER BY id DESC LIMIT 1), (SELECT products FROM pull_generation WHERE merchant_id = ?1 "
        "AND state = 'complete' AND kind = 'full' AND ended_at < ?2 ORDER BY id DESC LIMIT 1)",
        (merchant_id, since),
    ).fetchone()
    return None if newest is None or before is None else (newest, before)
