"""What the doctor found lately and had not found before."""

from __future__ import annotations

import sqlite3

from invsync_tui.operations.model import Problem
from invsync_tui.rules.outcomes import WORDINGS, Reason
from invsync_tui.store import findings
from invsync_tui.store.findings import FindingRow

NEW_FOR = 3600
"""Seconds for which a finding is news."""


def news(cx: sqlite3.Connection, now: int) -> dict[int, list[FindingRow]]:
    """By merchant, the findings of the last hour, newest first."""
    found: dict[int, list[FindingRow]] = {}
    for row in findings.newer(cx, now - NEW_FOR):
        found.setdefault(row.merchant_id, []).append(row)
    return found


def problem(row: FindingRow) -> Problem:
    """A finding in words."""
    wording = WORDINGS[Reason(row.cause)]
    where = row.cart or "the WMS connection"
    counted = f"{row.n} {'listing' if row.n == 1 else 'listings'}: " if row.cart else ""
    return Problem(f"New after run {row.run_id}, {where}: {counted}{wording.cause}", wording.advice, urgent=False)
