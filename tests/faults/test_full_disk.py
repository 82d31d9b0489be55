"""A full disk: the run stops with a clear state, nothing is damaged, and it goes on when there is room."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from invsync_tui import clock
from invsync_tui.store.connection import VERSION
from invsync_tui.store.database import create_store, open_store
from invsync_tui.store.errors import StoreFullError
from invsync_tui.store.file import backups
from invsync_tui.store.retention import RUNS_LEFT
from invsync_tui.sync.maintenance import FIRST_AFTER, Upkeep
from invsync_tui.sync.worker import Worker
from tests.support.faults.scenarios import until
from tests.support.runs.journal_proof import store_violations
from tests.support.runs.sandbox_world import town
from tests.support.stores import old_stores
from tests.support.stores.retention_store import run_once

LONG_AGO = 1_000_000


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of 2 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False) if os.geteuid() == 0 else None
    if done is None or done.returncode:
        why = "a small disk can be mounted by root only" if done is None else done.stderr
        if os.environ.get("INVSYNC_CI") == "1":
            pytest.fail(why)
        pytest.skip(why)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def _used(folder: Path) -> int:
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())


def _resize(folder: Path, size: str) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(folder)], check=True)


def test_a_store_that_does_not_fit_is_not_made(small: Path) -> None:
    # given
    (small / "filler").write_bytes(b"x" * (2 * 1024 * 1024 - 40_000))
    # when
    with pytest.raises(StoreFullError, match="no space left"):
        create_store(small / "store.db")
    # then
    assert [path.name for path in small.iterdir()] == ["filler"]
    # and when there is room
    (small / "filler").unlink()
    create_store(small / "store.db").close()


@pytest.mark.parametrize("free", [0, 0.3, 0.6, 1, 1.3, 2, 3])
def test_an_upgrade_without_room_leaves_the_store_as_it_was(small: Path, free: float) -> None:
    """Room for a part of the backup, for the backup and a part of the upgrade, and for all of it."""
    # given: an old store, and so much of its size free
    store = old_stores.make(small / "store.db", 1)
    before = old_stores.dump(store)
    _resize(small, f"{(_used(small) + int(store.stat().st_size * free)) // 4096 * 4}k")
    told: list[str] = []
    # when
    try:
        open_store(store, say=told.append).close()
        done = True
    except StoreFullError as error:
        done = False
        assert "not enough space" in str(error) and "Nothing was changed" in str(error)
        assert "Make room" in error.advice
    # then
    assert done or free < 3
    assert len(backups.of_schema(store)) == int(done)
    assert [path.name for path in small.iterdir() if ".new" in path.name] == []
    _resize(small, "20m")  # without room nobody can even read it
    assert done == (_schema(store) == VERSION)
    assert done or old_stores.dump(store) == before
    # and when there is room
    open_store(store).close()
    assert _schema(store) == VERSION
    assert [old_stores.dump(copy) for copy in backups.of_schema(store)] == [before]


def _schema(store: Path) -> int:
    """The schema that a store says it is of."""
    with closing(sqlite3.connect(store)) as cx:
        return int(cx.execute("PRAGMA user_version").fetchone()[0])


async def test_a_pull_that_fills_the_disk_waits_and_goes_on_when_there_is_room(
    small: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # given: 3,000 products do not fit into 2 MB
    with town(small, products=3000) as our_town:
        number = our_town.bench.request("pull", our_town.bench.merchant)
        # when
        work = asyncio.create_task(our_town.bench.work())
        await until(lambda: "no space left" in caplog.text)
        await asyncio.sleep(0.3)
        # then
        run = our_town.bench.run(number)
        assert not work.done()
        assert run.state == "running"
        cx = sqlite3.connect(f"file:{small / 'store.db'}?mode=ro", uri=True)
        assert cx.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        cx.close()
        # and when there is room
        _resize(small, "200m")
        await work
        # then
        assert our_town.bench.run(number).state == "done"
        assert (await our_town.bench.push(our_town.cart_id)).state == "done"
        assert {k: v for k, v in our_town.shown().items() if "Kit" not in k} != {}
        assert store_violations(small / "store.db") == []


async def test_a_push_that_fills_the_disk_loses_nothing(small: Path, caplog: pytest.LogCaptureFixture) -> None:
    # given: room is taken away while the push is under way
    with town(small, products=40) as our_town:
        _resize(small, "20m")
        await our_town.bench.pull()
        run = await our_town.bench.push(our_town.cart_id, release=False)
        used = _used(small)
        our_town.bench.release(run.id)
        (small / "filler").write_bytes(b"x" * (20 * 1024 * 1024 - used - 65536))
        # when
        work = asyncio.create_task(our_town.bench.work())
        await until(lambda: "no space left" in caplog.text)
        (small / "filler").unlink()
        await work
        # then
        assert our_town.bench.run(run.id).state == "done"
        assert our_town.shown() == our_town.stock()
        assert store_violations(small / "store.db") == []


async def test_a_disk_that_is_full_while_old_records_are_removed(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Removing needs room as well: the service goes on, and what is left is removed when there is some."""
    real, refused = Upkeep.step, []

    def step(upkeep: Upkeep) -> bool:
        try:
            return real(upkeep)
        except StoreFullError as error:
            refused.append(str(error))
            raise

    monkeypatch.setattr(Upkeep, "step", step)
    with town(small, products=20) as our_town:
        # given runs of long ago, and no room
        _resize(small, "20m")
        bench, worker = our_town.bench, Worker(our_town.bench.store)
        await bench.pull()
        with bench.by_hand() as tx:
            for _ in range(400):
                run_once(tx, LONG_AGO)
        bench.store.checkpoint()
        monkeypatch.setattr(clock, "elapsed", lambda: time.monotonic() + FIRST_AFTER + 1)
        room = 20 * 1024 * 1024 - _used(small)
        (small / "filler").write_bytes(b"x" * (room // 4096 * 4096 - 8192))
        # when
        work = asyncio.create_task(worker.run_forever())
        await until(lambda: len(refused) > 3)
        # then nothing is lost, and the service works
        assert not work.done()
        assert bench.one("SELECT count(*) FROM run WHERE requested_at = ?", LONG_AGO) == 400
        # and when there is room
        (small / "filler").unlink()
        number = bench.request("pull", bench.merchant)
        await until(lambda: bench.run(number).state == "done")
        await until(lambda: bench.one("SELECT count(*) FROM run WHERE requested_at = ?", LONG_AGO) == RUNS_LEFT)
        worker.stop()
        await work
        assert store_violations(small / "store.db") == []
        assert bench.one("PRAGMA integrity_check") == "ok"
