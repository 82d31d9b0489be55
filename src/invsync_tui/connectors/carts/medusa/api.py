"""Medusa's admin API on the wire: paths, the key, and what each kind of refusal means.

Not here: what a listing is (`listings`) or how a push is composed (`medusa`). An error is `{"type": ..., "message": ...}`,
except 401, which has a message only, and answers of whatever stands before the shop.
"""

from __future__ import annotations

import asyncio
import json
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.errors import (
    AuthError,
    BatchTooLargeError,
    ContractError,
    NotConfiguredError,
    PermissionDeniedError,
    RowsRejectedError,
    UnavailableError,
)
from invsync_tui.connectors.http import HttpConnection, Response
from invsync_tui.connectors.secrets import resolve
from invsync_tui.connectors.values import whole

PATH = "/admin"
HEALTH = "/health"
STORES = f"{PATH}/stores"
LOCATIONS = f"{PATH}/stock-locations"
VARIANTS = f"{PATH}/product-variants"
ITEMS = f"{PATH}/inventory-items"
LEVELS_BATCH = f"{ITEMS}/location-levels/batch"
"""Body: {"update": [{inventory_item_id, location_id, stocked_quantity}]}, at most 2 MB. All rows or none."""
ROWS_MOST = 200
"""Levels of a batch of ours. Medusa takes more, up to 2 MB, and refuses all of them for one."""
ORDERS = f"{PATH}/orders"
RESERVATIONS = f"{PATH}/reservations"

CORRECT_KEY = (
    "Correct the secret, a secret API key of Medusa. If it is right, see whether Medusa reaches its database: it refuses every "
    "key while it does not."
)
NOT_STOCKED = "is not stocked at location"
"""In the message of a batch with a row whose item has no level there, or is deleted."""
_REFUSED_ROWS = frozenset({400, 404, 422})
_NAMED_ROW = re.compile(r"\bupdate, (\d+)")

Query = Sequence[tuple[str, str]]


def server_of(connection: Connection) -> Connection:
    """The same connection with the server's base as its address, whether or not the API's path was given."""
    return replace(connection, url=connection.url.rstrip("/").removesuffix(PATH))


def message_of(response: Response) -> str:
    """Medusa's own sentence; '' where the answer is not Medusa's."""
    try:
        return str(response.json()["message"])
    except (ContractError, KeyError, TypeError, IndexError):
        return ""


def judge_status(response: Response, *, writes: bool) -> None:
    """Raise for any answer but a good one."""
    status, where = response.status, response.where
    message = message_of(response) or response.excerpt[:120]
    if status >= 500 or status == 409:
        raise UnavailableError(f"The server answered {status}: {message}", where=where, may_have_applied=writes)
    if status == 401:
        raise AuthError("The server refused the API key (401).", where=where, advice=CORRECT_KEY)
    if status == 403:
        raise PermissionDeniedError(f"The API key may not do this (403): {message}", where=where)
    if status == 404 and not message_of(response):
        raise ContractError(
            "There is no admin API of Medusa 2 at this address (404).",
            where=where,
            advice="Give the address of the Medusa server itself, not of the storefront. It must be Medusa 2.",
        )
    if status != 200:
        raise ContractError(f"The server answered {status}: {message}", where=where)


def judge_batch(response: Response, refs: Sequence[str]) -> None:
    """As `judge_status` for a batch of the items `refs`; RowsRejectedError where rows are the cause."""
    message = message_of(response)
    if response.status == 413:
        raise BatchTooLargeError("The batch is too large for the server (413).", where=response.where)
    if response.status in _REFUSED_ROWS and (named := named_refs(message, refs)):
        raise RowsRejectedError(message, where=response.where, refs=named)
    if response.status == 404 and not message:
        raise ContractError(
            "This server does not set levels in batches (404).",
            where=response.where,
            advice="Update it: the first versions of Medusa 2 lack this request.",
        )
    judge_status(response, writes=True)


def named_refs(message: str, refs: Sequence[str]) -> list[str]:
    """The items of a batch that a message names, by id or by position."""
    ids = [ref for ref in refs if re.search(rf"(?<!\w){re.escape(ref)}(?!\w)", message)]
    return ids or [refs[n] for n in map(int, _NAMED_ROW.findall(message)) if n < len(refs)]


def listed(response: Response, field: str) -> tuple[list[Any], int | None]:
    """The records of a list and how many there are in all; None where that cannot be read."""
    answer = response.json()
    records = answer.get(field) if isinstance(answer, Mapping) else None
    if not isinstance(records, list):
        raise ContractError(f"The answer has no {field}.", where=response.where)
    try:
        return records, whole(answer.get("count"), 0)
    except ValueError:
        return records, None


class MedusaApi:
    """Requests with one secret key. A refused key is not tried again."""

    def __init__(self, connection: Connection) -> None:
        self.http = HttpConnection(server_of(connection))
        self._connection = connection
        self._authorization = ""
        self._refused: AuthError | None = None
        self._turn = asyncio.Lock()

    async def close(self) -> None:
        """Forget the key and close the client."""
        self._authorization = ""
        await self.http.close()

    async def ping(self) -> None:
        """Ask what needs no key."""
        judge_status(await self.http.read("GET", HEALTH), writes=False)

    async def _headers(self) -> Mapping[str, str]:
        async with self._turn:
            if self._refused is not None:
                raise self._refused
            if not self._authorization:
                self._authorization = await self._basic()
            return {"authorization": self._authorization}

    async def _basic(self) -> str:
        """The key as the user of HTTP Basic, with no password."""
        key = (await resolve(self._connection.secret)).strip()
        if key.startswith("pk_"):
            raise NotConfiguredError(
                "The secret is a publishable API key (pk_...), with which stock cannot be read.",
                where=self._connection.name,
                advice="Create a secret API key (sk_...) in Medusa under Settings, Secret API Keys.",
            )
        encoded = b64encode(f"{key}:".encode()).decode()
        self.http.remember(key)
        self.http.remember(encoded)
        return f"Basic {encoded}"

    async def get(self, path: str, query: Query = ()) -> Response:
        """A good answer to a question."""
        response = await self.http.read(
            "GET", f"{path}?{urlencode(query)}" if query else path, headers=await self._headers()
        )
        self._note_refusal(response)
        judge_status(response, writes=False)
        return response

    async def set_levels(self, body: bytes, refs: Sequence[str]) -> Mapping[str, Any]:
        """The good answer to a composed batch of the items `refs`."""
        return await self.write(LEVELS_BATCH, body, refs)

    async def write(self, path: str, body: bytes, refs: Sequence[str]) -> Mapping[str, Any]:
        """The good answer to a request that changes the records `refs`."""
        response = await self.http.write("POST", path, content=body, headers=await self._headers())
        self._note_refusal(response)
        judge_batch(response, refs)
        try:
            answer = response.json()
        except ContractError as error:  # accepted, as far as the status goes, but by whom? The rows must be read back
            raise UnavailableError(error.what, where=error.where, may_have_applied=True) from error
        return answer if isinstance(answer, Mapping) else {}

    def _note_refusal(self, response: Response) -> None:
        if response.status == 401:
            try:
                judge_status(response, writes=False)
            except AuthError as error:
                self._refused = error


def compose_update(rows: Sequence[tuple[str, int]], location: str) -> bytes:
    """The body that sets the stocked quantity of items at one location; the same rows give the same bytes."""
    update = [
        {"inventory_item_id": ref, "location_id": location, "stocked_quantity": quantity} for ref, quantity in rows
    ]
    return json.dumps({"update": update}, separators=(",", ":")).encode()


def composed_rows(body: bytes) -> list[tuple[str, str]]:
    """(item, location) of each row of a composed body, in its order."""
    return [(row["inventory_item_id"], row["location_id"]) for row in json.loads(body)["update"]]
