"""Requests that runs sent and what was answered, as support asks for them. They come redacted; see the connectors."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable
from typing import NamedTuple

from invsync_tui.store import named_rows

KEPT_SECONDS = 14 * 86400


class ExchangeRow(NamedTuple):
    """A kept exchange. `at_ms` epoch milliseconds; `status` None where no answer came."""

    run_id: int
    batch_id: str
    at_ms: int
    took_ms: int
    method: str
    url: str
    status: int | None
    vendor_id: str
    request: bytes
    answer: bytes
    error: str


_COLUMNS = "run_id, batch_id, at_ms, took_ms, method, url, status, vendor_id, request, answer, error"


def keep(tx: sqlite3.Connection, rows: Iterable[ExchangeRow]) -> None:
    """Append exchanges; bodies are compressed."""
    packed = [row._replace(request=zlib.compress(row.request, 1), answer=zlib.compress(row.answer, 1)) for row in rows]
    tx.executemany(f"INSERT INTO exchange ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", packed)


def of_run(cx: sqlite3.Connection, run_id: int, most: int) -> list[ExchangeRow]:
    """The exchanges of a run in their order, at most so many."""
    sql = f"SELECT {_COLUMNS} FROM exchange WHERE run_id = ? ORDER BY id LIMIT ?"
    return [_opened(row) for row in named_rows.filled(ExchangeRow, cx.execute(sql, (run_id, most)))]


def of_batch(cx: sqlite3.Connection, batch_id: str) -> list[ExchangeRow]:
    """Every attempt of a batch."""
    sql = f"SELECT {_COLUMNS} FROM exchange WHERE batch_id = ? AND batch_id <> '' ORDER BY id"
    return [_opened(row) for row in named_rows.filled(ExchangeRow, cx.execute(sql, (batch_id,)))]


def _opened(row: ExchangeRow) -> ExchangeRow:
    return row._replace(request=zlib.decompress(row.request), answer=zlib.decompress(row.answer))


def delete_old(tx: sqlite3.Connection, now: int) -> None:
    """Drop what is older than KEPT_SECONDS; ids grow with time, so the old ones are at the beginning."""
    tx.execute(
        "DELETE FROM exchange WHERE id IN "
        "(SELECT id FROM (SELECT id, at_ms FROM exchange ORDER BY id LIMIT 1000) WHERE at_ms < ?)",
        ((now - KEPT_SECONDS) * 1000,),
    )
