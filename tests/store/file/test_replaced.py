"""A store that is replaced, removed or upgraded while a service or a control room has it open: both say so, and work on it
no more."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest

from invsync_tui.operations.errors import OperationError
from invsync_tui.operations.merchants import overview
from invsync_tui.operations.runs import request
from invsync_tui.store.connection import VERSION
from invsync_tui.store.database import create_store, open_store
from invsync_tui.store.errors import StoreNewerError, StoreReplacedError
from invsync_tui.sync.worker import Worker
from invsync_tui.tui.store_connection import StoreConnection
from tests.support.faults.scenarios import until
from tests.support.processes.shell import INVSYNC, Shell
from tests.support.stores.old_stores import dump

PATIENCE = 60


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    folder.mkdir()
    create_store(folder / "store.db").close()
    return folder / "store.db"


def _take_away(path: Path, how: str) -> None:
    if how == "removed":
        path.unlink()
    elif how == "removed with its folder":
        path.parent.rename(path.parent.with_name("elsewhere"))
    elif how == "replaced by that of another folder":
        other = path.parent.with_name("other")
        shutil.copytree(path.parent, other)
        path.parent.rename(path.parent.with_name("before"))
        other.rename(path.parent)
    else:
        copy = Path(shutil.copy(path, path.with_name("copy")))
        copy.replace(path)


@pytest.mark.parametrize(
    "how",
    ["removed", "replaced by another file", "removed with its folder", "replaced by that of another folder"],
)
async def test_a_worker_ends_when_its_store_is_taken_away(path: Path, how: str) -> None:
    # given
    runner = Worker(open_store(path))
    work = asyncio.create_task(runner.run_forever())
    await until(lambda: runner.turns >= 1)
    # when
    _take_away(path, how)
    # then
    with pytest.raises(StoreReplacedError, match=f"was {how.split(maxsplit=1)[0]}.* while this program had it open"):
        await asyncio.wait_for(work, PATIENCE)


def test_the_service_says_it_and_ends_with_an_exit_code(tmp_path: Path) -> None:
    # given
    shell = Shell(tmp_path)
    shell.ok("init")
    service = subprocess.Popen(
        [*INVSYNC, "serve"], env=shell.environment(), cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    assert service.stderr is not None
    while "started" not in service.stderr.readline():
        assert service.poll() is None
    # when
    _take_away(shell.store, "replaced")
    # then
    _, said = service.communicate(timeout=PATIENCE)
    assert service.returncode == 2
    assert "was replaced by another file while this program had it open" in said
    assert "Traceback" not in said


def test_the_control_room_says_it_at_its_next_look(path: Path) -> None:
    # given
    connection = StoreConnection(path)
    connection.connect()
    session = connection.session
    overview.overview(session)
    # when
    _take_away(path, "replaced")
    # then
    for look in (
        connection.changed,
        connection.read_service,
        lambda: overview.overview(session),
        lambda: request.request(session, 1),
    ):
        with pytest.raises(OperationError, match="was replaced by another file"):
            look()
    connection.close()


def test_a_store_that_a_newer_program_upgraded_is_used_no_more_by_this_one(path: Path) -> None:
    # given a control room that is open, and no worker that would keep anybody from upgrading
    connection = StoreConnection(path)
    connection.connect()
    session = connection.session
    overview.overview(session)
    # when another program upgrades the store
    with contextlib.closing(sqlite3.connect(path)) as cx:
        cx.execute(f"PRAGMA user_version = {VERSION + 1}")
        cx.commit()
    before = dump(path)
    # then neither looking nor a change goes by what was true before
    for look in (connection.changed, connection.read_service, lambda: overview.overview(session)):
        with pytest.raises(OperationError, match=f"newer program upgraded it to schema {VERSION + 1}.*Start the newer"):
            look()
    with pytest.raises(OperationError, match="newer program"):
        request.request(session, 1)
    for change in (session.store.transaction, session.store.session, session.store.change):
        with pytest.raises(StoreNewerError, match="newer program"), change() as _:
            pytest.fail("it may be written")
    connection.close()
    assert dump(path) == before
