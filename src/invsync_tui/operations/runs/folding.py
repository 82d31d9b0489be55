"""Runs that found nothing to do, next to each other in a list, as one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass
from itertools import groupby

from invsync_tui import clock, local_time
from invsync_tui.operations.lists.rows import Count, PlaceKey, Rows
from invsync_tui.operations.views import RunKind, RunRow, RunState
from invsync_tui.plain_text import counted

FOLDED_LEAST = 2
"""So many in a row are folded; a single one is a line anyway."""
NOUNS = {RunKind.PULL: ("download", ""), RunKind.PUSH: ("push", "pushes"), RunKind.RADAR: ("drift check", "")}


@dataclass(frozen=True, slots=True)
class FoldedRuns:
    """Runs that follow each other in a list and changed nothing."""

    runs: tuple[RunRow, ...]
    """In the order of the list, two or more."""

    @property
    def text(self) -> str:
        """In words, such as "23 downloads without changes, 22:32-23:12", in local time."""
        numbers = Counter(run.kind for run in self.runs)
        kinds = [counted(numbers[kind], *NOUNS[kind]) for kind in RunKind if numbers[kind]]
        times = [at for run in self.runs for at in (run.started_at, run.ended_at) if at is not None]
        return (
            f"{' and '.join(kinds)} without changes, {_period(min(times), max(times))}"
            if times
            else " and ".join(kinds)
        )


def unchanged(run: RunRow) -> bool:
    """Whether a run ended well and changed nothing. One that failed, is held, or has anything open never does."""
    counts = run.counts
    quiet = not (counts.set or counts.failed or counts.held or counts.in_doubt or counts.submitted)
    return run.state is RunState.DONE and quiet and not run.error and run.decision is None and run.stall is None


def folded(runs: Sequence[RunRow]) -> list[RunRow | FoldedRuns]:
    """The same runs in their order, those that changed nothing together where they follow each other."""
    lines: list[RunRow | FoldedRuns] = []
    for quiet, group in groupby(runs, unchanged):
        members = tuple(group)
        if quiet and len(members) >= FOLDED_LEAST:
            lines.append(FoldedRuns(members))
        else:
            lines += members
    return lines


WINDOW = 500
"""Newest runs of a list that are folded; those behind them stay lines of their own."""


class FoldedList:
    """A list of runs, newest first, in which those of the newest WINDOW that changed nothing are folded.

    A line has the place of its oldest run, so that it keeps it while newer ones join. `opened` are the places of folded
    lines that are shown run by run.
    """

    def __init__(self, runs: Rows[RunRow], opened: Container[PlaceKey] = ()) -> None:
        self.sortable = runs.sortable
        self._runs = runs
        newest = runs.after(None, WINDOW)
        self._lines: list[RunRow | FoldedRuns] = []
        for line in folded(newest):
            self._lines += line.runs if isinstance(line, FoldedRuns) and self.key(line) in opened else (line,)
        self._at = {self.key(line): at for at, line in enumerate(self._lines)}
        self._last = runs.key(newest[-1]) if newest else None
        self.hidden = len(newest) - len(self._lines)
        """How many runs more there are than lines."""

    def key(self, line: RunRow | FoldedRuns) -> PlaceKey:
        return self._runs.key(line.runs[-1] if isinstance(line, FoldedRuns) else line)

    def count(self) -> Count:
        counted = self._runs.count()
        return Count(max(counted.n - self.hidden, len(self._lines)), counted.exact)

    def exact_count(self) -> int:
        return self._runs.exact_count() - self.hidden

    def position(self, key: PlaceKey) -> int | None:
        if (at := self._at.get(tuple(key))) is not None:
            return at
        position = None if self._is_folded(key) else self._runs.position(key)
        return None if position is None else position - self.hidden

    def after(self, key: PlaceKey | None, limit: int) -> Sequence[RunRow | FoldedRuns]:
        if key is not None and not self._is_folded(key):
            return self._runs.after(key, limit)
        lines = self._lines[0 if key is None else self._behind(key) :][:limit]
        if len(lines) < limit and self._last is not None:
            return [*lines, *self._runs.after(self._last, limit - len(lines))]
        return lines

    def before(self, key: PlaceKey | None, limit: int) -> Sequence[RunRow | FoldedRuns]:
        if key is not None and self._is_folded(key):
            end = self._at.get(tuple(key), self._behind(key))
            return self._lines[max(end - limit, 0) : end]
        behind = [run for run in self._runs.before(key, limit) if not self._is_folded(self._runs.key(run))]
        missing = limit - len(behind)
        return [*(self._lines[-missing:] if missing else ()), *behind]

    def _is_folded(self, key: PlaceKey) -> bool:
        """Whether it is the place of one of the newest runs: their numbers are the largest."""
        return self._last is not None and tuple(key) >= tuple(self._last)

    def _behind(self, key: PlaceKey) -> int:
        """The number of the first line behind a place, whether or not there is one at it."""
        return next((at for place, at in self._at.items() if place < tuple(key)), len(self._lines))


def _period(begin: int, end: int) -> str:
    """Clock times of one day, with the date before them where it was not today."""
    first, last = local_time.day_of(begin), local_time.day_of(end)
    if first != last:
        return f"{_date(first)} {local_time.clock(begin)} to {_date(last)} {local_time.clock(end)}"
    day = "" if first == local_time.day_of(clock.seconds()) else f"{_date(first)} "
    return f"{day}{local_time.clock(begin)}-{local_time.clock(end)}"


def _date(day: tuple[int, int, int]) -> str:
    return "{}-{:02}-{:02}".format(*day)
