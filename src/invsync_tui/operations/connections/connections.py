"""Tests connections step by step."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace

from invsync_tui import clock
from invsync_tui.connectors import registry
from invsync_tui.connectors.auth.login_state import login_state
from invsync_tui.connectors.auth.token_store import TokenStore
from invsync_tui.connectors.base import Cart, Connection, Source
from invsync_tui.connectors.errors import ConnectorError
from invsync_tui.connectors.network.network_errors import route_to
from invsync_tui.connectors.secrets import resolve, resolve_part
from invsync_tui.operations import names
from invsync_tui.operations.errors import InvalidError, OperationError, as_operation_error
from invsync_tui.operations.session import Session
from invsync_tui.operations.settings import additions, forms, merchants
from invsync_tui.operations.settings import carts as settings_carts
from invsync_tui.operations.settings.views import ConnectionSetup
from invsync_tui.plain_text import counted
from invsync_tui.store.listings import batch_limits
from invsync_tui.store.settings import read as settings_read
from invsync_tui.sync.connections import cart_key, source_key, with_tokens


@dataclass(frozen=True, slots=True)
class Target:
    """A connection that can be tested."""

    kind: str
    """wms or cart."""
    id: int
    """Of the merchant, or of the cart."""
    name: str
    setup: ConnectionSetup
    tokens: TokenStore | None = None
    """Where the tokens of its login are kept."""
    also_at: tuple[str, ...] = ()
    """The further locations of the cart that others of ours set."""
    batch_most: int | None = None
    """Listings of one request that the cart was found to take; None where it never refused one for its size."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a test in words; `advice` '' where it went well."""

    name: str
    ok: bool
    detail: str
    advice: str


def source_target(session: Session, called: str) -> Target:
    """The WMS connection of a merchant."""
    setup = merchants.details(session, names.merchant(session, called).id)
    if setup.source is None:
        raise OperationError(f"{setup.name!r} has no WMS connection. Set one up: invsync merchants add --help.")
    return _target(session, "wms", setup.id, setup.name, setup.source)


def cart_target(session: Session, called: str, merchant: str | None = None) -> Target:
    """The connection of a cart."""
    owner = names.merchant(session, merchant).id if merchant else None
    setup = settings_carts.details(session, names.cart(session, called, owner).id)
    return _target(session, "cart", setup.id, setup.name, setup.connection)


def _target(session: Session, kind: str, number: int, name: str, setup: ConnectionSetup) -> Target:
    target = Target(kind, number, name, setup)
    if kind == "wms":
        key = source_key(number)
    else:
        with as_operation_error(), session.store.reading() as cx:
            key = cart_key(settings_read.connected_through(cx, number))
            limit = batch_limits.get(cx, number)
            also_at = tuple(settings_read.other_locations(cx, number))
            target = replace(target, also_at=also_at, batch_most=limit.most if limit else None)
    with_stored_tokens = with_tokens(connection_of(target), session.store.path, key, read_only=session.read_only)
    return replace(target, tokens=with_stored_tokens.tokens)


def target_of(session: Session, subject: str) -> Target:
    """The connection of `merchant:1` or `cart:3`."""
    kind, _, number = subject.partition(":")
    return cart_target(session, number) if kind == "cart" else source_target(session, number)


def new_target(session: Session, subject: str, values: Mapping[str, str]) -> Target:
    """The connection of something that is to be added, with what was typed for it; see `settings.additions`."""
    setup = forms.connection(session, subject, values)
    kind, _, number = subject.partition(":")
    if kind == additions.LOCATION:
        return _target(session, "cart", int(number), values.get("name", "").strip(), setup)
    kind = "wms" if subject.startswith(f"{additions.MERCHANT}:") else "cart"
    return Target(kind, 0, values.get("name", "").strip() or setup.system, setup)


def connection_of(target: Target) -> Connection:
    """The connection record of a target."""
    setup = target.setup
    return Connection(
        target.name,
        setup.system,
        setup.url,
        setup.login,
        setup.secret,
        setup.options,
        setup.deadline,
        setup.secrets,
        target.tokens,
        also_at=target.also_at,
    )


def connector_of(target: Target) -> Source | Cart:
    """The connector of a target, which nobody has opened yet."""
    connection = connection_of(target)
    return registry.source(connection) if target.kind == "wms" else registry.cart(connection)


async def _secrets(target: Target) -> Step | None:
    """Whether each of several secrets is there; None where the connector has one or none, which its login tries. Of a
    connection that is not saved yet one is looked up too: what was typed may be no more than a slip."""
    connection = connection_of(target)
    parts = registry.secret_parts(_group(target), connection.system)
    if len(parts) < 2 and (target.id or not connection.secret):
        return None
    present = []
    for part in parts:
        try:
            if await resolve_part(connection, parts, part.name):
                present.append(part.name)
        except ConnectorError as error:
            return Step("secrets", False, error.what, error.advice)
    return Step("secrets", True, f"Resolved: {', '.join(present) or 'none is given, none is required'}.", "")


def unreadable(reference: str) -> str:
    """Why a secret cannot be read by this process, with what to do; '' where it can, and where none is given. May take as
    long as its command does."""
    try:
        asyncio.run(resolve(reference))
    except ConnectorError as error:
        return f"{error.what} {error.advice}".strip()
    return ""


async def test(target: Target) -> AsyncIterator[Step]:
    """Test a connection; each step comes as it ends, and the first bad one is the last."""
    with as_operation_error():
        connector = connector_of(target)
        if through := _proxy(target):
            yield Step("proxy", True, through, "")
        if secrets := await _secrets(target):
            yield secrets
            if not secrets.ok:
                return
        if login := _login(target):
            yield login
            if not login.ok:
                return
        fine = True
        try:
            async with aclosing(_steps(connector)) as steps:
                async for step in steps:
                    fine = fine and step.ok
                    yield step
            if fine and target.batch_most is not None:
                most = counted(target.batch_most, "listing")
                text = f"Takes {most} in one request: larger ones were refused for their size."
                yield Step("batch size", True, text, "")
        finally:
            await connector.close()


@dataclass(frozen=True, slots=True)
class LookupResult:
    """What a connector looked up."""

    name: str
    what: str
    lines: tuple[str, ...]


async def previews(target: Target, name: str | None = None) -> list[LookupResult]:
    """What a connector looks up before anything is downloaded: the preview of that name, or all. Changes nothing."""
    with as_operation_error():
        about = registry.about(_group(target), target.setup.system)
        declared = about.previews if about is not None else ()
        if name is not None and name not in [each.name for each in declared]:
            known = ", ".join(each.name for each in declared) or "none"
            raise InvalidError("WHAT", f"{target.setup.system} has no preview {name!r}. There are: {known}.")
        previews: list[LookupResult] = []
        for preview in declared:
            if name in (None, preview.name):
                connector = connector_of(target)
                try:
                    lines = await connector.preview(preview.name)  # type: ignore[union-attr]
                finally:
                    await connector.close()
                previews.append(LookupResult(preview.name, preview.what, tuple(lines)))
    return previews


def _login(target: Target) -> Step | None:
    """Whether somebody has logged in, and until when; None where that is not needed."""
    about = registry.about(_group(target), target.setup.system)
    if about is None or about.sign_in is None:
        return None
    token = target.tokens.read() if target.tokens else None
    option = "" if target.kind == "wms" else "--cart "
    command = f"invsync connections login {option}{shlex.quote(target.name)}"
    if token is None or not token.signed_in:
        required = about.sign_in.required
        return Step("sign-in", False, "Nobody has logged in yet.", f"Log in: {command}") if required else None
    state = login_state(token, clock.seconds())
    sentence = f"{state.text[0].upper()}{state.text[1:]}."
    return Step("sign-in", not state.over, sentence, f"Log in: {command}" if state.over or state.soon else "")


def _group(target: Target) -> str:
    return registry.SOURCES if target.kind == "wms" else registry.CARTS


def _proxy(target: Target) -> str:
    """Through which proxy it is reached, in words; '' for none."""
    try:
        proxy = route_to(target.setup.url, target.name).without_login
    except ConnectorError:
        return ""  # the test itself says what is wrong with the address
    return f"Reached through the proxy {proxy}." if proxy else ""


async def _steps(connector: Source | Cart) -> AsyncGenerator[Step, None]:
    async for step in connector.check():
        yield Step(step.name, step.ok, step.detail, step.advice)
