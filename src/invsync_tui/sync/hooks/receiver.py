"""Takes webhooks: whose path it is, whether the signature is right, what it is about; noted in the store before the answer.

Nothing that a webhook says is logged or shown, not even where it is refused.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import cast

from invsync_tui import clock
from invsync_tui.connectors import hooks as signed_hooks
from invsync_tui.connectors import registry
from invsync_tui.connectors.about import About
from invsync_tui.connectors.base import Connection, HookNews, TakesHooks
from invsync_tui.connectors.errors import ConnectorError
from invsync_tui.store import hooks
from invsync_tui.store.database import Store
from invsync_tui.store.errors import StoreBusyError, StoreError
from invsync_tui.store.hooks import Notice
from invsync_tui.store.settings import read as settings_read
from invsync_tui.sync.runs.store_access import writable

log = logging.getLogger("invsync.hooks")

PATH = "/hooks/"
"""What the path of an address begins with; its token follows."""
RELOAD = 1.0
"""Seconds after which addresses are read again."""
SECRET_KEPT = 300.0
"""Seconds for which a secret is used before its reference is resolved again."""
SECRET_RETRY = 30.0
"""Seconds before it is resolved again since it could not be, or since a signature was wrong."""
GATHER = 0.02
"""Seconds in which deliveries are gathered for one transaction."""
REFS_AT_ONCE = 2500
"""References of one transaction, unless one delivery has more."""
WAITING_MOST = 256
"""Deliveries that wait to be written."""
LOG_EVERY = 60.0
"""Seconds between two lines of one kind in the log."""
REFUSED_EVERY = 10.0
"""Seconds between two notes of wrong signatures in the store."""


class QuietLog:
    """Lines of a kind that come again and again: one a minute, with how many there were."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}
        self._count: Counter[str] = Counter()

    def add(self, kind: str, text: str) -> None:
        """Log `text` unless a line of its kind was logged within a minute; then it is counted for the next one."""
        self._count[kind] += 1
        now = clock.elapsed()
        if kind in self._last and now - self._last[kind] < LOG_EVERY:
            return
        count = self._count.pop(kind)
        self._last[kind] = now
        log.warning("%s%s", text, f" ({count} since the last such line)" if count > 1 else "", extra={"event": kind})


@dataclass(slots=True)
class _Secret:
    """A resolved secret; '' where it could not be had."""

    text: str
    at: float


@dataclass(slots=True)
class _Waiting:
    """A delivery that waits to be written, with who waits for it."""

    notice: Notice
    written: asyncio.Future[bool]


@dataclass(slots=True)
class Route:
    """The address that a cart's webhooks come to."""

    receiver: Receiver
    cart_id: int
    connection: Connection
    about: About
    hook: TakesHooks
    secret: _Secret | None = None
    resolving: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def receive(self, headers: Mapping[str, str], body: bytes) -> HTTPStatus:
        """Note what it is about, and answer when that is committed."""
        declared = self.about.hooks
        if declared is None:
            return HTTPStatus.NOT_FOUND
        signed = declared.signature_header in headers
        if not signed and declared.ping and re.fullmatch(declared.ping.encode(), body[:200]):
            return HTTPStatus.OK
        secret = await self._secret(again=False)
        if secret and signed and not signed_hooks.is_signed(declared, secret, headers, body):
            secret = await self._secret(again=True)  # it may have been changed
        if not secret:
            return HTTPStatus.SERVICE_UNAVAILABLE
        if not signed_hooks.is_signed(declared, secret, headers, body):
            self.receiver.refuse(self)
            return HTTPStatus.UNAUTHORIZED
        news = self._news(headers, body)
        notice = Notice(self.cart_id, signed_hooks.delivery_of(declared, headers), news.refs, news.orders)
        return await self.receiver.note(notice)

    async def _secret(self, *, again: bool) -> str:
        async with self.resolving:
            known, now = self.secret, clock.elapsed()
            seconds = SECRET_RETRY if again or (known is not None and not known.text) else SECRET_KEPT
            if known is not None and now - known.at < seconds:
                return known.text
            try:
                text = await signed_hooks.secret_of(self.connection, self.about)
            except ConnectorError as error:
                self.receiver.lines.add("hook_secret", f"webhooks of {self.connection.name} cannot be checked: {error}")
                text = ""
            self.secret = _Secret(text, clock.elapsed())
            return text

    def _news(self, headers: Mapping[str, str], body: bytes) -> HookNews:
        """What it is about; orders where that cannot be read, since something has changed."""
        try:
            return signed_hooks.cleaned(self.hook.hook(headers, body))
        except Exception as error:
            name = type(error).__name__
            self.receiver.lines.add("hook_unreadable", f"a webhook of {self.connection.name} cannot be read ({name})")
            return HookNews(orders=True)


class Receiver:
    """The paths of all carts of a store that have an address."""

    def __init__(self, store: Store) -> None:
        self.lines = QuietLog()
        self._store = store
        self._routes: dict[str, Route] = {}
        self._loaded = -RELOAD
        self._waiting: list[_Waiting] = []
        self._refused: set[int] = set()
        self._refused_at = -REFUSED_EVERY
        self._writing: asyncio.Task[None] | None = None

    @property
    def carts(self) -> int:
        """How many addresses there are."""
        self._reload()
        return len(self._routes)

    def at(self, path: str) -> Route | None:
        """The cart that a path belongs to; None for a path that there is not."""
        self._reload()
        return self._routes.get(path)

    def refuse(self, route: Route) -> None:
        """Note that something came with a wrong signature: once in a while, and nobody waits for it."""
        self.lines.add(
            "hook_refused", f"a webhook to the address of {route.connection.name} had a wrong signature and was refused"
        )
        self._refused.add(route.cart_id)
        if clock.elapsed() - self._refused_at >= REFUSED_EVERY:
            self._refused_at = clock.elapsed()
            self._write_soon()

    async def note(self, notice: Notice) -> HTTPStatus:
        """Have a notice written; the answer once it is committed."""
        if len(self._waiting) >= WAITING_MOST:
            return HTTPStatus.SERVICE_UNAVAILABLE
        waiting = _Waiting(notice, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._write_soon()
        return HTTPStatus.OK if await waiting.written else HTTPStatus.SERVICE_UNAVAILABLE

    async def close(self) -> None:
        """Write the pending announcements to the store."""
        if self._writing is not None:
            await asyncio.gather(self._writing, return_exceptions=True)

    # --- writing ---

    def _write_soon(self) -> None:
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write(), name="webhooks are noted")

    async def _write(self) -> None:
        while self._waiting or self._refused:
            await asyncio.sleep(GATHER)
            with suppress(StoreBusyError):
                await writable(self._store)
            part, refused = self._next_part(), self._refused
            self._refused = set()
            written = self._written([waiting.notice for waiting in part], refused)
            for waiting in part:
                if not waiting.written.done():  # who waited for it may have given up
                    waiting.written.set_result(written)

    def _next_part(self) -> list[_Waiting]:
        count, refs = 0, 0
        for waiting in self._waiting:
            refs += len(waiting.notice.refs)
            if count and refs > REFS_AT_ONCE:
                break
            count += 1
        part, self._waiting = self._waiting[:count], self._waiting[count:]
        return part

    def _written(self, notices: list[Notice], refused: set[int]) -> bool:
        try:
            with self._store.transaction() as tx:
                hooks.take(tx, notices, refused, clock.seconds())
        except StoreError as error:
            self.lines.add("hook_store", f"webhooks cannot be noted, so they are refused for now: {error}")
            return False
        return True

    # --- addresses ---

    def _reload(self) -> None:
        if clock.elapsed() - self._loaded < RELOAD:
            return
        self._loaded = clock.elapsed()
        try:
            with self._store.reading() as cx:
                known = [
                    (address, settings_read.cart_connection_named(cx, address.cart_id))
                    for address in hooks.addresses(cx)
                ]
        except StoreError as error:
            self.lines.add("hook_store", f"the addresses of webhooks cannot be read: {error}")
            return
        routes = {}
        for address, named in known:
            if named is not None:
                path = PATH + address.token
                made = self._route(self._routes.get(path), address.cart_id, *named)
                if made is not None:
                    routes[path] = made
        self._routes = routes

    def _route(self, before: Route | None, cart_id: int, name: str, row: settings_read.ConnectionRow) -> Route | None:
        """The route of a cart as it is set now: that of before, with the secret it knows, where nothing was changed."""
        options, secrets = json.loads(row.options), json.loads(row.secrets)
        connection = Connection(
            name, row.system, row.url, row.login, row.secret, options, row.deadline_ms / 1000, secrets
        )
        if before is not None and before.connection == connection:
            return before
        try:
            connector = registry.connector(registry.CARTS, row.system)
        except ConnectorError as error:
            self.lines.add("hook_connector", f"webhooks of {name} are not taken: {error}")
            return None
        about = getattr(connector, "about", None)
        if not isinstance(about, About) or about.hooks is None or not hasattr(connector, "hook"):
            return None
        return Route(self, cart_id, connection, about, cast(TakesHooks, connector))
