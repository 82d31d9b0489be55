"""Worker processes for the tests of crashes: `python -m tests.support.faults.worker`.

It reads lines from its input, each a store, a tab and a word, and forks a worker for each, so that all of them cost one start of
the interpreter; it answers with the worker's process id. `STORE --forever` is one worker that works until it is told to stop.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.store.database import open_store
from invsync_tui.sync.worker import Worker
from tests.support.runs.sandbox_world import hurry

STOP_BEFORE_SENDING = "stop-before-sending"


def preload() -> None:
    """Everything that a run imports late, once for all forks."""
    from importlib import import_module

    for name in ("sqlmodel", "httpx", "anyio._backends._asyncio", "invsync_tui.store.settings.write"):
        import_module(name)
    for kind in ("sources", "carts"):
        import_module(f"invsync_tui.connectors.{kind}.sandbox")


async def _work(store: Path, linger: float | None) -> None:
    runner = Worker(open_store(store), scheduled=False)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, runner.stop)
    await (runner.run_forever() if linger is None else runner.run_until_idle(linger))


def _stop_before_sending() -> None:
    """Let this process stop itself between the record of its first batch and the request: SIGCONT makes it go on."""
    from invsync_tui.connectors.carts.sandbox import SandboxCart

    real, stops = SandboxCart.send, iter([signal.SIGSTOP])

    async def send(self: Any, *args: Any) -> Any:
        for number in stops:
            os.kill(os.getpid(), number)
        return await real(self, *args)

    SandboxCart.send = send  # type: ignore[method-assign]


def writing_flag(store: Path) -> Path:
    """A file of one byte: "1" while a worker of this store is between its last look at the time and the write after it."""
    return Path(f"{store}.writing")


def _flag_writes(store: Path) -> None:
    """Keep `writing_flag`. In these few microseconds nothing in this process can know that it was stopped."""
    import mmap
    from asyncio import selector_events

    from invsync_tui.connectors import http

    flag = writing_flag(store)
    flag.write_bytes(b"0")
    with flag.open("r+b") as file:
        writing = mmap.mmap(file.fileno(), 1)
    abort_if_late, write = http._abort_if_late, selector_events._SelectorSocketTransport.write  # type: ignore[attr-defined]

    def flagged(leave_by: float, where: str) -> Any:
        look = abort_if_late(leave_by, where)

        async def before_the_look(step: str, facts: Any) -> None:
            writing[:] = b"1"
            try:
                await look(step, facts)
            except BaseException:
                writing[:] = b"0"
                raise
            if not step.endswith(".started"):
                writing[:] = b"0"

        return before_the_look

    def written(self: Any, data: bytes) -> None:
        write(self, data)
        writing[:] = b"0"

    http._abort_if_late = flagged
    selector_events._SelectorSocketTransport.write = written  # type: ignore[attr-defined]


KILLED_AT = "killed-at"
"""`killed-at MODULE NAME before` or `after`: the process dies when it first comes to that function, or at its end."""


def _die_at(module: str, name: str, moment: str) -> None:
    """Let this process kill itself at the first call of a function or a method of a module."""
    from importlib import import_module
    from inspect import iscoroutinefunction

    *owners, last = name.split(".")
    owner: Any = import_module(module)
    for part in owners:
        owner = getattr(owner, part)
    real = getattr(owner, last)

    def die(at: str) -> None:
        if at == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    async def awaited(*args: Any, **more: Any) -> Any:
        die("before")
        result = await real(*args, **more)
        die("after")
        return result

    def called(*args: Any, **more: Any) -> Any:
        die("before")
        result = real(*args, **more)
        die("after")
        return result

    setattr(owner, last, awaited if iscoroutinefunction(real) else called)


def _fork(store: Path, word: str) -> int:
    child = os.fork()
    if child == 0:
        if word.startswith(KILLED_AT):
            _die_at(*word.split()[1:])
        if word == STOP_BEFORE_SENDING:
            _stop_before_sending()
        _flag_writes(store)
        asyncio.run(_work(store, 0.0))
        os._exit(0)
    return child


def _serve_forks() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        store, _, word = line.rstrip("\n").partition("\t")
        print(_fork(Path(store), word), flush=True)


if __name__ == "__main__":
    hurry(pytest.MonkeyPatch())
    preload()
    if "--forever" in sys.argv:
        asyncio.run(_work(Path(sys.argv[1]), None))
    else:
        _serve_forks()
