"""Whether a worker works, judged by its heartbeat and by its process."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

BEAT_EVERY = 10
"""Seconds between two heartbeats of a worker."""
SILENT_AFTER = 45
"""Seconds without a heartbeat after which a worker does not respond: four beats, and some patience for a busy machine."""
CLOCK_TOLERANCE = 30
"""Seconds by which the clock of another machine may be ahead before its heartbeat tells nothing."""
NO_PROGRESS_AFTER = 120
"""Seconds without any progress of a run after which its rate and the time left mean nothing."""


class WorkerState(StrEnum):
    """What can be said of a worker."""

    RESPONDING = "responding"
    NOT_RESPONDING = "not_responding"
    """Its process is there, or may be there, and its heartbeat has stopped."""
    GONE = "gone"
    """Its process is no longer there."""
    UNKNOWN = "unknown"
    """It runs on a machine whose clock cannot be compared with this one."""


class Process(StrEnum):
    """What the operating system says about a worker's process."""

    RUNNING = "running"
    STOPPED = "stopped"
    """Suspended by a signal or a debugger."""
    GONE = "gone"
    ELSEWHERE = "elsewhere"
    """On another machine."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What is known of a worker. `silent`: seconds since its heartbeat, below 0 if that lies in the future."""

    silent: int
    process: Process
    same_clock: bool
    """The heartbeat was measured by a clock that this machine shares and that nobody can set."""


def state_of(signs: Signs) -> WorkerState:
    """Gone, stopped and silent are told apart; a heartbeat from the future is no sign of life."""
    if signs.process is Process.GONE:
        return WorkerState.GONE
    if signs.process is Process.STOPPED or signs.silent >= SILENT_AFTER:
        return WorkerState.NOT_RESPONDING
    if not signs.same_clock and signs.silent < -CLOCK_TOLERANCE:
        # On this machine the clock was set back, and the process is there; elsewhere nothing else is known.
        return WorkerState.RESPONDING if signs.process is Process.RUNNING else WorkerState.UNKNOWN
    return WorkerState.RESPONDING


def span(seconds: float) -> str:
    """`45 s`, `2 min`, `3 h`, `2 days`."""
    whole = max(0, int(seconds))
    for size, singular, plural in ((86400, "day", "days"), (3600, "h", "h"), (60, "min", "min")):
        if whole >= size:
            return f"{whole // size} {singular if whole // size == 1 else plural}"
    return f"{whole} s"
