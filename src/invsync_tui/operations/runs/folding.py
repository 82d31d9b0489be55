"""Runs that found nothing to do, next to each other in a list, as one line."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

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


def _period(begin: int, end: int) -> str:
    """Clock times of one day, with the date before them where it was not today."""
    first, last, today = time.localtime(begin), time.localtime(end), time.localtime()
    if first[:3] != last[:3]:
        return f"{time.strftime('%Y-%m-%d %H:%M', first)} to {time.strftime('%Y-%m-%d %H:%M', last)}"
    day = "" if first[:3] == today[:3] else time.strftime("%Y-%m-%d ", first)
    return f"{day}{time.strftime('%H:%M', first)}-{time.strftime('%H:%M', last)}"
