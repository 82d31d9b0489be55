"""WooCommerce's REST API on the wire: paths, the key, and what each kind of refusal means.

Not here: what a listing is (`listings`), how lists are read (`pages`) or how a push is composed (`batches`). An error is
`{"code": ..., "message": ..., "data": {"status": ...}}`, except for answers of whatever stands before the shop.
"""

from __future__ import annotations

import asyncio
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode, urlsplit

from invsync_tui.connectors import addresses
from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.errors import (
    AuthError,
    BatchTooLargeError,
    ConnectorError,
    ContractError,
    NotConfiguredError,
    PermissionDeniedError,
    RowsRejectedError,
    UnavailableError,
)
from invsync_tui.connectors.http import HttpConnection, Response
from invsync_tui.connectors.rate_limit import RateLimiter
from invsync_tui.connectors.secrets import resolve

ROOT = "/wp-json"
"""Where WordPress has its REST API, with any permalinks but the plain ones."""
PATH = f"{ROOT}/wc/v3"
PLAIN_ROOT = "/?rest_route=/"
"""The same with plain permalinks, where WooCommerce takes no keys."""
NAMESPACE = "wc/v3"
PRODUCTS = f"{PATH}/products"
ORDERS = f"{PATH}/orders"
SETTINGS = f"{PATH}/settings/products"
BATCH = "products/batch"
"""Body: {"update": [{id, stock_quantity}]}, at most 100 rows; each row is answered by itself."""

HEADER, QUERY = "header", "query"
NO_LOGIN = "woocommerce_rest_cannot_view"
"""The code where WooCommerce saw no key that it knows: unknown, not handed on by the web server, or not over https."""
INVALID_ID = "invalid_id"
"""How the codes end that say that a product or variation is not there."""
PAIR_ADVICE = (
    "Check the consumer key (--login) and the consumer secret. If both are right, the web server may drop the Authorization "
    "header: try the option auth with the value query. Behind a proxy WordPress must know that visitors use https."
)
DROPPED_ADVICE = (
    "Let the web server hand the header on (Apache: CGIPassAuth On), or set the option auth to query, with which the key may "
    "appear in the web server's own logs."
)
"""Written without `=`: what is behind `auth=` is blacked out as a secret."""
ROLE_ADVICE = "Create the key for a user with the role Shop manager, with the permissions Read/Write."
FIREWALL_ADVICE = (
    "A firewall, a security plugin or the host answered instead of the shop: allow this machine's address and the path "
    "/wp-json/ there."
)
PHP_ADVICE = (
    "Switch off the display of PHP messages: WP_DEBUG_DISPLAY false in wp-config.php, display_errors Off in PHP. Then "
    "correct the plugin that the message names."
)
ADDRESS_ADVICE = (
    "Give the address of the shop's WordPress, and choose any permalinks but Plain there under Settings, Permalinks."
)
_PHP_MESSAGE = re.compile(
    rb"(?:<b>|PHP )\s*((?:Notice|Warning|Deprecated|Strict Standards|Fatal error|Parse error)(?:</b>)?:[^\r\n]{0,200})"
)
_TITLE = re.compile(rb"<title[^>]{0,80}>([^<]{1,120})", re.IGNORECASE)
_TAGS = re.compile(r"<[^<>]{0,80}>")
_FIREWALLS = frozenset({403, 405, 406, 415, 451})

Pairs = Sequence[tuple[str, str]]


class GoneError(ContractError):
    """A record that was asked for by its id is deleted."""


class ProductGoneError(RowsRejectedError):
    """The product whose variations were to be set is deleted, and they with it."""


def server_of(connection: Connection) -> Connection:
    """The same connection with the shop's base as its address, whether or not the API's path was given."""
    url = connection.url.rstrip("/").removesuffix(f"/{NAMESPACE}").removesuffix(ROOT).rstrip("/")
    return replace(connection, url=url)


def refuse_plain_http(connection: Connection) -> None:
    """WooCommerce takes keys over https; over http it wants each request signed by OAuth 1.0a, which is not done here."""
    parts = urlsplit(connection.url)
    if parts.scheme == "http" and not addresses.is_loopback(parts.hostname or ""):
        raise NotConfiguredError(
            "WooCommerce takes keys over https only, and the address says http.",
            where=connection.name,
            advice=f"Change the address to https://{connection.url.removeprefix('http://')}",
        )


def error_of(response: Response) -> tuple[str, str]:
    """Code and message of an error; '' for what is not there."""
    try:
        answer = response.json()
    except ContractError:
        return "", ""
    if not isinstance(answer, Mapping):
        return "", ""
    code, message = answer.get("code"), answer.get("message")
    return (code if isinstance(code, str) else "", message if isinstance(message, str) else "")


def is_page(response: Response) -> bool:
    """Whether the answer is a web page, so not WooCommerce's."""
    return response.body[:200].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<" and not _PHP_MESSAGE.search(
        response.body[:4096]
    )


def judge_status(response: Response, *, writes: bool) -> None:
    """Raise for any answer but a good one."""
    status, where = response.status, response.where
    if status in (200, 201):
        return
    code, message = error_of(response)
    reason = message or response.excerpt[:120]
    if status >= 500:
        advice = FIREWALL_ADVICE if is_page(response) and status in (501, 503) else ""
        what = f"The shop answered {status}: {_title(response) or reason}"
        raise UnavailableError(what, where=where, advice=advice, may_have_applied=writes)
    if is_page(response) and status in _FIREWALLS:
        what = f"A web page came instead of the shop's answer ({status}): {_title(response) or reason}"
        raise UnavailableError(what, where=where, advice=FIREWALL_ADVICE)
    if status == 401 and "permissions" in message:
        raise PermissionDeniedError(f"The key may not do this (401): {reason}", where=where, advice=ROLE_ADVICE)
    if status == 401:
        raise AuthError(f"The shop did not accept the key (401): {reason}", where=where, advice=PAIR_ADVICE)
    if status == 403:
        raise PermissionDeniedError(f"The key may not do this (403): {reason}", where=where, advice=ROLE_ADVICE)
    if status == 404 and code in ("", "rest_no_route"):
        raise ContractError(
            "There is no REST API of WooCommerce at this address (404).", where=where, advice=ADDRESS_ADVICE
        )
    kind = GoneError if status == 404 and code.endswith(INVALID_ID) else ContractError
    raise kind(f"The shop answered {status}: {reason}", where=where)


def _title(response: Response) -> str:
    match = _TITLE.search(response.body[:4096])
    return match[1].decode("utf-8", "replace").strip() if match else ""


def document(response: Response) -> Any:
    """The JSON of a good answer; ContractError that says what came instead."""
    try:
        return response.json()
    except ContractError as error:
        if message := _PHP_MESSAGE.search(response.body[:8192]):
            text = " ".join(_TAGS.sub("", message[1].decode("utf-8", "replace")).split())
            raise ContractError(
                f"The shop wrote a message of PHP into its answer: {text}", where=response.where, advice=PHP_ADVICE
            ) from error
        if is_page(response):
            what = f"A web page came instead of JSON: {_title(response) or response.excerpt[:80]}"
            raise ContractError(what, where=response.where, advice=FIREWALL_ADVICE) from error
        raise


class WooApi:
    """Requests with one key. A refused key is not tried again."""

    def __init__(self, connection: Connection) -> None:
        # A shop answers one request after the other; the host's firewall counts them.
        self.http = HttpConnection(server_of(connection), RateLimiter(capacity=10, per_second=10))
        self._connection = connection
        self._secret = ""
        self._refused: AuthError | None = None
        self._turn = asyncio.Lock()
        self.way = connection.options.get("auth", "").strip() or HEADER

    async def close(self) -> None:
        """Forget the secret and close the client."""
        self._secret = ""
        await self.http.close()

    async def index(self, root: str = f"{ROOT}/") -> Response:
        """What WordPress says of itself to everybody, whatever its status."""
        mark = "&" if "?" in root else "?"
        return await self.http.read("GET", f"{root}{mark}_fields=name,url,home,namespaces")

    async def _key(self) -> tuple[str, str]:
        refuse_plain_http(self._connection)
        async with self._turn:
            if self._refused is not None:
                raise self._refused
            if not self._secret:
                self._secret = (await resolve(self._connection.secret)).strip()
                self.http.remember(self._encoded())
            return self._connection.login, self._secret

    def _encoded(self) -> str:
        return b64encode(f"{self._connection.login}:{self._secret}".encode()).decode()

    async def _signed(self, path: str, query: Pairs) -> tuple[str, Mapping[str, str]]:
        """Address and headers of a request, with the key in one of them."""
        login, secret = await self._key()
        headers: dict[str, str] = {}
        if self.way == QUERY:
            query = (*query, ("consumer_key", login), ("consumer_secret", secret))
        else:
            headers["authorization"] = f"Basic {self._encoded()}"
        return (f"{path}?{urlencode(query)}" if query else path), headers

    async def get(self, path: str, query: Pairs = ()) -> Response:
        """A good answer to a question."""
        address, headers = await self._signed(path, query)
        response = await self.http.read("GET", address, headers=headers)
        self._judge(response, writes=False)
        return response

    async def update(self, path: str, body: bytes) -> Any:
        """The good answer to a batch; RowsRejectedError where it is refused as a whole for its rows."""
        address, headers = await self._signed(f"{PATH}/{path}", ())
        response = await self.http.write("POST", address, content=body, headers=headers)
        if response.status in (400, 404, 413) and not is_page(response):
            code, message = error_of(response)
            if response.status == 404 and code.endswith(INVALID_ID):
                raise ProductGoneError(f"{message} ({code})", where=response.where)
            if response.status == 413:
                raise BatchTooLargeError(message or "The batch is too large for the shop (413).", where=response.where)
            if code and code != "rest_no_route":
                raise RowsRejectedError(message or "refused", where=response.where)
        if response.status == 413:
            raise BatchTooLargeError("The batch is too large for the web server (413).", where=response.where)
        self._judge(response, writes=True)
        try:
            return document(response)
        except ContractError as error:  # accepted, as far as the status goes: the rows must be read back
            raise UnavailableError(error.what, where=error.where, advice=error.advice, may_have_applied=True) from error

    def _judge(self, response: Response, *, writes: bool) -> None:
        try:
            judge_status(response, writes=writes)
        except AuthError as error:
            self._refused = error
            raise

    async def drops_header(self) -> bool:
        """After a refusal: whether the same key is taken as parameters of the address, which the documentation gives for
        web servers that do not hand on the Authorization header. Asked once, in a connection test."""
        if self.way == QUERY or self._refused is None:
            return False
        refused, self._refused, self.way = self._refused, None, QUERY
        try:
            await self.get(PRODUCTS, (("per_page", "1"), ("_fields", "id")))
        except ConnectorError:
            return False
        finally:
            self._refused, self.way = refused, HEADER
        return True
