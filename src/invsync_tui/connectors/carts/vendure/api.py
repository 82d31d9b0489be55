"""Vendure's admin API on the wire: documents, the session, and what each kind of refusal means.

Not here: what a listing is or how a push is composed (`vendure`). Vendure answers HTTP 200 to nearly everything, so an
answer is judged by its GraphQL errors and result types, never by its status alone.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

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

PATH = "/admin-api"
TOKEN_HEADER = "vendure-auth-token"  # noqa: S105 (the header's name)
CHANNEL_HEADER = "vendure-token"
ROWS_MOST = 50
"""Variants of one mutation: the fastest size that was measured."""

PING = "query Ping { __typename }"
LOGIN = """
mutation Login($username: String!, $password: String!) {
  login(username: $username, password: $password) { __typename ... on ErrorResult { errorCode message } }
}"""
ME = "query Me { me { identifier channels { code token permissions } } }"
LOCATIONS = """
query Locations($options: StockLocationListOptions) {
  stockLocations(options: $options) { totalItems items { id name } }
}"""
_VARIANT = (
    "id sku name trackInventory updatedAt outOfStockThreshold useGlobalOutOfStockThreshold "
    "stockLevels { stockLocationId stockOnHand stockAllocated }"
)
VARIANTS = f"""
query Variants($options: ProductVariantListOptions) {{
  globalSettings {{ trackInventory outOfStockThreshold }}
  productVariants(options: $options) {{ totalItems items {{ {_VARIANT} }} }}
}}"""
SETTINGS = "query Settings { globalSettings { trackInventory outOfStockThreshold } }"
ORDERS = """
query Orders($options: OrderListOptions) {
  orders(options: $options) { totalItems items { id lines { productVariant { id } } } }
}"""
ORDER_LINES = """
query OrderLines($options: OrderListOptions) {
  orders(options: $options) { totalItems items { id code orderPlacedAt lines {
    quantity fulfillmentLines { quantity fulfillment { state } }
    productVariant { id stockLevels { stockLocationId stockAllocated } } } } }
}"""
UPDATE = """
mutation SetStock($input: [UpdateProductVariantInput!]!) {
  updateProductVariants(input: $input) { id stockLevels { stockLocationId stockOnHand } }
}"""

TRACK = """
mutation Track($input: [UpdateProductVariantInput!]!) { updateProductVariants(input: $input) { id } }"""

ROW_CODES = frozenset({"ENTITY_NOT_FOUND", "BAD_USER_INPUT", "USER_INPUT_ERROR"})
"""Codes with which a batch is refused because of a row in it."""
FOREIGN_KEY = "foreign key constraint"
"""In the code-less message of every database below Vendure when a row points to a stock location that is gone."""
_NAMED_ID = re.compile(r'with the id "([^"]+)"')
_NAMED_ROW = re.compile(r"\binput\[(\d+)\]")


class StockLocationGoneError(RowsRejectedError):
    """A batch was refused because it points to a record that does not exist; variants are named otherwise."""


def server_of(connection: Connection) -> Connection:
    """The same connection with the server's base as its address, whether or not the API's path was given."""
    return replace(connection, url=connection.url.rstrip("/").removesuffix(PATH))


def code_of(error: Mapping[str, Any]) -> str:
    """The machine-readable code of a GraphQL error, '' where it has none."""
    extensions = error.get("extensions")
    return str(extensions.get("code", "")) if isinstance(extensions, Mapping) else ""


def judge_status(response: Response, *, writes: bool) -> None:
    """Raise for an answer that is not Vendure's own: a gateway's, an outage's, or a refused document."""
    status, where = response.status, response.where
    if status >= 500:
        raise UnavailableError(f"The server answered {status}.", where=where, may_have_applied=writes)
    if status == 401:
        raise AuthError("The server, or a gateway before it, asks for another login (401).", where=where)
    if status == 403:
        raise PermissionDeniedError("The server, or a gateway before it, denies access (403).", where=where)
    if status == 413 and writes:
        raise BatchTooLargeError("The batch is too large for the server, or a gateway before it (413).", where=where)
    if status != 200:
        raise ContractError(f"The server answered {status}: {response.excerpt}", where=where)


def answer_of(response: Response, *, writes: bool) -> tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]:
    """Data and errors of a GraphQL answer of status 200."""
    judge_status(response, writes=writes)
    answer = response.json()
    if not isinstance(answer, Mapping) or not (answer.get("data") or answer.get("errors")):
        raise ContractError(f"The answer is not of GraphQL: {response.excerpt}", where=response.where)
    return answer.get("data") or {}, answer.get("errors") or ()


def part_of(data: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    """One field of a query's data; a server that leaves it out is not the one we know."""
    value = data.get(field)
    if not isinstance(value, Mapping):
        raise ContractError(f"The answer has no {field}.")
    return value


def listed(data: Mapping[str, Any], field: str) -> tuple[list[Any], int | None]:
    """The items of a list and how many there are in all; None where that cannot be read."""
    part = part_of(data, field)
    items = part.get("items")
    if not isinstance(items, list):
        raise ContractError(f"The answer has no items of {field}.")
    try:
        return items, whole(part.get("totalItems"), 0)
    except ValueError:
        return items, None


def read_answer(response: Response) -> Mapping[str, Any]:
    """The data of a query, or the error that its errors mean."""
    data, errors = answer_of(response, writes=False)
    for error in errors:
        if code_of(error) == "FORBIDDEN":
            raise PermissionDeniedError(str(error.get("message")), where=response.where)
        raise ContractError(f"{code_of(error)} {error.get('message')}", where=response.where)
    return data


def write_answer(response: Response, refs: Sequence[str]) -> Mapping[str, Any]:
    """The data of a mutation on the rows `refs`, or the error that its errors mean."""
    try:
        data, errors = answer_of(response, writes=True)
    except ContractError as unreadable:
        if response.status != 200:
            raise
        # Accepted, as far as the status goes, but by whom? The rows must be read back.
        raise UnavailableError(unreadable.what, where=unreadable.where, may_have_applied=True) from unreadable
    for error in errors:
        _judge_write(error, refs, response.where)
    return data


def _judge_write(error: Mapping[str, Any], refs: Sequence[str], where: str) -> None:
    code, message = code_of(error), str(error.get("message"))
    if len(error.get("path") or ()) > 1:
        # Below the mutation's own field: the transaction is committed, only the answer could not be built.
        raise UnavailableError(f"The answer is incomplete: {message}", where=where, may_have_applied=True)
    if code == "FORBIDDEN":
        raise PermissionDeniedError(message, where=where)
    if FOREIGN_KEY in message.lower():
        raise StockLocationGoneError(message, where=where)
    if code in ROW_CODES:
        raise RowsRejectedError(message, where=where, refs=named_refs(message, refs))
    raise ContractError(f"{code} {message}", where=where)


def named_refs(message: str, refs: Sequence[str]) -> list[str]:
    """The rows of the batch that a message names, by id or by position."""
    ids = [ref for ref in _NAMED_ID.findall(message) if ref in refs]
    return ids or [refs[i] for i in map(int, _NAMED_ROW.findall(message)) if i < len(refs)]


def token_of(response: Response, login: str) -> str:
    """The session token of a login's answer, or the error that its result type means."""
    data, errors = answer_of(response, writes=False)
    result = data.get("login") or {}
    if errors or not result:
        raise ContractError(f"The login was not understood: {response.excerpt}", where=response.where)
    if result.get("__typename") != "CurrentUser":
        raise AuthError(f"The login {login!r} was refused: {result.get('message')}.", where=response.where)
    token = response.headers.get(TOKEN_HEADER, "")
    if not token:
        raise NotConfiguredError(
            "The server hands out no bearer token.",
            where=response.where,
            advice="Add 'bearer' to authOptions.tokenMethod in the Vendure configuration.",
        )
    return token


class VendureApi:
    """One administrator's session. Logs in when needed, and again exactly once when the server forgot the token."""

    def __init__(self, connection: Connection) -> None:
        self.http = HttpConnection(server_of(connection))
        self._connection = connection
        self._token = ""
        self._refused: AuthError | None = None
        self._turn = asyncio.Lock()
        channel = connection.options.get("channel", "")
        if channel:
            self.http.headers[CHANNEL_HEADER] = channel

    async def close(self) -> None:
        """Forget the session and close the client."""
        self._token = ""
        await self.http.close()

    async def ping(self) -> None:
        """Ask what needs no login: is this address an admin API at all?"""
        read_answer(await self.http.read("POST", PATH, json_body={"query": PING}))

    async def login(self, stale: str = "") -> None:
        """Get a token, unless another call already replaced the `stale` one. A refusal is final for this object."""
        async with self._turn:
            if self._refused is not None:
                raise self._refused
            if self._token == stale:
                self._token = await self._log_in()

    async def _log_in(self) -> str:
        login = self._connection.login
        variables = {"username": login, "password": await resolve(self._connection.secret)}
        try:
            response = await self.http.write("POST", PATH, json_body={"query": LOGIN, "variables": variables})
            token = token_of(response, login)
            self.http.remember(token)
            return token
        except AuthError as error:
            self._refused = error
            raise
        except UnavailableError as error:
            # A login without an answer leaves nothing behind: it must not put the batch that needed it in doubt.
            raise UnavailableError(error.what, where=error.where) from error

    async def query(self, document: str, variables: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """Data of a query."""
        body = {"query": document, "variables": variables or {}}

        async def ask(headers: Mapping[str, str]) -> Mapping[str, Any]:
            return read_answer(await self.http.read("POST", PATH, json_body=body, headers=headers))

        return await self._in_session(ask)

    async def mutate(self, body: bytes, refs: Sequence[str]) -> Mapping[str, Any]:
        """Send a composed mutation on the rows `refs`; again only where FORBIDDEN says that nothing was done."""

        async def ask(headers: Mapping[str, str]) -> Mapping[str, Any]:
            return write_answer(await self.http.write("POST", PATH, content=body, headers=headers), refs)

        return await self._in_session(ask)

    async def _in_session(self, ask: Callable[[Mapping[str, str]], Awaitable[Mapping[str, Any]]]) -> Mapping[str, Any]:
        used = self._token
        if used:
            try:
                return await ask(self._bearer())
            except PermissionDeniedError:
                pass  # a forgotten token and a missing permission look the same: a fresh login tells them apart
        await self.login(stale=used)
        return await ask(self._bearer())

    def _bearer(self) -> Mapping[str, str]:
        return {"authorization": f"Bearer {self._token}"}


def compose_update(rows: Sequence[tuple[str, int]], location: str) -> bytes:
    """The body that sets the on-hand quantity of variants at one location; the same rows give the same bytes."""
    levels = [{"id": ref, "stockLevels": [{"stockLocationId": location, "stockOnHand": n}]} for ref, n in rows]
    return json.dumps({"query": UPDATE, "variables": {"input": levels}}, separators=(",", ":")).encode()


def compose_track(ref: str) -> bytes:
    """The body that lets a variant track its inventory."""
    return json.dumps({"query": TRACK, "variables": {"input": [{"id": ref, "trackInventory": "TRUE"}]}}).encode()


def composed_rows(body: bytes) -> list[tuple[str, str]]:
    """(variant, location) of each row of a composed body, in its order."""
    rows = json.loads(body)["variables"]["input"]
    return [(row["id"], row["stockLevels"][0]["stockLocationId"]) for row in rows]
