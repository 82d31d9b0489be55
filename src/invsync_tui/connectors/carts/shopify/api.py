"""Shopify's GraphQL Admin API on the wire: address, token, version, points, and what each kind of refusal means.

Not here: what a listing is (`listings`) or what a batch is (`batches`). An answer with status 200 may be a refusal: its
`errors` say so, with a code in `extensions`, and `extensions.cost` tells how many points are left.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode, urlsplit

from invsync_tui import clock
from invsync_tui.connectors.auth.kept_token import KeptToken
from invsync_tui.connectors.auth.oauth import OAuth
from invsync_tui.connectors.auth.token_store import Token
from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.carts.shopify.about import ABOUT
from invsync_tui.connectors.carts.shopify.queries import DEFAULT_VERSION, SET_COST, VERSIONS, Document
from invsync_tui.connectors.errors import (
    AuthError,
    BatchTooLargeError,
    ContractError,
    NotConfiguredError,
    PermissionDeniedError,
    UnavailableError,
)
from invsync_tui.connectors.http import IN_THREAD, HttpConnection, Response, Throttle, throttled_by_status
from invsync_tui.connectors.rate_limit import RateLimiter
from invsync_tui.connectors.secrets import resolve
from invsync_tui.connectors.values import reference, whole

PATH = "/admin"
TOKEN_HEADER = "x-shopify-access-token"  # noqa: S105 (a name)
VERSION_HEADER = "x-shopify-api-version"
GRANT_PATH = f"{PATH}/oauth/access_token"
POINTS, POINTS_PER_SECOND = 1000.0, 50.0
"""What the smallest plan ever had; the first answer says what this shop has."""
QUERY_MOST = 1000
"""Points that one query may cost."""
THROTTLE_MOST = 3600.0
"""Seconds; a bucket of points is full again long before."""
ADMIN_HOST = "admin.shopify.com"

TOO_MANY_ROWS = "MAX_INPUT_SIZE_EXCEEDED"
"""The array limit, see "Input arguments" of Shopify's API limits: 250 when this was written."""
_BUSY = frozenset({"INTERNAL_SERVER_ERROR", "TIMEOUT", "SERVICE_UNAVAILABLE"})


def server_of(connection: Connection) -> Connection:
    """The same connection with the shop's own host as its address, whether or not the API's path was given."""
    parts = urlsplit(connection.url)
    if (parts.hostname or "").lower() == ADMIN_HOST:
        name = parts.path.removeprefix("/store/").partition("/")[0] or "NAME"
        raise NotConfiguredError(
            f"The address is that of Shopify's admin pages ({ADMIN_HOST}).",
            where=connection.name,
            advice=f"Set the shop's own address: https://{name}.myshopify.com",
        )
    return replace(connection, url=connection.url.rstrip("/").removesuffix(PATH))


def cost_of(answer: object) -> Mapping[str, Any]:
    """`extensions.cost` of an answer; {} where it has none that can be read."""
    for name in ("extensions", "cost"):
        answer = answer.get(name) if isinstance(answer, Mapping) else None
    return answer if isinstance(answer, Mapping) else {}


def number_of(value: object) -> float | None:
    """A number as such."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def errors_of(answer: object) -> list[tuple[str, str]]:
    """(code, message) of an answer's `errors`. Where `errors` is a text, it has no code."""
    reported = answer.get("errors") if isinstance(answer, Mapping) else None
    if reported is None or reported == []:
        return []
    if not isinstance(reported, list):
        return [("", str(reported))]
    errors = []
    for error in reported:
        record = error if isinstance(error, Mapping) else {}
        extensions = record.get("extensions")
        code = extensions.get("code") if isinstance(extensions, Mapping) else ""
        errors.append((str(code or ""), str(record.get("message") or error)))
    return errors


def throttled(response: Response) -> Throttle | None:
    """Too many points: an error THROTTLED in an answer of status 200, which says how many are missing. It is never long."""
    if throttle := throttled_by_status(response):
        return throttle
    if response.status != 200 or len(response.body) > IN_THREAD or b"THROTTLED" not in response.body:
        return None
    try:
        answer = response.json()
    except ContractError:
        return None
    if not any(code == "THROTTLED" for code, _ in errors_of(answer)):
        return None
    cost = cost_of(answer)
    status = cost.get("throttleStatus")
    status = status if isinstance(status, Mapping) else {}
    requested, left, rate = map(
        number_of, (cost.get("requestedQueryCost"), status.get("currentlyAvailable"), status.get("restoreRate"))
    )
    if requested is None or left is None or not rate or rate < 0:
        return Throttle(None)
    return Throttle(min(max(0.0, (requested - left) / rate), THROTTLE_MOST))


def judge_status(response: Response, *, writes: bool) -> None:
    """Raise for any status but 200."""
    status, where, excerpt = response.status, response.where, response.excerpt[:120]
    if status == 200:
        return
    if status in (401, 403):
        kind = AuthError if status == 401 else PermissionDeniedError
        raise kind(
            f"The shop refused the access token ({status}).",
            where=where,
            advice="Install the app in this shop. The secret is its Admin API access token (shpat_...), or, with the app's "
            "client id as the login, its client secret.",
        )
    if status in (402, 423):
        raise UnavailableError(f"The shop is closed or has not paid ({status}): {excerpt}", where=where)
    if status == 404:
        raise ContractError(
            "There is no shop of Shopify at this address (404).",
            where=where,
            advice="Set the address to https://NAME.myshopify.com, with the name that Shopify gave the shop.",
        )
    if status == 413 and writes:
        raise BatchTooLargeError("The batch is too large for Shopify (413).", where=where)
    if status >= 500 or status == 430:
        raise UnavailableError(f"Shopify answered {status}: {excerpt}", where=where, may_have_applied=writes)
    raise ContractError(f"Shopify answered {status}: {excerpt}", where=where)


def judge_errors(answer: object, where: str, *, writes: bool) -> None:
    """Raise for an answer with `errors`: then nothing of a mutation was done, unless the server itself broke down."""
    for code, message in errors_of(answer):
        if code == "ACCESS_DENIED":
            raise PermissionDeniedError(message, where=where)
        if code == "SHOP_INACTIVE":
            raise UnavailableError(f"The shop is not active: {message}", where=where)
        if code == TOO_MANY_ROWS and writes:
            raise BatchTooLargeError(f"{code} {message}", where=where)
        if code in _BUSY:
            raise UnavailableError(f"{code} {message}", where=where, may_have_applied=writes)
        raise ContractError(f"{code} {message}".strip(), where=where)


class ShopifyApi:
    """Requests with an access token, a given one or one for a day. What is refused is not tried again."""

    def __init__(self, connection: Connection) -> None:
        limiter = RateLimiter(POINTS, POINTS_PER_SECOND)
        self.http = HttpConnection(server_of(connection), limiter, throttled)
        self.version = connection.options.get("version", "").strip() or DEFAULT_VERSION
        self.answered_by = ""
        """The version that the last answer came from; '' where it did not say."""
        self._connection = connection
        self._kept_token = KeptToken(connection.tokens, self._new_token, connection.deadline)
        self._refused: AuthError | None = None

    @property
    def path(self) -> str:
        """Where all requests go."""
        return f"{PATH}/api/{self.version}/graphql.json"

    async def close(self) -> None:
        """Close the client."""
        await self.http.close()

    async def _headers(self) -> Mapping[str, str]:
        if self._refused is not None:
            raise self._refused
        try:
            token = await self._kept_token.get() if self._has_client else await resolve(self._connection.secret)
        except AuthError as error:
            self._refused = error
            raise
        self.http.remember(token)
        return {TOKEN_HEADER: token}

    @property
    def _has_client(self) -> bool:
        """With a client id as the login the secret is that of the client, and tokens are asked for; without, it is a token
        that lasts."""
        return bool(self._connection.login.strip())

    async def _new_token(self, present: Token | None) -> Token:
        """Where somebody has logged in, what renews that; else a token for a day, for the client's id and secret."""
        if present is not None and present.signed_in:
            return await OAuth(self.http.connection, ABOUT).renewed(present)
        secret = await resolve(self._connection.secret)
        client = self._connection.login.strip()
        form = urlencode({"grant_type": "client_credentials", "client_id": client, "client_secret": secret})
        kind = {"content-type": "application/x-www-form-urlencoded"}
        asked_at = clock.seconds()
        response = await self.http.read("POST", GRANT_PATH, content=form.encode(), headers=kind, cost=0.0)
        if response.status in (400, 401, 403):
            raise AuthError(
                f"The shop refused the app's client id or secret ({response.status}).",
                where=response.where,
                advice="Set the login to the app's client id and the secret to its client secret, and install the app in "
                "this shop; where it belongs to another organization than the shop, log in: invsync connections login",
            )
        judge_status(response, writes=False)
        try:
            answer = response.json()
            token, lasts = reference(answer["access_token"]), whole(answer["expires_in"], 0)
        except (KeyError, TypeError, ValueError) as error:
            raise ContractError(f"The answer has no access token: {error}.", where=response.where) from error
        return Token(token, asked_at, asked_at + lasts)

    async def _authorized(self, send: Callable[[Mapping[str, str]], Awaitable[Response]]) -> Response:
        """The answer to a request with a token. Where the shop refuses one that was kept from an earlier run, nothing was
        done, and it is sent once more with another."""
        response = await send(await self._headers())
        if response.status == 401 and self._has_client and await self._kept_token.refused():
            response = await send(await self._headers())
        self._note_refusal(response)
        return response

    async def query(self, document: Document, variables: Mapping[str, Any] | None = None, cost: int = 0) -> Any:
        """`data` of an answer without errors. `cost` points besides the document's own."""
        body = {"query": document.text, "variables": dict(variables or {})}
        points = float(document.cost + cost)
        response = await self._authorized(
            lambda headers: self.http.read("POST", self.path, json_body=body, headers=headers, cost=points)
        )
        judge_status(response, writes=False)
        answer = response.json()
        self._note(response, answer)
        judge_errors(answer, response.where, writes=False)
        self._judge_version(response)
        data = answer.get("data") if isinstance(answer, Mapping) else None
        if not isinstance(data, Mapping):
            raise ContractError("The answer has no data.", where=response.where)
        return data

    async def mutate(self, body: bytes) -> tuple[Mapping[str, Any], str]:
        """(`data`, where) of the answer to a composed mutation, sent once."""
        response = await self._authorized(
            lambda headers: self.http.write("POST", self.path, content=body, headers=headers, cost=float(SET_COST))
        )
        judge_status(response, writes=True)
        try:
            answer = response.json()
        except ContractError as error:  # accepted, as far as the status goes, but by whom? It must be found out
            raise UnavailableError(error.what, where=error.where, may_have_applied=True) from error
        self._note(response, answer)
        judge_errors(answer, response.where, writes=True)
        data = answer.get("data") if isinstance(answer, Mapping) else None
        if not isinstance(data, Mapping):
            raise UnavailableError("The answer has no data.", where=response.where, may_have_applied=True)
        return data, response.where

    def _note_refusal(self, response: Response) -> None:
        if response.status == 401:
            try:
                judge_status(response, writes=False)
            except AuthError as error:
                self._refused = error

    def _note(self, response: Response, answer: object) -> None:
        """Points that are left, and the version that answered."""
        self.answered_by = response.headers.get(VERSION_HEADER, "").strip()
        status = cost_of(answer).get("throttleStatus")
        if not isinstance(status, Mapping):
            return
        names = ("currentlyAvailable", "maximumAvailable", "restoreRate")
        left, most, rate = (number_of(status.get(name)) for name in names)
        if left is not None:
            self.http.limiter.observe(left, limit=most, per_second=rate)

    def _judge_version(self, response: Response) -> None:
        """Shopify answers for a version that it has retired by the oldest that it supports, without an error."""
        if self.answered_by and self.answered_by != self.version and self.answered_by not in VERSIONS:
            raise NotConfiguredError(
                f"Shopify answered by version {self.answered_by}, since {self.version} is retired. The connector is not "
                "made for it, so nothing is read or set.",
                where=response.where,
                advice=f"Set the option version to one of {', '.join(VERSIONS)}, or update invsync.",
            )
