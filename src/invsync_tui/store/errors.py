"""What can go wrong with the store, each with what to do next. The file is left as it was."""

from __future__ import annotations

import errno
import shlex
import sqlite3
from pathlib import Path


class StoreError(Exception):
    """Base of all: `what` happened to the store at `path`, and `advice`."""

    def __init__(self, path: Path | str, what: str, advice: str) -> None:
        self.path = str(path)
        self.what = what
        self.advice = advice
        super().__init__(f"{self.path}: {what} {advice}")


class StoreMissingError(StoreError):
    """There is no file."""


class StoreForeignError(StoreError):
    """The file is no database, or a database of another program."""


class StoreNewerError(StoreError):
    """A newer program has written it."""


class StoreBusyError(StoreError):
    """Another process holds the write lock for longer than we wait."""


class StoreInUseError(StoreError):
    """A worker or another program has it open, and what was asked for needs it for itself."""


class StoreReplacedError(StoreError):
    """The file that was opened is no longer the one behind the store's name."""


class StoreReadOnlyError(StoreError):
    """The file or its folder may not be written."""


class StoreFullError(StoreError):
    """No space left where the store is. Nothing of the transaction was kept; it can be repeated."""


class StoreBrokenError(StoreError):
    """The file is damaged, or the disk fails."""


_FULL = frozenset(
    {"SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_FSYNC", "SQLITE_IOERR_TRUNCATE"}
)
_BUSY = frozenset(
    {"SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_BUSY_SNAPSHOT", "SQLITE_BUSY_RECOVERY", "SQLITE_BUSY_TIMEOUT"}
)


def _full(path: Path | str) -> StoreFullError:
    return StoreFullError(
        path, "there is no space left on its disk.", "Make room; the work continues where it stopped."
    )


def busy(path: Path | str) -> StoreBusyError:
    """The StoreError for a write that others kept waiting for too long."""
    return StoreBusyError(path, "another process is writing and did not finish in time.", "Try again in a moment.")


def unwritable(error: OSError, path: Path | str) -> StoreError:
    """The StoreError for a file or folder that could not be made."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _full(path)
    return StoreReadOnlyError(path, f"it cannot be created: {error.strerror}.", "Choose another path with --store.")


def translate(error: sqlite3.Error | UnicodeDecodeError, path: Path | str) -> StoreError:
    """The StoreError for a driver's error; a text that is none means damage."""
    name = getattr(error, "sqlite_errorname", "") or ""
    if name in _FULL:
        return _full(path)
    if name in _BUSY:
        return busy(path)
    if name.startswith("SQLITE_READONLY"):
        return StoreReadOnlyError(
            path, "it may not be written.", "Check the owner and mode of the file and its folder."
        )
    if name.startswith("SQLITE_CANTOPEN"):
        return StoreReadOnlyError(path, "it cannot be opened.", "Check the path, and that its folder may be written.")
    if name == "SQLITE_NOTADB":
        return StoreForeignError(path, "this file is not a database.", "Choose another file with --store.")
    return StoreBrokenError(
        path,
        f"the database reports: {error}.",
        f"Find out what is damaged: invsync --store {shlex.quote(str(path))} db check.",
    )
