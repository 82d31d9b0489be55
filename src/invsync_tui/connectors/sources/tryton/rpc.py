"""Tryton's JSON-RPC: sessions, requests, and what its errors mean. Knows nothing of stock.

Tryton reports most errors inside HTTP 200. Requests always carry the language `en`, because the only mark of a refused
access is the wording of its message.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from invsync_tui.connectors import secrets
from invsync_tui.connectors.base import Budget, Connection
from invsync_tui.connectors.errors import (
    AuthError,
    ConnectorError,
    ContractError,
    LockedOutError,
    NotConfiguredError,
    PermissionDeniedError,
    ThrottledError,
    UnavailableError,
)
from invsync_tui.connectors.http import HttpConnection, Response
from invsync_tui.connectors.network.server_clock import date_of
from invsync_tui.connectors.record_lists import Records, Row, records_in

LANGUAGE = "en"
LOGIN_DEADLINE = 60.0
"""Seconds: after wrong passwords the server sleeps 2^n, and it answers 404 for a locked database only after 32."""
LOGOUT_DEADLINE = 3.0

Domain = list[Any]
Session = tuple[int, str]

ID_MOST = 2**63
"""Ids are below it, as in any database."""
_TIME_PARTS = ("year", "month", "day", "hour", "minute", "second", "microsecond")
_MODEL_MISSING = re.compile(r"^'[a-z_]+(\.[a-z0-9_-]+)+'$")
"""The text of a KeyError whose key is a model's name; a field's name has no dot."""
_DATABASE_FAILED = re.compile(
    r"database is locked|server closed the connection|connection .*(refused|failed|closed)", re.I
)
_NO_DATABASE_ADVICE = (
    "Check the database's name in the settings; if it is right, the database is busy, locked or down: try again later."
)


def encode_time(moment: datetime) -> dict[str, Any]:
    """A naive UTC datetime as Tryton writes it in JSON."""
    return {"__class__": "datetime"} | {part: getattr(moment, part) for part in _TIME_PARTS}


def decode_time(value: Any, where: str) -> datetime:
    """The reverse of `encode_time`."""
    try:
        parts: dict[str, Any] = {part: int(value[part]) for part in _TIME_PARTS}
        return datetime(**parts)
    except (TypeError, KeyError, ValueError) as error:
        raise ContractError(f"{str(value)[:80]} is not a time.", where=where) from error


def _message(detail: Any) -> str:
    """The readable part of an error's second element: [message, description, ...], or a traceback, which is dropped."""
    if isinstance(detail, Sequence) and not isinstance(detail, str):
        return " ".join(part for part in detail[:2] if isinstance(part, str) and part)
    return ""


def error_in(error: Any, where: str) -> ConnectorError:
    """What the `error` of an answer means."""
    parts = error if isinstance(error, list) and error else [error]
    name = str(parts[0])
    message = _message(parts[1]) if len(parts) > 1 else ""
    if name == "UserError" and "not allowed" in message:
        return PermissionDeniedError(message, where=where, advice="Give the login's groups access to it in Tryton.")
    if name == "LoginException":
        # Not `password: ...`: what follows those words is taken for a secret and hidden.
        return AuthError(f"The login asks for more than a password{f' ({message})' if message else ''}.", where=where)
    if _MODEL_MISSING.match(name):
        return UnavailableError(
            f"The server does not know the model {name}.",
            where=where,
            advice="It is starting or loaded the database by half (restart it), or the module stock is not activated.",
        )
    if _DATABASE_FAILED.search(name):
        return UnavailableError(f"The server's database failed: {name}", where=where)
    return ContractError(f"Tryton refused the call: {name}: {message}".rstrip(": "), where=where)


def judge(response: Response) -> Any:
    """The `result` of an answer; any other answer than a good one as the error that it is."""
    where, status = response.where, response.status
    if status == 401:
        raise AuthError("Tryton refused the login (401).", where=where)
    if status == 403:
        raise PermissionDeniedError("Tryton refused the call (403).", where=where)
    if status == 404:
        raise UnavailableError("There is no such database now (404).", where=where, advice=_NO_DATABASE_ADVICE)
    if status >= 500:
        raise UnavailableError(f"The server failed ({status}).", where=where)
    if status != 200:
        target = response.headers.get("location")
        raise ContractError(f"Unexpected status {status}" + (f", moved to {target}." if target else "."), where=where)
    return _result(response)


def _result(response: Response) -> Any:
    answer = response.json()
    if isinstance(answer, dict) and answer.get("error"):
        raise error_in(answer["error"], response.where)
    if not isinstance(answer, dict) or "result" not in answer:
        raise ContractError("The answer is JSON, but not of JSON-RPC.", where=response.where)
    return answer["result"]


class TrytonRpc:
    """One login to one database. A refused login is remembered and never sent again by the same object."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.server_time: datetime | None = None
        """Naive UTC of the last answer's Date header, None where there was none."""
        self._http = HttpConnection(connection)
        self._session: Session | None = None
        self._refused: AuthError | None = None
        self._turn = asyncio.Lock()

    @property
    def database(self) -> str:
        """The database's name; Tryton has no default one."""
        name = self.connection.options.get("database", "").strip()
        if not name:
            raise NotConfiguredError("No database is named.", where=self.connection.name, advice="Set option database.")
        return name

    @property
    def where(self) -> str:
        """The connection and path, for messages."""
        return f"{self.connection.name} POST {self._path}"

    @property
    def _path(self) -> str:
        return f"/{quote(self.database, safe='')}/rpc/"

    def budget(self) -> Budget:
        """The connection's own rate limit: Tryton reports none."""
        return self._http.limiter.budget()

    async def version(self) -> str:
        """The server's series, for instance 8.2. Needs no login."""
        body = {"id": 0, "method": "common.server.version", "params": []}
        response = await self._http.read("POST", "/rpc/", json_body=body)
        if response.status == 404:
            raise ContractError("There is no Tryton at this address (404).", where=response.where)
        return str(judge(response))

    async def login(self) -> None:
        """Log in unless there is a session."""
        await self._renew(None)

    async def close(self) -> None:
        """End the session on the server where that is quick, and the HTTP client."""
        if self._session is not None:
            with contextlib.suppress(ConnectorError):
                await self._post("common.db.logout", [], deadline=LOGOUT_DEADLINE)
        self._session = None
        await self._http.close()

    async def call(self, method: str, *params: Any) -> Any:
        """A call that changes nothing. An expired session is renewed once; a second 401 is an AuthError."""
        await self.login()
        used = self._session
        response = await self._read(method, params)
        if response.status == 401:
            await self._renew(used)
            response = await self._read(method, params)
        self.server_time = date_of(response.headers)
        return judge(response)

    async def search_read(
        self,
        model: str,
        domain: Domain,
        names: Sequence[str],
        context: Mapping[str, Any],
        *,
        limit: int | None = None,
        order: Sequence[tuple[str, str]] = (("id", "ASC"),),
    ) -> list[Row]:
        """Records of `model`, by default in the order of their ids. ContractError if one of them cannot be read."""
        records = await self.search_records(model, domain, names, context, limit=limit, order=order)
        if records.rejected:
            raise ContractError(
                f"Record {records.rejected[0][0]} of {model}: {records.rejected[0][1]}.", where=self.where
            )
        return records.rows

    async def search_records(
        self,
        model: str,
        domain: Domain,
        names: Sequence[str],
        context: Mapping[str, Any],
        *,
        limit: int | None = None,
        order: Sequence[tuple[str, str]] = (("id", "ASC"),),
    ) -> Records:
        """As `search_read`, but a record that cannot be read does not cost the others."""
        method = f"model.{model}.search_read"
        context = {"language": LANGUAGE, **context}
        result = await self.call(method, domain, 0, limit, list(order), list(names), context)
        return records_in(result, names, self.where, ID_MOST)

    async def _renew(self, worn: Session | None) -> None:
        """Log in, unless somebody else replaced the session `worn` in the meantime."""
        async with self._turn:
            if self._session is not None and self._session != worn:
                return
            self._session = None
            if self._refused is not None:
                raise self._refused
            try:
                self._session = await self._log_in()
            except AuthError as error:
                self._refused = error
                raise

    async def _log_in(self) -> Session:
        password = await secrets.resolve(self.connection.secret)
        params = [self.connection.login, {"password": password}, LANGUAGE]
        try:
            response = await self._post(
                "common.db.login", params, deadline=max(LOGIN_DEADLINE, self.connection.deadline)
            )
        except ThrottledError as error:
            raise LockedOutError("Too many failed logins (429).", where=self.where) from error
        except UnavailableError as error:
            error.may_have_applied = False  # a login changes nothing that matters
            raise
        return self._session_in(judge(response))

    def _session_in(self, result: Any) -> Session:
        match result:
            case [int() as user, str() as token, *_]:
                self._http.remember(token)
                return user, token
        raise ContractError("The answer to the login is not a session.", where=self.where)

    async def _post(self, method: str, params: Sequence[Any], *, deadline: float) -> Response:
        """Send once, never repeated."""
        body = {"id": 1, "method": method, "params": list(params)}
        return await self._http.write(
            "POST", self._path, json_body=body, headers=self._authorization(), deadline=deadline
        )

    async def _read(self, method: str, params: Sequence[Any]) -> Response:
        # Accept-Encoding stays the client's default: Tryton labels every answer over 1,400 bytes as gzip, and what it
        # sends to a client that did not ask for gzip is plain text under that label.
        body = {"id": 1, "method": method, "params": list(params)}
        return await self._http.read("POST", self._path, json_body=body, headers=self._authorization())

    def _authorization(self) -> dict[str, str]:
        if self._session is None:
            return {}
        user, token = self._session
        text = f"{self.connection.login}:{user}:{token}"
        return {"authorization": "Session " + base64.b64encode(text.encode()).decode()}
