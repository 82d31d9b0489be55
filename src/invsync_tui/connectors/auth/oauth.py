"""Logs in by OAuth 2.0 without a browser on this machine, and renews what was given.

Two ways: a code that is entered in a browser elsewhere while this machine asks whether it was (RFC 8628), and an address
that the browser ends at, pasted here (RFC 6749, section 4.1, with the code challenge of RFC 7636). Every request is sent
once: a refresh token may be replaced by its use, and one that is used twice is taken for stolen.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import secrets as random_source
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from invsync_tui import clock
from invsync_tui.connectors.about import About
from invsync_tui.connectors.addresses import is_loopback
from invsync_tui.connectors.auth.token_store import Token
from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.errors import AuthError, ContractError, NotConfiguredError, UnavailableError
from invsync_tui.connectors.http import HttpConnection, Response
from invsync_tui.connectors.network.http_log import gate, remember_secret
from invsync_tui.connectors.secrets import resolve_part
from invsync_tui.connectors.values import reference, text, whole

LOG_IN = "Log in again: invsync connections login"
INTERVAL = 5
"""Seconds between questions whether a code was entered, where the server names none; and by how much longer they become
each time it asks to slow down (RFC 8628, 3.2 and 3.5)."""
INTERVAL_MOST, CODE_LASTS_MOST = 60, 3600
"""Seconds. A server may say more; nobody waits that long before a terminal."""
PASTED_MOST = 16 * 1024
"""Characters of a pasted address."""
SECONDS_MOST = 10**9
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
gate.add_names(("device_code", "code_verifier"))


async def pause(seconds: float) -> None:
    """Wait before the next question."""
    await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """A code for a person to enter in a browser. It is theirs to see; `secret` is not."""

    user_code: str
    address: str
    """Where it is entered."""
    whole_address: str
    """The same with the code in it; '' where the server gives none."""
    expires_in: int
    """Seconds."""
    interval: int
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Authorization:
    """An address to open in a browser, and what ties the one that it ends at to it."""

    address: str
    state: str = field(repr=False)
    verifier: str = field(repr=False)


class _RefusedError(Exception):
    """The login server's own code for why it gives no token."""

    def __init__(self, code: str, response: Response) -> None:
        self.code, self.response = code, response
        super().__init__(code)


_WORDS = {
    "access_denied": ("The login was denied in the browser.", LOG_IN),
    "expired_token": ("The code ran out before it was entered in a browser.", LOG_IN),
    "invalid_client": ("The login server refused the client id or secret.", "Correct the login and the secret."),
    "unauthorized_client": ("The client may not log in this way.", "Allow this kind of login for the client there."),
    "invalid_scope": ("The client may not have the scopes that are needed.", "Give the client the scopes there."),
}


class OAuth:
    """Logins of one connection at the login server that its connector declares."""

    def __init__(self, connection: Connection, about: About) -> None:
        if about.sign_in is None:
            raise NotConfiguredError(
                f"{about.title} has no login in a browser.", where=connection.name, advice="Give --login and --secret."
            )
        self._connection, self._about, self._sign_in = connection, about, about.sign_in

    @property
    def ways(self) -> tuple[str, ...]:
        """device, paste, or both."""
        return self._sign_in.ways

    # --- a code that is entered elsewhere ---

    async def device_code(self) -> DeviceCode:
        """A code for a person to enter. AuthError where the client may not have one."""
        form = {"client_id": self._client(), **self._scope()}
        try:
            answer, response = await self._post_form(self._sign_in.device, form)
        except _RefusedError as error:
            raise self._auth_error(error) from error
        try:
            secret = reference(answer["device_code"])
            remember_secret(secret, f"device code of {self._connection.name}")
            code = DeviceCode(
                user_code=_value_text(answer["user_code"], 64),
                address=_address(answer["verification_uri"]),
                whole_address=_address(answer.get("verification_uri_complete") or ""),
                expires_in=min(whole(answer["expires_in"], 1, SECONDS_MOST), CODE_LASTS_MOST),
                interval=min(whole(answer.get("interval", INTERVAL), 0, SECONDS_MOST), INTERVAL_MOST),
                secret=secret,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ContractError(f"The login server gave no code: {error}.", where=response.where) from error
        return code

    async def entered(self, code: DeviceCode) -> Token:
        """The tokens, once the code was entered in a browser. AuthError where it was denied, or ran out."""
        form = {"grant_type": DEVICE_GRANT, "device_code": code.secret}
        interval, waited = code.interval, 0
        while waited + interval <= code.expires_in:
            await pause(interval)
            waited += interval
            try:
                return await self._granted(form, None)
            except _RefusedError as error:
                if error.code == "slow_down":
                    interval += INTERVAL
                elif error.code != "authorization_pending":
                    raise self._auth_error(error) from error
            except UnavailableError:
                interval = min(2 * max(interval, 1), INTERVAL_MOST)
        what, advice = _WORDS["expired_token"]
        raise AuthError(what, where=self._connection.name, advice=advice)

    # --- an address that is pasted ---

    def authorization(self) -> Authorization:
        """The address to open in a browser."""
        state, verifier = random_source.token_urlsafe(24), random_source.token_urlsafe(48) * self._sign_in.pkce
        for part in (state, verifier):
            if part:
                remember_secret(part, f"login of {self._connection.name}")
        query = {
            "response_type": "code",
            "client_id": self._client(),
            "redirect_uri": self._sign_in.redirect,
            "state": state,
            **self._scope(),
        }
        if verifier:
            digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
            query |= {"code_challenge": digest.decode().rstrip("="), "code_challenge_method": "S256"}
        base, path = self._place(self._sign_in.authorize)
        return Authorization(f"{base.url}{path}?{urlencode(query)}", state, verifier)

    async def redeemed(self, authorization: Authorization, pasted: str) -> Token:
        """The tokens for the address that the browser ended at. AuthError where it says that the login was denied, or belongs
        to another login. What was pasted is in no message."""
        code = self._code_in(authorization, pasted)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self._sign_in.redirect}
        form |= {"code_verifier": authorization.verifier} if authorization.verifier else {}
        try:
            return await self._granted(form | dict(self._sign_in.fields), None)
        except _RefusedError as error:
            raise self._auth_error(
                error, "The code in the address is not taken: it was used before, or is too old."
            ) from error

    def _code_in(self, authorization: Authorization, pasted: str) -> str:
        pasted = pasted.strip()
        query = pasted.partition("?")[2] if "?" in pasted else pasted
        given = parse_qs(query.partition("#")[0], keep_blank_values=True) if len(pasted) <= PASTED_MOST else {}
        codes, states, errors = (given.get(name, []) for name in ("code", "state", "error"))
        for part in codes:
            remember_secret(part, f"login of {self._connection.name}")
        where = self._connection.name
        if len(states) != 1 or len(codes) + len(errors) != 1 or not (codes or errors)[0]:
            advice = "Copy the whole address that the browser shows in the end, with its code and state."
            raise AuthError("That is not the address that the browser ends at.", where=where, advice=advice)
        if not hmac.compare_digest(states[0].encode(), authorization.state.encode()):
            raise AuthError("The address belongs to another login than this one.", where=where, advice=LOG_IN)
        if errors:
            what, advice = _WORDS.get(errors[0], ("The login server refused the login.", LOG_IN))
            raise AuthError(what, where=where, advice=advice)
        return codes[0]

    # --- renewing ---

    async def renewed(self, token: Token | None) -> Token:
        """Other tokens for those that ran out. AuthError where somebody has to log in."""
        where = self._connection.name
        if token is None:
            raise AuthError("Nobody has logged in yet.", where=where, advice="Log in: invsync connections login")
        if not token.refresh:
            raise AuthError("The login has run out.", where=where, advice=LOG_IN)
        try:
            return await self._granted({"grant_type": "refresh_token", "refresh_token": token.refresh}, token)
        except _RefusedError as error:
            raise self._auth_error(error, "The login has run out, or was withdrawn.") from error

    # --- requests ---

    async def _granted(self, form: Mapping[str, str], present: Token | None) -> Token:
        sign_in, client = self._sign_in, {"client_id": self._client()}
        if sign_in.secret:
            client["client_secret"] = await resolve_part(self._connection, self._about.secret_parts, sign_in.secret)
        asked_at = clock.seconds()
        answer, response = await self._post_form(sign_in.token, {**form, **client})
        try:
            access = reference(answer["access_token"])
            refresh = reference(answer["refresh_token"]) if answer.get("refresh_token") is not None else ""
            ends, refresh_ends = (_ends(answer, name, asked_at) for name in ("expires_in", "refresh_token_expires_in"))
        except (KeyError, TypeError, ValueError) as error:
            # Not what is wrong with it: that might repeat a part of a token.
            raise ContractError("The login server gave no token that can be read.", where=response.where) from error
        if not refresh and present is not None:  # it goes on being good (RFC 6749, section 6)
            refresh, refresh_ends = present.refresh, refresh_ends or present.refresh_expires_at
        return Token(access, asked_at, ends, refresh, refresh_ends, signed_in=True)

    async def _post_form(self, address: str, form: Mapping[str, str]) -> tuple[Mapping[str, Any], Response]:
        """The answer as an object. `_RefusedError` with the code of RFC 6749, section 5.2, where it has one."""
        base, path = self._place(address)
        http = HttpConnection(base)
        kinds = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        try:
            response = await http.write("POST", path, content=urlencode(form).encode(), headers=kinds)
        finally:
            await http.close()
        if response.status >= 500:
            raise UnavailableError(f"The login server answered {response.status}.", where=response.where)
        answer = response.json()
        if not isinstance(answer, Mapping):
            raise ContractError("The login server answered something else than an object.", where=response.where)
        if response.status != 200 or "error" in answer:
            raise _RefusedError(str(answer.get("error") or response.status), response)
        return answer, response

    def _auth_error(self, error: _RefusedError, of_grant: str = "") -> AuthError:
        what, advice = _WORDS.get(error.code, (f"The login server refused: {error.response.excerpt[:120]}", LOG_IN))
        if error.code == "invalid_grant" and of_grant:
            what = of_grant
        return AuthError(what, where=error.response.where, advice=advice)

    def _client(self) -> str:
        client = self._connection.login.strip()
        if not client:
            raise NotConfiguredError(
                "There is no client id.", where=self._connection.name, advice="Set it as the login: --login CLIENT_ID"
            )
        return client

    def _scope(self) -> dict[str, str]:
        return {"scope": self._sign_in.separator.join(self._sign_in.scopes)} if self._sign_in.scopes else {}

    def _place(self, address: str) -> tuple[Connection, str]:
        """(a connection to the host of an address, the path there). Tokens do not travel in the clear."""
        parts = urlsplit(address if "://" in address else self._connection.url)
        if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
            raise NotConfiguredError(
                f"The login server is at {parts.scheme}://{parts.hostname}, where tokens would travel in the clear.",
                where=self._connection.name,
                advice="Set an address that begins with https://",
            )
        path = urlsplit(address).path if "://" in address else address
        return replace(self._connection, url=f"{parts.scheme}://{parts.netloc}"), path


def _ends(answer: Mapping[str, Any], name: str, asked_at: int) -> int | None:
    """Epoch seconds; counted from before the request, so rather too early than too late. None where it is not said."""
    return None if answer.get(name) is None else asked_at + whole(answer[name], 0, SECONDS_MOST)


def _value_text(value: object, most: int) -> str:
    line = text(value)
    if not line.strip() or not line.isprintable() or len(line) > most:
        raise ValueError("a text that cannot be shown")
    return line


def _address(value: object) -> str:
    """An address for a person to open; '' for ''."""
    if value == "":
        return ""
    line = _value_text(value, 2000)
    parts = urlsplit(line)
    if parts.scheme not in ("https", "http") or not parts.hostname or " " in line:
        raise ValueError("an address that is none of the web")
    return line
