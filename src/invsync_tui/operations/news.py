"""What the doctor found lately and had not found before."""

from __future__ import annotations

import shlex
import sqlite3
from collections.abc import Sequence

from invsync_tui.operations.views import Problem
from invsync_tui.rules.outcomes import REASONS, Reason
from invsync_tui.store.diagnosis import findings
from invsync_tui.store.diagnosis.findings import FindingRow

TOLD = 3
"""Causes of a cart that are named; the doctor tells all."""
NEW_FOR = 3600
"""Seconds for which a finding is news."""


def news(cx: sqlite3.Connection, now: int) -> dict[int, list[FindingRow]]:
    """By merchant, the findings of the last hour, newest first."""
    found: dict[int, list[FindingRow]] = {}
    for row in findings.newer(cx, now - NEW_FOR):
        found.setdefault(row.merchant_id, []).append(row)
    return found


def problems(found: Sequence[FindingRow]) -> list[Problem]:
    """News in words, one problem for each cart and for the source."""
    by_cart: dict[str | None, list[FindingRow]] = {}
    for row in found:
        by_cart.setdefault(row.cart, []).append(row)
    return [_problem(cart, rows) for cart, rows in by_cart.items()]


def _problem(cart: str | None, rows: Sequence[FindingRow]) -> Problem:
    if len(rows) == 1:
        info = REASONS[Reason(rows[0].cause)]
        counted = f"{rows[0].n} {'listing' if rows[0].n == 1 else 'listings'}: " if cart else ""
        text = f"New after run {rows[0].run_id}, {cart or 'WMS connection'}: {counted}{info.text}"
        return Problem(text, info.advice, urgent=False)
    told = [f"{row.cause} {row.n}" if cart else row.cause for row in rows[:TOLD]]
    more = f" and {len(rows) - TOLD} more" if len(rows) > TOLD else ""
    text = f"New after the last runs, {cart or 'WMS connection'}: {', '.join(told)}{more}."
    option = f" --cart {shlex.quote(cart)}" if cart else ""
    return Problem(
        text, f"See each with its fix: invsync doctor{option}", urgent=False, key="D tells each with its fix."
    )
