"""The store as a file: checked, copied, and put back."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path

from invsync_tui.config import expanded
from invsync_tui.operations.errors import OperationError, RefusedError, as_operation_error
from invsync_tui.operations.roles import Right, operator_name
from invsync_tui.operations.session import Session, right_to
from invsync_tui.store import schema_parts
from invsync_tui.store.connection import VERSION, Say
from invsync_tui.store.database import open_store
from invsync_tui.store.errors import StoreBrokenError, StoreForeignError
from invsync_tui.store.file import backups, check, disks, temporary_files
from invsync_tui.store.file import restore as restoring
from invsync_tui.store.file.check import Problem

__all__ = ["Copy", "Problem", "Restored", "Soundness", "backup", "backup_in", "check_store", "disk_remark", "restore"]


@dataclass(frozen=True, slots=True)
class Copy:
    """A backup that was made and verified."""

    store: str
    path: str
    schema: int
    bytes: int
    removed: tuple[str, ...] = ()
    """Older backups in the same folder that were removed, oldest first."""


@dataclass(frozen=True, slots=True)
class Restored:
    """A backup in the place of the store, and where the store of before is; None if there was none."""

    store: str
    backup: str
    schema: int
    former: str | None


@dataclass(frozen=True, slots=True)
class Soundness:
    """What a check found. `unchecked`: what could not be looked at, and why. `leftovers`: files that are not needed."""

    store: str
    problems: tuple[Problem, ...]
    unchecked: tuple[str, ...]
    backups: tuple[str, ...]
    leftovers: tuple[str, ...]

    @property
    def advice(self) -> str:
        """What to do about the problems."""
        newest = self.backups[0] if self.backups else "BACKUP"
        command = backups.restore_command(Path(self.store), Path(newest))
        return f"Keep a copy of the file, then put a backup in its place: {command}"


def disk_remark(store: Path) -> str:
    """What to say of the disk that a store is on; '' where nothing is known against it."""
    kind = disks.network_kind(store)
    if not kind:
        return ""
    return (
        f"{store}: this is on a network disk ({kind}). What SQLite keeps beside a store works for the programs of one machine at "
        "most, and less than that on many network disks: a store can be damaged there. Keep it on a local disk; backups can "
        "be on this one."
    )


def backup(session: Session, target: Path) -> Copy:
    """Copy the store to a new file, whatever is written meanwhile; verified, with the store's mode."""
    path = expanded(str(target))
    if path.is_dir():
        raise OperationError(
            f"{path}: this is a folder. Name the file: invsync db backup {shlex.quote(str(path / 'store.backup'))}"
        )
    with as_operation_error():
        session.store.check_still_there()
        made = backups.make(session.path, path)
    return Copy(str(session.path.absolute()), str(path.absolute()), made.schema, made.size)


def backup_in(session: Session, folder: Path, keep: int) -> Copy:
    """Copy the store into a folder under a name with the time, then remove the oldest of such copies beyond `keep`.

    Nothing is removed unless the new copy was verified; whatever has another name stays.
    """
    if session.read_only:
        raise RefusedError("Refused to remove old backups: this session is read-only. Start it without --read-only.")
    place = expanded(str(folder))
    if not place.is_dir():
        raise OperationError(f"{place}: --keep needs a folder that exists.")
    with as_operation_error():
        session.store.check_still_there()
        made, removed = backups.make_in(session.path, place, keep)
    return Copy(
        str(session.path.absolute()),
        str(made.path.absolute()),
        made.schema,
        made.size,
        tuple(str(path.absolute()) for path in removed),
    )


def restore(store: Path, copy: Path, *, read_only: bool, say: Say) -> Restored:
    """Put a backup in the place of the store; the store of before is kept. Refused while anybody works with it."""
    if read_only:
        raise RefusedError("Refused to restore a backup: this session is read-only. Start it without --read-only.")
    right_to(store, Right.SETTINGS, "restore a backup")
    with as_operation_error():
        restored = restoring.restore(store, expanded(str(copy)), operator_name(store), say)
    former = None if restored.former is None else str(restored.former)
    return Restored(str(store.absolute()), str(restored.backup.path.absolute()), restored.backup.schema, former)


def check_store(store: Path, *, read_only: bool, say: Say) -> Soundness:
    """Read the whole store and compare what it says with itself. Writes nothing."""
    problems: list[Problem] = []
    unchecked: list[str] = []
    with as_operation_error():
        try:
            opened = open_store(store, read_only=read_only or _has_two_names(store), say=say, any_name=True)
        except (StoreBrokenError, StoreForeignError) as error:
            if isinstance(error, StoreForeignError) and not os.path.getsize(store):  # noqa: PTH202
                raise
            problems.append(Problem("file", error.what, 1))
        else:
            try:
                problems += _looked_at(opened, unchecked)
            finally:
                opened.close()
    if _has_two_names(store):
        text = "the file has a second name; each name would have a log of its own, and damage the store"
        problems.append(Problem("names", text, 1, f"find it: find / -xdev -samefile {shlex.quote(str(store))}"))
    return Soundness(
        str(store.absolute()),
        tuple(problems),
        tuple(unchecked),
        tuple(str(path) for path in backups.of_schema(store)),
        tuple(str(path) for path in temporary_files.abandoned(store)),
    )


def _has_two_names(store: Path) -> bool:
    return store.exists() and store.stat().st_nlink > 1


def _looked_at(opened, unchecked: list[str]) -> list[Problem]:  # type: ignore[no-untyped-def]
    problems: list[Problem] = []
    with opened.reading() as cx:
        problems += check.structure(cx, whole=True)
        problems += check.rules(cx)
        try:
            if VERSION not in schema_parts.versions_of(cx):
                problems.append(Problem("schema", f"tables or indexes differ from those of schema {VERSION}", 1))
        except Exception as error:
            problems.append(Problem("schema", f"the list of tables cannot be read: {error}", 1))
    if opened.read_only:
        unchecked.append("the search index: that needs the right to write")
        return problems
    with opened.reading() as cx:
        problems += check.search_indexes(cx)
    return problems
