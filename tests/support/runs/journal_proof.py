"""The proof from the cart's own journal: what was written, in which order, against the order in which it was wanted.

Not here: how the trouble is made.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

History = Mapping[str, Sequence[int]]
"""By listing, every quantity that it was to show, oldest first; no quantity comes twice."""


def order_violations(journal: Iterable[Mapping[str, Any]], history: History, shop: str) -> list[str]:
    """Listings that got a quantity nobody wanted, or an older one after a newer one. The same again is allowed."""
    reached: dict[str, int] = defaultdict(int)
    violations = []
    for row in journal:
        ref, quantity = row["ref"], row["quantity"]
        if row["shop"] != shop or ref not in history:
            continue
        if quantity not in history[ref]:
            violations.append(f"{ref} was set to {quantity}, which was never wanted: {history[ref]}")
            continue
        place = history[ref].index(quantity)
        if place < reached[ref]:
            violations.append(f"{ref} went back to {quantity} after {history[ref][reached[ref]]}")
        reached[ref] = max(place, reached[ref])
    return violations


def state_violations(shown: Mapping[str, int | None], wanted: Mapping[str, int]) -> list[str]:
    """Listings that do not show what they should."""
    return [
        f"{code} shows {shown.get(code)}, not {quantity}"
        for code, quantity in wanted.items()
        if shown.get(code) != quantity
    ]


def store_violations(path: Path) -> list[str]:
    """A store that is damaged, a run whose sum is off, work that nobody would ever finish."""
    cx = sqlite3.connect(path)
    try:
        violations = [row[0] for row in cx.execute("PRAGMA integrity_check") if row[0] != "ok"]
        violations += [f"run {number} is {state}" for number, state in cx.execute(_UNENDED)]
        violations += [f"run {number}: {counts}" for number, counts in cx.execute(_OFF)]
        violations += [f"batch {number} is open" for (number,) in cx.execute(_OPEN)]
        violations += [f"listing {number} waits for {batch}" for number, batch in cx.execute(_WAITING)]
    finally:
        cx.close()
    return violations


_UNENDED = "SELECT id, state FROM run WHERE state NOT IN ('done', 'cancelled', 'failed') AND requested_by <> 'neighbor'"
_OFF = """
SELECT id, counts FROM run WHERE state = 'done' AND json_extract(counts, '$.total') <> json_extract(counts, '$.set')
  + json_extract(counts, '$.equal') + json_extract(counts, '$.skipped') + json_extract(counts, '$.failed')
  + json_extract(counts, '$.held') + json_extract(counts, '$.in_doubt') + coalesce(json_extract(counts, '$.submitted'), 0)
"""
_OPEN = "SELECT id FROM push_batch WHERE state IN ('intent', 'in_doubt', 'submitted') AND id NOT LIKE 'theirs-%'"
_WAITING = (
    "SELECT id, inflight FROM listing WHERE inflight IS NOT NULL AND gone_at IS NULL AND inflight NOT LIKE 'theirs-%'"
)
