"""Limits of an hour, a day or another long time, that a vendor has for all requests or for one operation.

What was spent is kept in a file beside the store, in slots of a 24th of the limit's time, so that a restart forgets nothing and
several processes share one budget. It is taken from the file in small pieces; who is killed has spent its piece. A limit counts
over any stretch of its time, not from midnight on: whoever counts so is within the vendor's count too.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from invsync_tui import clock
from invsync_tui.connectors.errors import NotConfiguredError

HOUR, DAY = 3600, 86_400
SLOTS = 24
PIECES = 200
"""A piece is a 200th of a limit."""
FILE_MOST = 256 * 1024


@dataclass(frozen=True, slots=True)
class NamedLimit:
    """At most `most` requests within `seconds`. `counts` (method, path) says which ones; all of them without."""

    name: str
    """What a person calls it, such as `requests per day`: it stands in the sentence about the wait."""
    most: int
    seconds: int
    counts: Callable[[str, str], bool] = lambda method, path: True


def _ours(descriptor: int) -> None:
    os.fchmod(descriptor, stat.S_IRUSR | stat.S_IWUSR)


@dataclass(slots=True)
class QuotaStore:
    """What was spent of the limits of one connection. `path` None: for as long as this object lives."""

    path: Path | None = None
    give: Callable[[int], None] = _ours
    """Gives a new file its mode and group."""
    folder_mode: int = stat.S_IRWXU
    _memory: dict[str, dict[str, int]] = field(default_factory=dict)

    def take(self, limit: NamedLimit, count: int) -> float:
        """Spend `count` requests; 0.0 where they were there, else the seconds after which they will be, and none is spent.

        Blocks for a moment. NotConfiguredError where the file cannot be used: a budget that is forgotten would be overdrawn.
        """
        with self._opened() as spent:
            slots = spent.setdefault(limit.name, {})
            wait = _wait(slots, limit, count, clock.now())
            if not wait:
                now = str(_slot(limit, clock.now()))
                slots[now] = slots.get(now, 0) + count
            return wait

    def spent(self, limit: NamedLimit) -> int:
        """What was spent within the limit's time until now."""
        with self._opened(write=False) as spent:
            return sum(_counted(spent.get(limit.name, {}), limit, clock.now()).values())

    @contextlib.contextmanager
    def _opened(self, *, write: bool = True) -> Iterator[dict[str, dict[str, int]]]:
        if self.path is None:
            yield self._memory
            return
        try:
            self.path.parent.mkdir(mode=self.folder_mode, exist_ok=True)
            lock = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _unusable(self.path, error) from error
        try:
            with contextlib.suppress(OSError):  # who does not own it cannot, and need not
                self.give(lock)
            fcntl.flock(lock, fcntl.LOCK_EX)
            spent = self._read(self.path)
            yield spent
            if write:
                self._replace(self.path, spent)
        except OSError as error:
            raise _unusable(self.path, error) from error
        finally:
            os.close(lock)

    @staticmethod
    def _read(path: Path) -> dict[str, dict[str, int]]:
        try:
            known = json.loads(path.read_bytes()[:FILE_MOST])
            return {str(name): {str(at): int(n) for at, n in slots.items()} for name, slots in known.items()}
        except FileNotFoundError:
            return {}
        except (ValueError, AttributeError, TypeError) as error:
            raise OSError(f"it holds no counts: {error}") from error

    def _replace(self, path: Path, spent: dict[str, dict[str, int]]) -> None:
        part = path.with_suffix(".part")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with contextlib.suppress(OSError):
                self.give(descriptor)
            os.write(descriptor, json.dumps(spent).encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        part.replace(path)


def _unusable(path: Path, error: OSError) -> NotConfiguredError:
    return NotConfiguredError(
        f"What was spent of a rate limit cannot be kept in {path}: {error.strerror or error}.",
        advice="Give the user of the sync access to the folder; a broken file may be deleted once the limit's time is over.",
    )


def _slot(limit: NamedLimit, now: float) -> int:
    return int(now * SLOTS // limit.seconds)


def _counted(slots: dict[str, int], limit: NamedLimit, now: float) -> dict[int, int]:
    """The slots that count; older ones are dropped. One of a clock that was far ahead counts no more than one of now."""
    current = _slot(limit, now)
    for at in [at for at in slots if not current - SLOTS <= int(at) <= current + SLOTS]:
        del slots[at]
    return {int(at): count for at, count in slots.items()}


def _wait(slots: dict[str, int], limit: NamedLimit, count: int, now: float) -> float:
    counted = _counted(slots, limit, now)
    over = sum(counted.values()) + count - limit.most
    if over <= 0:
        return 0.0
    width = limit.seconds / SLOTS
    for at in sorted(counted):
        over -= counted[at]
        if over <= 0:
            return max(1.0, (at + SLOTS + 1) * width - now)
    return float(limit.seconds)  # more than the limit allows at all


class NamedLimits:
    """The limits of one connection, each with the piece that was taken of it and not used yet."""

    def __init__(self, store: QuotaStore, limits: Sequence[NamedLimit]) -> None:
        self._store, self.limits = store, tuple(limits)
        self._pieces = dict.fromkeys((limit.name for limit in limits), 0)
        self._turn = asyncio.Lock()

    async def wait_for(self, method: str, path: str) -> tuple[float, str]:
        """(0.0, '') where the request may be sent, which counts as sent; else the seconds until then, and the limit's name."""
        mine = [limit for limit in self.limits if limit.counts(method, path)]
        async with self._turn:
            for limit in mine:
                if not self._pieces[limit.name] and (wait := await asyncio.to_thread(self._fill, limit)):
                    return wait, limit.name
            for limit in mine:
                self._pieces[limit.name] -= 1
        return 0.0, ""

    def _fill(self, limit: NamedLimit) -> float:
        piece = max(1, limit.most // PIECES)
        wait = self._store.take(limit, piece)
        if wait and piece > 1:  # what is left is less than a piece
            piece, wait = 1, self._store.take(limit, 1)
        if not wait:
            self._pieces[limit.name] = piece
        return wait

    def texts(self) -> list[str]:
        """Each limit with what was spent of it, for the connection test."""
        return [f"{limit.name}: {self._store.spent(limit)} of {limit.most} spent" for limit in self.limits]
