"""Logs a connection in where its connector has a login in a browser: by a code entered elsewhere, or by a pasted address.

What comes of it is kept beside the store; the audit notes that somebody logged in, and nothing of what was entered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from invsync_tui import clock
from invsync_tui.connectors import registry
from invsync_tui.connectors.about import About
from invsync_tui.connectors.auth.login_state import login_state
from invsync_tui.connectors.auth.oauth import Authorization, DeviceCode, OAuth
from invsync_tui.connectors.auth.token_store import Token, TokenStore
from invsync_tui.operations.connections.connections import Target, connection_of
from invsync_tui.operations.errors import OperationError, as_operation_error
from invsync_tui.operations.roles import Right
from invsync_tui.operations.session import Session
from invsync_tui.operations.settings.transaction import Saving, saving
from invsync_tui.store.settings import read as settings_read

__all__ = ["Authorization", "DeviceCode", "Login"]


@dataclass(frozen=True, slots=True)
class Login:
    """A login that was stored."""

    ends_at: int | None
    """Epoch seconds at which somebody has to log in again, unless it is renewed before; None: not by itself."""
    renews: bool
    """The sync renews it by itself."""
    text: str


def ways(session: Session, target: Target) -> tuple[str, ...]:
    """device, paste, or both: how this connection can be logged in. OperationError where it has no login in a browser."""
    session.allow(Right.SETTINGS, _what(target))
    return _oauth(target).ways


def by_code(session: Session, target: Target, show: Callable[[DeviceCode], None]) -> Login:
    """Ask for a code, have it shown, and wait until a person has entered it in a browser."""
    session.allow(Right.SETTINGS, _what(target))
    oauth, tokens = _oauth(target), _tokens(target)

    async def run() -> Token:
        await _try(tokens, target)
        code = await oauth.device_code()
        show(code)
        return await _save_token(tokens, target, await oauth.entered(code))

    with as_operation_error():
        token = asyncio.run(run())
    return _recorded(session, target, token)


def pasting(session: Session, target: Target) -> Authorization:
    """The address to open in a browser; `by_address` takes the one that the browser ends at."""
    session.allow(Right.SETTINGS, _what(target))
    oauth, tokens = _oauth(target), _tokens(target)
    with as_operation_error():
        asyncio.run(_try(tokens, target))
        return oauth.authorization()


def by_address(session: Session, target: Target, authorization: Authorization, pasted: str) -> Login:
    """Log in with the address that the browser ended at."""
    session.allow(Right.SETTINGS, _what(target))
    oauth, tokens = _oauth(target), _tokens(target)

    async def run() -> Token:
        return await _save_token(tokens, target, await oauth.redeemed(authorization, pasted))

    with as_operation_error():
        token = asyncio.run(run())
    return _recorded(session, target, token)


def forget(session: Session, target: Target) -> None:
    """Remove the tokens of a connection: what they were for has to be logged in to again, or is asked for anew."""
    session.allow(Right.SETTINGS, f"forget the login of {target.name!r}")
    tokens = _tokens(target)

    async def run() -> None:
        async with tokens.turn(target.setup.deadline):
            await tokens.forget()

    with as_operation_error():
        asyncio.run(run())
    with saving(session, f"forget the login of {target.name!r}") as saved:
        saved.audit(f"{_kind(target)} logout", _subject(saved, target), {}, {})


def _what(target: Target) -> str:
    return f"log in {target.name!r}"


def _kind(target: Target) -> str:
    return "merchant" if target.kind == "wms" else "cart"


def _subject(saved: Saving, target: Target) -> str:
    """What the audit files it under: of a cart's further location that cart, whose runs it concerns."""
    if target.kind == "wms":
        return f"merchant:{target.id}"
    return f"cart:{settings_read.connected_through(saved.tx, target.id)}"


def _oauth(target: Target) -> OAuth:
    group = registry.SOURCES if target.kind == "wms" else registry.CARTS
    with as_operation_error():
        about = registry.about(group, target.setup.system) or About(target.setup.system)
        return OAuth(connection_of(target), about)


def _tokens(target: Target) -> TokenStore:
    if target.tokens is None:
        raise OperationError(f"There is no place to keep the tokens of {target.name!r}.")
    return target.tokens


async def _try(tokens: TokenStore, target: Target) -> None:
    """Refuse before anybody goes to a browser where nothing can be kept."""
    async with tokens.turn(target.setup.deadline):
        pass


async def _save_token(tokens: TokenStore, target: Target, token: Token) -> Token:
    async with tokens.turn(target.setup.deadline):
        await tokens.replace(token)
    return token


def _recorded(session: Session, target: Target, token: Token) -> Login:
    with saving(session, _what(target)) as saved:
        after = {"login_ends_at": token.login_ends_at, "renews": bool(token.refresh)}
        saved.audit(f"{_kind(target)} login", _subject(saved, target), {}, after)
    return Login(token.login_ends_at, bool(token.refresh), login_state(token, clock.seconds()).text)
