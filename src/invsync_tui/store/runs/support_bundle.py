"""What a support bundle takes straight from the store: a run's rows, its batches, and what operators did."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

LISTING_COLUMNS = (
    "id", "ref", "sku", "name", "product_id", "match_reason", "tracked", "skip", "override", "excluded", "locked",
    "allocated", "observed", "observed_at", "desired", "target", "acked", "shown", "synced_at", "pending", "run_id",
    "outcome", "reason", "error",
)  # fmt: skip
BATCH_COLUMNS = ("id", "state", "attempts", "created_at", "ended_at", "items", "error")
AUDIT_COLUMNS = ("at", "who", "action", "subject", "before", "after", "reason")


def _dicts(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in rows]


def troubled(cx: sqlite3.Connection, run_id: int, most: int) -> list[dict[str, Any]]:
    """Listings of a run that it neither set nor found equal, at most so many."""
    rows = cx.execute(
        f"SELECT {', '.join(LISTING_COLUMNS)} FROM listing WHERE run_id = ? "
        "AND outcome IN ('failed', 'held', 'in_doubt', 'submitted', 'skipped', 'planned') ORDER BY outcome, reason, id LIMIT ?",
        (run_id, most),
    )
    return _dicts(LISTING_COLUMNS, rows.fetchall())


def batches(cx: sqlite3.Connection, run_id: int, most: int) -> list[dict[str, Any]]:
    """Batches of a run in their order; their bodies are among the exchanges."""
    rows = cx.execute(
        f"SELECT {', '.join(BATCH_COLUMNS)} FROM push_batch WHERE run_id = ? ORDER BY created_at, rowid LIMIT ?",
        (run_id, most),
    )
    return [batch | {"items": json.loads(batch["items"])} for batch in _dicts(BATCH_COLUMNS, rows.fetchall())]


def audit(cx: sqlite3.Connection, subjects: Sequence[str], most: int) -> list[dict[str, Any]]:
    """The newest entries about some subjects (`run:17`, `cart:3`), newest first."""
    rows = cx.execute(
        f"SELECT {', '.join(AUDIT_COLUMNS)} FROM audit WHERE subject IN (SELECT value FROM json_each(?)) "
        "ORDER BY id DESC LIMIT ?",
        (json.dumps(list(subjects)), most),
    )
    return _dicts(AUDIT_COLUMNS, rows.fetchall())
