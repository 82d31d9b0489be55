"""Odoo's two remote interfaces as one: calls, logins, and what their errors mean. Knows nothing of stock.

JSON-RPC (Odoo 14 to 18, deprecated in 19): `POST /jsonrpc`, `common.login` and then `object.execute_kw`. Errors come with
HTTP 200 and a traceback in `debug`, which is never quoted. JSON-2 (Odoo 19 and later): `POST /json/2/MODEL/METHOD` with an
API key as bearer, the database in `X-Odoo-Database` and named arguments; errors have HTTP statuses.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from invsync_tui.connectors import secrets
from invsync_tui.connectors.base import Budget, Connection
from invsync_tui.connectors.errors import (
    AuthError,
    ConnectorError,
    ContractError,
    NotConfiguredError,
    PermissionDeniedError,
    UnavailableError,
)
from invsync_tui.connectors.http import HttpConnection, Response
from invsync_tui.connectors.network.api_notices import note_version
from invsync_tui.connectors.network.server_clock import date_of
from invsync_tui.connectors.record_lists import Records, Row, records_in

JSON_2_SINCE = 19
"""The first version with JSON-2."""
OLDEST = 14
ID_MOST = 2**31
"""Ids are below it, as any PostgreSQL integer."""

Domain = list[Any]

NO_DATABASE = "There is no database"
"""Words of the errors about the database, for the doctor."""
_DATABASE_ADVICE = (
    "Correct the option database: on Odoo Online it is the name before .odoo.com, elsewhere it is listed at "
    "/web/database/manager or known to the administrator."
)
LOGIN_ADVICE = (
    "Correct the login or its secret. A user with two-factor authentication needs an API key as the secret "
    "(Preferences > Account Security > New API Key), since Odoo refuses its password here."
)
KEY_ADVICE = (
    "Create an API key as the user (Preferences > Account Security > New API Key) and put it into the secret. "
    "Keys end at the date that was chosen for them, and with the user."
)
_PROXY_ADVICE = "Ask who runs the server to let this machine reach /jsonrpc, /json/2 and /web/version."
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Za-z0-9@]{2,12})?")


class Protocol(StrEnum):
    """How Odoo is asked."""

    JSON_RPC = "json-rpc"
    JSON_2 = "json-2"


class Version(NamedTuple):
    """Of the server: `19.0` and 19, or `saas~18.3` and 18."""

    text: str
    major: int


def error_in(name: str, message: str, where: str, protocol: Protocol) -> ConnectorError:
    """What an error means, by the name of Odoo's exception."""
    if name.endswith(".AccessDenied"):
        advice = KEY_ADVICE if protocol is Protocol.JSON_2 else LOGIN_ADVICE
        return AuthError("Odoo refused the login.", where=where, advice=advice)
    if name.endswith(".AccessError"):
        advice = (
            "Give the user the right in Odoo: Settings > Users, Inventory: User. See invsync connections about odoo."
        )
        return PermissionDeniedError(message, where=where, advice=advice)
    if name.startswith("psycopg2."):
        if "database" in message and "does not exist" in message:
            return NotConfiguredError(f"{NO_DATABASE} of that name.", where=where, advice=_DATABASE_ADVICE)
        return UnavailableError(f"Odoo's database failed: {name}.", where=where)
    return ContractError(f"Odoo refused the call: {name}: {message}".rstrip(": "), where=where)


def judge_rpc(response: Response) -> Any:
    """The `result` of a JSON-RPC answer, None where it has none; any other answer as the error that it is."""
    where, status = response.where, response.status
    if status >= 500:
        raise UnavailableError(f"The server failed ({status}).", where=where)
    if status == 404:
        raise ContractError("There is no Odoo with JSON-RPC at this address (404).", where=where)
    if status == 401:
        # Odoo itself answers 200 to a wrong login here.
        raise AuthError("Something before Odoo asks for a login of its own (401).", where=where, advice=_PROXY_ADVICE)
    if status == 403:
        raise PermissionDeniedError("Something before Odoo refused the call (403).", where=where, advice=_PROXY_ADVICE)
    if status != 200:
        raise ContractError(f"Unexpected status {status}.", where=where)
    answer = response.json()
    if not isinstance(answer, dict) or not {"result", "error", "jsonrpc"} & answer.keys():
        raise ContractError("The answer is JSON, but not of JSON-RPC.", where=where)
    if error := answer.get("error"):
        raise error_in(*_named(error.get("data") if isinstance(error, dict) else None), where, Protocol.JSON_RPC)
    return answer.get("result")


def _named(data: Any) -> tuple[str, str]:
    """The exception's name and message of an error; its traceback is left alone."""
    data = data if isinstance(data, dict) else {}
    return str(data.get("name") or "unknown error"), str(data.get("message") or "")


def judge_json_2(response: Response) -> Any:
    """The result of a JSON-2 answer; any other answer as the error that it is."""
    where, status = response.where, response.status
    if status == 200:
        return response.json()
    try:
        name, message = _named(response.json())
    except ContractError:
        name, message = "", ""
    if status == 401:
        raise AuthError("Odoo refused the API key (401).", where=where, advice=KEY_ADVICE)
    if status == 404 and not name:
        # Also the answer while PostgreSQL is down, so that it may pass by itself.
        raise UnavailableError(
            f"{NO_DATABASE} of that name now, or no JSON-2 at this address (404).", where=where, advice=_DATABASE_ADVICE
        )
    if not name and status == 403:
        raise PermissionDeniedError("Something before Odoo refused the call (403).", where=where, advice=_PROXY_ADVICE)
    if name:
        error = error_in(name, message, where, Protocol.JSON_2)
        if status < 500 or not isinstance(error, ContractError):
            raise error
        if name.startswith("builtins."):
            raise error
    if status >= 500:
        raise UnavailableError(f"The server failed ({status}){': ' if name else ''}{name}.", where=where)
    raise ContractError(f"Unexpected status {status}.", where=where)


class OdooRpc:
    """One login to one database. A refused login is remembered and never sent again by the same object."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.server_time: datetime | None = None
        """Naive UTC of the last answer's Date header, None where there was none."""
        self.user = 0
        """Id of the login's user; 0 before the login."""
        self.language = ""
        self.protocol = Protocol.JSON_RPC
        self._version: Version | None = None
        self._http = HttpConnection(connection)
        self._secret = ""
        self._refused: AuthError | None = None
        self._turn = asyncio.Lock()

    @property
    def database(self) -> str:
        """The name of the database that the login is for."""
        name = self.connection.options.get("database", "").strip()
        if not name or not name.isascii() or not name.isprintable():
            raise NotConfiguredError("No database is named.", where=self.connection.name, advice="Set option database.")
        return name

    @property
    def where(self) -> str:
        """The connection, for messages."""
        return self.connection.name

    def budget(self) -> Budget:
        """The connection's own rate limit: Odoo reports none."""
        return self._http.limiter.budget()

    async def close(self) -> None:
        """Close the HTTP client. Neither interface keeps a session."""
        self.user = 0
        await self._http.close()

    async def version(self) -> Version:
        """The server's version, without a login. NotConfiguredError for one that is too old."""
        if self._version is None:
            version = _version_in(await self._ask_version(), self.where)
            if version.major < OLDEST:
                advice = f"Odoo {OLDEST} and later can be read."
                raise NotConfiguredError(f"This is Odoo {version.text}.", where=self.where, advice=advice)
            self.protocol = self._chosen(version)
            self._version = version
            note_version(str(version.major))
        return self._version

    async def _ask_version(self) -> Any:
        if self._wanted() != Protocol.JSON_RPC:
            # Since 19; it stays when JSON-RPC goes.
            response = await self._http.read("GET", "/web/version")
            if response.status == 200:
                return response.json()
        return await self._rpc("common", "version")

    def _wanted(self) -> str:
        return self.connection.options.get("protocol", "").strip() or "auto"

    def _chosen(self, version: Version) -> Protocol:
        choice = self._wanted()
        if choice == "auto":
            return Protocol.JSON_2 if version.major >= JSON_2_SINCE else Protocol.JSON_RPC
        if choice not in tuple(Protocol):
            raise NotConfiguredError(f"The option protocol is {choice!r}.", where=self.where)
        if choice == Protocol.JSON_2 and version.major < JSON_2_SINCE:
            advice = "Set option protocol to auto."
            raise NotConfiguredError(f"Odoo {version.text} has no JSON-2.", where=self.where, advice=advice)
        return Protocol(choice)

    async def login(self) -> None:
        """Find out who the login is, unless that is known."""
        async with self._turn:
            if self.user:
                return
            if self._refused is not None:
                raise self._refused
            await self.version()
            self._secret = await secrets.resolve(self.connection.secret)
            try:
                await self._log_in()
            except AuthError as error:
                self.user = 0
                self._refused = error
                raise

    async def _log_in(self) -> None:
        if self.protocol is Protocol.JSON_RPC:
            user_id = await self._rpc("common", "login", self.database, self.connection.login, self._secret)
            if user_id is False or user_id is None:
                raise AuthError("Odoo refused the login.", where=self.where, advice=LOGIN_ADVICE)
            self.user = _id(user_id, "the answer to the login", self.where)
        context = await self._send("res.users", "context_get", {})
        if not isinstance(context, dict):
            raise ContractError("The user's context is not a record.", where=self.where)
        language = context.get("lang")
        self.language = language if isinstance(language, str) and _LANGUAGE.fullmatch(language) else ""
        if not self.user:
            self.user = _id(context.get("uid"), "the user's context", self.where)

    async def call(self, model: str, method: str, **arguments: Any) -> Any:
        """A call that changes nothing, with named arguments; `context` is one of them."""
        await self.login()
        try:
            return await self._send(model, method, arguments)
        except AuthError as error:
            self._refused = error
            raise

    async def _send(self, model: str, method: str, arguments: Mapping[str, Any]) -> Any:
        if self.protocol is Protocol.JSON_RPC:
            who = (self.database, self.user, self._secret)
            return await self._rpc("object", "execute_kw", *who, model, method, [], dict(arguments))
        headers = {"authorization": f"Bearer {_header(self._secret, self.where)}", "x-odoo-database": self.database}
        response = await self._http.read(
            "POST", f"/json/2/{model}/{method}", json_body=dict(arguments), headers=headers
        )
        self.server_time = date_of(response.headers)
        return judge_json_2(response)

    async def _rpc(self, service: str, method: str, *arguments: Any) -> Any:
        parameters = {"service": service, "method": method, "args": list(arguments)}
        body = {"jsonrpc": "2.0", "method": "call", "id": 1, "params": parameters}
        response = await self._http.read("POST", "/jsonrpc", json_body=body)
        self.server_time = date_of(response.headers)
        return judge_rpc(response)

    async def search_read(
        self,
        model: str,
        domain: Domain,
        names: Sequence[str],
        context: Mapping[str, Any],
        *,
        limit: int | None = None,
        order: str = "id",
    ) -> list[Row]:
        """Records of `model`. ContractError if one of them cannot be read."""
        records = await self.search_records(model, domain, names, context, limit=limit, order=order)
        if records.rejected:
            name, why = records.rejected[0]
            raise ContractError(f"Record {name} of {model}: {why}.", where=self.where)
        return records.rows

    async def search_records(
        self,
        model: str,
        domain: Domain,
        names: Sequence[str],
        context: Mapping[str, Any],
        *,
        limit: int | None = None,
        order: str = "id",
    ) -> Records:
        """As `search_read`, but a record that cannot be read does not cost the others."""
        more = {} if limit is None else {"limit": limit}
        result = await self.call(
            model, "search_read", domain=domain, fields=list(names), order=order, context=dict(context), **more
        )
        return records_in(result, names, self.where, ID_MOST)


def _header(secret: str, where: str) -> str:
    """A key as it can stand in a header."""
    if not secret or not secret.isascii() or not secret.isprintable():
        raise AuthError("The secret is not an API key.", where=where, advice=KEY_ADVICE)
    return secret


def _id(value: Any, what: str, where: str) -> int:
    if type(value) is not int or not 0 < value < ID_MOST:
        raise ContractError(f"There is no id of a user in {what}.", where=where)
    return value


def _version_in(answer: Any, where: str) -> Version:
    """The version of an answer, which is `{version, version_info}` or `{server_version, server_version_info}`."""
    answer = answer if isinstance(answer, dict) else {}
    prefix = "server_" if "server_version" in answer else ""
    text, info = answer.get(f"{prefix}version"), answer.get(f"{prefix}version_info")
    first = re.search(r"\d{1,3}", str(info[0])) if isinstance(info, list) and info else None
    if not isinstance(text, str) or first is None:
        raise ContractError("The server does not say which version of Odoo it is.", where=where)
    return Version(text[:40], int(first.group()))
