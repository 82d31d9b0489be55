"""A worker that is to end lets its runs come to their next safe point: between two pages, between two batches."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

_wanted: ContextVar[Callable[[], bool] | None] = ContextVar("worker is to end", default=None)


class RunStopped(Exception):  # noqa: N818 (a wish, not an error)
    """The worker ends; the next one goes on with the run."""


def runs_stop_when(wanted: Callable[[], bool]) -> None:
    """Runs that this task starts from now on stop at their next safe point once `wanted` is true."""
    _wanted.set(wanted)


def stop_if_worker_ends() -> None:
    """To be called at safe points; raises RunStopped."""
    wanted = _wanted.get()
    if wanted is not None and wanted():
        raise RunStopped
