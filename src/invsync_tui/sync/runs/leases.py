"""Single flight: a kernel lock per pull and per cart on this machine, and an epoch in the store that fences stragglers.

The kernel frees a lock the moment its holder dies, so a takeover needs no clock.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from invsync_tui import clock
from invsync_tui.store.database import Store
from invsync_tui.store.file import locks
from invsync_tui.store.runs import workers as rows

LEASE_SECONDS = 60
"""For display: how long a lease is good for without renewal."""
WORKERS = locks.WORKERS


def _folder(store: Path) -> Path:
    return locks.folder(store)


def _open(store: Path, key: str) -> int:
    return locks.open_lock(store, key)


@dataclass(slots=True)
class Lease:
    """A held key. Release it, or die: both free it."""

    key: str
    epoch: int
    _descriptor: int

    @contextmanager
    def transaction(self, store: Store) -> Iterator[sqlite3.Connection]:
        """A write that a successor's takeover refuses: FencedError instead of an older value over a newer one."""
        with store.transaction() as tx:
            rows.check(tx, self.key, self.epoch)
            yield tx

    def release(self) -> None:
        """Free the key; may be called twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def acquire(store: Store, key: str, holder: str) -> Lease | None:
    """Take a key, or None while a living process (or another task of this one) holds it. Raises the epoch."""
    descriptor = _open(store.path, key)
    try:
        if not locks.try_lock(descriptor, fcntl.LOCK_EX):
            os.close(descriptor)
            return None
        with store.transaction() as tx:
            epoch = rows.acquire(tx, key, holder, clock.seconds() + LEASE_SECONDS)
    except BaseException:
        os.close(descriptor)
        raise
    return Lease(key, epoch, descriptor)


class WorkerPresence:
    """The shared lock that tells others that a worker of this store is alive; `held` until closed."""

    def __init__(self, store: Path) -> None:
        self._descriptor = _open(store, WORKERS)
        locks.share(self._descriptor)

    def close(self) -> None:
        """No longer there; may be called twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def worker_alive(store: Path) -> bool:
    """Whether any worker process of this store is alive on this machine. Needs no right to write."""
    return locks.is_held(store, WORKERS)


def holder_alive(store: Path, key: str) -> bool:
    """Whether a living process holds a key."""
    return locks.is_held(store, key)
