"""Rows that are made for demos and benchmarks."""

from __future__ import annotations

from collections import Counter

from invsync_tui.store.demo import generated_rows
from invsync_tui.store.demo.generated_rows import OLD_RUNS, Scale


def test_few_of_the_old_runs_have_failed_and_say_why() -> None:
    rows = list(generated_rows.runs(Scale(products=10, warehouses=1, carts=2, seed=1, at=1_800_000_000)))
    failed = [row for row in rows if row[4] == "failed"]
    assert Counter(row[4] for row in rows) == {"done": len(rows) - OLD_RUNS // 41, "failed": OLD_RUNS // 41}
    assert all(bool(row[-1]) == (row in failed) for row in rows)
