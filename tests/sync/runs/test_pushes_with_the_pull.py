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


def _scheduled_pull(our_town: Town) -> int:
    request = RunRequest("pull", our_town.bench.merchant, our_town.bench.merchant, "schedule", "schedule", pushes=True)
    with our_town.bench.store.transaction() as tx:
        return runs.request(tx, request, 1).run_id


def _pushes(our_town: Town) -> int:
    return int(our_town.bench.one("SELECT count(*) FROM our_run WHERE kind = 'push' AND trigger = 'after pull'"))


async def test_a_kill_between_the_end_and_the_pushes_loses_neither(tmp_path: Path) -> None:
    # given
    with town(tmp_path) as our_town:
        assert (await our_town.bench.pull()).state == "done"
        assert (await our_town.bench.push(our_town.cart_id)).state == "done"
        number = _scheduled_pull(our_town)
        # when: a process dies after the end is written and before its pushes are asked for
        child = os.fork()
        if not child:
            _die_between(our_town.bench.store.path)
        assert os.WIFSIGNALED((await asyncio.to_thread(os.waitpid, child, 0))[1])
        # then
        assert our_town.bench.run(number).state not in runs.FINAL
        await our_town.bench.work()
        assert our_town.bench.run(number).state == "done"
        assert _pushes(our_town) == 1


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
