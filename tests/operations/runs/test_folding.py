"""Runs that changed nothing are one line; all others are lines of their own."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from invsync_tui.cli import run_text
from invsync_tui.operations.runs import folding
from invsync_tui.operations.runs.folding import FoldedList, FoldedRuns, folded, unchanged
from invsync_tui.operations.views import Decision, RunKind, RunRow, RunState, Stall
from invsync_tui.rules.outcomes import Counts
from invsync_tui.tui.widgets.columns import ListView
from invsync_tui.tui.widgets.row_source import MemoryRows

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


def quiet_and_loud(total: int) -> list[RunRow]:
    """Newest first: of each nine runs three by themselves, then six that changed nothing."""
    return [run(n, state=RunState.FAILED) if n % 9 in (1, 4, 7) else run(n) for n in range(total, 0, -1)]


@pytest.mark.parametrize("total", [0, 1, 30, folding.WINDOW, folding.WINDOW + 200])
@pytest.mark.parametrize("limit", [1, 7, 5000])
def test_a_folded_list_has_the_same_lines_from_both_ends_and_folds_the_newest(total: int, limit: int) -> None:
    runs = quiet_and_loud(total)
    listed = FoldedList(MemoryRows(runs, (), ListView(), lambda row: row.id))
    expected = [*folded(runs[: folding.WINDOW]), *runs[folding.WINDOW :]]
    forwards: list[RunRow | FoldedRuns] = []
    while page := listed.after(listed.key(forwards[-1]) if forwards else None, limit):
        forwards += page
    backwards: list[RunRow | FoldedRuns] = []
    while page := listed.before(listed.key(backwards[0]) if backwards else None, limit):
        backwards = [*page, *backwards]
    assert forwards == backwards == expected
    assert listed.count().n == listed.exact_count() == len(expected) == total - listed.hidden
    assert [listed.position(listed.key(line)) for line in expected] == list(range(len(expected)))


def test_a_line_keeps_its_place_while_newer_runs_join_it_and_is_opened_by_it() -> None:
    def listed(newest: int, *opened: tuple[int]) -> FoldedList:
        runs = [run(n, state=RunState.FAILED) if n == 3 else run(n) for n in range(newest, 0, -1)]
        return FoldedList(MemoryRows(runs, (), ListView(), lambda row: row.id), opened)

    before, after = listed(6), listed(8)
    place = before.key(before.after(None, 1)[0])
    assert place == after.key(after.after(None, 1)[0]) == (4,)
    assert [line.id for line in listed(8, place).after(None, 6) if isinstance(line, RunRow)] == [8, 7, 6, 5, 4, 3]
    assert [type(line) for line in listed(8, place).after(None, 9)][-1] is FoldedRuns


def test_a_place_of_a_run_inside_a_folded_line_leads_on_behind_it() -> None:
    runs = [run(n, state=RunState.FAILED) if n in (2, 8) else run(n) for n in range(9, 0, -1)]
    listed = FoldedList(MemoryRows(runs, (), ListView(), lambda row: row.id))
    assert listed.position((5,)) is None
    assert [listed.key(line) for line in listed.after((5,), 2)] == [(3,), (2,)]
    assert [listed.key(line) for line in listed.before((5,), 2)] == [(9,), (8,)]
