"""Another program writes the store for seconds: runs wait for it without keeping the event loop from turning."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.connectors.carts.sandbox import SandboxCart
from invsync_tui.connectors.sources.sandbox import SandboxSource
from invsync_tui.store.database import Store
from invsync_tui.store.errors import StoreBusyError
from invsync_tui.sync.runs import store_access
from invsync_tui.sync.runs.store_access import writable
from tests.support.clocks.loop_watch import BLOCKED_MOST, waited_for_cpu
from tests.support.runs.sandbox_world import Town, town

HELD = 3.0
"""Seconds for which the other program holds the store's write lock."""
HOLD = (
    "import sqlite3, sys, time; cx = sqlite3.connect(sys.argv[1], isolation_level=None); cx.execute('BEGIN IMMEDIATE'); "
    "print(flush=True); time.sleep(float(sys.argv[2])); cx.execute('ROLLBACK')"
)


class _Begun(AbstractContextManager[Any]):
    """A transaction that notes how long it waited for its beginning, the time without a CPU not counted."""

    def __init__(self, whole: AbstractContextManager[Any], waits: list[float]) -> None:
        self._whole = whole
        self._waits = waits

    def __enter__(self) -> Any:
        began, queued = time.monotonic(), waited_for_cpu()
        try:
            return self._whole.__enter__()
        finally:
            self._waits.append(time.monotonic() - began - (waited_for_cpu() - queued))

    def __exit__(self, *raised: Any) -> bool | None:
        return self._whole.__exit__(*raised)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the transactions of a test waited for their beginning."""
    waits: list[float] = []
    transaction = Store.transaction
    monkeypatch.setattr(Store, "transaction", lambda store: _Begun(transaction(store), waits))
    return waits


@pytest.fixture
def our_town(tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path, products=60) as place:
        yield place


async def _hold(path: Path, held: float) -> asyncio.subprocess.Process:
    """Another program that has the write lock now, and for so many seconds."""
    command = (sys.executable, "-S", "-c", HOLD, str(path), str(held))
    other = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert other.stdout is not None
    await other.stdout.readline()
    return other


class Obstacle:
    """Lets another program take the lock while the first of some requests is answered."""

    def __init__(self, patch: pytest.MonkeyPatch, kind: type[Any], name: str, path: Path) -> None:
        self.other: asyncio.subprocess.Process | None = None
        self.began = 0.0
        answer: Callable[..., Any] = getattr(kind, name)

        async def answered(system: Any, *values: Any) -> Any:
            got = await answer(system, *values)
            if self.other is None:
                self.other = await _hold(path, HELD)
                self.began = time.monotonic()
            return got

        patch.setattr(kind, name, answered)

    async def over(self) -> float:
        """Seconds since the lock was taken; the other program has ended."""
        assert self.other is not None
        assert await self.other.wait() == 0
        return time.monotonic() - self.began


@pytest.mark.parametrize("name", ["open", "warehouses", "products_page", "levels_page"])
async def test_a_download_waits_without_blocking(
    our_town: Town, waits: list[float], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    obstacle = Obstacle(monkeypatch, SandboxSource, name, our_town.bench.store.path)
    run = await our_town.bench.pull()
    assert (run.state, await obstacle.over() >= HELD) == ("done", True)
    assert max(waits) < BLOCKED_MOST


@pytest.mark.parametrize("name", ["open", "listings_page", "send"])
async def test_an_upload_waits_without_blocking_and_loses_no_answer(
    our_town: Town, waits: list[float], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    await our_town.bench.pull()
    obstacle = Obstacle(monkeypatch, SandboxCart, name, our_town.bench.store.path)
    run = await our_town.bench.push(our_town.cart_id)
    assert (run.state, await obstacle.over() >= HELD) == ("done", True)
    assert max(waits) < BLOCKED_MOST
    assert "in_doubt" not in our_town.bench.counts(run) or not our_town.bench.counts(run)["in_doubt"]


async def test_two_runs_and_their_worker_wait_without_blocking(our_town: Town, waits: list[float]) -> None:
    await our_town.bench.pull()
    pull, push = (
        our_town.bench.request("pull", our_town.bench.merchant, full=True),
        our_town.bench.request("push", our_town.cart_id),
    )
    other = await _hold(our_town.bench.store.path, HELD)
    await our_town.bench.work()
    assert await other.wait() == 0
    assert our_town.bench.run(pull).state == "done"
    assert our_town.bench.run(push).state in ("done", "held")
    assert max(waits) < BLOCKED_MOST


class Locked:
    """A store that another program writes until `free` is set."""

    path = Path("store.db")

    def __init__(self) -> None:
        self.free = False
        self.looks = 0

    def is_free(self) -> bool:
        self.looks += 1
        return self.free


async def _waiting(store: Locked, *, in_hand: bool) -> tuple[asyncio.Task[list[str]], list[str]]:
    """A task that waits for the store, then writes, then waits for something else; and how far it has come."""
    done: list[str] = []

    async def work() -> list[str]:
        await writable(store, in_hand=in_hand)  # type: ignore[arg-type]
        done.append("written")
        await asyncio.sleep(0)
        done.append("more")
        return done

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    assert store.looks
    return task, done


async def test_a_free_store_is_waited_for_once() -> None:
    store = Locked()
    store.free = True
    task, done = await _waiting(store, in_hand=False)
    assert (await task, store.looks) == (done, 1)


@pytest.mark.parametrize(("in_hand", "expected"), [(False, []), (True, ["written"])])
async def test_a_cancellation_ends_the_wait_and_what_is_in_hand_is_written(in_hand: bool, expected: list[str]) -> None:
    task, done = await _waiting(Locked(), in_hand=in_hand)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done == expected


async def test_a_deadline_around_the_wait_stays_one() -> None:
    done: list[str] = []
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await writable(Locked(), in_hand=True)  # type: ignore[arg-type]
            done.append("written")
            await asyncio.sleep(1)
    assert done == ["written"]


async def test_a_store_that_stays_locked_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_access, "BUSY_TIMEOUT_MS", 50)
    with pytest.raises(StoreBusyError, match="another process is writing"):
        await writable(Locked())  # type: ignore[arg-type]


async def test_to_ask_whether_a_store_is_free_changes_nothing(our_town: Town) -> None:
    store, path = our_town.bench.store, our_town.bench.store.path
    before = store.one("PRAGMA busy_timeout")
    assert store.is_free()
    other = await _hold(path, 0.3)
    assert not store.is_free()
    assert await other.wait() == 0
    assert store.is_free()
    assert store.one("PRAGMA busy_timeout") == before == (5000,)
    with store.transaction():
        assert store.is_free()
