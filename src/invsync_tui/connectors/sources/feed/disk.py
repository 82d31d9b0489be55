"""Files of a folder on this machine, or on a network disk that is mounted here."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from invsync_tui.connectors.addresses import expanded
from invsync_tui.connectors.errors import ConnectorError, NotConfiguredError, PermissionDeniedError, UnavailableError
from invsync_tui.connectors.sources.feed.about import RESTS
from invsync_tui.connectors.sources.feed.places import FeedFile, matching

Result = TypeVar("Result")
PIECE = 1 << 20
LOCAL = frozenset({"bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "tmpfs", "xfs", "zfs"})
"""Kinds of file systems whose times are of this machine's clock."""
MOUNTS = Path("/proc/self/mountinfo")
SLOWEST = 1_000_000
"""Bytes per second below which a disk is given up."""


class DiskPlace:
    """A folder. Blocking calls run in threads, with the connection's deadline."""

    shows_growth = True
    clock_offset = None

    def __init__(self, folder: Path, archive: str, deadline: float, name: str) -> None:
        self._folder, self._deadline, self._name = folder, deadline, name
        self._archive = folder / expanded(archive) if archive else None
        self._wanted: set[str] = set()

    async def open(self) -> None:
        """NotConfiguredError where there is no such folder."""
        if not await self._in_thread(self._folder.is_dir):
            raise NotConfiguredError(
                f"{self._folder} is not a folder here.", where=self._name, advice="Correct the address."
            )

    async def close(self) -> None:
        """Do nothing: no connection stays open between reads."""

    async def files(self, name: str) -> Sequence[FeedFile]:
        return await self._in_thread(self._files, name)

    def _files(self, name: str) -> list[FeedFile]:
        files_by_name = {entry: self._entry(self._folder / entry) for entry in matching(_names(self._folder), name)}
        if self._archive is not None and self._archive.is_dir():
            for old in matching(_names(self._archive), name):
                if files_by_name.get(old) is None:
                    entry = self._entry(self._archive / old)
                    files_by_name[old] = entry._replace(archived=True) if entry else None
        return [file for file in files_by_name.values() if file is not None]

    @staticmethod
    def _entry(path: Path) -> FeedFile | None:
        try:
            status = path.stat()
        except FileNotFoundError:
            return None
        return FeedFile(path.name, status.st_size, int(status.st_mtime)) if stat.S_ISREG(status.st_mode) else None

    def _path(self, file: FeedFile) -> Path:
        return (self._archive if file.archived and self._archive else self._folder) / file.name

    async def look(self, file: FeedFile) -> FeedFile | None:
        entry = await self._in_thread(self._entry, self._path(file))
        return entry._replace(archived=file.archived) if entry else None

    async def at_rest(self, file: FeedFile) -> bool:
        """Whether it lies on a disk of this machine and did not change for RESTS seconds: by the time of its last change of
        any kind, which no program sets and a copy does not take over."""
        return await self._in_thread(self._at_rest, self._path(file))

    @staticmethod
    def _at_rest(path: Path) -> bool:
        try:
            age = time.time() - path.stat().st_ctime
        except OSError:
            return False
        return age > RESTS and _is_local(path)

    async def has(self, name: str) -> bool:
        return await self._in_thread((self._folder / name).is_file)

    async def fetch(self, file: FeedFile, target: Path, most: int) -> FeedFile:
        seconds = self._deadline + (file.size or 0) / SLOWEST
        await self._in_thread(self._copy, self._path(file), target, most, seconds=seconds)
        return file

    def _copy(self, path: Path, target: Path, most: int) -> None:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as source, target.open("wb") as copy:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise NotConfiguredError(f"{path} is not a file.", where=self._name)
            size = 0
            while piece := source.read(PIECE):
                size += len(piece)
                if size > most:
                    raise too_large(path.name, most, self._name)
                copy.write(piece)

    async def archive(self, names: Sequence[str]) -> None:
        if self._archive is not None:
            await self._in_thread(self._move, names)

    def _move(self, names: Sequence[str]) -> None:
        if self._archive is None:
            return
        self._archive.mkdir(mode=0o770, exist_ok=True)
        for name in names:
            for moved in (name, f"{name}.done"):
                source = self._folder / moved
                if source.is_file():
                    shutil.move(source, self._archive / moved)

    async def _in_thread(self, work: Callable[..., Result], *args: object, seconds: float = 0.0) -> Result:
        try:
            async with asyncio.timeout(seconds or self._deadline):
                return await asyncio.to_thread(work, *args)
        except TimeoutError:
            raise UnavailableError(f"{self._folder} does not answer.", where=self._name) from None
        except OSError as error:
            raise disk_error(error, self._folder, self._name) from error


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def too_large(file: str, most: int, where: str) -> ConnectorError:
    """The file has more bytes than the option allows."""
    return NotConfiguredError(
        f"{file} has more than {most // 1_000_000} MB.", where=where, advice="Raise the option max_size."
    )


def disk_error(error: OSError, path: Path, where: str) -> ConnectorError:
    """What an error of the system means."""
    name = error.filename or path
    if isinstance(error, PermissionError):
        return PermissionDeniedError(
            f"{name} may not be read or written by this user.", where=where,
            advice="Give the user of the sync access to the folder.",
        )  # fmt: skip
    return UnavailableError(f"{name}: {error.strerror or error}.", where=where)


def _is_local(path: Path) -> bool:
    """Whether the file system of a path is of this machine; False where that cannot be told."""
    try:
        real = path.resolve()
        lines = MOUNTS.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return False
    best, kind = -1, ""
    for line in lines:
        # 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw (proc_pid_mountinfo(5)); the later one is on top
        before, _, behind = line.partition(" - ")
        at = Path(before.split(" ")[4].replace("\\040", " ")) if before.count(" ") >= 4 else Path("?")
        if real.is_relative_to(at) and len(at.parts) >= best:
            best, kind = len(at.parts), behind.partition(" ")[0]
    return kind in LOCAL
