"""Files of a folder on an SSH server, by SFTP. Host keys are always verified, by a known_hosts file."""

from __future__ import annotations

import asyncio
import posixpath
import shlex
import stat
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from invsync_tui.connectors import secrets
from invsync_tui.connectors.about import SECRET
from invsync_tui.connectors.addresses import expanded
from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.errors import (
    AuthError,
    ConnectorError,
    ContractError,
    NotConfiguredError,
    PermissionDeniedError,
    UnavailableError,
)
from invsync_tui.connectors.network.network_errors import Route, explain
from invsync_tui.connectors.sources.feed.about import PASSPHRASE, SECRETS
from invsync_tui.connectors.sources.feed.disk import too_large
from invsync_tui.connectors.sources.feed.places import MARKER, FeedFile, matching

Result = TypeVar("Result")
KNOWN_HOSTS = "~/.ssh/known_hosts"
NAMES_MOST = 100_000
"""Names in a folder that are looked at."""
SLOWEST = 50_000
"""Bytes per second below which a file is given up."""


class SftpPlace:
    """A folder on a server. With `key_file` and no passphrase of its own, the secret is the passphrase of the key."""

    shows_growth = True
    clock_offset = None

    def __init__(self, connection: Connection, folder: str, archive: str) -> None:
        self._connection, self._deadline = connection, connection.deadline
        # `/~/` is the home folder, as in other programs: SFTP resolves relative paths from there.
        self._folder = folder[3:] or "." if folder.startswith("/~/") else folder or "/"
        self._archive = posixpath.join(self._folder, archive) if archive else ""
        self._ssh: Any = None
        self._sftp: Any = None

    async def open(self) -> None:
        """Log in. NotConfiguredError for a host key that is not known, AuthError for a refused login."""
        library = await asyncio.to_thread(_library)
        parts = urlsplit(self._connection.url)
        async with self._errors_in_words():
            keys, password = await self._credentials(library)
            known_hosts = await self._known_hosts(library)
            self._ssh = await library.connect(
                parts.hostname, parts.port or 22, username=self._connection.login or None, password=password,
                client_keys=keys, known_hosts=known_hosts, config=None, agent_path=None, gss_host=None,
                connect_timeout=self._deadline, login_timeout=self._deadline, keepalive_interval=15,
            )  # fmt: skip
            self._sftp = await self._within(self._ssh.start_sftp_client())

    async def _credentials(self, library: Any) -> tuple[Any, str | None]:
        """(keys, password). With a passphrase of its own the secret stays the password, for servers that want both."""
        secret = await secrets.resolve_part(self._connection, SECRETS, SECRET)
        passphrase = await secrets.resolve_part(self._connection, SECRETS, PASSPHRASE)
        named = self._connection.options.get("key_file", "").strip()
        if not named:
            return None, secret
        try:
            # An encrypted key takes a moment to open, on purpose.
            opened_by = passphrase or secret or None
            key = await asyncio.to_thread(library.read_private_key, expanded(named), opened_by)
        except (OSError, library.KeyImportError, library.KeyEncryptionError) as error:
            raise NotConfiguredError(
                f"The key {named} cannot be read: {error}.", where=self._connection.name,
                advice="Correct the option key_file, or the key's passphrase: --secret NAME=REFERENCE, where NAME is passphrase.",
            ) from error  # fmt: skip
        return [key], (secret or None) if passphrase else None

    async def _known_hosts(self, library: Any) -> Any:
        named = self._connection.options.get("known_hosts", "").strip() or KNOWN_HOSTS
        try:
            return await asyncio.to_thread(library.read_known_hosts, str(expanded(named)))
        except (OSError, ValueError) as error:
            raise NotConfiguredError(
                f"The file of known host keys {named} cannot be read: {error}.", where=self._connection.name,
                advice=self._scan(),
            ) from error  # fmt: skip

    def _scan(self) -> str:
        parts = urlsplit(self._connection.url)
        named = self._connection.options.get("known_hosts", "").strip() or KNOWN_HOSTS
        host = shlex.quote(parts.hostname or "")
        return (
            f"Ask the server's owner for the fingerprint of its key, compare it with that of: ssh-keyscan -p "
            f"{parts.port or 22} {host}  Then add the line to {named}."
        )

    async def close(self) -> None:
        ssh, self._ssh, self._sftp = self._ssh, None, None
        if ssh is not None:
            ssh.abort()
            await ssh.wait_closed()

    async def files(self, name: str) -> Sequence[FeedFile]:
        files = await self._listed(self._folder, name)
        if self._archive:
            names = {file.name for file in files}
            try:
                old = await self._listed(self._archive, name)
            except UnavailableError:
                old = []  # the archive is made when the first file goes there
            files += [file._replace(archived=True) for file in old if file.name not in names]
        return files

    async def _listed(self, folder: str, name_or_pattern: str) -> list[FeedFile]:
        by_name = await self._within(self._entries(folder))
        files = []
        for name in matching(by_name, name_or_pattern):
            attrs = by_name[name]
            if attrs.permissions is not None and stat.S_ISLNK(attrs.permissions):
                attrs = await self._within(self._sftp.stat(posixpath.join(folder, name)))
            if attrs.permissions is None or stat.S_ISREG(attrs.permissions):
                files.append(_file(name, attrs))
        return files

    async def _entries(self, folder: str) -> dict[str, Any]:
        """Attributes by name; ContractError for a folder without end."""
        by_name: dict[str, Any] = {}
        async for entry in self._sftp.scandir(folder):
            by_name[entry.filename] = entry.attrs
            if len(by_name) > NAMES_MOST:
                raise ContractError(f"The folder has more than {NAMES_MOST} files.", where=self._connection.name)
        return by_name

    def _path(self, file: FeedFile) -> str:
        return posixpath.join(self._archive if file.archived else self._folder, file.name)

    async def look(self, file: FeedFile) -> FeedFile | None:
        try:
            attrs = await self._within(self._sftp.stat(self._path(file)))
        except UnavailableError:
            return None
        return _file(file.name, attrs)._replace(archived=file.archived)

    async def has(self, name: str) -> bool:
        return bool(await self._within(self._sftp.exists(posixpath.join(self._folder, name))))

    async def fetch(self, file: FeedFile, target: Path, most: int) -> FeedFile:
        def watch(_: object, __: object, copied: int, ___: int) -> None:
            if copied > most:
                raise too_large(file.name, most, self._connection.name)

        if (file.size or 0) > most:
            raise too_large(file.name, most, self._connection.name)
        seconds = self._deadline + (file.size or 0) / SLOWEST
        await self._within(
            self._sftp.get(self._path(file), str(target), follow_symlinks=True, progress_handler=watch), seconds
        )
        return file

    async def archive(self, names: Sequence[str]) -> None:
        if not self._archive:
            return
        await self._within(self._sftp.makedirs(self._archive, exist_ok=True))
        for name in names:
            for moved in (name, name + MARKER):
                source = posixpath.join(self._folder, moved)
                if await self._within(self._sftp.exists(source)):
                    await self._move(source, posixpath.join(self._archive, moved))

    async def _move(self, source: str, target: str) -> None:
        library = _library()
        async with self._errors_in_words():
            try:
                await self._within(self._sftp.posix_rename(source, target))
            except library.SFTPOpUnsupported:
                await self._within(self._sftp.rename(source, target))

    async def _within(self, call: Awaitable[Result], seconds: float = 0.0) -> Result:
        """What a call to the server gives. Where it is given up, by its deadline or by a cancel, so is the connection: the
        library waits for an answer to its own cleaning up, and a server that hangs gives none."""
        async with self._errors_in_words(), asyncio.timeout(seconds or self._deadline):
            work = asyncio.ensure_future(call)
            try:
                return await asyncio.shield(work)
            except asyncio.CancelledError:
                self._ssh.abort()
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)
                raise

    @asynccontextmanager
    async def _errors_in_words(self) -> AsyncIterator[None]:
        """The library's errors as the connection's."""
        library = _library()
        try:
            yield
        except (ConnectorError, library.SFTPOpUnsupported):
            raise
        except (library.Error, OSError, TimeoutError, ValueError) as error:
            raise self._as_ours(library, error) from error

    def _as_ours(self, library: Any, error: Exception) -> ConnectorError:
        where = self._connection.name
        if isinstance(error, library.HostKeyNotVerifiable):
            return NotConfiguredError(
                "The server's host key is not known, or is another one.", where=where, advice=self._scan()
            )
        if isinstance(error, library.PermissionDenied):
            return AuthError("The SSH server refused the login.", where=where)
        for kinds, made, words in (
            ((library.SFTPNoSuchFile, library.SFTPNoSuchPath), UnavailableError, "It is not on the server"),
            ((library.SFTPPermissionDenied,), PermissionDeniedError, "The server refused"),
            ((library.SFTPError,), UnavailableError, "The server failed"),
            ((library.DisconnectError,), UnavailableError, "The connection ended"),
            ((library.Error,), ContractError, "The SSH server answered something unexpected"),
        ):
            if isinstance(error, kinds):
                return made(f"{words}: {error}.", where=where)
        return explain(error, Route(self._connection.url), where, self._deadline)


def _file(name: str, attrs: Any) -> FeedFile:
    return FeedFile(name, attrs.size, None if attrs.mtime is None else int(attrs.mtime))


def _library() -> Any:
    try:
        import asyncssh
    except ImportError as error:
        raise NotConfiguredError(
            "SFTP needs a library that is not installed.", advice='Run: pip install "invsync-tui[sftp]"'
        ) from error
    return asyncssh
