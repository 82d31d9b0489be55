"""All variants of a shop by one bulk operation: Shopify makes a file of them, which costs no points, and says where it is.

By https://shopify.dev/docs/api/usage/bulk-operations/queries and the schema's BulkOperation: the query is run as it is, without
variables; the result is JSONL, a line for each variant; addresses of files expire. An app may run few of them at a time, so a
refusal is nothing special: then the variants are read by pages, as they are where the operation fails or its file is not whole.
What an operation that failed has collected (`partialDataUrl`) is never read: what is not in it would look deleted.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple
from urllib.parse import urlsplit

from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.carts.shopify import queries
from invsync_tui.connectors.carts.shopify.api import ShopifyApi
from invsync_tui.connectors.carts.shopify.limits import BULK_WAIT
from invsync_tui.connectors.errors import (
    ConnectorError,
    ContractError,
    DeferredError,
    NotConfiguredError,
    PermissionDeniedError,
    PreparingError,
    UnavailableError,
)
from invsync_tui.connectors.http import HttpConnection
from invsync_tui.connectors.network.private_folders import private_folder
from invsync_tui.connectors.values import text, whole

log = logging.getLogger("invsync.shopify")

CURSOR = "bulk "
FIRST_LOOK, LOOK_MOST = 1.0, 10.0
"""Seconds before the first look at an operation, doubled up to the second."""
AFTER = 30.0
"""Seconds after which a run that goes on with it begins."""
FILE_MOST = 4 * 1024**3
LINE_MOST = 1024 * 1024
PAGE = 1000
"""Lines of a page."""
FILE_HOSTS = ("storage.googleapis.com", ".storage.googleapis.com", ".shopify.com", ".shopifycloud.com")
"""Where Shopify keeps the files; those with a point in front are ends of names. Other addresses are not fetched."""
_UNDER_WAY = frozenset({"CREATED", "RUNNING", "CANCELING"})


class Operation(NamedTuple):
    """A bulk operation as Shopify describes it. `url` is '' where it has no file."""

    status: str
    url: str
    lines: int
    error: str


class Bulk:
    """The bulk operations of one open cart."""

    def __init__(self, api: ShopifyApi, connection: Connection, levels: Mapping[str, str]) -> None:
        """`levels`: by the name of a level in the answers, the location's id."""
        self._api = api
        self._connection = connection
        self._query = queries.bulk_variants(levels)
        self._of = hashlib.sha256(f"{connection.url}\n{self._query}".encode()).hexdigest()[:16]
        self._folder: Path | None = None
        self._file: BinaryIO | None = None

    def close(self) -> None:
        """Remove the file."""
        if self._file is not None:
            self._file.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._file = self._folder = None

    async def start(self) -> str | None:
        """The cursor that stands for a new operation; None where Shopify does not run one now."""
        body = {"query": queries.RUN_BULK, "variables": {"query": self._query}}
        try:
            data, where = await self._api.mutate(json.dumps(body).encode())
        except (ContractError, PermissionDeniedError) as error:
            self._note(f"a bulk operation is refused ({error.what})")
            return None
        payload = data.get("bulkOperationRunQuery")
        payload = payload if isinstance(payload, Mapping) else {}
        if errors := payload.get("userErrors"):
            self._note(f"a bulk operation is refused ({_error_text(errors)})")
            return None
        try:
            return f"{CURSOR}{self._of} {text(payload['bulkOperation']['id'])}"
        except (KeyError, TypeError, ValueError) as error:
            raise ContractError(f"The bulk operation has no id: {error}.", where=where) from error

    async def page(self, cursor: str) -> tuple[list[Any], str | None] | None:
        """Variants as `queries.VARIANTS` has them, and where the next ones are; None: they are to be read by pages.

        PreparingError while Shopify is not done.
        """
        _, of, operation, *rest = (*cursor.split(" "), "")[:4]
        if of != self._of:
            self._note("the bulk operation was another query")
            return None
        offset = int(rest[0]) if rest and rest[0].isdecimal() else 0
        if self._file is None and not await self._fetched(operation):
            return None
        records, following = await asyncio.to_thread(self._lines, offset)
        return records, None if following is None else f"{CURSOR}{self._of} {operation} {following}"

    def _note(self, why: str) -> None:
        log.warning("%s: variants are read by pages: %s", self._connection.name, why)

    # --- the operation -----------------------------------------------------------------------------------------------

    async def _fetched(self, ref: str) -> bool:
        """Whether its file is here, whole."""
        operation = await self._ended(ref)
        if operation is None or operation.status != "COMPLETED":
            status = "it is not known" if operation is None else f"{operation.status} {operation.error}".strip()
            self._note(f"the bulk operation did not complete ({status})")
            return False
        self._folder = await asyncio.to_thread(private_folder, "invsync-shopify-")
        path = self._folder / "variants.jsonl"
        try:
            await self._download(operation.url, path)
            lines = await asyncio.to_thread(_whole_lines, path)
        except DeferredError:
            raise
        except ConnectorError as error:
            self._note(f"its file cannot be fetched ({error.what})")
            return False
        if lines != operation.lines:
            self._note(f"its file has {lines} of {operation.lines} lines")
            return False
        self._file = await asyncio.to_thread(path.open, "rb")
        return True

    async def _ended(self, ref: str) -> Operation | None:
        """The operation once it is over; None where Shopify does not know it. PreparingError where that takes long."""
        waited, pause = 0.0, FIRST_LOOK
        while True:
            operation = await self._operation(ref)
            if operation is None or operation.status not in _UNDER_WAY:
                return operation
            if waited >= BULK_WAIT:
                raise PreparingError(
                    f"Shopify is preparing the list of variants ({operation.lines} so far).", retry_after=AFTER,
                    where=self._connection.name,
                )  # fmt: skip
            await asyncio.sleep(pause)
            waited, pause = waited + pause, min(2 * pause, LOOK_MOST)

    async def _operation(self, ref: str) -> Operation | None:
        record = (await self._api.query(queries.BULK, {"id": ref})).get("bulkOperation")
        if record is None:
            return None
        try:
            return Operation(
                text(record["status"]), text(record["url"] or ""), whole(_number(record["rootObjectCount"]), 0),
                text(record["errorCode"] or ""),
            )  # fmt: skip
        except (KeyError, TypeError, ValueError) as error:
            raise ContractError(f"A bulk operation cannot be read: {error}.", where=self._connection.name) from error

    # --- its file ----------------------------------------------------------------------------------------------------

    async def _download(self, url: str, path: Path) -> None:
        """Fetch the file by a connection of its own: nothing of the shop's login goes there."""
        if not url:  # a shop without variants
            await asyncio.to_thread(path.touch)
            return
        place = urlsplit(url)
        if not self._trusted(url):
            raise ContractError(f"It is at {place.hostname}, which is not known to be Shopify's.")
        server = replace(
            self._connection, url=f"{place.scheme}://{place.netloc}", login="", secret="", secrets={}, tokens=None,
            limit_key="",
        )  # fmt: skip
        http = HttpConnection(server)
        http.headers.pop("accept-encoding", None)
        try:
            response = await http.download(
                f"{place.path}?{place.query}" if place.query else place.path, path, FILE_MOST
            )
        except NotConfiguredError as error:  # too large
            raise ContractError(error.what) from error
        finally:
            await http.close()
        if response.status != 200 or response.headers.get("content-encoding", "identity") not in ("", "identity"):
            raise UnavailableError(f"The server of the file answered {response.status}.")

    def _trusted(self, url: str) -> bool:
        own, place = urlsplit(self._connection.url), urlsplit(url)
        if (place.scheme, place.hostname) == (own.scheme, own.hostname):
            return True
        host = place.hostname or ""
        known = any(host == name or (name.startswith(".") and host.endswith(name)) for name in FILE_HOSTS)
        return place.scheme == "https" and place.port in (None, 443) and known

    def _lines(self, offset: int) -> tuple[list[Any], int | None]:
        """Records of the lines from a place on, and the place behind them; None at the end."""
        if self._file is None:
            raise ContractError("The file of the bulk operation is gone.", where=self._connection.name)
        self._file.seek(offset)
        records: list[Any] = []
        for line in iter(lambda: self._file.readline(LINE_MOST) if self._file else b"", b""):
            if line.strip():
                records.append(_record(line))
            if len(records) >= PAGE:
                return records, self._file.tell()
        return records, None


def is_cursor(cursor: str | None) -> bool:
    """Whether a cursor stands for a bulk operation."""
    return cursor is not None and cursor.startswith(CURSOR)


def _record(line: bytes) -> Any:
    """A line as it is read; what is no JSON costs itself only."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _whole_lines(path: Path) -> int:
    """Lines that have something in them, without a last one that was cut."""
    count, last = 0, b"{}"
    with path.open("rb") as file:
        for line in file:
            if line.strip():
                count, last = count + 1, line
    return count if isinstance(_record(last), Mapping) else count - 1


def _number(value: object) -> object:
    """UnsignedInt64 travels as a text."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def _error_text(errors: Sequence[Any]) -> str:
    """What its user errors say."""
    if not isinstance(errors, list):
        return "no reason given"
    return (
        "; ".join(f"{e.get('code')} {e.get('message')}" for e in errors if isinstance(e, Mapping)) or "no reason given"
    )
