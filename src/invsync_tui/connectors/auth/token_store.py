"""Keeps the tokens of one connection in a file of its own: an access token until it runs out, and what renews it.

A token that the other system replaces with each use must not be lost and not be used by two processes at once. So whoever
renews one holds a lock of the kernel, and the file is replaced as a whole: a process that is killed at any moment leaves
the file of before or the file of after, and a mark where it was about to renew. The file belongs to a login at an address:
where either is changed, it is as if there were none.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import json
import os
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from invsync_tui import clock
from invsync_tui.connectors.errors import NotConfiguredError, UnavailableError
from invsync_tui.connectors.network.http_log import remember_secret

FILE_MOST = 64 * 1024
"""Bytes of a file of tokens."""
LOOK = 0.05
"""Seconds between attempts to take the lock."""
VERSION = 1


@dataclass(frozen=True, slots=True)
class Token:
    """What a system gave for a login. Times are epoch seconds; None: it lasts until it is withdrawn."""

    access: str
    obtained_at: int
    expires_at: int | None = None
    refresh: str = ""
    """What a new access token is asked for with; '' where that is done with the connection's secret alone."""
    refresh_expires_at: int | None = None
    signed_in: bool = False
    """A person logged in for it: without one it cannot be had again."""
    renewing: bool = False
    """A process was about to renew it, and has not stored what came of that."""

    def usable(self, now: float, before: float) -> bool:
        """Whether the access token is good for `before` more seconds. Not one that seems to come from the future: a clock
        that was set back would have it last for ever."""
        if self.renewing or not self.access or clock.age(self.obtained_at, now) is None:
            return False
        return self.expires_at is None or now < self.expires_at - before

    @property
    def login_ends_at(self) -> int | None:
        """When somebody has to log in again unless it is renewed before; None: not by itself."""
        return self.refresh_expires_at if self.refresh else self.expires_at


def subject_of(system: str, url: str, login: str, secret: str) -> str:
    """What a file of tokens belongs to. `secret` is the reference: with another secret the tokens are asked for anew."""
    return hashlib.sha256("\n".join((system, url, login, secret)).encode()).hexdigest()


def _ours(descriptor: int) -> None:
    os.fchmod(descriptor, stat.S_IRUSR | stat.S_IWUSR)


class TokenStore:
    """The tokens of one connection. `give` gives an open file its mode and group, for users who share a store."""

    def __init__(
        self,
        path: Path,
        subject: str,
        *,
        give: Callable[[int], None] = _ours,
        folder_mode: int = stat.S_IRWXU,
        owned_as: Path | None = None,
        read_only: bool = False,
    ) -> None:
        self.path = path
        self.read_only = read_only
        """A session that may change nothing: what is stored is used, and nothing is renewed."""
        self._subject, self._give, self._folder_mode = subject, give, folder_mode
        self._owned_as = owned_as
        """What root makes here gets the owner of this file: the service that has to use it is seldom root."""

    def read(self) -> Token | None:
        """What is stored; None where there is nothing, or nothing for this login. NotConfiguredError for a file that this
        user may not read."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unusable("read", error) from error
        try:
            content = os.read(descriptor, FILE_MOST)
        except OSError as error:
            raise self._unusable("read", error) from error
        finally:
            os.close(descriptor)
        token = self._parsed(content)
        if token is not None:
            remember_secret(token.access, f"access token {self.path}")
            if token.refresh:
                remember_secret(token.refresh, f"refresh token {self.path}")
        return token

    def _parsed(self, content: bytes) -> Token | None:
        """None too for a file that somebody else wrote over: then one logs in again."""
        try:
            document = json.loads(content)
            if document["version"] != VERSION or document["subject"] != self._subject:
                return None
            token = Token(**document["token"])
        except (ValueError, KeyError, TypeError):
            return None
        times = (token.obtained_at, token.expires_at or 0, token.refresh_expires_at or 0)
        whole = all(type(at) is int for at in times)
        return token if whole and all(isinstance(text, str) for text in (token.access, token.refresh)) else None

    @asynccontextmanager
    async def turn(self, seconds: float) -> AsyncIterator[None]:
        """Within it no other process and no other task renews these tokens. UnavailableError where somebody else holds it
        for longer than `seconds`."""
        descriptor = await asyncio.to_thread(self._opened_lock)
        try:
            until = clock.elapsed() + seconds
            while not _taken(descriptor):
                if clock.elapsed() > until:
                    raise UnavailableError(f"Another process has been renewing the login for {seconds:g} s.")
                await asyncio.sleep(LOOK)
            yield
        finally:
            os.close(descriptor)

    def _opened_lock(self) -> int:
        try:
            self._make_folder()
            descriptor = os.open(
                self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
            )
        except OSError as error:
            raise self._unusable("locked", error) from error
        self._hand_over(descriptor)
        return descriptor

    def _hand_over(self, descriptor: int) -> None:
        """Give an open file its mode, its group and, as far as the system lets us, its owner."""
        with contextlib.suppress(OSError):
            self._give(descriptor)
        with contextlib.suppress(OSError):
            if os.geteuid() == 0 and self._owned_as is not None:
                os.fchown(descriptor, self._owned_as.stat().st_uid, -1)

    def _make_folder(self) -> None:
        folder = self.path.parent
        if folder.is_dir():
            return
        folder.mkdir(mode=stat.S_IRWXU, exist_ok=True)
        folder.chmod(self._folder_mode)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with contextlib.suppress(OSError):
                like = (self._owned_as or folder.parent).stat()
                os.fchown(descriptor, like.st_uid if os.geteuid() == 0 else -1, like.st_gid)
        finally:
            os.close(descriptor)

    async def replace(self, token: Token) -> None:
        """Store these instead of the present ones; they are on the disk when it returns. Within `turn`."""
        remember_secret(token.access, f"access token {self.path}")
        if token.refresh:
            remember_secret(token.refresh, f"refresh token {self.path}")
        document = {"version": VERSION, "subject": self._subject, "token": asdict(token)}
        writing = asyncio.ensure_future(asyncio.to_thread(self._write, json.dumps(document).encode()))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            # What came of a renewal is stored all the same, before the lock is freed.
            await asyncio.wait({writing})
            raise

    async def begin(self, token: Token) -> None:
        """Note that `token` is about to be renewed: whoever comes after a kill knows why it may be refused."""
        await self.replace(replace(token, renewing=True))

    async def forget(self) -> None:
        """Store none. Within `turn`."""

        def remove() -> None:
            with contextlib.suppress(FileNotFoundError):
                self.path.unlink()

        try:
            await asyncio.to_thread(remove)
        except OSError as error:
            raise self._unusable("removed", error) from error

    def _write(self, content: bytes) -> None:
        # Of one name: whoever holds the lock is alone, and what a killed process left behind is written over.
        new_file = self.path.with_suffix(".new")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            self._make_folder()
            with contextlib.suppress(FileNotFoundError):
                new_file.unlink()
            descriptor = os.open(new_file, flags, 0o600)
            try:
                self._hand_over(descriptor)
                os.write(descriptor, content)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            new_file.replace(self.path)
            folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise self._unusable("written", error) from error

    def _unusable(self, what: str, error: OSError) -> NotConfiguredError:
        return NotConfiguredError(
            f"The tokens of the login, {self.path}, cannot be {what} ({error.strerror or error}).",
            advice="Correct the owner and mode of the file and its folder.",
        )


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
