"""Runs that changed nothing are one line; all others are lines of their own."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from invsync_tui.cli import run_text
from invsync_tui.operations.runs.folding import FoldedRuns, folded, unchanged
from invsync_tui.operations.views import Decision, RunKind, RunRow, RunState, Stall
from invsync_tui.rules.outcomes import Counts

DAY = datetime(2026, 3, 4)


def at(hour: int, minute: int) -> int:
    return int(DAY.replace(hour=hour, minute=minute).timestamp())


def run(number: int, **changes: object) -> RunRow:
    """A download that changed nothing, apart from what is changed."""
    row = RunRow(
        number, RunKind.PULL, 1, "Acme", None, None, RunState.DONE, "schedule", "tester", 0, at(22, 32), at(22, 33), "", 0,
        None, Counts(total=9, equal=7, skipped=2), "",
    )  # fmt: skip
    return replace(row, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"state": state} for state in RunState if state is not RunState.DONE
    ]
    + [
        {"counts": Counts(total=1, **{outcome: 1})} for outcome in ("set", "failed", "held", "in_doubt", "submitted")
    ]
    + [
        {"error": "Nothing was read."}, {"decision": Decision.PARTLY_RELEASED}, {"stall": Stall("gone", 1, "", "")},
    ],
)  # fmt: skip
def test_what_did_something_or_is_open_is_never_folded(changes: dict[str, object]) -> None:
    assert unchanged(run(1)) and not unchanged(run(1, **changes))
    lines = folded([run(3, **changes), run(2, **changes), run(1, **changes)])
    assert [line.id for line in lines if isinstance(line, RunRow)] == [3, 2, 1]


def test_neighbors_fold_in_their_order_and_no_run_is_lost() -> None:
    failed = run(4, state=RunState.FAILED)
    runs = [run(7), run(6), run(5), failed, run(3), run(2, counts=Counts(total=1, set=1)), run(1), run(0)]
    lines = folded(runs)
    numbers = [[each.id for each in line.runs] if isinstance(line, FoldedRuns) else line.id for line in lines]
    assert numbers == [[7, 6, 5], 4, 3, 2, [1, 0]]


def test_a_fold_says_how_many_of_what_and_when() -> None:
    downloads = [run(n, started_at=at(22, 32 + n), ended_at=at(23, 10 + n)) for n in range(2, -1, -1)]
    assert FoldedRuns(tuple(downloads)).text == "3 downloads without changes, 2026-03-04 22:32-23:12"
    both = (run(2, kind=RunKind.PUSH), run(1, kind=RunKind.PUSH), run(0))
    assert FoldedRuns(both).text == "1 download and 2 pushes without changes, 2026-03-04 22:32-22:33"
    night = (run(1, ended_at=at(22, 33) + 86400), run(0))
    assert FoldedRuns(night).text.endswith("2026-03-04 22:32 to 2026-03-05 22:33")


def test_the_list_of_the_command_has_one_line_for_a_fold() -> None:
    text = run_text.listed([run(3), run(2), run(1, state=RunState.FAILED, error="down")], fold=True)
    assert len(text) == 3 and text[1].startswith("2-3") and "2 downloads without changes" in text[1]
    assert "failed: down" in text[2]
    assert len(run_text.listed([run(3), run(2)], fold=False)) == 3
