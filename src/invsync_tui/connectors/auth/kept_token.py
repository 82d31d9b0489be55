"""The access token of an open connection: taken from the token store, renewed in turn with other processes, replaced there.

Without a store, as in the checks of the kit, it is kept for this connection alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from invsync_tui import clock
from invsync_tui.connectors.auth.token_store import Token, TokenStore
from invsync_tui.connectors.errors import AuthError, NotConfiguredError

RENEW_BEFORE = 300.0
"""Seconds before its end from which an access token is not used any more."""

Renew = Callable[[Token | None], Awaitable[Token]]
"""From the present token, or None, to another: asked of the other system. AuthError where it refuses."""


class KeptToken:
    """Ask `get` before each request. Of several tasks one renews, and the others wait for it."""

    def __init__(self, store: TokenStore | None, renew: Renew, deadline: float) -> None:
        self._store, self._renew, self._deadline = store, renew, deadline
        self._token: Token | None = None
        self._renewed = False
        """This connection itself asked for the token that it has."""
        self._until = 0.0
        """Elapsed seconds until which it is used: a clock that is set while it is open changes nothing."""
        self._turn = asyncio.Lock()

    async def get(self) -> str:
        """An access token that lasts a while. AuthError where there is none to be had."""
        async with self._turn:
            if self._token is None or clock.elapsed() >= self._until:
                self._keep(await self._taken() if self._store is None else await self._stored(self._store))
            assert self._token is not None  # noqa: S101 (just kept)
            return self._token.access

    def _keep(self, token: Token) -> None:
        self._token = token
        left = float("inf") if token.expires_at is None else token.expires_at - clock.now() - RENEW_BEFORE
        self._until = clock.elapsed() + max(left, 0.0)

    async def _taken(self) -> Token:
        self._renewed = True
        return await self._renew(self._token)

    async def _stored(self, store: TokenStore) -> Token:
        token = await asyncio.to_thread(store.read)
        if token is not None and token.usable(clock.now(), RENEW_BEFORE):
            return token
        if store.read_only:
            return await self._unstored(token)
        async with store.turn(self._deadline):
            token = await asyncio.to_thread(store.read)
            if token is not None and token.usable(clock.now(), RENEW_BEFORE):
                return token  # somebody else has renewed it meanwhile
            if token is not None and token.refresh:
                await store.begin(token)
            renewed = await self._request_token(token)
            await store.replace(renewed)
            self._renewed = True
            return renewed

    async def _unstored(self, token: Token | None) -> Token:
        if token is not None and token.signed_in:
            raise NotConfiguredError(
                "The login has to be renewed, and a read-only session renews none.", advice="Start a sync."
            )
        self._renewed = True
        return await self._renew(None)

    async def _request_token(self, token: Token | None) -> Token:
        try:
            return await self._renew(token)
        except AuthError as error:
            if token is None or not token.renewing:
                raise
            raise AuthError(
                f"{error.what} A process ended while it renewed the login, before it could store what it was given.",
                where=error.where,
                advice=error.advice,
            ) from error

    async def refused(self) -> bool:
        """The other system refused the token. True where it is an old one, which is given up: then `get` has another."""
        async with self._turn:
            token = self._token
            if token is None or self._renewed:
                return False
            self._token = None
            if self._store is not None and not self._store.read_only:
                async with self._store.turn(self._deadline):
                    stored_token = await asyncio.to_thread(self._store.read)
                    if stored_token is not None and stored_token.access == token.access:
                        await self._give_up(self._store, stored_token)
            return True

    async def _give_up(self, store: TokenStore, token: Token) -> None:
        """The access token is of no use; what renews it may be."""
        if token.refresh or token.signed_in:
            await store.replace(replace(token, access=""))
        else:
            await store.forget()
