"""A file on a web server, by HTTP(S)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import quote, urlsplit

from invsync_tui.connectors import secrets
from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.errors import AuthError, ContractError, PermissionDeniedError, UnavailableError
from invsync_tui.connectors.http import HttpConnection, Response
from invsync_tui.connectors.sources.feed.places import FeedFile


class WebPlace:
    """The folder that an address is in. A login is sent as Basic, a secret without a login as a bearer token."""

    shows_growth = False

    def __init__(self, connection: Connection, folder: str) -> None:
        self._connection = connection
        parts = urlsplit(connection.url)
        self._base = f"{parts.scheme}://{parts.netloc}{quote(folder.rstrip('/'))}/"
        self._http = HttpConnection(connection)
        self._headers: dict[str, str] = {}

    @property
    def clock_offset(self) -> float | None:
        return self._http.clock.offset

    async def open(self) -> None:
        """Resolve the secret; nothing is asked of the server yet."""
        secret = await secrets.resolve(self._connection.secret)
        if self._connection.login:
            both = f"{self._connection.login}:{secret}".encode()
            self._headers = {"authorization": f"Basic {b64encode(both).decode()}"}
            self._http.remember(b64encode(both).decode())
        elif secret:
            self._headers = {"authorization": f"Bearer {secret}"}

    async def close(self) -> None:
        await self._http.close()

    async def files(self, name: str) -> Sequence[FeedFile]:
        """The file that is named; whether it is there is known when it is fetched."""
        return [FeedFile(name, None, None)]

    async def look(self, file: FeedFile) -> FeedFile | None:
        """The same: an answer is one version of the file."""
        return file

    async def has(self, name: str) -> bool:
        response = await self._http.read("GET", self._base + quote(name), headers=self._headers)
        if response.status == 404:
            return False
        _judge(response, name)
        return True

    async def fetch(self, file: FeedFile, target: Path, most: int) -> FeedFile:
        response = await self._http.download(self._base + quote(file.name), target, most, headers=self._headers)
        _judge(response, file.name)
        return FeedFile(file.name, target.stat().st_size, _written_at(response))  # noqa: ASYNC240 (a file of our own)

    async def archive(self, names: Sequence[str]) -> None:
        """Nothing is moved on a web server."""


def _judge(response: Response, name: str) -> None:
    status, where = response.status, response.where
    if status == 401:
        raise AuthError("The server refused the login (401).", where=where)
    if status == 403:
        raise PermissionDeniedError(f"{name} may not be read (403).", where=where)
    if status in (404, 410):
        raise UnavailableError(
            f"There is no {name} on the server ({status}).",
            where=where,
            advice="Check the address and the option file.",
        )
    if status >= 500:
        raise UnavailableError(f"The server failed ({status}).", where=where)
    if status != 200:
        raise ContractError(f"Unexpected status {status}.", where=where)


def _written_at(response: Response) -> int | None:
    """When the file was last changed, by the server's clock."""
    try:
        return int(parsedate_to_datetime(response.headers["last-modified"]).timestamp())
    except (KeyError, ValueError, TypeError, OverflowError):
        return None
