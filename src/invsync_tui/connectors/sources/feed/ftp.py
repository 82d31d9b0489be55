"""Files of a folder on an FTP server, with TLS (`ftps`) or without (`ftp`), by the standard library in a thread."""

from __future__ import annotations

import asyncio
import contextlib
import ftplib
import posixpath
import socket
import ssl
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from invsync_tui.connectors import secrets
from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.errors import AuthError, ConnectorError, ContractError, UnavailableError
from invsync_tui.connectors.network import tls
from invsync_tui.connectors.network.network_errors import Route, explain
from invsync_tui.connectors.sources.feed.disk import too_large
from invsync_tui.connectors.sources.feed.places import MARKER, FeedFile, matching

Result = TypeVar("Result")
IMPLICIT_PORT = 990
"""On it TLS begins at once; on others after the command AUTH TLS."""
SLOWEST = 50_000
"""Bytes per second below which a file is given up."""
PIECE = 256 * 1024
NAMES_MOST = 100_000
"""Names in a folder that are looked at."""


class _Tls(ftplib.FTP_TLS):
    """With TLS from the first byte where the port is for that; data connections go on with the session of the commands.

    Many servers refuse a data connection with a session of its own, since it might be somebody else's.
    """

    implicit = False

    def connect(self, *args: Any, **more: Any) -> str:
        if not self.implicit:
            return super().connect(*args, **more)
        plain = socket.create_connection((args[0], args[1]), args[2])
        self.host, self.timeout, self.af = args[0], args[2], plain.family
        self.sock = self.context.wrap_socket(plain, server_hostname=self.host)
        self.file = self.sock.makefile("r", encoding=self.encoding)
        self.welcome = self.getresp()
        return self.welcome

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        connection, size = ftplib.FTP.ntransfercmd(self, cmd, rest)  # noqa: S321 (with TLS)
        session = self.sock.session if isinstance(self.sock, ssl.SSLSocket) else None
        return self.context.wrap_socket(connection, server_hostname=self.host, session=session), size


class FtpPlace:
    """A folder on a server. One call at a time; each has a deadline and ends by closing the connection."""

    shows_growth = True
    clock_offset = None

    def __init__(self, connection: Connection, folder: str, archive: str = "") -> None:
        self._connection, self._folder = connection, folder or "/"
        self._archive = posixpath.join(self._folder, archive) if archive else ""
        self._ftp: ftplib.FTP | None = None
        self._lists = True
        """The server knows MLSD."""

    async def open(self) -> None:
        """Log in. AuthError for a refused login, UnavailableError for no answer and for a certificate that is not valid."""
        secret = await secrets.resolve(self._connection.secret)
        context = await tls.context(self._connection) if self._connection.url.startswith("ftps:") else None
        await self._in_thread(self._log_in, secret, context)

    def _log_in(self, secret: str, context: ssl.SSLContext | None) -> None:
        parts, seconds = urlsplit(self._connection.url), self._connection.deadline
        if context is None:
            self._ftp = ftp = ftplib.FTP(encoding="utf-8")  # noqa: S321 (the operator's choice, and the doctor says so)
        else:
            self._ftp = ftp = secure = _Tls(encoding="utf-8", context=context)
            secure.implicit = parts.port == IMPLICIT_PORT
        ftp.connect(parts.hostname or "", parts.port or 21, seconds)
        ftp.login(self._connection.login, secret)
        if isinstance(ftp, ftplib.FTP_TLS):
            ftp.prot_p()
        ftp.voidcmd("TYPE I")

    async def close(self) -> None:
        ftp, self._ftp = self._ftp, None
        if ftp is not None:
            _cut(ftp)
            await asyncio.to_thread(ftp.close)

    async def files(self, name: str) -> Sequence[FeedFile]:
        return await self._in_thread(self._with_archive, name)

    def _with_archive(self, name: str) -> list[FeedFile]:
        """The files of the folder, and those of the archive that have no other of their name in the folder."""
        files = self._files(name)
        if self._archive:
            names = {file.name for file in files}
            try:
                old = self._files(name, self._archive)
            except ftplib.error_perm:
                old = []  # the archive is made when the first file goes there
            files += [file._replace(archived=True) for file in old if file.name not in names]
        return files

    def _files(self, name_or_pattern: str, folder: str = "") -> list[FeedFile]:
        folder = folder or self._folder
        if self._lists:
            try:
                facts = dict(map(_entry, self._lines(f"MLSD {folder}")))
                return [
                    FeedFile(name, _number(facts[name].get("size")), _time(facts[name].get("modify")))
                    for name in matching(facts, name_or_pattern)
                    if facts[name].get("type", "file").lower() == "file"
                ]
            except ftplib.error_perm as error:
                if not str(error).startswith(("500", "501", "502", "504")):
                    raise
                self._lists = False
        try:
            names = [posixpath.basename(name) for name in self._lines(f"NLST {folder}")]
        except ftplib.error_perm as error:
            if not str(error).startswith("550"):  # so some servers say of an empty folder
                raise
            names = []
        found_names = matching(names, name_or_pattern)
        return [file for name in found_names if (file := self._stat(name, folder)) is not None]

    def _lines(self, command: str) -> list[str]:
        """A list that the server sends; ContractError where it has no end."""
        lines: list[str] = []

        def add(line: str) -> None:
            if len(lines) >= NAMES_MOST:
                raise ContractError(f"The folder has more than {NAMES_MOST} files.", where=self._connection.name)
            lines.append(line)

        self._open().retrlines(command, add)
        return lines

    def _stat(self, name: str, folder: str = "") -> FeedFile | None:
        ftp, path = self._open(), posixpath.join(folder or self._folder, name)
        try:
            ftp.voidcmd("TYPE I")  # a list of names is text, and of text a server does not say the size
            size = ftp.size(path)
            moment = ftp.voidcmd(f"MDTM {path}").partition(" ")[2]
        except ftplib.error_perm as error:
            if str(error).startswith("550"):
                return None
            raise
        return FeedFile(name, size, _time(moment))

    def _place(self, file: FeedFile) -> str:
        """The folder that a file is in."""
        return self._archive if file.archived else self._folder

    def _open(self) -> ftplib.FTP:
        if self._ftp is None:
            raise UnavailableError("The connection is closed.", where=self._connection.name)
        return self._ftp

    async def look(self, file: FeedFile) -> FeedFile | None:
        place = self._place(file)
        files = await self._in_thread(self._files, file.name, place) if self._lists else []
        now = files[0] if files else await self._in_thread(self._stat, file.name, place)
        return now._replace(archived=file.archived) if now is not None else None

    async def has(self, name: str) -> bool:
        return bool(await self._in_thread(self._files, name))

    async def fetch(self, file: FeedFile, target: Path, most: int) -> FeedFile:
        seconds = self._connection.deadline + (file.size or 0) / SLOWEST
        await self._in_thread(self._copy, file, target, most, seconds=seconds)
        return file

    def _copy(self, file: FeedFile, target: Path, most: int) -> None:
        size = 0
        with target.open("wb") as copy:

            def write(piece: bytes) -> None:
                nonlocal size
                size += len(piece)
                if size > most:
                    raise too_large(file.name, most, self._connection.name)
                copy.write(piece)

            self._open().retrbinary(f"RETR {posixpath.join(self._place(file), file.name)}", write, PIECE)

    async def archive(self, names: Sequence[str]) -> None:
        """Move files to the archive by RNFR and RNTO; those that are gone are done."""
        if self._archive:
            await self._in_thread(self._move, names)

    def _move(self, names: Sequence[str]) -> None:
        ftp = self._open()
        with contextlib.suppress(ftplib.error_perm):  # it is there; where it may not be made, moving says so
            ftp.mkd(self._archive)
        for name in names:
            for moved in (name, name + MARKER):
                if self._stat(moved) is None:
                    continue
                target = posixpath.join(self._archive, moved)
                with contextlib.suppress(ftplib.error_perm):  # many servers rename onto nothing that is there
                    ftp.delete(target)
                ftp.rename(posixpath.join(self._folder, moved), target)

    async def _in_thread(self, work: Callable[..., Result], *args: object, seconds: float = 0.0) -> Result:
        seconds = seconds or 2 * self._connection.deadline
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.to_thread(work, *args)
        except (asyncio.CancelledError, TimeoutError) as error:
            _cut(self._ftp)
            if isinstance(error, TimeoutError):
                raise self._as_ours(error) from error
            raise
        except (ftplib.Error, OSError, EOFError, ValueError) as error:
            raise self._as_ours(error) from error

    def _as_ours(self, error: BaseException) -> ConnectorError:
        where, text = self._connection.name, str(error)
        if isinstance(error, ConnectorError):
            return error
        if isinstance(error, ftplib.error_perm):
            if text.startswith(("530", "532")):
                return AuthError(f"The FTP server refused the login: {text}", where=where)
            if text.startswith("550"):
                return UnavailableError(f"It is not on the server, or may not be read: {text}", where=where)
            return ContractError(f"The FTP server refused: {text}", where=where)
        if isinstance(error, EOFError | ftplib.Error):
            return UnavailableError(f"The FTP server failed: {text or 'it closed the connection'}", where=where)
        return explain(error, Route(self._connection.url), where, self._connection.deadline)


def _cut(ftp: ftplib.FTP | None) -> None:
    """End the connection, and with it the wait of a thread for the server. Closing alone would not wake that."""
    if ftp is not None and ftp.sock is not None:
        with contextlib.suppress(OSError):
            ftp.sock.shutdown(socket.SHUT_RDWR)


def _entry(line: str) -> tuple[str, dict[str, str]]:
    """Name and facts of a line of MLSD: `type=file;size=5;modify=20261126040000; NAME` (RFC 3659, section 7)."""
    facts, _, name = line.partition(" ")
    parts = (fact.partition("=") for fact in facts.split(";") if fact)
    return posixpath.basename(name), {key.lower(): value for key, _, value in parts}


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 19 else None


def _time(text: str | None) -> int | None:
    """Epoch seconds of `YYYYMMDDHHMMSS[.sss]`, which is in UTC."""
    try:
        return int(datetime.strptime((text or "")[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None
