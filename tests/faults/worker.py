"""A worker process for the tests of crashes: `python -m tests.faults.worker STORE`.

Without an option it reads lines from its input and forks a worker for each, so that fifty of them cost one start of the
interpreter; it answers with the worker's process id. `--forever` is one worker that works until it is told to stop.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from invsync_tui.store.opening import open_store
from invsync_tui.sync.runners.local import LocalRunner
from tests.sync.town import hurry


def preload() -> None:
    """Everything that a run imports late, once for all forks."""
    from importlib import import_module

    for name in ("sqlmodel", "httpx", "anyio._backends._asyncio", "invsync_tui.store.settings"):
        import_module(name)
    for kind in ("sources", "carts"):
        import_module(f"invsync_tui.connectors.{kind}.sandbox")


async def _work(store: Path, linger: float | None) -> None:
    runner = LocalRunner(open_store(store), scheduled=False)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, runner.stop)
    await (runner.run_forever() if linger is None else runner.run_until_idle(linger))


def _fork(store: Path) -> int:
    child = os.fork()
    if child == 0:
        asyncio.run(_work(store, 0.0))
        os._exit(0)
    return child


def _serve_forks(store: Path) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in sys.stdin:
        print(_fork(store), flush=True)


if __name__ == "__main__":
    hurry(pytest.MonkeyPatch())
    preload()
    if "--forever" in sys.argv:
        asyncio.run(_work(Path(sys.argv[1]), None))
    else:
        _serve_forks(Path(sys.argv[1]))
