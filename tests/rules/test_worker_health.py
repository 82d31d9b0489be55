"""A worker is judged by its heartbeat and its process, and by nothing that cannot be known."""

from __future__ import annotations

import pytest

from invsync_tui.rules.worker_health import Process, Signs, WorkerState, span, state_of

TABLE = [
    # seconds of silence, process, the same clock -> what is said of it
    (0, Process.RUNNING, True, WorkerState.RESPONDING),
    (44, Process.RUNNING, True, WorkerState.RESPONDING),
    (45, Process.RUNNING, True, WorkerState.NOT_RESPONDING),
    (45, Process.RUNNING, False, WorkerState.NOT_RESPONDING),
    (86_400, Process.ELSEWHERE, False, WorkerState.NOT_RESPONDING),
    (0, Process.STOPPED, True, WorkerState.NOT_RESPONDING),
    (0, Process.GONE, True, WorkerState.GONE),
    (0, Process.ELSEWHERE, False, WorkerState.RESPONDING),
    # A clock that is a little ahead is every machine's; one that is far ahead makes the heartbeat worthless.
    (-30, Process.ELSEWHERE, False, WorkerState.RESPONDING),
    (-31, Process.ELSEWHERE, False, WorkerState.UNKNOWN),
    (-86_400, Process.RUNNING, False, WorkerState.RESPONDING),
    (-86_400, Process.STOPPED, False, WorkerState.NOT_RESPONDING),
    (-86_400, Process.GONE, False, WorkerState.GONE),
]


@pytest.mark.parametrize(("silent", "process", "same_clock", "state"), TABLE)
def test_a_worker_is_what_its_signs_say(silent: int, process: Process, same_clock: bool, state: WorkerState) -> None:
    assert state_of(Signs(silent, process, same_clock)) is state


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0 s"), (59, "59 s"), (60, "1 min"), (7199, "1 h"), (86_400, "1 day"), (200_000, "2 days")],
)
def test_spans_have_their_unit(seconds: int, text: str) -> None:
    assert span(seconds) == text
