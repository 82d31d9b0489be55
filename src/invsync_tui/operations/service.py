"""The service: executes requested runs and the schedule until it is told to end."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass

from invsync_tui.operations.errors import in_words
from invsync_tui.operations.roles import Right
from invsync_tui.operations.session import Session
from invsync_tui.sync.leases import worker_alive


@dataclass(frozen=True, slots=True)
class Serving:
    """What a service says when it begins."""

    store: str
    pid: int
    kind: str
    """serve, or detached for a worker that ends by itself."""
    others: bool
    """Another worker serves the store already; they share the work."""


def serve(session: Session, until_idle: float | None, started: Callable[[Serving], None]) -> None:
    """Work until SIGTERM or SIGINT, or until there was nothing to do for `until_idle` seconds."""
    session.allow(Right.SERVE, "serve")
    kind = "serve" if until_idle is None else "detached"
    started(Serving(str(session.path.absolute()), os.getpid(), kind, worker_alive(session.path)))
    with in_words():
        asyncio.run(_work(session, kind, until_idle))


async def _work(session: Session, kind: str, until_idle: float | None) -> None:
    from invsync_tui.sync.runners.local import LocalRunner, prefer_throughput

    prefer_throughput()
    runner = LocalRunner(session.store, kind)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, runner.stop)
    await (runner.run_forever() if until_idle is None else runner.run_until_idle(until_idle))
