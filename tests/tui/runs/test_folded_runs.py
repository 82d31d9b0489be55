"""Runs that found nothing to do are one line in the list of runs, until they are asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from invsync_tui.operations.runs.folding import FoldedRuns
from invsync_tui.rules.outcomes import Counts
from tests.support.fakes.store import FakeStore
from tests.support.screens.control_room import Driver, room


@pytest.fixture
async def runs() -> AsyncIterator[Driver]:
    """The runs of everything: 400, of which 391 to 395 and 101 to 110 ended well without a change."""
    store = FakeStore()
    quiet = {*range(391, 396), *range(101, 111)}
    done = next(run for run in store.history.past if run.state.value == "done")
    store.history.past = [
        replace(done, id=run.id, counts=Counts(total=9, equal=9), error="") if run.id in quiet else run
        for run in store.history.past
    ]
    async with room(store, (80, 24)) as driver:
        await driver.press("colon", *"runs", "enter")
        await driver.sees("All runs")
        await driver.sees("without changes")
        yield driver


def count(driver: Driver) -> str:
    return driver.lines()[1]


async def test_a_folded_line_says_how_many_and_the_list_both_numbers(runs: Driver) -> None:
    assert "387 lines, 400 runs" in count(runs)
    folded = [row for row in runs.lines() if "without changes" in row]
    assert len(folded) == 1
    assert "5 " in folded[0]
    assert not any(f" {number} Demo" in row for row in runs.lines() for number in range(391, 396))


async def test_enter_shows_the_runs_of_a_line_and_z_folds_again(runs: Driver) -> None:
    await runs.press(*["down"] * 5)
    assert isinstance(runs.table.cursor_line, FoldedRuns)
    assert any("Runs 391 to 395 found nothing to do" in row for row in runs.lines())
    await runs.press("enter")
    await runs.until(lambda: "391 lines, 400 runs" in count(runs))
    assert getattr(runs.table.cursor_line, "id", None) == 391
    await runs.press("z")
    await runs.until(lambda: "387 lines" in count(runs))
    await runs.press("z")
    await runs.until(lambda: "400 runs" in count(runs) and "lines" not in count(runs))


async def test_enter_on_a_run_opens_it_and_a_folded_line_is_not_compared(runs: Driver) -> None:
    await runs.press(*["down"] * 5, "d")
    assert "All runs" in count(runs)
    await runs.press("up", "enter")
    await runs.sees("There is no run 396")  # the fake store has only the newest few


async def test_a_filter_shows_each_run(runs: Driver) -> None:
    await runs.press("f", *"success", "enter")
    await runs.until(lambda: "filter success" in count(runs))
    await runs.until(lambda: "lines" not in count(runs))
    assert not any("without changes" in row for row in runs.lines())


async def test_a_file_has_each_run(runs: Driver, tmp_path: Path) -> None:
    target = tmp_path / "runs.csv"
    await runs.press("e", "ctrl+u", *str(target), "enter")
    await runs.until(lambda: target.exists() and not runs.notice().startswith("Writing"))
    assert len(target.read_text().splitlines()) == 401


async def test_a_folded_line_copies_what_it_says(runs: Driver) -> None:
    await runs.press(*["down"] * 5, "y")
    await runs.until(lambda: "without changes" in runs.notice())
