"""Backups are whole and verified whatever is written meanwhile; a restore replaces a store in one step and keeps the old."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
import stat
import threading
from pathlib import Path

import pytest

from invsync_tui.store import database
from invsync_tui.store.connection import VERSION, silently
from invsync_tui.store.database import create_store, open_store
from invsync_tui.store.errors import StoreBrokenError, StoreForeignError, StoreInUseError, StoreReadOnlyError
from invsync_tui.store.file import backups, temporary_files
from invsync_tui.store.file.restore import restore
from invsync_tui.sync.runs import leases
from tests.support.stores import old_stores
from tests.support.stores.old_stores import dump


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with rows, closed."""
    made = old_stores.make(tmp_path / "store.db", VERSION)
    made.chmod(0o600)
    return made


def _one_row(path: Path, sql: str) -> object:
    with contextlib.closing(sqlite3.connect(path)) as cx:
        return cx.execute(sql).fetchone()[0]


def test_a_backup_of_a_store_that_is_written_has_every_transaction_whole(path: Path, tmp_path: Path) -> None:
    # given: somebody who writes two rows in each transaction, and never lets the log be folded into the file
    stop = threading.Event()

    def write() -> None:
        store = open_store(path)
        while not stop.is_set():
            with store.transaction() as tx:
                tx.execute("INSERT INTO audit (at, who, action, subject) VALUES (1, 'w', 'a', 's'), (2, 'w', 'b', 's')")
        store.close()

    writer = threading.Thread(target=write)
    writer.start()
    # when
    try:
        made = [backups.make(path, tmp_path / f"copy{n}") for n in range(5)]
    finally:
        stop.set()
        writer.join()
    # then
    for copy in made:
        assert copy.schema == VERSION
        assert int(str(_one_row(copy.path, "SELECT count(*) FROM audit WHERE who = 'w'"))) % 2 == 0
        assert stat.S_IMODE(copy.path.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir() if "copy" in path.name) == [f"copy{n}" for n in range(5)]


def test_a_backup_has_what_is_in_the_log_only(path: Path, tmp_path: Path) -> None:
    # given
    store = open_store(path)
    with store.transaction() as tx:
        tx.execute("UPDATE merchant SET name = 'Renamed' WHERE id = 1")
    cut = Path(shutil.copy(path, tmp_path / "cp"))
    # when
    made = backups.make(path, tmp_path / "copy")
    # then
    assert _one_row(cut, "SELECT name FROM merchant WHERE id = 1") == "North", "what cp takes is stale"
    assert _one_row(made.path, "SELECT name FROM merchant WHERE id = 1") == "Renamed"
    store.close()


def test_a_backup_never_overwrites_and_a_failed_one_leaves_nothing(path: Path, tmp_path: Path) -> None:
    # given
    there = tmp_path / "there"
    there.write_text("mine")
    # when, then
    with pytest.raises(StoreReadOnlyError, match="of this name already"):
        backups.make(path, there)
    assert there.read_text() == "mine"
    # and a damaged store is not passed off as a backup
    content = bytearray(path.read_bytes())
    content[8192:16384] = os.urandom(8192)
    path.write_bytes(bytes(content))
    with pytest.raises(StoreBrokenError):
        backups.make(path, tmp_path / "copy")
    assert [path.name for path in tmp_path.iterdir() if "copy" in path.name] == []


@pytest.mark.parametrize("version", [1, 12, VERSION - 1, VERSION])
def test_a_restored_store_starts_anew_and_the_former_one_is_kept(path: Path, tmp_path: Path, version: int) -> None:
    """Also one of the first schema, of one in the middle and of the last one: that each is upgraded is tested elsewhere."""
    # given: a backup with work under way, long past
    copy = old_stores.make(tmp_path / "copy", version)
    with contextlib.closing(sqlite3.connect(copy)) as cx, cx:
        cx.execute(
            "INSERT INTO run (id, kind, key, merchant_id, state, trigger, requested_by, requested_at) "
            "VALUES (7, 'push', 1, 1, 'running', 'test', 't', 0), (8, 'push', 1, 1, 'done', 'test', 't', 0)"
        )
        cx.execute(
            "INSERT INTO push_batch (id, cart_id, run_id, epoch, items, body, state, created_at, answer_by_ms) "
            "VALUES ('b', 1, 7, 1, '[]', x'', 'intent', 0, 0)"
        )
        cx.execute("UPDATE listing SET acked = 5, desired = 5, inflight = 'b' WHERE id = 1")
        cx.execute("UPDATE cart SET listed_at = 5, watermark = 99")
    former = dump(path)
    # when
    done = restore(path, copy, "ann", silently)
    # then
    assert done.former is not None and dump(done.former) == former
    store = open_store(path)
    assert store.one("SELECT state FROM run WHERE id = 7") == ("cancelled",)
    assert store.one("SELECT state, ended_at, error FROM run WHERE id = 8") == ("done", None, "")
    assert store.one("SELECT state FROM push_batch") == ("refused",)
    assert store.one("SELECT acked, inflight, pending, desired FROM listing WHERE id = 1") == (None, None, 1, 5)
    assert store.one("SELECT listed_at, watermark FROM cart") == (None, 0)
    assert store.one("SELECT who, action, after FROM audit ORDER BY id DESC") == ("ann", "db.restore", str(copy))
    assert store.one("PRAGMA journal_mode") == ("wal",)
    store.close()


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EIO, errno.EMLINK])
def test_a_disk_without_hard_links_holds_stores_and_backups_too(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuses(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    before = dump(path)
    monkeypatch.setattr(os, "link", refuses)
    # when a store is made, and one is copied and restored there
    create_store(tmp_path / "new.db").close()
    copy = backups.make(path, tmp_path / "copy").path
    with contextlib.closing(sqlite3.connect(path)) as cx:
        cx.execute("DELETE FROM audit")
        cx.commit()
    former = restore(path, copy, "ann", silently).former
    # then all of it is there, and nothing else
    assert dump(copy) == before
    assert former is not None and _one_row(former, "SELECT count(*) FROM audit") == 0
    assert _one_row(path, "SELECT action FROM audit ORDER BY id DESC LIMIT 1") == "db.restore"
    assert {each.name for each in tmp_path.iterdir() if each.is_file()} == {"new.db", "copy", path.name, former.name}
    # and a file of the name is not overwritten there either
    with pytest.raises(StoreReadOnlyError, match="a file of this name"):
        backups.make(path, copy)
    with temporary_files.draft(copy, 0o600) as draft, pytest.raises(FileExistsError):
        temporary_files.give_name(draft, copy)
    assert dump(copy) == before


def test_a_restore_is_refused_while_anybody_works_with_the_store(path: Path, tmp_path: Path) -> None:
    # given
    copy = backups.make(path, tmp_path / "copy").path
    before = dump(path)
    # when, then: a worker
    presence = leases.WorkerPresence(path)
    with pytest.raises(StoreInUseError, match="a worker works on it"):
        restore(path, copy, "ann", silently)
    presence.close()
    # and a control room
    store = open_store(path)
    with pytest.raises(StoreInUseError, match="another program has it open"):
        restore(path, copy, "ann", silently)
    store.close()
    # then
    assert dump(path) == before
    assert [path.name for path in tmp_path.iterdir() if "replaced" in path.name or path.name.endswith(".new")] == []


@pytest.mark.parametrize("content", [b"no database at all" * 100, b""])
def test_what_is_no_backup_is_not_restored(path: Path, tmp_path: Path, content: bytes) -> None:
    before = dump(path)
    (tmp_path / "copy").write_bytes(content)
    with pytest.raises(StoreForeignError):
        restore(path, tmp_path / "copy", "ann", silently)
    with pytest.raises(StoreInUseError, match="the store itself"):
        restore(path, path, "ann", silently)
    assert dump(path) == before


def test_a_damaged_store_is_replaced_together_with_its_log(path: Path, tmp_path: Path) -> None:
    # given: a log of the damaged store, which must never be read together with the copy
    copy = backups.make(path, tmp_path / "copy").path
    wanted = _one_row(copy, "SELECT group_concat(sku) FROM product")
    path.write_bytes(b"\0" * 8192)
    path.with_name("store.db-wal").write_bytes(b"log of the damaged store")
    # when
    done = restore(path, copy, "ann", silently)
    # then
    assert done.former is not None
    assert done.former.with_name(done.former.name + "-wal").read_bytes() == b"log of the damaged store"
    assert _one_row(path, "SELECT group_concat(sku) FROM product") == wanted
    open_store(path).close()


def test_a_store_that_is_gone_is_restored_too(path: Path, tmp_path: Path) -> None:
    copy = backups.make(path, tmp_path / "copy").path
    path.unlink()
    assert restore(path, copy, "ann", silently).former is None
    open_store(path).close()
    assert database.file_modes.identity(path) is not None


@pytest.mark.parametrize("gone", [True, False])
def test_a_store_that_is_replaced_or_removed_while_it_is_open_is_used_no_more(
    path: Path, tmp_path: Path, *, gone: bool
) -> None:
    # given
    store = open_store(path)
    copy = backups.make(path, tmp_path / "copy").path
    # when
    path.unlink() if gone else copy.replace(path)
    # then
    word = "was removed" if gone else "was replaced by another file"
    for use in (lambda: store.read("SELECT 1"), store.data_version, lambda: store.transaction().__enter__()):
        with pytest.raises(database.StoreReplacedError, match=word):
            use()
    store.close()
