"""The end of a download and the pushes that follow it are one transaction: a kill leaves both or neither."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from invsync_tui.store.database import open_store
from invsync_tui.store.runs import runs
from invsync_tui.store.runs.records import RunRequest
from invsync_tui.sync import schedule
from invsync_tui.sync.worker import Worker
from tests.support.runs.sandbox_world import Town, town


def _scheduled_pull(made: Town) -> int:
    request = RunRequest("pull", made.bench.merchant, made.bench.merchant, "schedule", "schedule", pushes=True)
    with made.bench.store.transaction() as tx:
        return runs.request(tx, request, 1).run_id


def _pushes(made: Town) -> int:
    return int(made.bench.one("SELECT count(*) FROM our_run WHERE kind = 'push' AND trigger = 'after pull'"))


async def test_a_kill_between_the_end_and_the_pushes_loses_neither(tmp_path: Path) -> None:
    # given
    with town(tmp_path) as made:
        assert (await made.bench.pull()).state == "done"
        assert (await made.bench.push(made.cart_id)).state == "done"
        number = _scheduled_pull(made)
        # when: a process dies after the end is written and before its pushes are asked for
        child = os.fork()
        if not child:
            _die_between(made.bench.store.path)
        assert os.WIFSIGNALED((await asyncio.to_thread(os.waitpid, child, 0))[1])
        # then
        assert made.bench.run(number).state not in runs.FINAL
        await made.bench.work()
        assert made.bench.run(number).state == "done"
        assert _pushes(made) == 1


def _die_between(path: Path) -> None:
    """In a process of its own: never returns."""

    def die(*_: object) -> list[int]:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    try:
        schedule.request_pushes_after = die
        asyncio._set_running_loop(None)
        asyncio.run(Worker(open_store(path), scheduled=False).run_until_idle(0.3))
    finally:
        os._exit(1)
