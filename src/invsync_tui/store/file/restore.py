"""Puts a copy in the place of a store, and keeps what it replaces."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from invsync_tui import clock
from invsync_tui.store import upgrade
from invsync_tui.store.connection import Say, connect
from invsync_tui.store.errors import StoreBrokenError, StoreForeignError, StoreInUseError, translate, unwritable
from invsync_tui.store.file import backups, file_modes, temporary_files

WHY = "The store was restored from a backup."
MAGIC = b"SQLite format 3\x00"
"""What every database file begins with."""


class Restored(NamedTuple):
    """What is in the place of the store now, and where the former one is; None if there was none."""

    backup: backups.Backup
    former: Path | None


def restore(store: Path, copy: Path, who: str, say: Say) -> Restored:
    """Verify a copy and put it in the place of the store. On a StoreError the store is as it was.

    What the copy believes of carts and sources may be long past: everything is read and compared anew by the next sync.
    """
    if file_modes.identity(copy) is not None and file_modes.identity(copy) == file_modes.identity(store):
        raise StoreInUseError(copy, "this is the store itself.", "Name the backup that is to be put in its place.")
    backup = backups.verify(copy)
    try:
        with contextlib.ExitStack() as held:
            exists = file_modes.identity(store) is not None
            mode = file_modes.beside(store) if exists else file_modes.for_new_store(store.absolute().parent)
            there = file_modes.real(store)
            if exists:
                held.enter_context(upgrade.alone(store, say))
                upgrade.refuse_beside_workers(store, "a worker works on it")
            temporary_files.sweep(there)
            draft = held.enter_context(temporary_files.draft(there, mode))
            backups.copy_into(copy, draft)
            _start_anew(draft, who, str(copy))
            backups.verify(draft)
            former = _swap(there, draft, held) if exists else None
            if not exists:
                _place_new(there, draft)
    except sqlite3.Error as error:
        raise translate(error, store) from error
    except OSError as error:
        raise unwritable(error, store) from error
    return Restored(backup, former)


_ANEW = (
    "DELETE FROM worker",
    "UPDATE run SET state = 'cancelled', ended_at = ?2, error = ?1, rev = rev + 1 "
    "WHERE state IN ('requested', 'running', 'cancelling', 'held')",
    # A write whose answer the copy waits for may be long past: to send it once more would put an old quantity over a newer.
    "UPDATE push_batch SET state = 'refused', error = ?1, ended_at = ?2 WHERE state IN ('intent', 'in_doubt', 'submitted')",
    "UPDATE listing SET inflight = NULL, acked = NULL, pending = 1 WHERE acked IS NOT NULL OR inflight IS NOT NULL",
    "UPDATE cart SET listed_at = NULL, watermark = 0",
    "UPDATE source SET mark = ''",
)


def _start_anew(draft: Path, who: str, copy: str) -> None:
    """Take back what would go on where the copy stopped, and note who restored it."""
    now = clock.seconds()
    with contextlib.closing(connect(draft, "rw", "FULL")) as cx:
        cx.execute("PRAGMA journal_mode=MEMORY")
        cx.execute("BEGIN IMMEDIATE")
        for statement in _ANEW:
            cx.execute(statement, (WHY, now)[: statement.count("?")])
        cx.execute(
            "INSERT INTO audit (at, who, action, subject, after) VALUES (?, ?, 'db.restore', 'store', ?)",
            (now, who, copy),
        )
        cx.execute("COMMIT")
        cx.execute("PRAGMA journal_mode=WAL")


def _place_new(store: Path, draft: Path) -> None:
    temporary_files.give_name(draft, store)
    backups.sync_folder(store.parent)


def _swap(store: Path, draft: Path, held: contextlib.ExitStack) -> Path:
    """Give the draft the store's name in one step; the former store keeps a name of its own."""
    former = store.with_name(f"{store.name}.replaced-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}")
    number = 1
    while os.path.lexists(former):
        number += 1
        former = former.with_name(f"{former.name.partition('_')[0]}_{number}")
    try:
        held.enter_context(_for_ourselves(store))
        temporary_files.give_name(store, former)
    except (StoreBrokenError, StoreForeignError):
        # It is damaged, so its log goes with it as it is: the copy must never be read together with another's log.
        temporary_files.give_name(store, former)
        for end in ("-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                store.with_name(store.name + end).rename(former.with_name(former.name + end))
    draft.rename(store)
    backups.sync_folder(store.parent)
    return former


@contextmanager
def _for_ourselves(store: Path) -> Iterator[None]:
    """Nobody else has the store open, and its log is folded into the file."""
    if not _begins_as_database(store):
        # SQLite would throw the log away before it says so.
        raise StoreBrokenError(store, "it is damaged: it does not begin as a database.", "")
    cx = None
    try:
        cx = connect(store, "rw", "FULL")
        mode = cx.execute("PRAGMA journal_mode=DELETE").fetchone()[0]
        cx.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        if cx is not None:
            cx.close()
        store_error = translate(error, store)
        raise (
            store_error if isinstance(store_error, StoreBrokenError | StoreForeignError) else _open_elsewhere(store)
        ) from error
    try:
        if mode != "delete":
            raise _open_elsewhere(store)
        yield
    finally:
        cx.close()


def _begins_as_database(store: Path) -> bool:
    with store.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def _open_elsewhere(store: Path) -> StoreInUseError:
    return StoreInUseError(
        store,
        "another program has it open. Nothing was changed.",
        "Close every control room and command that uses it, then run this again.",
    )
